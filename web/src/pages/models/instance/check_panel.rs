//! «Проверка соединения»: the check beside the form, step by step.

use leptos::prelude::*;
use understudy_shared::{CheckResult, CheckStep, CheckStepResult};

use super::checker::{Checker, Progress};
use crate::clock::use_clock;
use crate::components::badge::Tone;
use crate::components::form_page::SideCard;
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::ErrorNotice;
use crate::i18n::{t, t_signal, t_string, use_i18n, words};

/// Every step, in order, for the time when none has come back yet.
const STEPS: [CheckStep; 6] = [
    CheckStep::Resolve,
    CheckStep::Connect,
    CheckStep::Tls,
    CheckStep::Authenticate,
    CheckStep::ListModels,
    CheckStep::ModelListed,
];

/// The panel.
#[component]
pub fn CheckPanel(
    /// The check.
    checker: Checker,
) -> impl IntoView {
    let i18n = use_i18n();
    let body = move || match checker.progress() {
        Progress::Idle => view! { <p class="minor">{t!(i18n, instance.check.idle)}</p> }.into_any(),
        Progress::Running(_) => view! { <Pending /> }.into_any(),
        Progress::Done(result) => view! { <Outcome result /> }.into_any(),
        Progress::Failed(error) => {
            let title = t_signal!(i18n, instance.check.failed);
            view! { <ErrorNotice error title /> }.into_any()
        }
        Progress::Refused => {
            view! { <p class="field-error">{t!(i18n, instance.check.refused)}</p> }.into_any()
        }
    };
    let clock = use_clock();
    let seconds = move || match checker.progress() {
        Progress::Running(since) => (clock.now() - since).num_seconds().max(0),
        _ => 0,
    };
    let label = move || match checker.progress() {
        Progress::Idle => t_string!(i18n, instance.check.run),
        _ => t_string!(i18n, instance.check.again),
    };
    let state = move || match checker.progress() {
        Progress::Idle => "idle",
        Progress::Running(_) => "running",
        Progress::Done(result) if result.ok => "ok",
        Progress::Done(_) => "failed",
        Progress::Failed(_) => "error",
        Progress::Refused => "refused",
    };
    view! {
        <SideCard
            id="check"
            title=t_signal!(i18n, instance.check.title)
            hint=t_signal!(i18n, instance.check.hint)
        >
            <div
                class="check-body"
                data-check=state
                data-stale=move || checker.is_stale().to_string()
                aria-busy=move || checker.is_running().to_string()
            >
                <p class="stale" role="status" hidden=move || !checker.is_stale()>
                    <Glyph icon=Icon::Info />
                    {t!(i18n, instance.check.stale)}
                </p>
                <div role="status">{body}</div>
            </div>
            <Show
                when=move || checker.is_running()
                fallback=move || {
                    view! {
                        <button
                            type="button"
                            class="button wide"
                            data-action="check"
                            on:click=move |_| checker.run()
                        >
                            <Glyph icon=Icon::Pulse />
                            {label}
                        </button>
                    }
                }
            >
                <button
                    type="button"
                    class="button wide"
                    data-action="cancel-check"
                    on:click=move |_| checker.cancel()
                >
                    <Glyph icon=Icon::Cross />
                    {move || t_string!(i18n, instance.check.cancel, seconds = seconds())}
                </button>
            </Show>
        </SideCard>
    }
}

/// The steps while none has come back yet.
#[component]
fn Pending() -> impl IntoView {
    let i18n = use_i18n();
    let steps = STEPS
        .into_iter()
        .map(|step| {
            view! {
                <li data-state="pending">
                    <Glyph icon=Icon::Clock />
                    <span class="step-name">{move || words::check_step(i18n, step)}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <p class="unseen">{t!(i18n, instance.check.running)}</p>
        <ol class="steps running">{steps}</ol>
    }
}

#[component]
fn Outcome(result: CheckResult) -> impl IntoView {
    let i18n = use_i18n();
    let CheckResult {
        ok,
        code,
        duration_ms,
        steps,
        ..
    } = result;
    let tone = if ok { Tone::Ok } else { Tone::Bad };
    let icon = if ok { Icon::Check } else { Icon::Cross };
    let unverified = matches!(code, understudy_shared::CheckCode::Unverified);
    let summary = move || {
        if ok && !unverified {
            t_string!(i18n, instance.check.ok).to_owned()
        } else {
            words::check(i18n, &code)
        }
    };
    view! {
        <p class="check-summary" data-tone=tone.as_str()>
            <Glyph icon />
            <span>{summary}</span>
            <span class="step-time">{move || t_string!(i18n, instance.ms, ms = duration_ms)}</span>
        </p>
        <ol class="steps">
            {steps.into_iter().map(|step| view! { <Step step /> }).collect_view()}
        </ol>
        {(!ok).then(|| view! { <p class="minor">{t!(i18n, instance.check.may_save)}</p> })}
    }
}

#[component]
fn Step(step: CheckStepResult) -> impl IntoView {
    let i18n = use_i18n();
    let CheckStepResult {
        step,
        ok,
        skipped,
        duration_ms,
        code,
        ..
    } = step;
    let (state, icon) = match (ok, skipped) {
        (_, true) => ("skipped", Icon::Minus),
        (true, false) => ("ok", Icon::Check),
        (false, false) => ("failed", Icon::Cross),
    };
    let name = serde_json::to_value(step)
        .ok()
        .and_then(|name| name.as_str().map(str::to_owned));
    let state_words = move || match state {
        "ok" => t_string!(i18n, instance.check.step_ok),
        "failed" => t_string!(i18n, instance.check.step_failed),
        _ => t_string!(i18n, instance.check.step_skipped),
    };
    view! {
        <li data-step=name data-state=state>
            <Glyph icon />
            <span>
                <span class="step-name">{move || words::check_step(i18n, step)}</span>
                <span class="unseen">": " {state_words} ". "</span>
                <span class="step-detail">{move || words::check(i18n, &code)}</span>
            </span>
            {(!skipped)
                .then(|| {
                    view! {
                        <span class="step-time">
                            {move || t_string!(i18n, instance.ms, ms = duration_ms)}
                        </span>
                    }
                })}
        </li>
    }
}
