//! A dialog: one person's conversation with a group or an assistant.
//!
//! The rule: nobody but that person reads it, whatever their role. A dialog is a line of questions and answers: a question that is
//! edited, or answered again, takes the place of what came after it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AssistantId, Availability, DialogId, FieldError, GroupRef, ModelGroupId, rules};

mod message;

pub use message::*;

/// What a dialog is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// A model group.
    Group,
    /// An assistant.
    Assistant,
}

impl TargetKind {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Assistant => "assistant",
        }
    }
}

/// Whom a dialog is with, at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DialogTarget {
    /// Group or assistant.
    pub kind: TargetKind,
    /// Its name; of what is deleted, the one it had.
    #[schema(example = "lawyer")]
    pub name: String,
    /// Its title; of what is deleted, the one it had.
    #[schema(example = "Lawyer")]
    pub title: String,
    /// The group that answers; null = it is deleted.
    pub group: Option<GroupRef>,
    /// Whether a question would be answered, and if not, why.
    pub availability: Availability,
    /// The smallest context that a member of the group declares, in tokens: what is longer is trimmed; null = none declares any.
    #[schema(example = 8192)]
    pub context_length: Option<u64>,
}

/// A dialog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dialog {
    /// Id.
    pub id: DialogId,
    /// Title, made from the first question unless somebody chose one; empty before both.
    #[schema(example = "What is the capital of France?")]
    pub title: String,
    /// The group it is with; null = an assistant, or deleted.
    pub group_id: Option<ModelGroupId>,
    /// The assistant it is with; null = a group, or deleted.
    pub assistant_id: Option<AssistantId>,
    /// Whom it is with, at this moment (read-only).
    pub target: DialogTarget,
    /// How many messages it has (read-only).
    #[schema(example = 2)]
    pub messages: u64,
    /// Whether an answer is being given at this moment (read-only).
    pub answering: bool,
    /// Time of creation (read-only).
    pub created_at: DateTime<Utc>,
    /// Time of the last message or change (read-only).
    pub updated_at: DateTime<Utc>,
}

/// A dialog to be begun: with exactly one of a group and an assistant.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CreateDialog {
    /// Title; left out or empty, made from the first question.
    #[schema(max_length = 200, example = "")]
    pub title: String,
    /// The group it is with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<ModelGroupId>,
    /// The assistant it is with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant_id: Option<AssistantId>,
}

impl CreateDialog {
    /// Longest title, in characters.
    pub const MAX_TITLE: usize = 200;

    /// Every fault that the fields have by themselves, but that not exactly one target is named.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        rules::text(&mut faults, "/title", &self.title, 0, Self::MAX_TITLE);
        faults
    }
}

/// A merge patch (RFC 7396) of a dialog: fields left out stay. A group takes the place of an assistant, and the other way round; an
/// empty title (or `null`) is made from the first question again.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UpdateDialog {
    /// Title.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "Capitals")]
    pub title: Option<String>,
    /// The group it is with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<ModelGroupId>,
    /// The assistant it is with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assistant_id: Option<AssistantId>,
}
