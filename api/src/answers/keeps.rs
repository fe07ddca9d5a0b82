//! What is in a dialog already, and for which answers it gives way.
//!
//! The rule: nothing is lost to an answer that is worth less, be it one that was asked for again or one to a question that was edited.

use understudy_shared::{AnswerState, FinishReason, Message};
use uuid::Uuid;

use crate::db::dialogs::messages::MessageRow;

/// The question that is answered.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its id.
    pub id: Uuid,
    /// Its place in the dialog.
    pub position: i32,
    /// What stands behind it, and goes only for an answer that is no worse.
    pub keeps: Keeps,
    /// The question itself if it takes the place of another one: that and all behind it goes only for such an answer, too, and this one is
    /// stored with the answer or not at all.
    pub edit: Option<Box<MessageRow>>,
}

impl Asked {
    /// Whether what stands there gives way to this answer. To a new question an answer that was cut off is one: nothing says that the
    /// earlier question had a better one to this.
    pub fn gives_way_to(&self, message: &Message) -> bool {
        let answered = message.state == Some(AnswerState::Complete) && !message.content.is_empty();
        (answered && self.edit.is_some()) || self.keeps.gives_way_to(message)
    }
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

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use understudy_shared::{MessageId, MessageRole};

    use super::*;

    fn message(state: AnswerState, cut_off_by: Option<FinishReason>, content: &str) -> Message {
        Message {
            id: MessageId(Uuid::nil()),
            role: MessageRole::Assistant,
            content: content.to_owned(),
            created_at: DateTime::UNIX_EPOCH,
            state: Some(state),
            finish_reason: cut_off_by,
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
    fn a_question_that_takes_anothers_place_needs_an_answer_for_that() {
        use AnswerState as S;
        let length = Some(FinishReason::Length);
        let question = MessageRow::question(Uuid::nil(), 0, "b", DateTime::UNIX_EPOCH);
        let asked = |keeps| Asked {
            id: question.id,
            position: 0,
            keeps,
            edit: Some(Box::new(question.clone())),
        };
        for (keeps, state, cut_off_by, content, gives_way) in [
            (Keeps::Nothing, S::Failed, None, "", true),
            (Keeps::Part, S::Failed, None, "", false),
            (Keeps::Whole, S::Stopped, None, "", false),
            (Keeps::Whole, S::Stopped, None, "a", true),
            (Keeps::Whole, S::Interrupted, None, "a", false),
            (Keeps::Whole, S::Complete, length, "a", true),
            (Keeps::Whole, S::Complete, None, "a", true),
        ] {
            assert_eq!(
                asked(keeps).gives_way_to(&message(state, cut_off_by, content)),
                gives_way,
                "{keeps:?} {state:?} {cut_off_by:?} {content:?}"
            );
        }
    }
}
