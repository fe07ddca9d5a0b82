//! Who was asked for an answer, in order, and what became of it: the trace of an answer in words.

use leptos::prelude::*;
use understudy_shared::{AttemptOutcome, AttemptTrace};

use super::icon::{Glyph, Icon};
use crate::i18n::{t_string, use_i18n, words};

/// The list.
#[component]
pub fn Attempts(
    /// Its id.
    #[prop(into)]
    id: String,
    /// The trace.
    #[prop(into)]
    trace: Signal<Vec<AttemptTrace>>,
) -> impl IntoView {
    view! {
        <ol class="verdicts" id=id>
            {move || trace.get().into_iter().map(|attempt| view! { <Attempt attempt /> }).collect_view()}
        </ol>
    }
}

#[component]
fn Attempt(attempt: AttemptTrace) -> impl IntoView {
    let i18n = use_i18n();
    let AttemptTrace {
        name,
        outcome,
        code,
        reason,
        duration_ms,
        ..
    } = attempt;
    let (icon, tone, outcome_name) = match outcome {
        AttemptOutcome::Answered => (Icon::Check, "ok", "answered"),
        AttemptOutcome::Failed => (Icon::Cross, "bad", "failed"),
        AttemptOutcome::Skipped => (Icon::Minus, "idle", "skipped"),
    };
    let data_name = name.clone();
    let word = move || match outcome {
        AttemptOutcome::Answered => t_string!(i18n, group.ask.outcome.answered),
        AttemptOutcome::Failed => t_string!(i18n, group.ask.outcome.failed),
        AttemptOutcome::Skipped => t_string!(i18n, group.ask.outcome.skipped),
    };
    let said = {
        let code = code.clone();
        move || words::reason(i18n, &code, &reason)
    };
    let lang = {
        let said = said.clone();
        move || said().lang
    };
    let why = (outcome != AttemptOutcome::Answered).then(|| {
        view! {
            ": "
            <span lang=lang>{move || said().text}</span>
        }
    });
    let took = (outcome != AttemptOutcome::Skipped).then(
        || view! { <span class="verdict-time">{move || words::duration(i18n, duration_ms)}</span> },
    );
    view! {
        <li class="verdict" data-tone=tone data-outcome=outcome_name data-code=code data-name=data_name>
            <Glyph icon />
            <div>
                <p class="verdict-name">{name}</p>
                <p class="minor">{word} {why}</p>
            </div>
            {took}
        </li>
    }
}
