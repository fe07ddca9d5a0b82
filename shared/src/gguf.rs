//! The head of a GGUF file: what a model is made of, read from its first megabytes.
//!
//! The rule: a file is anybody's. No length that it names is believed: nothing is allocated for it, nothing is skipped past the end of what is
//! there, and the work is bounded by the bytes that were given. Only what [`crate::fit`] needs is kept.

use std::collections::BTreeMap;

/// How much of a file its head may take. Those with a vocabulary of a quarter of a million words have 15 MB.
pub const MAX_HEAD: usize = 64 * 1024 * 1024;
/// Longest name of a key.
const MAX_KEY: u64 = 65_535;
/// Longest text that is kept.
const MAX_TEXT: usize = 256;
/// Most numbers of a list that are kept: one for each layer.
const MAX_LIST: u64 = 4096;
/// Lists within lists.
const MAX_DEPTH: u8 = 4;
/// More than any model has.
const MAX_TENSORS: u64 = 1_000_000;

/// Why a head cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GgufFault {
    /// More of the file is needed.
    NeedsMore,
    /// It is no GGUF file.
    NotGguf,
    /// It is one of a version that is not known (1, or of the other byte order, or newer than 3).
    Version(u32),
    /// It contradicts itself.
    Damaged,
}

/// A value, as far as it matters.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(u64),
    Text(String),
    Numbers(Vec<u64>),
    /// A list of which only the length matters.
    List(u64),
    Other,
}

/// What the head of a GGUF file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gguf {
    /// The family of models: `llama`, `qwen3`.
    pub architecture: String,
    /// What the model is called; empty if the file does not say.
    pub name: String,
    /// Number of parameters in this file.
    pub parameters: u64,
    /// Tokens of context that it was trained with.
    pub trained_context: Option<u64>,
    /// Layers.
    pub layers: u64,
    /// Length of an embedding.
    pub embedding: u64,
    /// Length of the inner layer of a block, the largest.
    pub feed_forward: u64,
    /// Numbers that the cache keeps for each token, over all layers.
    pub cache_numbers: u64,
    /// Words of the vocabulary.
    pub vocabulary: u64,
    /// Files that the model is divided into; 1 if it is whole.
    pub parts: u64,
    /// Which of them this is, from 0.
    pub part: u64,
    /// Least size of the file, in bytes: a shorter one is not complete.
    pub least_bytes: u64,
}

impl Gguf {
    /// Reads the head of a file from the bytes that it begins with.
    ///
    /// # Errors
    /// If there is not enough of it, or it is no head.
    pub fn read(bytes: &[u8]) -> Result<Self, GgufFault> {
        let mut reader = Reader { bytes, at: 0 };
        if reader.take(4)? != b"GGUF" {
            return Err(GgufFault::NotGguf);
        }
        let version = reader.u32()?;
        if !(2..=3).contains(&version) {
            return Err(GgufFault::Version(version));
        }
        let (tensors, pairs) = (reader.u64()?, reader.u64()?);
        if tensors > MAX_TENSORS || pairs > MAX_TENSORS {
            return Err(GgufFault::Damaged);
        }
        let mut values = BTreeMap::new();
        for _ in 0..pairs {
            let key = reader.text(MAX_KEY)?;
            let kind = reader.u32()?;
            let value = reader.value(kind, 0)?;
            if value != Value::Other {
                values.insert(String::from_utf8_lossy(key).into_owned(), value);
            }
        }
        let (parameters, offset) = reader.tensors(tensors)?;
        let head = u64::try_from(reader.at).unwrap_or(u64::MAX);
        let least_bytes = head.checked_add(offset).ok_or(GgufFault::Damaged)?;
        Values(values).gguf(parameters, least_bytes)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], GgufFault> {
        let end = self.at.checked_add(length).ok_or(GgufFault::Damaged)?;
        let taken = self.bytes.get(self.at..end).ok_or(GgufFault::NeedsMore)?;
        self.at = end;
        Ok(taken)
    }

    fn skip(&mut self, length: u64) -> Result<(), GgufFault> {
        // What is longer than any head never comes, however much more is read.
        let length = usize::try_from(length).map_err(|_| GgufFault::Damaged)?;
        if length > MAX_HEAD {
            return Err(GgufFault::Damaged);
        }
        self.take(length).map(drop)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], GgufFault> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| GgufFault::Damaged)
    }

    fn u32(&mut self) -> Result<u32, GgufFault> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, GgufFault> {
        self.array().map(u64::from_le_bytes)
    }

    fn text(&mut self, longest: u64) -> Result<&'a [u8], GgufFault> {
        let length = self.u64()?;
        if length > longest {
            return Err(GgufFault::Damaged);
        }
        self.take(usize::try_from(length).map_err(|_| GgufFault::Damaged)?)
    }

    /// A value of a type of the format.
    fn value(&mut self, kind: u32, depth: u8) -> Result<Value, GgufFault> {
        Ok(match kind {
            // u8, i8, bool
            0 => Value::Number(self.array::<1>()?[0].into()),
            1 | 7 => {
                self.skip(1)?;
                Value::Other
            }
            2 => Value::Number(u16::from_le_bytes(self.array()?).into()),
            3 => positive(i16::from_le_bytes(self.array()?).into()),
            4 => Value::Number(self.u32()?.into()),
            5 => positive(i32::from_le_bytes(self.array()?).into()),
            10 => Value::Number(self.u64()?),
            11 => positive(i64::from_le_bytes(self.array()?)),
            // f32, f64
            6 => {
                self.skip(4)?;
                Value::Other
            }
            12 => {
                self.skip(8)?;
                Value::Other
            }
            8 => {
                let text = self.text(MAX_HEAD as u64)?;
                let kept = text.get(..MAX_TEXT).unwrap_or(text);
                Value::Text(String::from_utf8_lossy(kept).into_owned())
            }
            9 => self.list(depth)?,
            _ => return Err(GgufFault::Damaged),
        })
    }

    fn list(&mut self, depth: u8) -> Result<Value, GgufFault> {
        let (kind, length) = (self.u32()?, self.u64()?);
        if depth >= MAX_DEPTH {
            return Err(GgufFault::Damaged);
        }
        if let Some(size) = fixed_size(kind) {
            if length > MAX_LIST || !is_whole(kind) {
                self.skip(length.checked_mul(size).ok_or(GgufFault::Damaged)?)?;
                return Ok(Value::List(length));
            }
            let mut numbers = Vec::new();
            for _ in 0..length {
                if let Value::Number(number) = self.value(kind, depth)? {
                    numbers.push(number);
                }
            }
            // One that is negative counts nothing.
            let all = numbers.len() as u64 == length;
            return Ok(if all {
                Value::Numbers(numbers)
            } else {
                Value::List(length)
            });
        }
        // Each item takes eight bytes at least, so that this ends with the bytes.
        for _ in 0..length {
            self.value(kind, depth + 1)?;
        }
        Ok(Value::List(length))
    }

    /// The parameters of so many tensors, and where the last of them begins.
    fn tensors(&mut self, count: u64) -> Result<(u64, u64), GgufFault> {
        let (mut parameters, mut last) = (0_u64, 0);
        for _ in 0..count {
            self.text(MAX_KEY)?;
            let dimensions = self.u32()?;
            if dimensions > 4 {
                return Err(GgufFault::Damaged);
            }
            let mut size = 1_u64;
            for _ in 0..dimensions {
                size = size.checked_mul(self.u64()?).ok_or(GgufFault::Damaged)?;
            }
            parameters = parameters.checked_add(size).ok_or(GgufFault::Damaged)?;
            let _kind = self.u32()?;
            last = last.max(self.u64()?);
        }
        Ok((parameters, last))
    }
}

fn positive(number: i64) -> Value {
    u64::try_from(number).map_or(Value::Other, Value::Number)
}

/// The bytes of a number or truth value; texts and lists have none.
fn fixed_size(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

/// Whether it is a type of whole numbers wide enough to count something.
fn is_whole(kind: u32) -> bool {
    matches!(kind, 2..=5 | 10 | 11)
}

struct Values(BTreeMap<String, Value>);

impl Values {
    fn number(&self, key: &str) -> Option<u64> {
        match self.0.get(key)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn text(&self, key: &str) -> String {
        match self.0.get(key) {
            Some(Value::Text(text)) => text.clone(),
            _ => String::new(),
        }
    }

    /// A number, or the largest of a list with one for each layer.
    fn largest(&self, key: &str) -> Option<u64> {
        match self.0.get(key)? {
            Value::Number(number) => Some(*number),
            Value::Numbers(numbers) => numbers.iter().copied().max(),
            _ => None,
        }
    }

    fn gguf(&self, parameters: u64, least_bytes: u64) -> Result<Gguf, GgufFault> {
        let architecture = self.text("general.architecture");
        let key = |name: &str| format!("{architecture}.{name}");
        let layers = self.number(&key("block_count"));
        let embedding = self.number(&key("embedding_length"));
        let part = self.number("split.no").unwrap_or(0);
        // Further parts of a divided model say nothing of it.
        let (layers, embedding) = match (layers, embedding) {
            (Some(layers), Some(embedding)) => (layers, embedding),
            (None, None) if part > 0 => (0, 0),
            _ => return Err(GgufFault::Damaged),
        };
        let heads = self.largest(&key("attention.head_count")).unwrap_or(0);
        let head = embedding.checked_div(heads).unwrap_or(0);
        let length = |name: &str| self.number(&key(name)).unwrap_or(head);
        let per_head = length("attention.key_length")
            .checked_add(length("attention.value_length"))
            .ok_or(GgufFault::Damaged)?;
        let kv_heads = match self.0.get(&key("attention.head_count_kv")) {
            Some(Value::Number(each)) => layers.checked_mul(*each),
            Some(Value::Numbers(each)) => {
                each.iter().try_fold(0, |sum: u64, n| sum.checked_add(*n))
            }
            _ => layers.checked_mul(heads),
        };
        let vocabulary = match self.0.get("tokenizer.ggml.tokens") {
            Some(Value::List(length)) => Some(*length),
            _ => None,
        };
        Ok(Gguf {
            name: self.text("general.name"),
            parameters,
            trained_context: self
                .number(&key("context_length"))
                .filter(|length| *length > 0),
            layers,
            embedding,
            feed_forward: self
                .largest(&key("feed_forward_length"))
                .unwrap_or(embedding.saturating_mul(4)),
            cache_numbers: kv_heads
                .and_then(|heads| heads.checked_mul(per_head))
                .ok_or(GgufFault::Damaged)?,
            vocabulary: self
                .number(&key("vocab_size"))
                .or(vocabulary)
                .unwrap_or(crate::fit::USUAL_VOCABULARY),
            parts: self.number("split.count").unwrap_or(1).max(1),
            part,
            least_bytes,
            architecture,
        })
    }
}

#[cfg(test)]
mod tests;
