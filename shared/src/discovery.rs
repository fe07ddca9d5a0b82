//! What was found when somebody looked for servers of models on the service's own machine.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Endpoint, ModelInstanceId};

/// The program that serves a model, as far as it gives itself away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// The server of llama.cpp; also inside the single-model container.
    LlamaCpp,
    /// vLLM.
    Vllm,
    /// Ollama.
    Ollama,
    /// LM Studio.
    LmStudio,
    /// LocalAI.
    LocalAi,
    /// text-generation-webui.
    TextGenerationWebui,
    /// SGLang.
    Sglang,
    /// Something else that speaks the OpenAI protocol.
    #[serde(other)]
    Unknown,
}

/// An instance that leads to a server already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectedInstance {
    /// The instance.
    pub id: ModelInstanceId,
    /// Its name.
    #[schema(example = "GPU 1")]
    pub name: String,
}

/// A server that speaks the OpenAI protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiscoveredServer {
    /// The program.
    pub engine: Engine,
    /// Where it listens, as an instance takes it.
    pub endpoint: Endpoint,
    /// The address as one string.
    #[schema(example = "http://127.0.0.1:8000/v1")]
    pub base_url: String,
    /// Ids of its models, 200 at most; empty if it lists none without a token.
    #[schema(example = json!(["llama-3.1-8b-instruct"]))]
    pub models: Vec<String>,
    /// Whether it answers nobody without a token.
    pub requires_token: bool,
    /// Instances that lead to it already.
    pub instances: Vec<ConnectedInstance>,
}

/// What came of asking at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProbeOutcome {
    /// A server that speaks the OpenAI protocol.
    Found,
    /// Nobody listens.
    Nobody,
    /// Nobody answered in time.
    Silent,
    /// Something listens that does not speak the OpenAI protocol.
    Other,
    /// The egress policy forbids it: the service itself or its database, or what the operator of the service denies.
    Denied,
}

/// A place where was looked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiscoveryProbe {
    /// Host.
    #[schema(example = "127.0.0.1")]
    pub host: String,
    /// TCP port.
    #[schema(example = 8000)]
    pub port: u16,
    /// Programs that usually listen there.
    pub usual: Vec<Engine>,
    /// What came of it.
    pub outcome: ProbeOutcome,
}

/// What was found, and where was looked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Discovery {
    /// The servers.
    pub servers: Vec<DiscoveredServer>,
    /// Every place that was asked.
    pub probes: Vec<DiscoveryProbe>,
    /// Time of it all, in milliseconds.
    #[schema(example = 180)]
    pub duration_ms: u64,
}
