//! «Кто ответит сейчас»: asks the service, with what stands in the form, whenever that or the state of a member changes.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{GroupPreview, MemberPreview, Verdict};

use super::draft::Draft;
use super::known::Known;
use super::say;
use super::values::GroupValues;
use crate::api::{ApiError, use_api};
use crate::clock::use_clock;
use crate::components::form_page::SideCard;
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n, words};

/// How long the form rests before it is asked about.
const REST: Duration = Duration::from_millis(250);

/// The answer to the form as it stands.
#[derive(Clone, Copy)]
pub struct Preview {
    /// The last answer; it stays while the next one is on its way.
    pub answer: RwSignal<Option<GroupPreview>>,
    error: RwSignal<Option<ApiError>>,
    again: Trigger,
}

impl Preview {
    /// Asks now and after every change of what matters.
    pub fn follow(draft: Draft, values: Memo<GroupValues>, known: Known) -> Self {
        let api = use_api();
        let preview = Self {
            answer: RwSignal::new(None),
            error: RwSignal::new(None),
            again: Trigger::new(),
        };
        let fields = Memo::new(move |_| values.with(GroupValues::preview_fields));
        // Only what changes who answers: times of checks do not.
        let states = Memo::new(move |_| {
            let ids = draft.members.with(|members| {
                members
                    .iter()
                    .map(|member| member.instance_id)
                    .collect::<Vec<_>>()
            });
            ids.into_iter()
                .map(|id| {
                    known
                        .status(id)
                        .map(|status| (status.state, status.code, status.retry_at))
                })
                .collect::<Vec<_>>()
        });
        let sent = StoredValue::new(0_u64);
        let timer = StoredValue::new_local(None::<TimeoutHandle>);
        let ask = move || {
            let fields = fields.get_untracked();
            let number = sent.get_value() + 1;
            sent.set_value(number);
            spawn_local(async move {
                let result = api.preview_model_group(&fields).await;
                // An answer to an older question is none.
                if sent.try_get_value() != Some(number) {
                    return;
                }
                match result {
                    Ok(answer) => {
                        preview.error.try_set(None);
                        if preview
                            .answer
                            .with_untracked(|old| old.as_ref() != Some(&answer))
                        {
                            preview.answer.try_set(Some(answer));
                        }
                    }
                    // The form itself says what is wrong with its fields.
                    Err(ApiError::Problem(problem)) if !problem.errors.is_empty() => {}
                    Err(error) => {
                        preview.error.try_set(Some(error));
                    }
                }
            });
        };
        Effect::new(move |before: Option<()>| {
            // Read, not only tracked: a memo that nobody reads is never computed and hears of nothing.
            fields.with(|_| ());
            states.with(|_| ());
            preview.again.track();
            if let Some(timer) = timer.try_update_value(Option::take).flatten() {
                timer.clear();
            }
            if before.is_none() {
                return ask();
            }
            timer.set_value(set_timeout_with_handle(ask, REST).ok());
        });
        on_cleanup(move || {
            if let Some(timer) = timer.try_update_value(Option::take).flatten() {
                timer.clear();
            }
        });
        preview
    }

    /// Asks again.
    pub fn refresh(self) {
        self.again.notify();
    }
}

/// The card.
#[component]
pub fn PreviewCard(
    /// The answer.
    preview: Preview,
    /// The group.
    draft: Draft,
    /// Whether the form differs from what is saved.
    #[prop(into)]
    dirty: Signal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let members = Memo::new(move |_| {
        preview.answer.with(|answer| {
            answer
                .as_ref()
                .map(|answer| answer.members.clone())
                .unwrap_or_default()
        })
    });
    let nobody = Memo::new(move |_| {
        preview.answer.with(|answer| {
            answer
                .as_ref()
                .is_some_and(|answer| answer.would_answer.is_none() && !answer.members.is_empty())
        })
    });
    let is_empty = Memo::new(move |_| draft.members.with(Vec::is_empty));
    view! {
        <SideCard
            id="preview"
            title=Signal::derive(move || t_string!(i18n, group.preview.title).to_owned())
            hint=Signal::derive(move || {
                if dirty.get() && !is_empty.get() {
                    t_string!(i18n, group.preview.draft).to_owned()
                } else {
                    String::new()
                }
            })
        >
            <Show when=move || is_empty.get()>
                <p class="sub">{t!(i18n, group.preview.empty)}</p>
            </Show>
            <Show when=move || !is_empty.get() && preview.answer.with(Option::is_none) && preview.error.with(Option::is_none)>
                <div class="verdicts-skeleton" aria-hidden="true">
                    <span></span>
                    <span></span>
                    <span></span>
                </div>
            </Show>
            <div role="status" class="preview-words">
                <Show when=move || nobody.get() && !is_empty.get()>
                    <p class="verdict-nobody">
                        <Glyph icon=Icon::Warning />
                        {move || {
                            if draft.enabled.get() {
                                t_string!(i18n, group.preview.nobody)
                            } else {
                                t_string!(i18n, group.preview.paused)
                            }
                        }}
                    </p>
                </Show>
            </div>
            <ol class="verdicts" hidden=move || is_empty.get()>
                <For each=move || members.get() key=row_key let:member>
                    <VerdictRow member />
                </For>
            </ol>
            {move || {
                preview
                    .error
                    .get()
                    .map(|error| {
                        view! {
                            <p class="minor">
                                {t!(i18n, group.preview.failed)} ": " {words::error(i18n, &error)} " "
                                <button type="button" class="button small" on:click=move |_| preview.refresh()>
                                    {move || t_string!(i18n, error.retry)}
                                </button>
                            </p>
                        }
                    })
            }}
        </SideCard>
    }
}

/// What a row shows: it is made anew when that changes, and only then.
fn row_key(member: &MemberPreview) -> impl std::hash::Hash + Eq + use<> {
    let MemberPreview {
        instance_id,
        name,
        verdict,
        reason,
        code,
        retry_at,
    } = member;
    (
        *instance_id,
        name.clone(),
        *verdict,
        reason.clone(),
        code.clone(),
        *retry_at,
    )
}

#[component]
fn VerdictRow(member: MemberPreview) -> impl IntoView {
    let i18n = use_i18n();
    let clock = use_clock();
    let MemberPreview {
        instance_id,
        name,
        verdict,
        reason,
        code,
        retry_at,
    } = member;
    let (icon, tone, verdict_name) = match verdict {
        Verdict::Answers => (Icon::ArrowRight, "ok", "answers"),
        Verdict::Standby => (Icon::Clock, "idle", "standby"),
        Verdict::Skipped => match code.as_str() {
            "disabled" | "member_disabled" => (Icon::Pause, "idle", "skipped"),
            "drilled" => (Icon::Cone, "warn", "skipped"),
            "cooling" | "at_limit" => (Icon::Clock, "warn", "skipped"),
            _ => (Icon::Cross, "bad", "skipped"),
        },
    };
    let lang_code = code.clone();
    let lang = {
        let reason = reason.clone();
        move || words::reason(i18n, &lang_code, &reason).lang
    };
    let (data_code, data_name) = (code.clone(), name.clone());
    let why = move || words::reason(i18n, &code, &reason).text;
    let retry = move || {
        let at = retry_at?;
        Some(match say::until(i18n, at, clock.now()) {
            Some(time) => t_string!(i18n, group.preview.retry, time),
            None => t_string!(i18n, group.preview.retry_now).to_owned(),
        })
    };
    view! {
        <li
            class="verdict"
            data-tone=tone
            data-verdict=verdict_name
            data-code=data_code
            data-id=instance_id.to_string()
            data-name=data_name
        >
            <Glyph icon />
            <div>
                <p class="verdict-name">{name}</p>
                <p class="minor">
                    {move || words::verdict(i18n, verdict)} " — " <span lang=lang>{why}</span> "."
                    {retry_at.map(|_| view! { " " <span class="age">{retry}</span> })}
                </p>
            </div>
        </li>
    }
}
