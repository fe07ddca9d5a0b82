//! «Попробовать»: a real question to the saved group, its answer as it comes, and what became of each instance on the way.
//!
//! Rule: the answer is text and nothing else; whatever a model writes stays inert.

mod outcome;

use futures_util::FutureExt;
use futures_util::future::{AbortHandle, Abortable};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{
    AttemptTrace, ModelGroupId, TryDelta, TryError, TryMessage, TryModelGroup,
};

use crate::api::{Api, ApiError, use_api};
use crate::browser;
use crate::components::form_page::SideCard;
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};
use crate::sse::SseEvent;
use outcome::Outcome;

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

/// The question and its answer.
#[component]
pub fn Ask(
    /// The saved group.
    id: ModelGroupId,
    /// Called when there is a whole answer.
    #[prop(optional)]
    on_answer: Option<Callback<()>>,
) -> impl IntoView {
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
    let answered = Memo::new(move |_| asked.stage.with(|stage| matches!(stage, Stage::Done(_))));
    Effect::new(move || {
        if let Some(on_answer) = on_answer.filter(|_| answered.get()) {
            on_answer.run(());
        }
    });
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
        if browser::wants_to_send(&event) {
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
