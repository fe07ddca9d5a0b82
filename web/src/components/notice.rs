//! A message on the page: a failure with what to do about it, or something worth knowing.

use leptos::prelude::*;
use understudy_shared::FieldError;

use super::badge::Tone;
use super::icon::{Glyph, Icon};
use crate::api::ApiError;
use crate::i18n::{t, t_string, use_i18n, words};

/// A message in a box.
#[component]
pub fn Notice(
    /// The tint; a bad one is read out at once.
    tone: Tone,
    /// What it says.
    #[prop(into)]
    title: Signal<String>,
    /// More about it.
    children: Children,
) -> impl IntoView {
    let icon = match tone {
        Tone::Ok => Icon::Check,
        Tone::Warn | Tone::Bad => Icon::Warning,
        Tone::Idle => Icon::Info,
    };
    let role = if tone == Tone::Bad { "alert" } else { "status" };
    view! {
        <div class="notice" data-tone=tone.as_str() role=role>
            <Glyph icon />
            <div class="notice-body">
                <p class="notice-title">{title}</p>
                {children()}
            </div>
        </div>
    }
}

/// A failed request: what it means, what the service says, the number under which its log has more, and another try.
#[component]
pub fn ErrorNotice(
    /// What failed.
    error: ApiError,
    /// What to say in place of the general meaning of the error.
    #[prop(optional, into)]
    title: Option<Signal<String>>,
    /// Tries again.
    #[prop(optional, into)]
    retry: Option<Callback<()>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let problem = error.problem().cloned();
    let meaning = {
        let error = error.clone();
        Signal::derive(move || words::error(i18n, &error))
    };
    view! {
        <Notice tone=Tone::Bad title=title.unwrap_or(meaning)>
            {title.is_some().then(|| view! { <p>{meaning}</p> })}
            {matches!(error, ApiError::NoAnswer)
                .then(|| view! { <p>{t!(i18n, error.no_answer_hint)}</p> })}
            {problem
                .map(|problem| {
                    let rules = problem.errors.clone();
                    let rule = move |error: FieldError| {
                        let pointer = error.pointer.clone();
                        let text = move || words::rule(i18n, &error);
                        view! {
                            <li>
                                <code>{pointer}</code>
                                " "
                                {text}
                            </li>
                        }
                    };
                    let users: Vec<String> =
                        problem.used_by.iter().map(|user| user.name.clone()).collect();
                    // Where no words of the screen's language say it, the service's own do.
                    let own_words = rules.is_empty() && users.is_empty()
                        && words::needs_detail(problem.code);
                    view! {
                        {(!rules.is_empty())
                            .then(|| view! { <ul>{rules.into_iter().map(rule).collect_view()}</ul> })}
                        {(!users.is_empty()).then(|| view! { <p>{users.join(", ")}</p> })}
                        {own_words.then(|| view! { <p lang="en">{problem.detail}</p> })}
                        <p class="minor">
                            {t!(i18n, error.request)} " " <code>{problem.request_id}</code>
                        </p>
                    }
                })}
            {retry
                .map(|retry| {
                    view! {
                        <p class="notice-actions">
                            <button type="button" class="button small" on:click=move |_| retry.run(())>
                                {move || t_string!(i18n, error.retry)}
                            </button>
                        </p>
                    }
                })}
        </Notice>
    }
}
