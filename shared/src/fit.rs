//! Whether a model fits the machine: what it needs, and what there is.
//!
//! Rule: an estimate may say too much, never too little. It is made for the server of llama.cpp with its defaults (cache in 16 bits, batches
//! of 512), and holds for others as far as they keep the same things. `deploy/model` asks the same before it starts a model.

use crate::gguf::Gguf;
use crate::{Host, HostGpu};

/// A mebibyte.
pub const MIB: u64 = 1024 * 1024;
/// Tokens that are worked on at once.
const BATCH: u64 = 512;
/// The program itself, its vocabulary, and what is lost between allocations.
const PROGRAM: u64 = 64 * MIB;
/// The cache grows by so many tokens.
const CONTEXT_STEP: u64 = 256;
/// Words of a vocabulary that is not known.
pub(crate) const USUAL_VOCABULARY: u64 = 128_256;
/// Of what is available, the percents that can be counted on: other programs live there, too.
const COUNTED_ON: u64 = 90;

/// How the weights of a model are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantisation {
    /// 16 bits: as most models are published.
    F16,
    /// 8 bits.
    Q8,
    /// 6 bits.
    Q6,
    /// 5 bits.
    Q5,
    /// 4 bits: what most people run.
    Q4,
    /// 3 bits.
    Q3,
    /// 2 bits.
    Q2,
}

impl Quantisation {
    /// All of them, the most exact first.
    pub const ALL: [Self; 7] = [
        Self::F16,
        Self::Q8,
        Self::Q6,
        Self::Q5,
        Self::Q4,
        Self::Q3,
        Self::Q2,
    ];

    /// Its name in the field, the same in every language.
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "F16 · BF16",
            Self::Q8 => "Q8_0 · FP8",
            Self::Q6 => "Q6_K",
            Self::Q5 => "Q5_K_M",
            Self::Q4 => "Q4_K_M · AWQ · GPTQ",
            Self::Q3 => "Q3_K_M",
            Self::Q2 => "Q2_K",
        }
    }

    /// Tenths of a bit for each parameter, scales included.
    fn tenths(self) -> u64 {
        match self {
            Self::F16 => 160,
            Self::Q8 => 85,
            Self::Q6 => 66,
            Self::Q5 => 57,
            Self::Q4 => 49,
            Self::Q3 => 39,
            Self::Q2 => 30,
        }
    }
}

/// What decides how much memory a model needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Bytes of its weights.
    pub weights: u64,
    /// Bytes of the cache for each token.
    pub cache_per_token: u64,
    /// Bytes that a batch needs, whatever the context is.
    pub batch: u64,
    /// Tokens of context that it was trained with, if that is known.
    pub trained_context: Option<u64>,
}

impl Shape {
    /// Of a file, with all its parts so many bytes long.
    pub fn of_gguf(gguf: &Gguf, bytes: u64) -> Self {
        let activations = gguf
            .feed_forward
            .saturating_mul(2)
            .saturating_add(gguf.embedding.saturating_mul(4));
        Self {
            weights: bytes,
            cache_per_token: gguf.cache_numbers.saturating_mul(2),
            batch: (BATCH * 4).saturating_mul(gguf.vocabulary.saturating_add(activations)),
            trained_context: gguf.trained_context,
        }
    }

    /// Of a model of which only its size is known, shaped as common ones with grouped-query attention are.
    pub fn of_parameters(parameters: u64, quantisation: Quantisation) -> Self {
        const BILLION: u64 = 1_000_000_000;
        const KIB_PER_TOKEN: [(u64, u64); 6] = [
            (BILLION * 3 / 2, 32),
            (5 * BILLION, 112),
            (10 * BILLION, 144),
            (20 * BILLION, 192),
            (40 * BILLION, 256),
            (80 * BILLION, 320),
        ];
        let kib = KIB_PER_TOKEN
            .into_iter()
            .find(|(most, _)| parameters <= *most)
            .map_or(512, |(_, kib)| kib);
        let bits = u128::from(parameters) * u128::from(quantisation.tenths()) / 10;
        Self {
            weights: u64::try_from(bits / 8).unwrap_or(u64::MAX),
            cache_per_token: kib * 1024,
            batch: BATCH * 4 * (152_064 + 65_536),
            trained_context: None,
        }
    }

    /// What the model needs with so many tokens of context, over all who ask at the same time.
    pub fn needs(&self, context: u64) -> Needs {
        let context = context.div_ceil(CONTEXT_STEP).saturating_mul(CONTEXT_STEP);
        Needs {
            weights: self.weights,
            cache: self.cache_per_token.saturating_mul(context),
            compute: self.batch.saturating_add(context.saturating_mul(BATCH * 4)),
            program: PROGRAM,
        }
    }
}

/// What a model needs, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Its weights.
    pub weights: u64,
    /// What it remembers of the context.
    pub cache: u64,
    /// What it computes with.
    pub compute: u64,
    /// The program around it.
    pub program: u64,
}

impl Needs {
    /// All of it.
    pub fn total(&self) -> u64 {
        [self.cache, self.compute, self.program]
            .into_iter()
            .fold(self.weights, u64::saturating_add)
    }

    /// What each graphics processor needs besides, when there are several.
    fn per_further_gpu(&self) -> u64 {
        self.compute.saturating_add(self.program)
    }
}

/// Where a model would have room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// In the memory of one graphics processor.
    Gpu,
    /// In that of several together.
    Gpus,
    /// In main memory; it is computed by the processors, or partly so.
    Memory,
    /// In graphics and main memory together.
    Both,
    /// In main memory, once other programs give so many bytes back.
    Later(u64),
    /// Nowhere: so many bytes are missing.
    Nowhere(u64),
}

/// Whether a model fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Where.
    pub room: Room,
    /// Whether hardly anything would be left.
    pub tight: bool,
    /// Whether the service's own container may take less than the model needs: a model in a container of its own may have more.
    pub beyond_own_limit: bool,
    /// Tokens of context that the model was trained with, if more were asked for.
    pub beyond_training: Option<u64>,
}

/// Looks for room for a model.
pub fn fit(shape: &Shape, context: u64, host: &Host) -> Fit {
    let needs = shape.needs(context);
    let total = needs.total();
    let (room, available) = room(&needs, host);
    let in_memory = matches!(room, Room::Memory | Room::Both | Room::Later(_));
    let limit = host.memory.limit_bytes;
    Fit {
        room,
        tight: total > available / 100 * COUNTED_ON
            && !matches!(room, Room::Later(_) | Room::Nowhere(_)),
        beyond_own_limit: in_memory && limit.is_some_and(|limit| limit < total),
        beyond_training: shape.trained_context.filter(|trained| *trained < context),
    }
}

/// Where there is room, and how much there is.
fn room(needs: &Needs, host: &Host) -> (Room, u64) {
    let total = needs.total();
    let memory = host.memory.available_bytes;
    let largest = host.gpus.iter().map(|gpu| gpu.memory_free_bytes).max();
    if let Some(free) = largest.filter(|free| total <= *free) {
        return (Room::Gpu, free);
    }
    let free = together(&host.gpus, needs);
    if host.gpus.len() > 1 && total <= free {
        return (Room::Gpus, free);
    }
    if total <= memory {
        return (Room::Memory, memory);
    }
    let both = memory.saturating_add(free);
    if total <= both {
        return (Room::Both, both);
    }
    let missing = total - both;
    let most = host.memory.total_bytes;
    if total <= most {
        (Room::Later(missing), most)
    } else {
        (Room::Nowhere(missing), most)
    }
}

/// What of several graphics processors is left for a model that is divided among them.
fn together(gpus: &[HostGpu], needs: &Needs) -> u64 {
    let free: u64 = gpus
        .iter()
        .map(|gpu| gpu.memory_free_bytes)
        .fold(0, u64::saturating_add);
    let further = u64::try_from(gpus.len().saturating_sub(1)).unwrap_or(u64::MAX);
    free.saturating_sub(needs.per_further_gpu().saturating_mul(further))
}

#[cfg(test)]
mod tests;
