//! A model group: what callers name as `model`, and the ordered instances that answer for it.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{FieldError, FieldRule, InstanceKind, ModelGroupId, ModelInstanceId, rules};

mod status;
mod tries;

pub use status::*;
pub use tries::*;

/// How the instance that answers is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The first available one in the members' order.
    #[default]
    FirstAvailable,
    /// At random by weight.
    Weighted,
    /// The one with the fewest requests over weight.
    LeastBusy,
    /// The faster of two at random.
    Fastest,
}

impl Strategy {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstAvailable => "first_available",
            Self::Weighted => "weighted",
            Self::LeastBusy => "least_busy",
            Self::Fastest => "fastest",
        }
    }
}

/// One instance in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupMember {
    /// The instance.
    pub instance_id: ModelInstanceId,
    /// Its share with the strategies `weighted` and `least_busy`.
    #[serde(default = "GroupMember::default_weight")]
    #[schema(minimum = 1, maximum = 1000, default = 1, example = 1)]
    pub weight: u32,
    /// False leaves the member out without removing it.
    #[serde(default = "GroupMember::default_enabled")]
    #[schema(default = true)]
    pub enabled: bool,
    /// The backend's name of the model, in place of the instance's own.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, example = "qwen2.5:7b")]
    pub model: Option<String>,
}

impl GroupMember {
    fn default_weight() -> u32 {
        1
    }

    fn default_enabled() -> bool {
        true
    }
}

/// A model group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelGroup {
    /// Id.
    pub id: ModelGroupId,
    /// What callers send as `model`; unique regardless of case.
    #[schema(example = "chat-default")]
    pub name: String,
    /// Name for people.
    #[schema(example = "Chat")]
    pub title: String,
    /// What it is for.
    #[schema(example = "Everyday questions")]
    pub description: String,
    /// False takes the group from callers without deleting it.
    pub enabled: bool,
    /// How the instance that answers is chosen.
    pub strategy: Strategy,
    /// The instances in order.
    pub members: Vec<GroupMember>,
    /// Instances that one request may be sent to, at most.
    #[schema(example = 3)]
    pub max_attempts: u32,
    /// Time for all attempts before the first byte, in milliseconds.
    #[schema(example = 120_000)]
    pub deadline_ms: u64,
    /// Kinds of instances that may answer.
    pub allowed_kinds: Vec<InstanceKind>,
    /// Whether it can answer at this moment (read-only).
    pub status: GroupStatus,
    /// What is allowed and probably not meant (read-only).
    pub warnings: Vec<Warning>,
    /// Counts the changes; the `ETag` (read-only).
    #[schema(example = 1)]
    pub version: i64,
    /// Time of creation (read-only).
    pub created_at: DateTime<Utc>,
    /// Time of the last change (read-only).
    pub updated_at: DateTime<Utc>,
}

/// A model group to be made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateModelGroup {
    /// What callers send as `model`: 1–64 letters, digits and `. _ : / -`, the first a letter or digit; unique regardless of case.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$",
        example = "chat-default"
    )]
    pub name: String,
    /// Name for people; left out, the name.
    #[serde(default)]
    #[schema(max_length = 100, example = "Chat")]
    pub title: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 1000, example = "Everyday questions")]
    pub description: String,
    /// False takes the group from callers.
    #[serde(default = "CreateModelGroup::default_enabled")]
    #[schema(default = true)]
    pub enabled: bool,
    /// How the instance that answers is chosen.
    #[serde(default)]
    pub strategy: Strategy,
    /// The instances in order, at most 100.
    #[serde(default)]
    pub members: Vec<GroupMember>,
    /// Instances that one request may be sent to, at most.
    #[serde(default = "CreateModelGroup::default_max_attempts")]
    #[schema(minimum = 1, maximum = 20, default = 3, example = 3)]
    pub max_attempts: u32,
    /// Time for all attempts before the first byte, in milliseconds.
    #[serde(default = "CreateModelGroup::default_deadline_ms")]
    #[schema(
        minimum = 1000,
        maximum = 3_600_000,
        default = 120_000,
        example = 120_000
    )]
    pub deadline_ms: u64,
    /// Kinds of instances that may answer.
    #[serde(default = "CreateModelGroup::default_allowed_kinds")]
    #[schema(min_items = 1)]
    pub allowed_kinds: Vec<InstanceKind>,
}

impl CreateModelGroup {
    fn default_enabled() -> bool {
        true
    }

    fn default_max_attempts() -> u32 {
        3
    }

    fn default_deadline_ms() -> u64 {
        120_000
    }

    fn default_allowed_kinds() -> Vec<InstanceKind> {
        InstanceKind::ALL.to_vec()
    }

    /// Every fault that the fields have by themselves.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let f = &mut faults;
        rules::group_name(f, "/name", &self.name);
        rules::text(f, "/title", &self.title, 0, 100);
        rules::multiline(f, "/description", &self.description, 1000);
        rules::range(f, "/max_attempts", self.max_attempts, 1, 20);
        rules::range(f, "/deadline_ms", self.deadline_ms, 1_000, 3_600_000);
        if self.allowed_kinds.is_empty() {
            f.push(FieldError::new(
                "/allowed_kinds",
                FieldRule::TooFewItems { min: 1 },
            ));
        }
        let mut kinds = HashSet::new();
        for (index, kind) in self.allowed_kinds.iter().enumerate() {
            if !kinds.insert(kind) {
                f.push(FieldError::new(
                    format!("/allowed_kinds/{index}"),
                    FieldRule::Duplicate,
                ));
            }
        }
        rules::at_most(f, "/members", self.members.len(), 100);
        let mut instances = HashSet::new();
        for (index, member) in self.members.iter().enumerate() {
            if !instances.insert(member.instance_id) {
                f.push(FieldError::new(
                    format!("/members/{index}/instance_id"),
                    FieldRule::Duplicate,
                ));
            }
            rules::range(
                f,
                &format!("/members/{index}/weight"),
                member.weight,
                1,
                1000,
            );
            if let Some(model) = &member.model {
                rules::text(f, &format!("/members/{index}/model"), model, 1, 200);
            }
        }
        faults
    }
}

/// A merge patch (RFC 7396) of a model group: fields left out stay, `null` brings the default back, lists are replaced whole.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UpdateModelGroup {
    /// What callers send as `model`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, example = "chat-default")]
    pub name: Option<String>,
    /// Name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, example = "Chat")]
    pub title: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// False takes the group from callers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// How the instance that answers is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// All instances in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<GroupMember>>,
    /// Instances that one request may be sent to, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 20)]
    pub max_attempts: Option<u32>,
    /// Time for all attempts before the first byte, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1000, maximum = 3_600_000)]
    pub deadline_ms: Option<u64>,
    /// Kinds of instances that may answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1)]
    pub allowed_kinds: Option<Vec<InstanceKind>>,
}
