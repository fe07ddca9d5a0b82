//! The configuration as a file: taken away, and applied: chosen or pasted, looked at as a plan, and done if somebody says so.
//!
//! Rule: what is done is what was looked at. A plan is gone as soon as the text or the choice beside it changes, and the service refuses
//! to apply if the configuration has.

use leptos::html::{Div, Input};
use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{CONFIG_FILE_MAX_BYTES, ConfigPlan};

use super::plan::{Plan, Refusal};
use crate::api::{ApiError, use_api};
use crate::browser;
use crate::components::badge::Tone;
use crate::components::confirm::{Question, use_confirm};
use crate::components::form::field::Field;
use crate::components::form::{Check, TextArea};
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::Notice;
use crate::components::toast::use_toasts;
use crate::i18n::{t, t_signal, t_string, tu_string, use_i18n, words};

/// How far an import is.
#[derive(Clone, PartialEq)]
enum Stage {
    /// Nothing was asked yet.
    Editing,
    /// This is what would be done.
    Planned(ConfigPlan),
    /// The file is at fault, or something else is.
    Refused(ApiError),
    /// This was done.
    Done(ConfigPlan),
}

/// The section.
#[component]
pub fn ConfigFile() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="card card-body config-file" id="config" aria-labelledby="config-title">
            <h2 id="config-title">{t!(i18n, settings.config.title)}</h2>
            <p class="minor">{t!(i18n, settings.config.hint)}</p>
            <Export />
            <Import />
        </section>
    }
}

#[component]
fn Export() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let busy = RwSignal::new(false);
    let export = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match api.export_config().await {
                Ok(text) => {
                    browser::download("understudy.yaml", "application/yaml", &text);
                    toasts.success(tu_string!(i18n, settings.config.exported));
                }
                Err(error) => {
                    let why = untrack(|| words::error(i18n, &error));
                    toasts.failure(tu_string!(i18n, settings.config.not_exported, why));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <p>
            <button
                type="button"
                class="button"
                data-action="export-config"
                aria-disabled=move || busy.get().then_some("true")
                on:click=export
            >
                <Glyph icon=Icon::Download />
                {t!(i18n, settings.config.export)}
            </button>
        </p>
    }
}

#[component]
fn Import() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let confirm = use_confirm();
    let text = RwSignal::new(String::new());
    let prune = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let stage = RwSignal::new(Stage::Editing);
    let unreadable = RwSignal::new(None::<String>);
    let chosen = NodeRef::<Input>::new();
    let outcome = NodeRef::<Div>::new();
    // It may be below what is seen, and whoever hears the page would not know of it.
    let show = move |next: Stage| {
        stage.try_set(next);
        request_animation_frame(move || {
            if let Some(outcome) = outcome.get_untracked() {
                let _ = outcome.focus();
            }
        });
    };
    // What was planned is not what stands there any more.
    Effect::watch(
        move || (text.get(), prune.get()),
        move |(now, _), _, _| {
            if !now.is_empty() || !matches!(stage.get_untracked(), Stage::Done(_)) {
                stage.set(Stage::Editing);
            }
        },
        false,
    );
    let choose = move |_| {
        let files = chosen.get_untracked().and_then(|input| input.files());
        let Some(file) = files.and_then(|files| files.get(0)) else {
            return;
        };
        unreadable.set(None);
        spawn_local(async move {
            match browser::text_of(&file, CONFIG_FILE_MAX_BYTES).await {
                Some(content) => text.set(content),
                None => unreadable.set(Some(
                    tu_string!(i18n, settings.config.unreadable).to_owned(),
                )),
            }
            // The same file can be chosen again after it was mended.
            if let Some(input) = chosen.get_untracked() {
                input.set_value("");
            }
        });
    };
    let plan = move |_| {
        if busy.get_untracked() || text.with_untracked(|text| text.trim().is_empty()) {
            return;
        }
        busy.set(true);
        let (file, prune) = (text.get_untracked(), prune.get_untracked());
        spawn_local(async move {
            let planned = api.plan_config(file, prune).await;
            show(match planned {
                Ok(plan) => Stage::Planned(plan),
                Err(error) => Stage::Refused(error),
            });
            busy.try_set(false);
        });
    };
    let apply = move |plan: ConfigPlan| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let (file, prune) = (text.get_untracked(), prune.get_untracked());
        spawn_local(async move {
            let delete = plan.counts.delete;
            let agreed = delete == 0 || {
                let title = tu_string!(i18n, settings.config.confirm, delete);
                let question = Question::new(title, tu_string!(i18n, settings.config.apply));
                let body = move || view! { <p>{t!(i18n, settings.config.confirm_text)}</p> };
                confirm.ask(question.body(body).danger()).await
            };
            if agreed {
                match api.apply_config(file, prune, &plan).await {
                    Ok(done) => {
                        toasts.success(tu_string!(i18n, settings.config.applied));
                        show(Stage::Done(done));
                        // There may be secrets in it.
                        text.try_set(String::new());
                    }
                    Err(error) => show(Stage::Refused(error)),
                }
            }
            busy.try_set(false);
        });
    };
    let shown = move || match stage.get() {
        Stage::Editing => ().into_any(),
        Stage::Refused(error) => view! { <Refusal error /> }.into_any(),
        Stage::Done(plan) => view! {
            <Notice tone=Tone::Ok title=t_signal!(i18n, settings.config.applied)>
                <Plan plan />
            </Notice>
        }
        .into_any(),
        Stage::Planned(plan) if plan.is_empty() => view! {
            <Notice tone=Tone::Ok title=t_signal!(i18n, settings.config.no_changes)>
                <Plan plan />
            </Notice>
        }
        .into_any(),
        Stage::Planned(plan) => {
            let planned = plan.clone();
            view! {
                <h3>{t!(i18n, settings.config.plan)}</h3>
                <Plan plan />
                <p>
                    <button
                        type="button"
                        class="button primary"
                        data-action="apply-config"
                        aria-disabled=move || busy.get().then_some("true")
                        on:click=move |_| apply(planned.clone())
                    >
                        {t!(i18n, settings.config.apply)}
                    </button>
                </p>
            }
            .into_any()
        }
    };
    view! {
        <h3>{t!(i18n, settings.config.import)}</h3>
        <Field
            id="config-chosen"
            label=t_signal!(i18n, settings.config.file)
            error=unreadable
        >
            <input
                id="config-chosen"
                class="input"
                type="file"
                accept=".yaml,.yml,application/yaml"
                aria-describedby="config-chosen-error"
                node_ref=chosen
                on:change=choose
            />
        </Field>
        <TextArea
            id="config-text"
            label=t_signal!(i18n, settings.config.text)
            hint=t_signal!(i18n, settings.config.text_hint)
            value=text
            rows=10
            code=true
        />
        <Check
            id="config-prune"
            label=t_signal!(i18n, settings.config.prune)
            hint=t_signal!(i18n, settings.config.prune_hint)
            value=prune
        />
        <p>
            <button
                type="button"
                class="button"
                data-action="plan-config"
                aria-disabled=move || {
                    (busy.get() || text.with(|text| text.trim().is_empty())).then_some("true")
                }
                on:click=plan
            >
                {move || {
                    if busy.get() {
                        t_string!(i18n, settings.config.working)
                    } else {
                        t_string!(i18n, settings.config.show_plan)
                    }
                }}
            </button>
        </p>
        <div id="config-outcome" class="config-outcome" tabindex="-1" node_ref=outcome>
            {shown}
        </div>
    }
}
