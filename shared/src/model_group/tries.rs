//! Trying a group out: one question, the streamed answer, and what became of each instance on the way.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{CreateModelGroup, InstanceRef};
use crate::stream_event::stream_event;
use crate::{AttemptTrace, FieldError, Problem, rules};

/// A question to a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TryModelGroup {
    /// The question, 1–4000 characters.
    #[schema(
        min_length = 1,
        max_length = 4000,
        example = "What is the capital of France?"
    )]
    pub question: String,
    /// Tokens that the answer may have.
    #[serde(default = "TryModelGroup::default_max_tokens")]
    #[schema(minimum = 1, maximum = 4096, default = 512, example = 512)]
    pub max_tokens: u32,
}

impl TryModelGroup {
    /// Longest question, in characters.
    pub const MAX_QUESTION: usize = 4000;

    /// Tokens of an answer for which nobody named a number.
    pub const fn default_max_tokens() -> u32 {
        512
    }

    /// Every fault that the fields have by themselves.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        rules::required_multiline(&mut faults, "/question", &self.question, Self::MAX_QUESTION);
        rules::range(&mut faults, "/max_tokens", self.max_tokens, 1, 4096);
        faults
    }
}

/// One event of the answer to a try. `event` stands in the line `event:`, `data` as JSON in the line `data:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum TryEvent {
    /// A piece of the answer.
    Delta(TryDelta),
    /// The whole answer; the last event of a stream that went well.
    Message(TryMessage),
    /// The answer broke off; the last event of a stream that did not go well.
    Error(Box<TryError>),
}

stream_event!(TryEvent {
    Delta = "delta",
    Message = "message",
    Error = "error",
});

/// A piece of the answer: the data of the event `delta`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TryDelta {
    /// Text that follows what came before.
    #[schema(example = "The capital of France is ")]
    pub content: String,
}

/// The whole answer: the data of the event `message`, the last of a stream that went well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TryMessage {
    /// The answer, of which nothing is left out.
    #[schema(example = "The capital of France is Paris.")]
    pub content: String,
    /// Who gave it.
    pub instance: InstanceRef,
    /// The instances that were tried or skipped, in order.
    pub trace: Vec<AttemptTrace>,
    /// Time until the answer began, from the request on, in milliseconds.
    #[schema(example = 210)]
    pub first_byte_ms: u64,
    /// Time until it was complete, in milliseconds.
    #[schema(example = 1800)]
    pub duration_ms: u64,
}

/// An answer that broke off: the data of the event `error`, the last of a stream that did not go well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TryError {
    /// What went wrong.
    pub problem: Problem,
    /// The instances that were tried or skipped, in order.
    pub trace: Vec<AttemptTrace>,
}

/// A draft of a group to be previewed: the fields of a group, of which `name` may be missing.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct PreviewModelGroup(pub CreateModelGroup);

// Written out, since it is the schema of a group with one field that may be missing.
impl PartialSchema for PreviewModelGroup {
    fn schema() -> RefOr<Schema> {
        let mut schema = CreateModelGroup::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.retain(|name| name != "name");
            object.description = Some("A draft of a model group to be previewed.".to_owned());
        }
        schema
    }
}

impl ToSchema for PreviewModelGroup {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("PreviewModelGroup")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        CreateModelGroup::schemas(schemas);
    }
}
