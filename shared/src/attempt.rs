//! What became of each instance in one request: the attempt trace of answers, logs and events.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ModelInstanceId;

/// What became of an instance in one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// It answered.
    Answered,
    /// It was asked and failed.
    Failed,
    /// It was not asked.
    Skipped,
}

/// One instance in one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttemptTrace {
    /// Id of the instance.
    pub instance_id: ModelInstanceId,
    /// Its name.
    #[schema(example = "GPU server 1")]
    pub name: String,
    /// What became of it.
    pub outcome: AttemptOutcome,
    /// Why, for programs: `answered`, `connect_failed`, `timeout`, `http_503`, `disabled`, …
    #[schema(example = "connect_failed")]
    pub code: String,
    /// Why, for people; names no host and no secret. Empty if it answered.
    #[schema(example = "connection refused")]
    pub reason: String,
    /// How long it took, in milliseconds.
    #[schema(example = 3)]
    pub duration_ms: u64,
}
