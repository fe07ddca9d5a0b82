//! What comes of the bytes of a stream, however they are cut: events, what they mean, and what the caller gets of them.

use bytes::Bytes;

use super::dialect::Dialect;
use super::event::{self, GroupName, Reading};
use super::typed;
use crate::gateway::sse::{Decoder, EventTooLarge};
use crate::gateway::tokens::{self, Tokens};

/// Reads the events of one stream.
#[derive(Debug)]
pub struct Reader {
    decoder: Decoder,
    dialect: Dialect,
    /// The number of the last event, where events are counted.
    sequence: Option<u64>,
    tokens: Option<Tokens>,
    group: GroupName,
}

impl Reader {
    /// A stream that is given as the answer of a group.
    pub fn new(dialect: Dialect, group: String) -> Self {
        Self {
            decoder: Decoder::new(dialect.largest_first()),
            dialect,
            sequence: None,
            tokens: None,
            group: group.into(),
        }
    }

    /// Name of the group.
    pub fn group(&self) -> &str {
        &self.group.plain
    }

    /// How many tokens the events say that the answer took, as far as they came.
    pub fn tokens(&self) -> Option<Tokens> {
        self.tokens
    }

    /// Takes a chunk.
    pub fn push(&mut self, chunk: &[u8]) {
        self.decoder.push(chunk);
    }

    /// Bytes that are held until their event ends.
    pub fn held(&self) -> usize {
        self.decoder.held()
    }

    /// Changes how large an event may be.
    pub fn set_limit(&mut self, limit: usize) {
        self.decoder.set_limit(limit);
    }

    /// The next whole event.
    ///
    /// # Errors
    /// If it is larger than the limit.
    pub fn next_event(&mut self) -> Result<Option<Reading>, EventTooLarge> {
        let Some(event) = self.decoder.next_event()? else {
            return Ok(None);
        };
        if let Some(data) = &event.data {
            self.tokens = tokens::of_event(data).or(self.tokens);
        }
        Ok(Some(match self.dialect {
            Dialect::Chat => event::read(event, &self.group),
            _ => typed::read(event, &self.group, &mut self.sequence),
        }))
    }

    /// The error event that ends the stream where it broke off.
    pub fn interrupted(&self) -> Bytes {
        self.dialect.interrupted(self.sequence)
    }
}
