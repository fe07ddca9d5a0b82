//! «Попробовать»: a real question to the saved group, its answer as it comes, and what became of each instance on the way.
//!
//! Rule: the answer is text and nothing else; whatever a model writes stays inert.

use futures_util::FutureExt;
use futures_util::future::{AbortHandle, Abortable};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{
    AttemptOutcome, AttemptTrace, ModelGroupId, TryDelta, TryError, TryMessage, TryModelGroup,
};

use super::say;
use crate::api::{Api, ApiError, use_api};
use crate::components::badge::{Badge, Tone};
use crate::components::form_page::SideCard;
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::ErrorNotice;
use crate::i18n::{t, t_string, use_i18n, words};
use crate::sse::SseEvent;

/// How far the question is.
#[derive(Clone, PartialEq)]
enum Stage {
    /// Nobody has asked.
    Idle,
    /// Nothing has come yet.
    Waiting,
    /// The answer is coming.
    Answering,
    /// It is whole.
    Done(TryMessage),
    /// It was stopped.
    Stopped,
    /// There is none, or only a part.
    Failed { error: ApiError, begun: bool },
}

impl Stage {
    fn is_running(&self) -> bool {
        matches!(self, Self::Waiting | Self::Answering)
    }
}

/// What is shown of a question.
#[derive(Clone, Copy)]
struct Asked {
    stage: RwSignal<Stage>,
    answer: RwSignal<String>,
    trace: RwSignal<Vec<AttemptTrace>>,
}

impl Asked {
    fn clear(self) {
        self.stage.set(Stage::Waiting);
        self.answer.set(String::new());
        self.trace.set(Vec::new());
    }

    fn fail(self, error: ApiError) {
        let trace = error.problem().map(|problem| problem.trace.clone());
        let begun = self.answer.with_untracked(|answer| !answer.is_empty());
        self.trace.try_set(trace.unwrap_or_default());
        self.stage.try_set(Stage::Failed { error, begun });
    }

    /// Takes an event; false if it was the last.
    fn take(self, event: &SseEvent) -> bool {
        match event.name.as_str() {
            "delta" => {
                if let Ok(delta) = serde_json::from_str::<TryDelta>(&event.data) {
                    self.answer.update(|answer| answer.push_str(&delta.content));
                    if self.stage.with_untracked(|stage| *stage == Stage::Waiting) {
                        self.stage.set(Stage::Answering);
                    }
                }
                true
            }
            "message" => {
                match serde_json::from_str::<TryMessage>(&event.data) {
                    Ok(message) => {
                        self.answer.set(message.content.clone());
                        self.trace.set(message.trace.clone());
                        self.stage.set(Stage::Done(message));
                    }
                    Err(_) => self.fail(ApiError::Unreadable { status: 200 }),
                }
                false
            }
            "error" => {
                match serde_json::from_str::<TryError>(&event.data) {
                    Ok(failed) => {
                        self.fail(ApiError::Problem(Box::new(failed.problem)));
                        self.trace.set(failed.trace);
                    }
                    Err(_) => self.fail(ApiError::Unreadable { status: 200 }),
                }
                false
            }
            _ => true,
        }
    }

    async fn run(self, api: Api, id: ModelGroupId, question: String) {
        let body = TryModelGroup {
            question,
            max_tokens: TryModelGroup::default_max_tokens(),
        };
        let mut events = match api.try_model_group(id, &body).await {
            Ok(events) => events,
            Err(error) => return self.fail(error),
        };
        loop {
            match events.next().await {
                Ok(Some(events)) => {
                    if !events.iter().all(|event| self.take(event)) {
                        return;
                    }
                }
                // The service ends with a message or an error; anything else is a broken connection.
                Ok(None) => return self.fail(ApiError::NoAnswer),
                Err(error) => return self.fail(error),
            }
        }
    }
}

/// The card.
#[component]
pub fn AskCard(
    /// The saved group.
    #[prop(into)]
    id: Signal<Option<ModelGroupId>>,
    /// Whether the form differs from what is saved.
    #[prop(into)]
    dirty: Signal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let title = Signal::derive(move || t_string!(i18n, group.ask.title).to_owned());
    let hint = Signal::derive(move || {
        match (id.get().is_some(), dirty.get()) {
            (false, _) => t_string!(i18n, group.ask.new),
            (true, true) => t_string!(i18n, group.ask.stale),
            (true, false) => t_string!(i18n, group.ask.hint),
        }
        .to_owned()
    });
    let saved = Memo::new(move |_| id.get());
    view! {
        <SideCard id="ask" title hint>
            {move || saved.get().map(|id| view! { <Ask id /> })}
        </SideCard>
    }
}

#[component]
fn Ask(id: ModelGroupId) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let question = RwSignal::new(String::new());
    let too_long = Memo::new(move |_| {
        question.with(|question| question.chars().count() > TryModelGroup::MAX_QUESTION)
    });
    let asked = Asked {
        stage: RwSignal::new(Stage::Idle),
        answer: RwSignal::new(String::new()),
        trace: RwSignal::new(Vec::new()),
    };
    let running = StoredValue::new(None::<AbortHandle>);
    let is_running = Memo::new(move |_| asked.stage.with(Stage::is_running));
    let stop = move || {
        if let Some(Some(handle)) = running.try_update_value(Option::take) {
            // Dropping the answer ends the request, and with it the upstream's.
            handle.abort();
        }
    };
    on_cleanup(stop);
    let send = move || {
        let text = question.with_untracked(|question| question.trim().to_owned());
        if is_running.get_untracked() || text.is_empty() || too_long.get_untracked() {
            return;
        }
        asked.clear();
        let (handle, registration) = AbortHandle::new_pair();
        running.set_value(Some(handle));
        spawn_local(Abortable::new(asked.run(api, id, text), registration).map(drop));
    };
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        send();
    };
    let key = move |event: ev::KeyboardEvent| {
        // Shift+Enter makes a new line; an Enter that ends the input of a character is none.
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            event.stop_propagation();
            send();
        }
    };
    let error = move || {
        too_long
            .get()
            .then(|| t_string!(i18n, group.ask.too_long, max = TryModelGroup::MAX_QUESTION))
    };
    view! {
        <form class="ask" on:submit=submit>
            <label for="ask-question" class="unseen">
                {t!(i18n, group.ask.question)}
            </label>
            <textarea
                id="ask-question"
                class="input area"
                rows="2"
                placeholder=move || t_string!(i18n, group.ask.placeholder)
                aria-invalid=move || too_long.get().then_some("true")
                aria-describedby="ask-question-error"
                prop:value=question
                on:input:target=move |event| question.set(event.target().value())
                on:keydown=key
            ></textarea>
            <p id="ask-question-error" class="field-error">{error}</p>
            <div class="ask-buttons">
                <Show
                    when=move || is_running.get()
                    fallback=move || {
                        view! {
                            <button
                                type="submit"
                                class="button"
                                data-action="ask"
                                aria-disabled=move || {
                                    question.with(|question| question.trim().is_empty()).then_some("true")
                                }
                            >
                                <Glyph icon=Icon::Send />
                                {t!(i18n, group.ask.send)}
                            </button>
                        }
                    }
                >
                    <button
                        type="button"
                        class="button"
                        data-action="stop"
                        on:click=move |_| {
                            stop();
                            asked.stage.set(Stage::Stopped);
                        }
                    >
                        <Glyph icon=Icon::Stop />
                        {t!(i18n, group.ask.stop)}
                    </button>
                </Show>
            </div>
        </form>
        <Outcome asked />
    }
}

/// What has come of the question.
#[component]
fn Outcome(asked: Asked) -> impl IntoView {
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
                    {move || t_string!(i18n, group.ask.first_byte, time = say::duration(i18n, first))} " · "
                    {move || t_string!(i18n, group.ask.whole, time = say::duration(i18n, whole))}
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
                <ol class="verdicts" id="attempts">
                    {move || asked.trace.get().into_iter().map(|attempt| view! { <Attempt attempt /> }).collect_view()}
                </ol>
            </Show>
        </div>
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
        || view! { <span class="verdict-time">{move || say::duration(i18n, duration_ms)}</span> },
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
