use super::*;
use crate::{GpuSource, HostMemory, HostProcessors};

const GIB: u64 = 1024 * MIB;

fn host(available: u64, total: u64, gpus: &[u64]) -> Host {
    let gpu = |free: &u64| HostGpu {
        name: "a GPU".to_owned(),
        memory_total_bytes: *free,
        memory_free_bytes: *free,
    };
    Host {
        memory: HostMemory {
            total_bytes: total * GIB,
            available_bytes: available * GIB,
            limit_bytes: None,
        },
        processors: HostProcessors {
            count: 8,
            model: String::new(),
        },
        gpus: gpus.iter().map(|gib| gpu(&(gib * GIB))).collect(),
        gpu_source: GpuSource::Nvml,
    }
}

/// SmolLM2-135M, whose real head is in the tests of the whole product.
fn smol() -> Shape {
    Shape {
        weights: 98_362_432,
        cache_per_token: 30 * 3 * 128 * 2,
        batch: 512 * 4 * (49_152 + 2 * 1536 + 4 * 576),
        trained_context: Some(8192),
    }
}

#[test]
fn estimate_is_above_what_llama_cpp_takes_and_grows_as_it_does() {
    // Resident memory of the process with a prompt that fills the context, less the 31 MiB of Python that it began with.
    let measured = [(1024, 163), (4096, 234), (8192, 327)];
    for (context, mib) in measured {
        let estimated = smol().needs(context).total() / MIB;
        let beyond = estimated - mib;
        // The buffer of the logits is 96 MiB; a processor reserves it and hardly touches it.
        assert!(
            (96..=140).contains(&beyond),
            "{context}: {estimated} MiB, took {mib}"
        );
    }
}

#[test]
fn common_models_need_what_is_known_of_them() {
    // Llama 3.1 8B at Q4_K_M is a file of 4.9 GB; with 8192 tokens llama.cpp takes about 6.3 GB of a GPU.
    let llama = Shape::of_parameters(8_030_000_000, Quantisation::Q4);
    assert!((4_700..5_000).contains(&(llama.weights / 1_000_000)));
    let total = llama.needs(8192).total();
    assert!((6_000..7_300).contains(&(total / 1_000_000)), "{total}");
    // 70B in 16 bits: 140 GB of weights alone.
    let large = Shape::of_parameters(70_000_000_000, Quantisation::F16);
    assert_eq!(large.weights, 140_000_000_000);
    assert!(
        Shape::of_parameters(u64::MAX, Quantisation::F16)
            .needs(u64::MAX)
            .total()
            == u64::MAX
    );
}

#[test]
fn more_bits_and_more_context_never_need_less() {
    let mut before = u64::MAX;
    for quantisation in Quantisation::ALL {
        let weights = Shape::of_parameters(7_000_000_000, quantisation).weights;
        assert!(weights < before);
        before = weights;
    }
    let shape = smol();
    assert_eq!(shape.needs(1), shape.needs(256), "the cache grows in steps");
    assert!(shape.needs(257).total() > shape.needs(256).total());
}

#[test]
fn room_is_looked_for_where_a_model_is_fastest() {
    let room = |gib: u64, host: &Host| {
        let shape = Shape {
            weights: gib * GIB,
            cache_per_token: 0,
            batch: 0,
            trained_context: None,
        };
        fit(&shape, 256, host).room
    };
    assert_eq!(room(10, &host(30, 32, &[24])), Room::Gpu);
    assert_eq!(room(30, &host(60, 64, &[24, 24])), Room::Gpus);
    assert_eq!(room(30, &host(60, 64, &[24])), Room::Memory);
    assert_eq!(room(30, &host(60, 64, &[])), Room::Memory);
    assert_eq!(room(40, &host(30, 32, &[24])), Room::Both);
    assert!(matches!(room(20, &host(10, 32, &[])), Room::Later(_)));
    assert!(matches!(room(100, &host(60, 64, &[24])), Room::Nowhere(_)));
    // What is missing is what there is not: program and mask come on top of the weights.
    let Room::Nowhere(missing) = room(100, &host(10, 20, &[])) else {
        panic!("it fits")
    };
    assert_eq!(missing, 90 * GIB + 64 * MIB + 256 * 2048);
}

#[test]
fn what_is_hardly_enough_and_what_has_its_price_is_said() {
    let shape = smol();
    let mut machine = host(1, 2, &[]);
    machine.memory.available_bytes = shape.needs(8192).total();
    let found = fit(&shape, 8192, &machine);
    assert!((found.room, found.tight) == (Room::Memory, true));
    assert_eq!(found.beyond_training, None);
    machine.memory.available_bytes *= 2;
    machine.memory.limit_bytes = Some(100 * MIB);
    let found = fit(&shape, 8193, &machine);
    assert!(!found.tight && found.beyond_own_limit);
    assert_eq!(found.beyond_training, Some(8192));
    machine.gpus = host(1, 1, &[8]).gpus;
    assert!(
        !fit(&shape, 8192, &machine).beyond_own_limit,
        "it is in graphics memory"
    );
}
