//! Answers of dialogs while they are given, and how each is written down exactly once.
//!
//! | | lives | does |
//! |---|---|---|
//! | [`Draft`] | with the request, its stream included | holds what has come; dropped without an end, it was stopped by the person |
//! | [`desk::Desk`] | with the process | renews the lease of each answer, and writes it down when its draft ends |
//!
//! The rule: whoever gives an answer never touches the table. The draft tells the desk how it ended, once, whatever happens to the request;
//! the desk outlives every request, and a service that stops waits for it. A process that is killed loses what it had not written, and its
//! lease runs out.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
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

/// Where answers are written down.
#[derive(Clone, Debug)]
pub struct Answers(mpsc::UnboundedSender<desk::Order>);

/// The question that is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its id.
    pub id: Uuid,
    /// Its place in the dialog.
    pub position: i32,
    /// What stands behind it, and goes only for an answer that is no worse.
    pub keeps: Keeps,
}

/// What that is worth which is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keeps {
    /// There is nothing, or it has no text.
    #[default]
    Nothing,
    /// A part of an answer, be it that it broke off or that it was cut off; or other questions that came after it.
    Part,
    /// All of it.
    Whole,
}

impl Keeps {
    /// What a message is worth that stands behind a question; without a state it is another question.
    pub fn of(state: Option<AnswerState>, cut_off_by: Option<FinishReason>, content: &str) -> Self {
        match (state, cut_off_by) {
            _ if content.is_empty() => Self::Nothing,
            (Some(AnswerState::Complete), None) => Self::Whole,
            (Some(_) | None, _) => Self::Part,
        }
    }

    /// Whether an answer takes the place of one that is worth this. What a person has stopped and seen a part of is what they wanted.
    pub fn gives_way_to(self, message: &Message) -> bool {
        let worth = Self::of(message.state, message.finish_reason, &message.content);
        let stopped = message.state == Some(AnswerState::Stopped) && worth > Self::Nothing;
        stopped || worth >= self
    }
}

/// What became of an answer in the database.
#[derive(Debug)]
pub enum Kept {
    /// It is stored.
    New,
    /// What was there is better, and stays: the earlier answer, if there is one, and all that came after it.
    Old(Option<Box<Message>>),
}

/// An answer that is being given.
#[derive(Debug)]
pub struct Draft {
    /// Its id.
    pub id: Uuid,
    started: Instant,
    end: Option<oneshot::Sender<desk::End>>,
    /// The question; none until it is stored.
    pub asked: Option<Asked>,
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

impl Answers {
    /// Begins an answer in a dialog. The lease is taken under its id.
    pub fn begin(&self, dialog: Uuid) -> Draft {
        let id = Uuid::now_v7();
        let (end, ended) = oneshot::channel();
        let order = desk::Order { dialog, id, ended };
        // Without a desk the service is going down, and the end will find that out.
        let _ = self.0.send(order);
        Draft {
            id,
            started: Instant::now(),
            end: Some(end),
            asked: None,
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
        let sent = self.end.take().zip(self.asked).map(|(end, asked)| {
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
            in_reply_to: self.asked.map(|asked| MessageId(asked.id)),
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
        let said = match self.asked {
            Some(asked) => {
                let message = self.message(AnswerState::Stopped, None);
                desk::End::Store(Box::new(message), asked, None)
            }
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
    (Arc::new(Answers(sender)), desk::Desk::open(pool, orders))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(state: AnswerState, cut_off_by: Option<FinishReason>, content: &str) -> Message {
        let (answers, _orders) = {
            let (sender, orders) = mpsc::unbounded_channel();
            (Answers(sender), orders)
        };
        let mut draft = answers.begin(Uuid::nil());
        draft.content = content.to_owned();
        draft.finish_reason = cut_off_by;
        draft.message(state, None)
    }

    #[test]
    fn an_answer_gives_way_to_none_that_is_worse_unless_somebody_wanted_that() {
        use AnswerState as S;
        let length = Some(FinishReason::Length);
        for (keeps, state, cut_off_by, content, gives_way) in [
            (Keeps::Nothing, S::Failed, None, "", true),
            (Keeps::Nothing, S::Stopped, None, "", true),
            (Keeps::Part, S::Failed, None, "", false),
            (Keeps::Part, S::Stopped, None, "", false),
            (Keeps::Part, S::Interrupted, None, "a", true),
            (Keeps::Whole, S::Interrupted, None, "a", false),
            (Keeps::Whole, S::Stopped, None, "a", true),
            (Keeps::Whole, S::Complete, None, "a", true),
            (Keeps::Whole, S::Complete, None, "", false),
            (Keeps::Whole, S::Complete, length, "a", false),
            (Keeps::Part, S::Complete, length, "a", true),
            (Keeps::Whole, S::Stopped, length, "a", true),
        ] {
            let message = message(state, cut_off_by, content);
            assert_eq!(
                keeps.gives_way_to(&message),
                gives_way,
                "{keeps:?} {state:?} {cut_off_by:?} {content:?}"
            );
        }
    }

    #[test]
    fn what_is_there_is_worth_what_it_says_and_how_it_ended() {
        use AnswerState as S;
        for (state, cut_off_by, content, worth) in [
            (Some(S::Complete), None, "a", Keeps::Whole),
            (
                Some(S::Complete),
                Some(FinishReason::ContentFilter),
                "a",
                Keeps::Part,
            ),
            (Some(S::Stopped), None, "a", Keeps::Part),
            (Some(S::Interrupted), None, "a", Keeps::Part),
            (Some(S::Failed), None, "", Keeps::Nothing),
            // Another question.
            (None, None, "a", Keeps::Part),
        ] {
            assert_eq!(Keeps::of(state, cut_off_by, content), worth, "{state:?}");
        }
    }

    #[test]
    fn a_draft_that_is_dropped_says_once_that_it_was_stopped() {
        let (sender, mut orders) = mpsc::unbounded_channel();
        let answers = Answers(sender);
        let mut draft = answers.begin(Uuid::nil());
        draft.asked = Some(Asked {
            id: Uuid::from_u128(1),
            position: 4,
            keeps: Keeps::Nothing,
        });
        draft.content.push_str("so far");
        drop(draft);
        let mut order = orders.try_recv().unwrap();
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
        assert!(matches!(order.ended.try_recv(), Ok(desk::End::Nothing)));
    }
}
