//! What is going on in one dialog: its messages, the answer that is coming, and what became of it.
//!
//! Rules: what the service keeps is the truth. However an answer ends other than whole (stopped, broken off, failed, the network gone), the messages are
//! read again, and shown as they are kept. A question that was not kept comes back to where it was typed.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::{AbortHandle, Abortable};
use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{
    CreateMessage, Dialog, DialogId, Message, MessageDelta, MessageEvent, MessageId, MessageRole,
};

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

/// One dialog.
#[derive(Clone, Copy)]
pub struct Talk {
    api: Api,
    /// Which one.
    pub id: DialogId,
    /// The dialog itself, once it is known.
    pub dialog: RwSignal<Option<Dialog>>,
    /// When it was asked for.
    pub asked_at: RwSignal<Option<chrono::DateTime<chrono::Utc>>>,
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
    /// The question that was not kept.
    pub returned: RwSignal<Option<String>>,
    /// The last answer that came whole while somebody waited for it.
    pub finished: RwSignal<Option<String>>,
    running: StoredValue<Option<AbortHandle>>,
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
            finished: RwSignal::new(None),
            running: StoredValue::new(None),
            on_change,
        };
        on_cleanup(move || talk.abort());
        talk.load();
        talk
    }

    /// Loads it, as for the first time.
    pub fn load(self) {
        self.error.set(None);
        spawn_local(async move {
            if let Err(error) = self.read_dialog().await {
                self.error.try_set(Some(error));
                return;
            }
            if let Err(error) = self.read_messages().await {
                self.error.try_set(Some(error));
                return;
            }
            let answering = self.dialog.try_with_untracked(|dialog| {
                dialog.as_ref().is_some_and(|dialog| dialog.answering)
            });
            if answering == Some(true) && self.is_idle() {
                self.stage.set(Some(Stage::Elsewhere));
                let _ = self.settle().await;
                self.stage.try_set(None);
                self.on_change.try_run(());
            }
        });
    }

    /// Takes up a dialog that was changed.
    pub fn take(self, dialog: Dialog) {
        self.asked_at.try_set(Some(browser::now()));
        self.dialog.try_set(Some(dialog));
    }

    /// Reads the dialog again, since whom it is with may have changed.
    pub fn renew(self) {
        spawn_local(async move {
            // What is shown stays; the next one may succeed.
            let _ = self.read_dialog().await;
        });
    }

    fn is_idle(self) -> bool {
        self.stage.try_get_untracked() == Some(None)
    }

    async fn read_dialog(self) -> Result<(), ApiError> {
        let begun = browser::now();
        let dialog = self.api.get_dialog(self.id).await?;
        self.asked_at.try_set(Some(begun));
        if self
            .dialog
            .try_with_untracked(|old| old.as_ref() != Some(&dialog))
            == Some(true)
        {
            self.dialog.try_set(Some(dialog));
        }
        Ok(())
    }

    /// Reads the newest messages, as many as there are on the page, and two more.
    async fn read_messages(self) -> Result<(), ApiError> {
        let known = self.messages.try_with_untracked(Vec::len).unwrap_or(0);
        let limit = (known + 2).clamp(PAGE, MOST);
        let page = self.api.dialog_messages(self.id, limit, 0).await?;
        let mut newest = page.items;
        newest.reverse();
        let total = usize::try_from(page.total).unwrap_or(usize::MAX);
        let joined = self
            .messages
            .try_with_untracked(|old| join(old, newest))
            .unwrap_or_default();
        self.has_earlier.try_set(joined.len() < total);
        self.messages.try_set(joined);
        self.loaded.try_set(true);
        Ok(())
    }

    /// Reads the messages before the first that is shown.
    pub fn read_earlier(self) {
        let more = self.has_earlier.get_untracked() && self.is_idle();
        if !more || self.reading_earlier.get_untracked() {
            return;
        }
        self.reading_earlier.set(true);
        spawn_local(async move {
            let known = self.messages.try_with_untracked(Vec::len).unwrap_or(0);
            let page = self.api.dialog_messages(self.id, PAGE, known).await;
            if let Ok(page) = page
                && self.is_idle()
            {
                let total = usize::try_from(page.total).unwrap_or(usize::MAX);
                let mut earlier = page.items;
                earlier.reverse();
                let count = self.messages.try_update(|messages| {
                    let there: HashSet<MessageId> =
                        messages.iter().map(|message| message.id).collect();
                    earlier.retain(|message| !there.contains(&message.id));
                    let none = earlier.is_empty();
                    messages.splice(0..0, earlier);
                    if none { usize::MAX } else { messages.len() }
                });
                self.has_earlier
                    .try_set(count.is_some_and(|count| count < total));
            }
            self.reading_earlier.try_set(false);
        });
    }

    /// Asks. Nothing happens while an answer is coming.
    pub fn ask(self, wish: Wish) {
        if !self.is_idle() {
            return;
        }
        self.refused.set(None);
        self.answer.set(String::new());
        self.finished.set(None);
        let (question, up_to) = self.messages.with_untracked(|messages| {
            let at = |id: MessageId| messages.iter().position(|message| message.id == id);
            match &wish {
                Wish::Ask { content, replaces } => (Some(content.clone()), replaces.and_then(at)),
                Wish::Retry(id) => (None, at(*id).map(|at| at + 1)),
            }
        });
        let before: HashSet<MessageId> = self
            .messages
            .with_untracked(|messages| messages.iter().map(|message| message.id).collect());
        self.question.set(question);
        self.stage.set(Some(Stage::Waiting));
        if let Some(up_to) = up_to {
            self.messages.update(|messages| messages.truncate(up_to));
        }
        let (handle, registration) = AbortHandle::new_pair();
        self.running.set_value(Some(handle));
        spawn_local(async move {
            let given = Abortable::new(self.run(&wish), registration).await;
            match given {
                Ok(Ok(message)) => self.complete(wish, message),
                Ok(Err(error)) => self.end(wish, before, Some(error)).await,
                // Stopped: the request is gone, and what had come is kept.
                Err(_) => self.end(wish, before, None).await,
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

    async fn run(self, wish: &Wish) -> Result<Message, ApiError> {
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

    async fn follow(self, events: &mut EventStream) -> Result<Message, ApiError> {
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
                        end = Some(Err(ApiError::Problem(Box::new(error.problem))));
                    }
                    Ok(None) => {}
                    Err(_) => end = Some(Err(ApiError::Unreadable { status: 200 })),
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
        // The first question gives it a title.
        self.renew();
        self.on_change.try_run(());
    }

    async fn end(self, wish: Wish, before: HashSet<MessageId>, error: Option<ApiError>) {
        self.stage.try_set(Some(Stage::Settling));
        let settled = self.settle().await;
        if let Wish::Ask { content, .. } = wish {
            let kept = settled.is_ok()
                && self.messages.try_with_untracked(|messages| {
                    let new = |message: &&Message| {
                        message.role == MessageRole::User && !before.contains(&message.id)
                    };
                    messages.iter().any(|message| new(&message))
                }) == Some(true);
            if !kept {
                self.returned.try_set(Some(content));
                self.refused.try_set(settled.err().or(error));
            }
        } else {
            let answered = self.messages.try_with_untracked(|messages| {
                messages
                    .last()
                    .is_some_and(|last| !before.contains(&last.id))
            });
            if answered != Some(true) {
                self.refused.try_set(settled.err().or(error));
            }
        }
        self.stage.try_set(None);
        self.question.try_set(None);
        self.answer.try_set(String::new());
        self.on_change.try_run(());
    }

    /// Waits until no answer is being given, and reads what is kept.
    async fn settle(self) -> Result<(), ApiError> {
        let mut pause = Duration::from_millis(150);
        loop {
            match self.read_dialog().await {
                Ok(()) => {
                    let answering = self.dialog.try_with_untracked(|dialog| {
                        dialog.as_ref().is_some_and(|dialog| dialog.answering)
                    });
                    match answering {
                        Some(true) => {}
                        Some(false) => return self.read_messages().await,
                        // The page is gone.
                        None => return Ok(()),
                    }
                }
                // The service keeps what there was; it is read when the network is back.
                Err(ApiError::NoAnswer) if self.stage.try_get_untracked().is_some() => {}
                Err(error) => return Err(error),
            }
            browser::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }
}

/// The question as the service keeps it, as far as a page shows it.
fn question(id: MessageId, content: String, answer: &Message) -> Message {
    Message {
        id,
        role: MessageRole::User,
        content,
        created_at: answer.created_at,
        state: None,
        finish_reason: None,
        problem: None,
        in_reply_to: None,
        instance: None,
        trace: Vec::new(),
        left_out: 0,
        first_byte_ms: None,
        duration_ms: None,
        prompt_tokens: None,
        completion_tokens: None,
    }
}

/// What was shown, continued by the newest messages that there are now.
fn join(old: &[Message], newest: Vec<Message>) -> Vec<Message> {
    let first = newest.first().map(|message| message.id);
    let known = old.iter().position(|message| Some(message.id) == first);
    let mut all = match known {
        Some(at) => old[..at].to_vec(),
        // They do not meet: what lies between is read when somebody scrolls up.
        None => Vec::new(),
    };
    all.extend(newest);
    all
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn message(number: u8) -> Message {
        let id = format!("01890a5d-ac96-774b-bcce-b302099a80{number:02x}");
        let mut base = question(id.parse().unwrap(), number.to_string(), &blank());
        base.created_at = DateTime::UNIX_EPOCH;
        base
    }

    fn blank() -> Message {
        serde_json::from_value(serde_json::json!({
            "id": "01890a5d-ac96-774b-bcce-b302099a8057", "role": "assistant", "content": "",
            "created_at": "2026-01-01T00:00:00Z", "state": "complete", "finish_reason": null, "problem": null, "in_reply_to": null,
            "instance": null, "trace": [], "left_out": 0, "first_byte_ms": null, "duration_ms": null,
            "prompt_tokens": null, "completion_tokens": null
        }))
        .unwrap()
    }

    fn numbers(messages: &[Message]) -> Vec<&str> {
        messages
            .iter()
            .map(|message| message.content.as_str())
            .collect()
    }

    #[test]
    fn what_is_read_again_takes_the_place_of_what_was_shown() {
        let old: Vec<Message> = (0..6).map(message).collect();
        let joined = join(&old, vec![message(3), message(4), message(9)]);
        assert_eq!(numbers(&joined), ["0", "1", "2", "3", "4", "9"]);
        assert_eq!(
            numbers(&join(&old, vec![message(8), message(9)])),
            ["8", "9"]
        );
        assert!(join(&old, Vec::new()).is_empty());
    }
}
