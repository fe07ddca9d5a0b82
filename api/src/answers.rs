//! Answers of dialogs while they are given, and how each is written down exactly once.
//!
//! | | lives | does |
//! |---|---|---|
//! | [`Draft`] | with the request, its stream included | holds what has come; dropped without an end, it was stopped by the person |
//! | [`Loss`] | beside the draft | says when nobody wants the answer any more: its dialog is deleted, or another answer was begun |
//! | [`desk::Desk`] | with the process | renews the lease of each answer, and writes it down when its draft ends |
//!
//! The rule: whoever gives an answer never touches the table. The draft tells the desk how it ended, once, whatever happens to the request;
//! the desk outlives every request, and a service that stops waits for it. A process that is killed loses what it had not written, and its
//! lease runs out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;
use understudy_shared::{
    AnswerProblem, AnswerState, AttemptTrace, FinishReason, InstanceRef, Message, MessageId,
    MessageRole,
};
use uuid::Uuid;

use crate::db::time::now;
use crate::error::ApiError;
use crate::gateway::tokens::Tokens;

pub mod desk;
mod keeps;

pub use keeps::{Asked, Keeps, Kept};

/// Where answers are written down.
#[derive(Clone, Debug)]
pub struct Answers {
    orders: mpsc::UnboundedSender<desk::Order>,
    /// Dialogs that are deleted here.
    deleted: broadcast::Sender<Uuid>,
}

/// Dialogs that may be deleted at once. Whoever is behind looks whether it was theirs.
const DELETED: usize = 64;

/// An answer that is being given.
#[derive(Debug)]
pub struct Draft {
    /// Its id.
    pub id: Uuid,
    started: Instant,
    end: Option<oneshot::Sender<desk::End>>,
    /// Whether it is still wanted.
    pub loss: Loss,
    /// The question; none until the lease is taken.
    asked: Option<Asked>,
    has_lease: Arc<AtomicBool>,
    /// What has come.
    pub content: String,
    /// Who gives it.
    pub instance: Option<InstanceRef>,
    /// Who was tried or skipped.
    pub trace: Vec<AttemptTrace>,
    /// Earlier messages that were not sent.
    pub left_out: u32,
    /// What it was cut off by, if that was said.
    pub finish_reason: Option<FinishReason>,
    /// Time until it began, in milliseconds.
    pub first_byte_ms: Option<u64>,
    /// What the backend counted.
    pub tokens: Option<Tokens>,
}

/// Whether an answer is lost: its dialog is deleted, or another answer was begun in it.
#[derive(Clone, Debug)]
pub struct Loss(watch::Receiver<bool>);

impl Loss {
    /// Waits until it is, with what is said of it.
    pub async fn comes(&mut self) -> ApiError {
        if self.0.wait_for(|lost| *lost).await.is_err() {
            // Nobody looks any more.
            std::future::pending::<()>().await;
        }
        desk::lost()
    }
}

impl Answers {
    fn new(orders: mpsc::UnboundedSender<desk::Order>) -> Self {
        let deleted = broadcast::Sender::new(DELETED);
        Self { orders, deleted }
    }

    /// A dialog is deleted: what is being answered in it here ends at once. Elsewhere it ends when its lease is to be renewed.
    pub fn deleted(&self, dialog: Uuid) {
        // Usually nobody answers anything.
        let _ = self.deleted.send(dialog);
    }

    /// Begins an answer in a dialog. The lease is taken under its id.
    pub fn begin(&self, dialog: Uuid) -> Draft {
        let id = Uuid::now_v7();
        let (end, ended) = oneshot::channel();
        let (lost, loss) = watch::channel(false);
        let has_lease = Arc::default();
        let order = desk::Order {
            dialog,
            id,
            ended,
            has_lease: Arc::clone(&has_lease),
            deleted: self.deleted.subscribe(),
            lost,
        };
        // Without a desk the service is going down, and the end will find that out.
        let _ = self.orders.send(order);
        Draft {
            id,
            started: Instant::now(),
            end: Some(end),
            loss: Loss(loss),
            asked: None,
            has_lease,
            content: String::new(),
            instance: None,
            trace: Vec::new(),
            left_out: 0,
            finish_reason: None,
            first_byte_ms: None,
            tokens: None,
        }
    }
}

impl Draft {
    /// The lease is taken under its id, for the answer to this question.
    pub fn answers(&mut self, asked: Asked) {
        self.asked = Some(asked);
        self.has_lease.store(true, Ordering::Release);
    }

    /// Its first text is here.
    pub fn begins(&mut self) {
        self.first_byte_ms.get_or_insert(millis(self.started));
    }

    /// It is over. Waits until it is written down.
    ///
    /// # Errors
    /// With the answer as it is, if it cannot be written down.
    pub async fn ends(
        mut self,
        state: AnswerState,
        problem: Option<&ApiError>,
    ) -> Result<(Message, Kept), (Message, ApiError)> {
        let problem = problem.map(|problem| AnswerProblem {
            code: problem.code(),
            detail: problem.to_string(),
        });
        let message = self.message(state, problem);
        let (reply, replied) = oneshot::channel();
        let sent = self.end.take().zip(self.asked.take()).map(|(end, asked)| {
            let message = Box::new(message.clone());
            end.send(desk::End::Store(message, asked, Some(reply)))
        });
        let kept = match sent {
            Some(Ok(())) => replied.await.unwrap_or_else(|_| Err(ApiError::stopping())),
            _ => Err(ApiError::stopping()),
        };
        match kept {
            Ok(kept) => Ok((message, kept)),
            Err(error) => Err((message, error)),
        }
    }

    fn message(&mut self, state: AnswerState, problem: Option<AnswerProblem>) -> Message {
        Message {
            id: MessageId(self.id),
            role: MessageRole::Assistant,
            content: std::mem::take(&mut self.content),
            created_at: now(),
            state: Some(state),
            finish_reason: self.finish_reason,
            problem,
            in_reply_to: self.asked.as_ref().map(|asked| MessageId(asked.id)),
            instance: self.instance.take(),
            trace: std::mem::take(&mut self.trace),
            left_out: self.left_out,
            first_byte_ms: self.first_byte_ms,
            duration_ms: Some(millis(self.started)),
            prompt_tokens: self.tokens.map(|tokens| tokens.prompt.into()),
            completion_tokens: self.tokens.map(|tokens| tokens.completion.into()),
        }
    }
}

/// Nobody has said how it ended: whoever asked is gone, which is how people stop an answer.
impl Drop for Draft {
    fn drop(&mut self) {
        let Some(end) = self.end.take() else { return };
        let message = self.message(AnswerState::Stopped, None);
        let said = match self.asked.take() {
            Some(asked) => desk::End::Store(Box::new(message), asked, None),
            None => desk::End::Nothing,
        };
        let _ = end.send(said);
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Begins to write answers down.
pub fn start(pool: crate::db::Pool) -> (Arc<Answers>, desk::Desk) {
    let (sender, orders) = mpsc::unbounded_channel();
    (
        Arc::new(Answers::new(sender)),
        desk::Desk::open(pool, orders),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_that_is_dropped_says_once_that_it_was_stopped() {
        let (sender, mut orders) = mpsc::unbounded_channel();
        let answers = Answers::new(sender);
        let mut draft = answers.begin(Uuid::nil());
        draft.answers(Asked {
            id: Uuid::from_u128(1),
            position: 4,
            keeps: Keeps::Nothing,
            edit: None,
        });
        draft.content.push_str("so far");
        drop(draft);
        let mut order = orders.try_recv().unwrap();
        assert!(order.has_lease.load(Ordering::Acquire));
        let Ok(desk::End::Store(message, asked, None)) = order.ended.try_recv() else {
            panic!("it was not to be stored");
        };
        assert_eq!(
            (message.state, &*message.content),
            (Some(AnswerState::Stopped), "so far")
        );
        assert_eq!(
            (asked.position, message.in_reply_to),
            (4, Some(MessageId(Uuid::from_u128(1))))
        );
        // Of a question that was never stored there is nothing to keep.
        drop(answers.begin(Uuid::nil()));
        let mut order = orders.try_recv().unwrap();
        assert!(
            !order.has_lease.load(Ordering::Acquire),
            "there is nothing to lose"
        );
        assert!(matches!(order.ended.try_recv(), Ok(desk::End::Nothing)));
    }
}
