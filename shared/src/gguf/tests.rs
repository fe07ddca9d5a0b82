use super::*;
use crate::fit::{MIB, Shape};

/// Writes a head.
#[derive(Default)]
struct Head {
    pairs: u64,
    body: Vec<u8>,
    tensors: u64,
    tail: Vec<u8>,
}

impl Head {
    fn raw(mut self, key: &str, kind: u32, value: &[u8]) -> Self {
        self.pairs += 1;
        self.body.extend(text(key));
        self.body.extend(kind.to_le_bytes());
        self.body.extend(value);
        self
    }

    fn number(self, key: &str, value: u32) -> Self {
        self.raw(key, 4, &value.to_le_bytes())
    }

    fn text(self, key: &str, value: &str) -> Self {
        self.raw(key, 8, &text(value))
    }

    fn list(self, key: &str, kind: u32, length: u64, items: &[u8]) -> Self {
        let value = [&kind.to_le_bytes()[..], &length.to_le_bytes(), items].concat();
        self.raw(key, 9, &value)
    }

    fn tensor(mut self, dimensions: &[u64], offset: u64) -> Self {
        self.tensors += 1;
        self.tail.extend(text("a.weight"));
        self.tail
            .extend(u32::try_from(dimensions.len()).unwrap().to_le_bytes());
        self.tail
            .extend(dimensions.iter().flat_map(|size| size.to_le_bytes()));
        self.tail.extend([0; 4]);
        self.tail.extend(offset.to_le_bytes());
        self
    }

    fn bytes(self) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(3_u32.to_le_bytes());
        bytes.extend(self.tensors.to_le_bytes());
        bytes.extend(self.pairs.to_le_bytes());
        bytes.extend(self.body);
        bytes.extend(self.tail);
        bytes
    }
}

fn text(text: &str) -> Vec<u8> {
    let length = u64::try_from(text.len()).unwrap();
    [&length.to_le_bytes()[..], text.as_bytes()].concat()
}

/// The head of SmolLM2-135M-Instruct as its file has it, but for the words of its vocabulary.
fn smol() -> Head {
    let words = 49_152;
    Head::default()
        .text("general.architecture", "llama")
        .text("general.name", "Smollm2 135M 8k")
        .number("llama.block_count", 30)
        .number("llama.context_length", 8192)
        .number("llama.embedding_length", 576)
        .number("llama.feed_forward_length", 1536)
        .number("llama.attention.head_count", 9)
        .number("llama.attention.head_count_kv", 3)
        .raw("llama.rope.freq_base", 6, &100_000_f32.to_le_bytes())
        .raw("tokenizer.ggml.add_bos_token", 7, &[0])
        .list(
            "tokenizer.ggml.tokens",
            8,
            words,
            &text("x").repeat(words as usize),
        )
        .list(
            "tokenizer.ggml.token_type",
            5,
            words,
            &vec![1; 4 * words as usize],
        )
        .tensor(&[576, 49_152], 0)
        .tensor(&[1536, 576], 30_083_328)
}

#[test]
fn head_says_what_an_estimate_needs() {
    let bytes = smol().bytes();
    let gguf = Gguf::read(&bytes).unwrap();
    assert_eq!(gguf.architecture, "llama");
    assert_eq!(gguf.name, "Smollm2 135M 8k");
    assert_eq!(
        (gguf.layers, gguf.embedding, gguf.feed_forward),
        (30, 576, 1536)
    );
    assert_eq!(gguf.cache_numbers, 30 * 3 * (64 + 64));
    assert_eq!(gguf.vocabulary, 49_152);
    assert_eq!(gguf.trained_context, Some(8192));
    assert_eq!(gguf.parameters, 576 * 49_152 + 1536 * 576);
    assert_eq!((gguf.part, gguf.parts), (0, 1));
    assert_eq!(gguf.least_bytes, bytes.len() as u64 + 30_083_328);
    let needs = Shape::of_gguf(&gguf, 98_362_432).needs(4096);
    assert_eq!(needs.cache, 90 * MIB);
    assert_eq!(needs.total() / MIB, 362);
}

#[test]
fn head_that_is_cut_anywhere_asks_for_more() {
    let bytes = smol().bytes();
    // Every byte of the beginning, where the fields are, and of the end; the vocabulary between them is all alike.
    for end in (0..700).chain(bytes.len() - 200..bytes.len()) {
        assert_eq!(
            Gguf::read(&bytes[..end]),
            Err(GgufFault::NeedsMore),
            "{end}"
        );
    }
    for end in (700..bytes.len()).step_by(9973) {
        assert_eq!(
            Gguf::read(&bytes[..end]),
            Err(GgufFault::NeedsMore),
            "{end}"
        );
    }
    assert!(Gguf::read(&bytes).is_ok());
}

#[test]
fn heads_of_layers_may_differ_and_lengths_may_be_named() {
    let lists = [0_u32, 8, 4].iter().flat_map(|n| n.to_le_bytes());
    let lists: Vec<u8> = lists.collect();
    let gguf = |head: Head| Gguf::read(&head.bytes()).unwrap();
    let base = || {
        Head::default()
            .number("gemma.block_count", 3)
            .number("gemma.embedding_length", 1024)
            .number("gemma.attention.head_count", 8)
            // The family may be named after what belongs to it.
            .text("general.architecture", "gemma")
    };
    let each = gguf(base().list("gemma.attention.head_count_kv", 5, 3, &lists));
    assert_eq!(each.cache_numbers, 12 * 256);
    let named = gguf(
        base()
            .number("gemma.attention.key_length", 192)
            .number("gemma.attention.value_length", 64)
            .number("gemma.attention.head_count_kv", 2),
    );
    assert_eq!(named.cache_numbers, 3 * 2 * 256);
    let silent = gguf(base());
    assert_eq!(
        silent.cache_numbers,
        3 * 8 * 256,
        "as many as there are heads"
    );
    assert_eq!(silent.feed_forward, 4096);
    assert_eq!(silent.vocabulary, crate::fit::USUAL_VOCABULARY);
}

#[test]
fn part_of_a_divided_model_says_which_it_is() {
    let count = |head: Head, part: u16| {
        head.raw("split.no", 2, &part.to_le_bytes())
            .raw("split.count", 2, &3_u16.to_le_bytes())
    };
    let first = Gguf::read(&count(smol(), 0).bytes()).unwrap();
    assert_eq!((first.part, first.parts), (0, 3));
    let second = Gguf::read(&count(Head::default(), 1).bytes()).unwrap();
    assert_eq!((second.part, second.parts, second.layers), (1, 3, 0));
}

#[test]
fn what_is_no_head_is_refused() {
    assert_eq!(
        Gguf::read(b"PK\x03\x04 an archive"),
        Err(GgufFault::NotGguf)
    );
    let mut old = smol().bytes();
    old[4] = 1;
    assert_eq!(Gguf::read(&old), Err(GgufFault::Version(1)));
    old[4..8].copy_from_slice(&3_u32.to_be_bytes());
    assert_eq!(Gguf::read(&old), Err(GgufFault::Version(0x0300_0000)));
    assert_eq!(
        Gguf::read(&Head::default().bytes()),
        Err(GgufFault::Damaged),
        "nothing is known"
    );
}

#[test]
fn lengths_that_nothing_can_have_are_not_believed() {
    let damaged = |head: Head| assert_eq!(Gguf::read(&head.bytes()), Err(GgufFault::Damaged));
    damaged(Head::default().list("x", 4, u64::MAX, &[]));
    damaged(Head::default().list("x", 4, u64::MAX / 4, &[]));
    damaged(Head::default().raw("x", 8, &u64::MAX.to_le_bytes()));
    damaged(Head::default().raw("x", 13, &[]));
    damaged(smol().tensor(&[u64::MAX, 2], 0));
    damaged(smol().tensor(&[1, 1, 1, 1, 1], 0));
    damaged(smol().number("llama.attention.key_length", u32::MAX).raw(
        "llama.attention.value_length",
        10,
        &u64::MAX.to_le_bytes(),
    ));
    let mut crowded = Head::default().bytes();
    crowded[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(Gguf::read(&crowded), Err(GgufFault::Damaged));
    // Lists within lists end with the bytes, or at the fourth.
    let many = Head::default().list("x", 9, u64::MAX, &[]).bytes();
    assert_eq!(Gguf::read(&many), Err(GgufFault::NeedsMore));
    let mut deep = Vec::new();
    for _ in 0..100 {
        deep.extend(9_u32.to_le_bytes());
        deep.extend(1_u64.to_le_bytes());
    }
    damaged(Head::default().raw("x", 9, &deep));
}

#[test]
fn any_byte_may_be_anything() {
    let bytes = smol().bytes();
    let mut tail = bytes[..600].to_vec();
    for at in 0..tail.len() {
        let was = tail[at];
        for byte in [0, 1, 0x7f, 0xff] {
            tail[at] = byte;
            // It comes to an end, and within the bytes that there are.
            let _ = Gguf::read(&tail);
        }
        tail[at] = was;
    }
}
