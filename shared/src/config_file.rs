//! Configuration as code: what applying a file does, or would do. The fields of the file itself are those of [`crate::CreateModelInstance`],
//! [`crate::CreateModelGroup`] and [`crate::CreateAssistant`]; `GET /api/v1/config/schema` has its schema, made from them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::AuditChange;

/// Bytes that a configuration file may have.
pub const CONFIG_FILE_MAX_BYTES: usize = 4 * 1024 * 1024;

/// What becomes of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlannedAction {
    /// It is made.
    Create,
    /// It changes.
    Update,
    /// It is not in the file, and removed.
    Delete,
}

/// Kinds of resources that a configuration file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlannedKind {
    /// A model instance.
    ModelInstance,
    /// A model group.
    ModelGroup,
    /// An assistant that everybody finds.
    Assistant,
}

/// One resource that the file makes, changes or removes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlannedChange {
    /// What becomes of it.
    pub action: PlannedAction,
    /// What it is.
    pub kind: PlannedKind,
    /// Its name, as the file has it.
    #[schema(example = "GPU server 1")]
    pub name: String,
    /// The fields that differ, members of objects with a dot in their names. Secrets are `set` or `replaced`.
    #[schema(example = json!({"endpoint.port": {"before": 8000, "after": 8001}}))]
    pub changes: BTreeMap<String, AuditChange>,
}

/// How many resources the file makes, changes, removes and leaves as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedCounts {
    /// Made.
    #[schema(example = 1)]
    pub create: u32,
    /// Changed.
    #[schema(example = 1)]
    pub update: u32,
    /// Removed.
    #[schema(example = 0)]
    pub delete: u32,
    /// In the file, and as the file has them already.
    #[schema(example = 4)]
    pub unchanged: u32,
}

/// What applying a configuration file does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConfigPlan {
    /// Whether it was done; false with `dry_run=true`.
    pub applied: bool,
    /// Names this file, these options and the configuration that the plan starts from. Sent with the request to apply, it makes sure
    /// that what was looked at is what happens.
    #[schema(example = "5f0c2e5d3b8a4f6e9d1c7b2a8e4f6d3c")]
    pub fingerprint: String,
    /// How many resources are concerned.
    pub counts: PlannedCounts,
    /// Every resource that differs: instances before groups before assistants, in the order of the file, and what is removed last.
    pub changes: Vec<PlannedChange>,
}

impl ConfigPlan {
    /// Whether nothing differs from the file.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}
