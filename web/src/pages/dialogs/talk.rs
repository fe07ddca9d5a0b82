//! What is going on in one dialog: its messages, the answer that is coming, and what became of it.
//!
//! Rules: what the service keeps is the truth. However an answer ends other than whole (stopped, broken off, failed, the network gone), the messages are
//! read again, and shown as they are kept; until that succeeds, what had come stays. A question that was not kept comes back to where it was
//! typed. Nothing is replaced on the strength of messages that another window has changed.

mod history;
mod reading;

use chrono::{DateTime, Utc};
use futures_util::future::{AbortHandle, Abortable};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{
    AnswerProblem, CreateMessage, Dialog, DialogId, Message, MessageDelta, MessageEvent, MessageId,
};

use history::{question, was_kept};

use crate::api::{Api, ApiError, EventStream};
use crate::browser;

/// Messages that are read at once. More are read when somebody scrolls up to them.
const PAGE: usize = 60;
/// The most that the service gives at once.
const MOST: usize = 200;

/// How far the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing has come yet.
    Waiting,
    /// It is coming.
    Answering,
    /// It is over, and what is kept of it is being read.
    Settling,
    /// It is given to another window, or to this one before it was loaded again.
    Elsewhere,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// An answer to a new question, perhaps in place of an older one.
    Ask {
        /// The question.
        content: String,
        /// The one that it takes the place of.
        replaces: Option<MessageId>,
    },
    /// Another answer to this question.
    Retry(MessageId),
}

/// What has to be said beside the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Another window has changed the dialog, so nothing of it was replaced.
    Moved,
    /// The answer is shown, and could not be stored.
    Unkept,
}

/// Why no answer came whole.
enum Failure {
    Error(ApiError),
    /// As the service told it, with the answer as far as it came.
    Told(ApiError, Box<Message>),
    Moved,
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

/// Under which name the question is put aside that was sent, until it is known to be kept.
fn sent_key(id: DialogId) -> String {
    format!("{}sent.{id}", browser::DRAFTS)
}

/// One dialog.
#[derive(Clone, Copy)]
pub struct Talk {
    api: Api,
    /// Which one.
    pub id: DialogId,
    /// The dialog itself, once it is known.
    pub dialog: RwSignal<Option<Dialog>>,
    /// When it was asked for.
    pub asked_at: RwSignal<Option<DateTime<Utc>>>,
    /// Why it could not be loaded.
    pub error: RwSignal<Option<ApiError>>,
    /// Its messages from some point on, the newest last.
    pub messages: RwSignal<Vec<Message>>,
    /// Whether these messages are there.
    pub loaded: RwSignal<bool>,
    /// Whether there are earlier ones.
    pub has_earlier: RwSignal<bool>,
    /// Whether they are being read.
    pub reading_earlier: RwSignal<bool>,
    /// How far the answer is that is coming.
    pub stage: RwSignal<Option<Stage>>,
    /// The question to which it is, if that is not among the messages yet.
    pub question: RwSignal<Option<String>>,
    /// What has come of it.
    pub answer: RwSignal<String>,
    /// Why the last question was not even kept.
    pub refused: RwSignal<Option<ApiError>>,
    /// The question that was not kept, for the field below.
    pub returned: RwSignal<Option<String>>,
    /// An edited question that took nobody's place, for the question that it was made from.
    pub reopened: RwSignal<Option<(MessageId, String)>>,
    /// What else has to be said.
    pub remark: RwSignal<Option<Remark>>,
    /// The last answer that came whole while somebody waited for it.
    pub finished: RwSignal<Option<String>>,
    running: StoredValue<Option<AbortHandle>>,
    /// What the dialog said of its last change when its messages were read.
    seen_at: StoredValue<Option<DateTime<Utc>>>,
    /// How often something was asked.
    turn: StoredValue<u64>,
    on_change: Callback<()>,
}

impl Talk {
    /// Loads a dialog; `on_change` hears when something about it changes that lists show. All ends with the component that asked.
    pub fn new(api: Api, id: DialogId, on_change: Callback<()>) -> Self {
        let talk = Self {
            api,
            id,
            dialog: RwSignal::new(None),
            asked_at: RwSignal::new(None),
            error: RwSignal::new(None),
            messages: RwSignal::new(Vec::new()),
            loaded: RwSignal::new(false),
            has_earlier: RwSignal::new(false),
            reading_earlier: RwSignal::new(false),
            stage: RwSignal::new(None),
            question: RwSignal::new(None),
            answer: RwSignal::new(String::new()),
            refused: RwSignal::new(None),
            returned: RwSignal::new(None),
            reopened: RwSignal::new(None),
            remark: RwSignal::new(None),
            finished: RwSignal::new(None),
            running: StoredValue::new(None),
            seen_at: StoredValue::new(None),
            turn: StoredValue::new(0),
            on_change,
        };
        // Whoever comes back to this window may have asked in another one.
        let back = window_event_listener(ev::focus, move |_| talk.renew());
        on_cleanup(move || {
            back.remove();
            talk.abort();
        });
        talk.load();
        talk
    }

    /// Takes up a dialog that was changed.
    pub fn take(self, dialog: Dialog) {
        self.asked_at.try_set(Some(browser::now()));
        self.dialog.try_set(Some(dialog));
    }

    fn is_idle(self) -> bool {
        self.stage.try_get_untracked() == Some(None)
    }

    /// Asks. Nothing happens while an answer is coming.
    pub fn ask(self, wish: Wish) {
        if !self.is_idle() {
            return;
        }
        self.refused.set(None);
        self.remark.set(None);
        self.answer.set(String::new());
        self.finished.set(None);
        let old = self.messages.get_untracked();
        let at = |id: MessageId| old.iter().position(|message| message.id == id);
        let (question, up_to) = match &wish {
            Wish::Ask { content, replaces } => (Some(content.clone()), replaces.and_then(at)),
            Wish::Retry(id) => (None, at(*id).map(|at| at + 1)),
        };
        if let Some(question) = &question {
            browser::put_aside_as(&sent_key(self.id), question);
        }
        self.turn.update_value(|turn| *turn += 1);
        self.question.set(question);
        self.stage.set(Some(Stage::Waiting));
        if let Some(up_to) = up_to {
            self.messages.update(|messages| messages.truncate(up_to));
        }
        let (handle, registration) = AbortHandle::new_pair();
        self.running.set_value(Some(handle));
        spawn_local(async move {
            let newest = up_to.and_then(|_| old.last()).map(|message| message.id);
            let given = Abortable::new(self.run(&wish, newest), registration).await;
            match given {
                Ok(Ok(message)) => self.complete(wish, message),
                Ok(Err(failure)) => self.end(wish, old, Some(failure)).await,
                // Stopped: the request is gone, and what had come is kept.
                Err(_) => self.end(wish, old, None).await,
            }
        });
    }

    /// Stops the answer that is coming.
    pub fn stop(self) {
        if matches!(
            self.stage.try_get_untracked(),
            Some(Some(Stage::Waiting | Stage::Answering))
        ) {
            self.abort();
        }
    }

    fn abort(self) {
        if let Some(Some(running)) = self.running.try_update_value(Option::take) {
            running.abort();
        }
    }

    /// Asks. What is `newest` here must be so for the service, if messages are to be replaced.
    async fn run(self, wish: &Wish, newest: Option<MessageId>) -> Result<Message, Failure> {
        if newest.is_some() {
            let last = self.api.dialog_messages(self.id, 1, 0).await?;
            if last.items.first().map(|message| message.id) != newest {
                return Err(Failure::Moved);
            }
        }
        let mut events = match wish {
            Wish::Ask { content, replaces } => {
                let body = CreateMessage {
                    content: content.clone(),
                    stream: true,
                    replaces: *replaces,
                };
                self.api.ask_in_dialog(self.id, &body).await?
            }
            Wish::Retry(question) => self.api.retry_in_dialog(self.id, *question).await?,
        };
        self.follow(&mut events).await
    }

    async fn follow(self, events: &mut EventStream) -> Result<Message, Failure> {
        loop {
            // The service ends with a message or an error; anything else is a broken connection.
            let some = events.next().await?.ok_or(ApiError::NoAnswer)?;
            let mut piece = String::new();
            let mut end = None;
            for event in &some {
                match MessageEvent::read(&event.name, &event.data) {
                    Ok(Some(MessageEvent::Delta(MessageDelta { content }))) => {
                        piece.push_str(&content);
                    }
                    Ok(Some(MessageEvent::Message(message))) => end = Some(Ok(*message)),
                    Ok(Some(MessageEvent::Error(error))) => {
                        let problem = ApiError::Problem(Box::new(error.problem));
                        end = Some(Err(Failure::Told(problem, Box::new(error.message))));
                    }
                    Ok(None) => {}
                    Err(_) => end = Some(Err(ApiError::Unreadable { status: 200 }.into())),
                }
            }
            if !piece.is_empty() {
                self.answer.try_update(|answer| answer.push_str(&piece));
                if self.stage.try_get_untracked() == Some(Some(Stage::Waiting)) {
                    self.stage.try_set(Some(Stage::Answering));
                }
            }
            if let Some(end) = end {
                return end;
            }
        }
    }

    fn complete(self, wish: Wish, answer: Message) {
        let question = match wish {
            Wish::Ask { content, .. } => {
                answer.in_reply_to.map(|id| question(id, content, &answer))
            }
            Wish::Retry(_) => None,
        };
        let said = answer.content.clone();
        self.messages.try_update(|messages| {
            messages.extend(question);
            messages.push(answer);
        });
        self.stage.try_set(None);
        self.question.try_set(None);
        self.answer.try_set(String::new());
        self.finished.try_set(Some(said));
        self.forget_sent();
        // The first question gives it a title.
        spawn_local(async move {
            if self.read_dialog().await.is_ok() {
                self.seen_at.try_set_value(self.changed_at());
            }
        });
        self.on_change.try_run(());
    }

    async fn end(self, wish: Wish, old: Vec<Message>, failure: Option<Failure>) {
        self.stage.try_set(Some(Stage::Settling));
        let moved = matches!(failure, Some(Failure::Moved));
        let (error, told) = match failure {
            Some(Failure::Told(error, message)) => (Some(error), Some(*message)),
            Some(Failure::Error(error)) => (Some(error), None),
            Some(Failure::Moved) | None => (None, None),
        };
        let failed = self.settle().await.err();
        if self.stage.try_get_untracked().is_none() {
            // The page is gone: when it is opened again, it looks whether the question was kept.
            return;
        }
        if failed.is_some() {
            // What was hidden may be there still.
            self.messages.try_set(old.clone());
        }
        let now = self.messages.try_get_untracked().unwrap_or_default();
        let is_there = |id: MessageId| now.iter().any(|message| message.id == id);
        let mut refused = failed.or_else(|| error.clone());
        match wish {
            Wish::Ask { content, .. } if was_kept(&content, &old, &now) => {
                self.forget_sent();
                refused = None;
            }
            Wish::Ask {
                content,
                replaces: Some(id),
            } if is_there(id) => {
                self.forget_sent();
                self.reopened.try_set(Some((id, content)));
            }
            Wish::Ask { content, .. } => {
                self.forget_sent();
                self.returned.try_set(Some(content));
            }
            Wish::Retry(_) => {
                let before = |id: MessageId| old.iter().any(|message| message.id == id);
                if now.last().is_some_and(|last| !before(last.id)) {
                    refused = None;
                }
            }
        }
        let unkept = told.filter(|told| !told.content.trim().is_empty() && !is_there(told.id));
        if let (Some(mut told), Some(error)) = (unkept, &error) {
            told.problem = told.problem.or_else(|| {
                error.problem().map(|problem| AnswerProblem {
                    code: problem.code,
                    detail: problem.detail.clone(),
                })
            });
            // Whoever was reading it goes on.
            self.messages.try_update(|messages| messages.push(told));
            self.remark.try_set(Some(Remark::Unkept));
        }
        if moved {
            self.remark.try_set(Some(Remark::Moved));
        }
        self.refused.try_set(refused);
        self.stage.try_set(None);
        self.question.try_set(None);
        self.answer.try_set(String::new());
        self.on_change.try_run(());
    }

    /// It is kept, or stands in a field again.
    fn forget_sent(self) {
        browser::put_aside_as(&sent_key(self.id), "");
    }
}
