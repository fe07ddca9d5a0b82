//! Events that are sent together. Most come alone, and are sent as they are.

use bytes::{Bytes, BytesMut};

/// What has been put together so far.
#[derive(Debug)]
pub(super) enum Pile {
    One(Bytes),
    Several(BytesMut),
}

impl Default for Pile {
    fn default() -> Self {
        Self::One(Bytes::new())
    }
}

impl Pile {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::One(bytes) if bytes.is_empty())
    }

    /// Puts `bytes` behind the others.
    pub fn push(&mut self, bytes: Bytes) {
        match self {
            Self::One(first) if first.is_empty() => *first = bytes,
            Self::One(first) => {
                let mut several = BytesMut::with_capacity(2 * (first.len() + bytes.len()));
                several.extend_from_slice(first);
                several.extend_from_slice(&bytes);
                *self = Self::Several(several);
            }
            Self::Several(several) => several.extend_from_slice(&bytes),
        }
    }
}

impl From<Bytes> for Pile {
    fn from(bytes: Bytes) -> Self {
        Self::One(bytes)
    }
}

impl From<Pile> for Bytes {
    fn from(pile: Pile) -> Self {
        match pile {
            Pile::One(bytes) => bytes,
            Pile::Several(bytes) => bytes.freeze(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_alone_is_not_copied_and_what_comes_together_stays_in_order() {
        let alone = Bytes::from("one".to_owned());
        let mut pile = Pile::default();
        pile.push(alone.clone());
        let sent = Bytes::from(pile);
        assert_eq!(sent.as_ptr(), alone.as_ptr());
        let mut pile = Pile::from(sent);
        pile.push(Bytes::from("two"));
        pile.push(Bytes::from("three"));
        assert_eq!(Bytes::from(pile), "onetwothree");
    }
}
