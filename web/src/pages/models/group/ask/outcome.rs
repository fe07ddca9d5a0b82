//! What came of a question: the answer, and who was asked for it.

use leptos::prelude::*;
use understudy_shared::AttemptOutcome;

use super::{Asked, Stage};
use crate::components::attempts::Attempts;
use crate::components::badge::{Badge, Tone};
use crate::components::icon::Icon;
use crate::components::notice::ErrorNotice;
use crate::i18n::{t, t_string, use_i18n, words};

/// What has come of the question.
#[component]
pub(super) fn Outcome(asked: Asked) -> impl IntoView {
    let i18n = use_i18n();
    let head = move || match asked.stage.get() {
        Stage::Idle => ().into_any(),
        Stage::Waiting => view! { <p class="minor">{t!(i18n, group.ask.waiting)}</p> }.into_any(),
        Stage::Answering => {
            view! { <p class="minor">{t!(i18n, group.ask.answering)}</p> }.into_any()
        }
        Stage::Stopped => view! {
            <Badge
                tone=Tone::Idle
                icon=Icon::Stop
                word=Signal::derive(move || t_string!(i18n, group.ask.stopped).to_owned())
            />
        }
        .into_any(),
        Stage::Done(message) => {
            let name = message.instance.name;
            let tried = message
                .trace
                .iter()
                .filter(|attempt| attempt.outcome != AttemptOutcome::Skipped)
                .count();
            let (first, whole) = (message.first_byte_ms, message.duration_ms);
            view! {
                <Badge
                    tone=Tone::Ok
                    icon=Icon::Check
                    word=Signal::derive(move || t_string!(i18n, group.ask.answered, name = name.clone()))
                />
                <p class="minor" data-tried=tried>
                    {move || t_string!(i18n, group.ask.first_byte, time = words::duration(i18n, first))} " · "
                    {move || t_string!(i18n, group.ask.whole, time = words::duration(i18n, whole))}
                </p>
            }
            .into_any()
        }
        Stage::Failed { error, begun } => {
            let title = Signal::derive(move || {
                if begun {
                    t_string!(i18n, group.ask.broken).to_owned()
                } else {
                    t_string!(i18n, group.ask.failed).to_owned()
                }
            });
            // Whether the service could not be asked, or nobody in the group answered, are two things.
            let by_group = error
                .problem()
                .is_some_and(|problem| !problem.trace.is_empty())
                || begun;
            if by_group {
                view! { <ErrorNotice error title /> }.into_any()
            } else {
                view! { <ErrorNotice error /> }.into_any()
            }
        }
    };
    let stage_name = move || {
        asked.stage.with(|stage| match stage {
            Stage::Idle => "idle",
            Stage::Waiting => "waiting",
            Stage::Answering => "answering",
            Stage::Done(_) => "done",
            Stage::Stopped => "stopped",
            Stage::Failed { .. } => "failed",
        })
    };
    view! {
        <div class="ask-outcome" data-stage=stage_name>
            <div
                class="ask-answer"
                aria-label=move || t_string!(i18n, group.ask.answer)
                role="region"
                tabindex="0"
                hidden=move || asked.answer.with(String::is_empty)
            >
                {asked.answer}
            </div>
            <Show when=move || {
                asked.stage.with(|stage| matches!(stage, Stage::Done(_))) && asked.answer.with(String::is_empty)
            }>
                <p class="minor">{t!(i18n, group.ask.empty)}</p>
            </Show>
            <div role="status" class="ask-head">{head}</div>
            <Show when=move || asked.trace.with(|trace| !trace.is_empty())>
                <h3 class="ask-attempts">{t!(i18n, group.ask.attempts)}</h3>
                <Attempts id="attempts" trace=asked.trace />
            </Show>
        </div>
    }
}
