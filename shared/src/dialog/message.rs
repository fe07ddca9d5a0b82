//! Messages of a dialog, and the stream in which an answer arrives.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::stream_event::stream_event;
use crate::{AttemptTrace, FieldError, InstanceRef, MessageId, Problem, ProblemCode, rules};

/// Longest question, in characters.
pub const MAX_QUESTION: usize = 64_000;

/// Who says something in a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageRole {
    /// The person.
    User,
    /// The model.
    Assistant,
}

impl MessageRole {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerState {
    /// It is all there; or all that came before it was cut off, which `finish_reason` says.
    Complete,
    /// The person stopped it; what had come by then is there.
    Stopped,
    /// The instance broke it off; what had come by then is there.
    Interrupted,
    /// Nobody answered.
    Failed,
}

impl AnswerState {
    /// Every state.
    pub const ALL: [Self; 4] = [
        Self::Complete,
        Self::Stopped,
        Self::Interrupted,
        Self::Failed,
    ];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// What an answer was cut off by that its model ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It was as long as it may be, or the context was full.
    Length,
    /// A filter of whoever runs the model.
    ContentFilter,
}

impl FinishReason {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
        }
    }

    /// What a backend calls it. Everything else is no more than an end.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Length, Self::ContentFilter]
            .into_iter()
            .find(|reason| reason.as_str() == name)
    }
}

/// Why nobody answered, or why an answer broke off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnswerProblem {
    /// For programs, as in the problem that the request got.
    pub code: ProblemCode,
    /// For people.
    #[schema(example = "every instance that was asked failed")]
    pub detail: String,
}

/// A message of a dialog. The fields after `created_at` are those of answers; questions have them empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// Id.
    pub id: MessageId,
    /// Who says it.
    pub role: MessageRole,
    /// What is said: of answers, Markdown that nobody has checked.
    #[schema(example = "The capital of France is **Paris**.")]
    pub content: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// What became of the answer; null in questions.
    pub state: Option<AnswerState>,
    /// What the answer was cut off by though nothing went wrong; null = it simply came to its end.
    pub finish_reason: Option<FinishReason>,
    /// Why nobody answered, or why it broke off.
    pub problem: Option<AnswerProblem>,
    /// The question that it answers.
    pub in_reply_to: Option<MessageId>,
    /// Who gave it.
    pub instance: Option<InstanceRef>,
    /// The instances that were tried or skipped, in order.
    pub trace: Vec<AttemptTrace>,
    /// Earlier messages that were not sent, since they did not fit into the context.
    #[schema(example = 0)]
    pub left_out: u32,
    /// Time until the answer began, from the request on, in milliseconds.
    #[schema(example = 210)]
    pub first_byte_ms: Option<u64>,
    /// Time until it was over, in milliseconds.
    #[schema(example = 1800)]
    pub duration_ms: Option<u64>,
    /// Tokens that were read, as the backend counted them; null = it did not say.
    #[schema(example = 120)]
    pub prompt_tokens: Option<u64>,
    /// Tokens of the answer, as the backend counted them; null = it did not say.
    #[schema(example = 60)]
    pub completion_tokens: Option<u64>,
}

/// A question in a dialog.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateMessage {
    /// The question, 1–64 000 characters.
    #[schema(
        min_length = 1,
        max_length = 64000,
        example = "What is the capital of France?"
    )]
    pub content: String,
    /// True: the answer arrives as server-sent events while it is made.
    #[serde(default)]
    #[schema(default = false)]
    pub stream: bool,
    /// A question of this dialog that this one takes the place of: it, and all that came after it, gives way when this one has an answer that
    /// is worth no less. Until then all stays, and this question is not stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<MessageId>,
}

impl CreateMessage {
    /// Every fault that the fields have by themselves.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        rules::required_multiline(&mut faults, "/content", &self.content, MAX_QUESTION);
        faults
    }
}

/// A question that is to be answered again. The answer it had, and all that came after it, gives way to a new one that is worth no less.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RetryMessage {
    /// True: the answer arrives as server-sent events while it is made.
    #[schema(default = false)]
    pub stream: bool,
}

/// The answer to a question that was asked without a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Answered {
    /// The answer.
    pub message: Message,
}

/// One event of a streamed answer. `event` stands in the line `event:`, `data` as JSON in the line `data:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum MessageEvent {
    /// A piece of the answer.
    Delta(MessageDelta),
    /// The whole answer; the last event of a stream that went well.
    Message(Box<Message>),
    /// The answer broke off; the last event of a stream that did not go well.
    Error(Box<MessageError>),
}

stream_event!(MessageEvent {
    Delta = "delta",
    Message = "message",
    Error = "error",
});

/// A piece of the answer: the data of the event `delta`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageDelta {
    /// Text that follows what came before.
    #[schema(example = "The capital of France is ")]
    pub content: String,
}

/// An answer that broke off: the data of the event `error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageError {
    /// What went wrong.
    pub problem: Problem,
    /// The answer as it is kept: with what had come by then, and its trace.
    pub message: Message,
}
