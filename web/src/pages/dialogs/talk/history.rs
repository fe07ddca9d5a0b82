//! What the messages of a dialog say, without a browser: how pages of them join, and what an ending means.

use understudy_shared::{Message, MessageId, MessageRole};

use crate::api::ApiError;

/// The question as the service keeps it, as far as a page shows it.
pub fn question(id: MessageId, content: String, answer: &Message) -> Message {
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
pub fn join(old: &[Message], newest: Vec<Message>) -> Vec<Message> {
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

/// Whether a question is among the messages that there are now, and was not before. Another window may have asked meanwhile: only the same
/// words are this question.
pub fn was_kept(content: &str, before: &[Message], now: &[Message]) -> bool {
    let new = |id: MessageId| before.iter().all(|message| message.id != id);
    now.iter().any(|message| {
        message.role == MessageRole::User && message.content == content && new(message.id)
    })
}

/// Whether reading may succeed a little later: the service, its database or a proxy before it is away for the moment.
pub fn is_passing(error: &ApiError) -> bool {
    match error {
        ApiError::NoAnswer | ApiError::RateLimited { .. } => true,
        ApiError::Unreadable { status } => matches!(status, 502..=504),
        ApiError::Problem(problem) => matches!(problem.status, 502..=504),
        ApiError::SignedOut => false,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use understudy_shared::{Problem, ProblemCode};

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

    fn problem(status: u16) -> ApiError {
        ApiError::Problem(Box::new(Problem {
            kind: String::new(),
            title: String::new(),
            status,
            detail: String::new(),
            instance: String::new(),
            code: ProblemCode::Unavailable,
            request_id: "1".into(),
            errors: Vec::new(),
            used_by: Vec::new(),
            trace: Vec::new(),
        }))
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

    #[test]
    fn the_question_of_another_window_is_not_the_one_that_was_asked_here() {
        let before: Vec<Message> = (0..2).map(message).collect();
        let now: Vec<Message> = (0..4).map(message).collect();
        assert!(was_kept("3", &before, &now));
        assert!(!was_kept("mine", &before, &now));
        // Said before, and not again.
        assert!(!was_kept("1", &before, &now));
    }

    #[test]
    fn a_service_that_is_away_comes_back() {
        for status in [502, 503, 504] {
            assert!(is_passing(&problem(status)));
            assert!(is_passing(&ApiError::Unreadable { status }));
        }
        assert!(is_passing(&ApiError::NoAnswer));
        for status in [401, 404, 409, 500] {
            assert!(!is_passing(&problem(status)), "{status}");
        }
        assert!(!is_passing(&ApiError::Unreadable { status: 200 }));
    }
}
