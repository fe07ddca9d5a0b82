//! What the machine of the service has to run a model with.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Memory of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HostMemory {
    /// All of it, in bytes.
    #[schema(example = 67_108_864_000_u64)]
    pub total_bytes: u64,
    /// What programs could get now, in bytes.
    #[schema(example = 42_949_672_960_u64)]
    pub available_bytes: u64,
    /// What the service's own container or unit may take altogether, in bytes; null = no less than the machine has. A model that runs in
    /// another container has another limit.
    #[schema(example = json!(null))]
    pub limit_bytes: Option<u64>,
}

/// Processors of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HostProcessors {
    /// Number of logical ones that the service may use.
    #[schema(example = 16)]
    pub count: u32,
    /// What they are called; empty if the machine does not say.
    #[schema(example = "AMD EPYC 7543")]
    pub model: String,
}

/// A graphics processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HostGpu {
    /// What it is called.
    #[schema(example = "NVIDIA RTX A6000")]
    pub name: String,
    /// Its memory, in bytes.
    #[schema(example = 51_527_024_640_u64)]
    pub memory_total_bytes: u64,
    /// What of it is free, in bytes.
    #[schema(example = 50_465_865_728_u64)]
    pub memory_free_bytes: u64,
}

/// Whether graphics processors could be looked for. Those of NVIDIA can, where their driver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GpuSource {
    /// NVIDIA's driver was asked.
    Nvml,
    /// There is no driver of NVIDIA, or the service's container has no access to it.
    NoDriver,
    /// The driver is there and answers with an error.
    Failed,
}

/// What the machine of the service has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Host {
    /// Memory.
    pub memory: HostMemory,
    /// Processors.
    pub processors: HostProcessors,
    /// Graphics processors.
    pub gpus: Vec<HostGpu>,
    /// Whether they could be looked for.
    pub gpu_source: GpuSource,
}
