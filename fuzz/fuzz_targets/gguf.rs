//! The head of a model's file means the same however much of it has come, and whatever it says, an estimate comes of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use understudy_shared::fit::Shape;
use understudy_shared::gguf::{Gguf, GgufFault};

fuzz_target!(|bytes: &[u8]| {
    let whole = Gguf::read(bytes);
    // The browser reads more and more of a file: what it was told of a beginning still holds when there is more.
    for part in 0..8 {
        let beginning = Gguf::read(&bytes[..bytes.len() * part / 8]);
        if beginning != Err(GgufFault::NeedsMore) {
            assert_eq!(beginning, whole, "of {part} eighths");
        }
    }
    if whole != Err(GgufFault::NeedsMore) {
        let more = [bytes, &[0xff; 64]].concat();
        assert_eq!(Gguf::read(&more), whole, "nothing behind the head is read");
    }
    let Ok(gguf) = whole else { return };
    assert!(
        gguf.least_bytes >= bytes.len().min(24) as u64,
        "a file has its head"
    );
    let shape = Shape::of_gguf(&gguf, gguf.least_bytes);
    for context in [0, 1, 4096, u64::MAX] {
        let needs = shape.needs(context);
        assert!(needs.total() >= needs.weights.max(needs.cache));
    }
});
