//! How an instance is used: parameters, limits, timeouts, checks, capabilities.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::InstanceKind;

/// What is changed in a request's body before it goes to the backend.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// Added where the request does not have the field.
    #[schema(value_type = Object, example = json!({"temperature": 0.2}))]
    pub defaults: Map<String, Value>,
    /// Put in place of whatever the request has.
    #[schema(value_type = Object, example = json!({"max_tokens": 4096}))]
    pub overrides: Map<String, Value>,
    /// Removed from the request.
    #[schema(example = json!(["logit_bias"]))]
    pub strip: Vec<String>,
}

/// How much the instance takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests at the same time; at the limit the instance is skipped, not failed. Each replica counts for itself.
    #[schema(minimum = 1, maximum = 100_000, example = 8)]
    pub max_concurrency: Option<u32>,
    /// Requests a minute; at the limit the instance is skipped, not failed. Each replica counts for itself.
    #[schema(minimum = 1, maximum = 1_000_000, example = 600)]
    pub requests_per_minute: Option<u32>,
}

/// How long to wait, in milliseconds; each from 100 ms to one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// For the connection: name, TCP, TLS and proxy.
    #[schema(minimum = 100, maximum = 3_600_000, default = 5_000, example = 5_000)]
    pub connect_ms: u64,
    /// For the first byte of the answer; of a stream, for its first content.
    #[schema(minimum = 100, maximum = 3_600_000, default = 60_000, example = 60_000)]
    pub first_byte_ms: u64,
    /// Between two pieces of the answer.
    #[schema(
        minimum = 100,
        maximum = 3_600_000,
        default = 300_000,
        example = 300_000
    )]
    pub idle_ms: u64,
    /// For the whole request.
    #[schema(
        minimum = 100,
        maximum = 3_600_000,
        default = 600_000,
        example = 600_000
    )]
    pub total_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect_ms: 5_000,
            first_byte_ms: 60_000,
            idle_ms: 300_000,
            total_ms: 600_000,
        }
    }
}

/// How the instance is checked while nobody asks it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthCheckMode {
    /// The cheapest check that says something, never one that costs money: `/health` of a local or network backend that has it and
    /// wants no token, else the list of models.
    #[default]
    Auto,
    /// Asks for the list of models.
    Models,
    /// Asks for `path`; any status of 2xx passes.
    Http,
    /// Connects.
    Tcp,
    /// Asks for one token of an answer: may cost money, at most hourly.
    Chat,
    /// Never.
    Off,
}

impl HealthCheckMode {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Models => "models",
            Self::Http => "http",
            Self::Tcp => "tcp",
            Self::Chat => "chat",
            Self::Off => "off",
        }
    }
}

/// How the instance is checked while nobody asks it. Nothing but `mode` = `chat` costs money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// What is asked.
    #[serde(default)]
    pub mode: HealthCheckMode,
    /// Path to ask for, from the root of the host, with `mode` = `http` only; null = `/health`.
    #[serde(default)]
    #[schema(max_length = 255, example = "/health")]
    pub path: Option<String>,
    /// Seconds between two checks, give or take a fifth; null = 10 for local and network instances, 60 for cloud ones (3600 with `mode` = `chat`).
    #[serde(default)]
    #[schema(minimum = 1, maximum = 86_400, example = 10)]
    pub interval_s: Option<u32>,
    /// Seconds that a check may take.
    #[serde(default = "HealthCheck::default_timeout_s")]
    #[schema(minimum = 1, maximum = 60, default = 3, example = 3)]
    pub timeout_s: u32,
    /// Failed checks in a row that take the instance down.
    #[serde(default = "HealthCheck::default_fall")]
    #[schema(minimum = 1, maximum = 10, default = 3, example = 3)]
    pub fall: u32,
    /// Passed checks in a row that bring it up again.
    #[serde(default = "HealthCheck::default_rise")]
    #[schema(minimum = 1, maximum = 10, default = 2, example = 2)]
    pub rise: u32,
}

impl HealthCheck {
    fn default_timeout_s() -> u32 {
        3
    }

    fn default_fall() -> u32 {
        3
    }

    fn default_rise() -> u32 {
        2
    }

    /// Seconds between two checks, for an instance of this kind.
    pub fn interval_s_for(&self, kind: InstanceKind) -> u32 {
        self.interval_s.unwrap_or(match (self.mode, kind) {
            (HealthCheckMode::Chat, _) => 3_600,
            (_, InstanceKind::Cloud) => 60,
            (_, InstanceKind::Local | InstanceKind::Network) => 10,
        })
    }
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            mode: HealthCheckMode::Auto,
            path: None,
            interval_s: None,
            timeout_s: Self::default_timeout_s(),
            fall: Self::default_fall(),
            rise: Self::default_rise(),
        }
    }
}

/// An endpoint of the OpenAI protocol.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// `/chat/completions`
    Chat,
    /// `/completions`
    Completions,
    /// `/embeddings`
    Embeddings,
    /// `/responses`
    Responses,
    /// `/rerank`
    Rerank,
    /// `/moderations`
    Moderations,
    /// `/images/generations`
    Images,
    /// `/audio/speech`
    Speech,
    /// `/audio/transcriptions`
    Transcriptions,
}

impl Capability {
    /// Every endpoint, in the order in which people read them.
    pub const ALL: [Self; 9] = [
        Self::Chat,
        Self::Completions,
        Self::Embeddings,
        Self::Responses,
        Self::Rerank,
        Self::Moderations,
        Self::Images,
        Self::Speech,
        Self::Transcriptions,
    ];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completions => "completions",
            Self::Embeddings => "embeddings",
            Self::Responses => "responses",
            Self::Rerank => "rerank",
            Self::Moderations => "moderations",
            Self::Images => "images",
            Self::Speech => "speech",
            Self::Transcriptions => "transcriptions",
        }
    }

    /// Its path below the base path of a backend, and below `/v1` of the gateway.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Completions => "/completions",
            Self::Embeddings => "/embeddings",
            Self::Responses => "/responses",
            Self::Rerank => "/rerank",
            Self::Moderations => "/moderations",
            Self::Images => "/images/generations",
            Self::Speech => "/audio/speech",
            Self::Transcriptions => "/audio/transcriptions",
        }
    }
}

/// What the backend can do, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Capabilities {
    /// Endpoints that the backend has; empty = not declared, every one is tried. Without the endpoint asked for the instance is skipped, not failed.
    #[schema(example = json!(["chat", "completions"]))]
    pub endpoints: Vec<Capability>,
    /// Tokens of context; null = not declared. For a request that is surely longer the instance is skipped, not failed.
    #[schema(minimum = 1, maximum = 100_000_000, example = 32_768)]
    pub context_length: Option<u32>,
    /// Whether it sees images.
    pub vision: Option<bool>,
    /// Whether it calls tools.
    pub tools: Option<bool>,
    /// Length of its embeddings; groups of instances with different ones are refused.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1024)]
    pub embedding_dimensions: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_the_name_under_which_it_is_stored() {
        for endpoint in Capability::ALL {
            let stored = serde_json::to_value(endpoint).unwrap();
            assert_eq!(stored, endpoint.name());
        }
        let mut sorted = Capability::ALL;
        sorted.sort();
        assert_eq!(sorted, Capability::ALL, "as they are declared");
    }
}
