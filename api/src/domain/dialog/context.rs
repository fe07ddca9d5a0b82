//! How much of a dialog is sent: what fits into the smallest context that somebody who may answer declares.
//!
//! The rule: the system prompt and the last question always go, of what came before the latest. A question goes with its answer or not
//! at all, since templates of models take turns to alternate. Lengths are estimated ([`likely_tokens`]); where that was wrong, whoever is
//! asked says so, and half of what came before is left out.

use crate::gateway::size::likely_tokens;

/// Tokens that a message takes besides its text.
const PER_MESSAGE: u64 = 6;
/// Tokens that are kept free for an answer of which nobody says how long it may be.
const ANSWER: u64 = 1_024;
/// Tokens that are sent at the most where nobody declares a context.
const UNDECLARED: u64 = 1_000_000;

/// A question that was answered, and the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
}

/// Room for earlier turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room(u64);

impl Room {
    /// What is left beside the system prompt, the question and the answer. `answer` is how long that may be, if somebody says so.
    pub fn beside(context: Option<u64>, system: &str, question: &str, answer: Option<u64>) -> Self {
        let context = context.unwrap_or(UNDECLARED);
        // A context is for reading, too, whatever somebody allows for the answer.
        let answer = answer.unwrap_or(ANSWER).min(context / 2);
        let taken = cost(system) + cost(question) + answer;
        Self(context.saturating_sub(taken))
    }

    /// Takes the room of a turn, if there is as much.
    pub fn take(&mut self, turn: &Turn) -> bool {
        let cost = cost(&turn.question) + cost(&turn.answer);
        match self.0.checked_sub(cost) {
            Some(left) => {
                self.0 = left;
                true
            }
            None => false,
        }
    }
}

fn cost(text: &str) -> u64 {
    if text.is_empty() {
        0
    } else {
        likely_tokens(text) + PER_MESSAGE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(words: usize) -> Turn {
        Turn {
            question: "word ".repeat(words),
            answer: "word ".repeat(words),
        }
    }

    /// How many turns of so many words fit.
    fn fit(mut room: Room, words: usize) -> usize {
        let turn = turn(words);
        (0..1_000).take_while(|_| room.take(&turn)).count()
    }

    #[test]
    fn what_is_sent_fits_into_the_context_with_room_for_the_answer() {
        let beside = |context, answer| Room::beside(Some(context), "", "Hello?", answer);
        let (none, some, many) = (
            fit(beside(300, None), 100),
            fit(beside(4_096, None), 100),
            fit(beside(32_768, None), 100),
        );
        assert_eq!(none, 0);
        assert!((5..=14).contains(&some), "{some}");
        assert!(many > 8 * some, "{many}");
        // An answer that may be longer leaves less, but never nothing.
        assert!(fit(beside(4_096, Some(2_000)), 100) < some);
        assert!(fit(beside(4_096, Some(1_000_000)), 100) > 0);
        // So does a system prompt.
        let system = "word ".repeat(1_000);
        let beside = Room::beside(Some(4_096), &system, "Hello?", None);
        assert!(fit(beside, 100) < some);
    }

    #[test]
    fn without_a_declared_context_all_of_a_common_dialog_is_sent() {
        assert_eq!(fit(Room::beside(None, "", "Hello?", None), 100), 1_000);
    }

    #[test]
    fn a_question_that_does_not_fit_leaves_no_room() {
        let room = Room::beside(Some(1_000), "", &"word ".repeat(5_000), None);
        assert_eq!(fit(room, 1), 0);
    }
}
