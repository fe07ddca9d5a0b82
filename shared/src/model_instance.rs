//! A model instance: one connection to one backend that speaks the OpenAI protocol.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{FieldError, ModelInstanceId, rules};

mod connection;
mod settings;
mod validate;
mod write;

pub use connection::*;
pub use settings::*;
pub use write::*;

/// Where the backend runs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum InstanceKind {
    /// A container on this server.
    Local,
    /// Another server of the local network.
    Network,
    /// A provider on the internet.
    Cloud,
}

impl InstanceKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Local, Self::Network, Self::Cloud];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Network => "network",
            Self::Cloud => "cloud",
        }
    }
}

/// What the backend speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// The OpenAI HTTP API.
    #[default]
    Openai,
}

impl Protocol {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
        }
    }
}

/// What is known about an instance at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstanceState {
    /// It answered its last check or request.
    Up,
    /// It fails its checks, has no proxy left, fails as the only usable member of a group, or a secret of it cannot be decrypted.
    Down,
    /// Nobody has asked it yet, or it has just failed and not often enough to say more.
    Unknown,
    /// It asked for a pause, or the quota of its tokens is used up.
    Cooling,
    /// It failed several times in a row and is left alone for a while, then asked by one request.
    Ejected,
    /// It refuses every token.
    AuthFailed,
    /// Somebody pretends that it is down.
    Drilled,
    /// It is paused.
    Disabled,
}

impl InstanceState {
    /// Whether a request may go to an instance in this state.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Up | Self::Unknown)
    }
}

/// What is known about an instance at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstanceStatus {
    /// The state.
    pub state: InstanceState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was last checked or asked.
    pub checked_at: Option<DateTime<Utc>>,
    /// Time to the first byte of the last answer, in milliseconds.
    #[schema(example = 41)]
    pub latency_ms: Option<u64>,
    /// Requests that it answers right now, on this replica.
    #[schema(example = 0)]
    pub in_flight: u32,
    /// What went wrong last.
    #[schema(example = "connection refused")]
    pub last_error: Option<String>,
    /// Why it is in this state, in plain words.
    #[schema(example = "it answered when it was last asked")]
    pub reason: String,
    /// Why it is in this state, for programs: `answered`, `check_passed`, `unverified`, `check_failed`, `not_asked`, `stale`,
    /// `connect_failed`, `timeout`, `http_503`, `down`, `recovering`, `cooling`, `ejected`, `auth_failed`, `secret_unreadable`, `drilled`, `disabled`, and the other codes of attempts.
    #[schema(example = "answered")]
    pub code: String,
    /// When an instance that is left alone (`cooling`, `ejected`, `drilled`) is asked again.
    pub retry_at: Option<DateTime<Utc>>,
}

/// A model instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelInstance {
    /// Id.
    pub id: ModelInstanceId,
    /// Name; unique regardless of case.
    #[schema(example = "GPU server 1")]
    pub name: String,
    /// What it is.
    #[schema(example = "Two A100 in rack 4")]
    pub description: String,
    /// Labels to find it by.
    #[schema(example = json!({"site": "berlin"}))]
    pub labels: BTreeMap<String, String>,
    /// False pauses the instance without deleting it.
    pub enabled: bool,
    /// Where the backend runs.
    pub kind: InstanceKind,
    /// What the backend speaks.
    pub protocol: Protocol,
    /// Where the backend listens.
    pub endpoint: Endpoint,
    /// The endpoint as one string (read-only).
    #[schema(example = "http://10.0.0.7:8000/v1")]
    pub base_url: String,
    /// The backend's name of the model; null = the one model that it lists.
    #[schema(example = "meta-llama/Llama-3.1-8B-Instruct")]
    pub model: Option<String>,
    /// Where a token goes.
    pub auth: InstanceAuth,
    /// The ordered pool of tokens. The first that can be used is used.
    pub tokens: Vec<Token>,
    /// Extra secret headers.
    pub headers: Vec<SecretHeader>,
    /// Ordered proxies, never gone round. The first that is not down is used.
    pub proxies: Vec<Proxy>,
    /// How the backend proves who it is.
    pub tls: TlsOptions,
    /// What is changed in a request's body.
    pub parameters: Parameters,
    /// How much the instance takes.
    pub limits: Limits,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How the instance is checked while nobody asks it.
    pub health_check: HealthCheck,
    /// What the backend can do.
    pub capabilities: Capabilities,
    /// What is known at this moment (read-only).
    pub status: InstanceStatus,
    /// Counts the changes; the `ETag` (read-only).
    #[schema(example = 1)]
    pub version: i64,
    /// Time of creation (read-only).
    pub created_at: DateTime<Utc>,
    /// Time of the last change (read-only).
    pub updated_at: DateTime<Utc>,
}

/// Pretends that an instance is down, to see what happens when it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartDrill {
    /// How long, in seconds; the drill ends by itself.
    #[serde(default = "StartDrill::default_seconds")]
    #[schema(minimum = 1, maximum = 3600, default = 120, example = 120)]
    pub seconds: u32,
}

impl StartDrill {
    fn default_seconds() -> u32 {
        120
    }

    /// Every fault that the fields have.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        rules::range(&mut faults, "/seconds", self.seconds, 1, 3600);
        faults
    }
}

/// Fields of an instance that an answer carries and a request may not.
pub const INSTANCE_READ_ONLY: [&str; 6] = [
    "id",
    "base_url",
    "status",
    "version",
    "created_at",
    "updated_at",
];
