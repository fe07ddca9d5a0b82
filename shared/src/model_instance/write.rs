//! What a request may say about an instance.

use std::collections::BTreeMap;

use serde::Deserialize;
#[cfg(feature = "client")]
use serde::Serialize as ClientSerialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::*;
use crate::rules;

/// A model instance to be made; also the draft of a check.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[cfg_attr(feature = "client", derive(ClientSerialize))]
#[serde(deny_unknown_fields)]
pub struct CreateModelInstance {
    /// Name: any text of 1–100 characters without control characters; unique regardless of case.
    #[schema(min_length = 1, max_length = 100, example = "GPU server 1")]
    pub name: String,
    /// What it is.
    #[serde(default)]
    #[schema(max_length = 1000, example = "Two A100 in rack 4")]
    pub description: String,
    /// Labels to find it by; at most 50, names of 1–63 and values of at most 255 characters.
    #[serde(default)]
    #[schema(example = json!({"site": "berlin"}))]
    pub labels: BTreeMap<String, String>,
    /// False pauses the instance.
    #[serde(default = "default_true")]
    #[schema(default = true)]
    pub enabled: bool,
    /// Where the backend runs.
    pub kind: InstanceKind,
    /// What the backend speaks.
    #[serde(default)]
    pub protocol: Protocol,
    /// Where the backend listens.
    pub endpoint: Endpoint,
    /// The backend's name of the model; null = the one model that it lists.
    #[serde(default)]
    #[schema(
        min_length = 1,
        max_length = 200,
        example = "meta-llama/Llama-3.1-8B-Instruct"
    )]
    pub model: Option<String>,
    /// Where a token goes.
    #[serde(default)]
    pub auth: InstanceAuth,
    /// The ordered pool of tokens, at most 20.
    #[serde(default)]
    pub tokens: Vec<TokenInput>,
    /// Extra secret headers, at most 20.
    #[serde(default)]
    pub headers: Vec<SecretHeaderInput>,
    /// Ordered proxies, at most 10.
    #[serde(default)]
    pub proxies: Vec<ProxyInput>,
    /// How the backend proves who it is.
    #[serde(default)]
    pub tls: TlsOptions,
    /// What is changed in a request's body.
    #[serde(default)]
    pub parameters: Parameters,
    /// How much the instance takes.
    #[serde(default)]
    pub limits: Limits,
    /// How long to wait.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// How the instance is checked while nobody asks it.
    #[serde(default)]
    pub health_check: HealthCheck,
    /// What the backend can do.
    #[serde(default)]
    pub capabilities: Capabilities,
}

fn default_true() -> bool {
    true
}

/// A merge patch (RFC 7396) of a model instance: fields left out stay, `null` brings the default back, lists are replaced whole.
/// Changing the scheme, host, port or proxies needs every secret entered again.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[cfg_attr(feature = "client", derive(ClientSerialize))]
#[serde(deny_unknown_fields)]
pub struct UpdateModelInstance {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, example = "GPU server 1")]
    pub name: Option<String>,
    /// What it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// Labels to find it by; a label with the value null is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({"site": "berlin"}))]
    pub labels: Option<BTreeMap<String, Option<String>>>,
    /// False pauses the instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Where the backend runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<InstanceKind>,
    /// What the backend speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// Where the backend listens; parts left out stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"port": 8001}))]
    pub endpoint: Option<Value>,
    /// The backend's name of the model; null = the one model that it lists.
    #[serde(
        default,
        deserialize_with = "rules::some",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>)]
    pub model: Option<Option<String>>,
    /// Where a token goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<InstanceAuth>,
    /// The whole ordered pool: an item with `id` and without `value` keeps its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Vec<TokenInput>>,
    /// All extra headers: an item with `id` and without `value` keeps its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<Vec<SecretHeaderInput>>,
    /// All proxies: an item with `id` and without `password` keeps its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxies: Option<Vec<ProxyInput>>,
    /// How the backend proves who it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsOptions>,
    /// What is changed in a request's body; inner fields left out stay, those with null are removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Parameters>,
    /// How much the instance takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// How long to wait; inner fields left out stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"first_byte_ms": 30_000}))]
    pub timeouts: Option<Value>,
    /// How the instance is checked; inner fields left out stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"mode": "models"}))]
    pub health_check: Option<Value>,
    /// What the backend can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Capabilities>,
}
