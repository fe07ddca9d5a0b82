//! The answer of a connection check.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One step of a check, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckStep {
    /// The host's name becomes addresses, and the egress policy allows them.
    Resolve,
    /// A connection to the host, or through the instance's proxy.
    Connect,
    /// The TLS handshake (https only).
    Tls,
    /// The backend accepts the token.
    Authenticate,
    /// The backend lists its models.
    ListModels,
    /// The instance's model is among them.
    ModelListed,
}

/// What one step of a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckStepResult {
    /// The step.
    pub step: CheckStep,
    /// Whether it passed; false as well when it was not made.
    pub ok: bool,
    /// Whether it was not made, because it does not apply or an earlier one failed.
    pub skipped: bool,
    /// Time it took, in milliseconds.
    #[schema(example = 12)]
    pub duration_ms: u64,
    /// What was found, in plain words.
    #[schema(example = "127.0.0.1")]
    pub detail: String,
}

/// The answer of a connection check. A check that fails is still a successful request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckResult {
    /// Whether the instance would answer.
    pub ok: bool,
    /// Why, or why not, in plain words.
    #[schema(example = "The backend answers and lists the model.")]
    pub reason: String,
    /// Time of all steps, in milliseconds.
    #[schema(example = 31)]
    pub duration_ms: u64,
    /// The steps in order.
    pub steps: Vec<CheckStepResult>,
    /// Ids of the models that the backend lists.
    #[schema(example = json!(["llama-3.1-8b-instruct"]))]
    pub models: Vec<String>,
}
