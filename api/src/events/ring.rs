//! The last events, numbered without a gap. Knows nothing of what they say.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::{Audience, Sight};

/// How much a client is given at a time.
const BATCH_BYTES: usize = 32 * 1024;

#[derive(Debug)]
struct Kept {
    frame: Bytes,
    audience: Audience,
}

/// The last events.
#[derive(Debug)]
pub struct Ring {
    kept: VecDeque<Kept>,
    capacity: usize,
    /// The number of the last event that is not kept any more: who knows this one has missed nothing that is not here.
    floor: u64,
}

/// What comes after a place.
#[derive(Debug, PartialEq, Eq)]
pub struct Batch {
    /// The events, as they are sent; empty if there is none to see.
    pub frames: Bytes,
    /// The place after them.
    pub place: u64,
}

impl Ring {
    /// Keeps so many events.
    pub fn new(capacity: usize) -> Self {
        Self {
            kept: VecDeque::new(),
            capacity,
            floor: 0,
        }
    }

    /// The number of the last event.
    pub fn head(&self) -> u64 {
        self.floor + self.kept.len() as u64
    }

    /// Adds an event; the oldest makes room.
    pub fn push(&mut self, frame: Bytes, audience: Audience) {
        if self.kept.len() == self.capacity {
            self.kept.pop_front();
            self.floor += 1;
        }
        self.kept.push_back(Kept { frame, audience });
    }

    /// Whether everything after this place is kept.
    pub fn reaches_back_to(&self, place: u64) -> bool {
        (self.floor..=self.head()).contains(&place)
    }

    /// Forgets everything, so that no place of before can be read on from.
    pub fn forget(&mut self) {
        self.floor = self.head() + 1;
        self.kept.clear();
    }

    /// What comes after a place, in pieces of a bounded size. None if that is not known any more.
    pub fn after(&self, place: u64, sight: Sight) -> Option<Batch> {
        if !self.reaches_back_to(place) {
            return None;
        }
        let mut frames = BytesMut::new();
        let mut reached = place;
        let skip = usize::try_from(place - self.floor).unwrap_or(usize::MAX);
        for kept in self.kept.iter().skip(skip) {
            if sight.is_in(kept.audience) {
                if !frames.is_empty() && frames.len() + kept.frame.len() > BATCH_BYTES {
                    break;
                }
                frames.extend_from_slice(&kept.frame);
            }
            reached += 1;
        }
        Some(Batch {
            frames: frames.freeze(),
            place: reached,
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const MANAGER: Sight = Sight {
        manages: true,
        person: None,
    };
    const ADA: Uuid = Uuid::from_u128(1);
    const SOMEBODY: Sight = Sight {
        manages: false,
        person: Some(ADA),
    };

    fn ring(capacity: usize, events: &[(&'static str, Audience)]) -> Ring {
        let mut ring = Ring::new(capacity);
        for (frame, audience) in events {
            ring.push(Bytes::from_static(frame.as_bytes()), *audience);
        }
        ring
    }

    fn read(ring: &Ring, place: u64, sight: Sight) -> Option<(String, u64)> {
        let batch = ring.after(place, sight)?;
        Some((
            String::from_utf8(batch.frames.to_vec()).unwrap(),
            batch.place,
        ))
    }

    #[test]
    fn each_place_is_followed_by_exactly_what_came_after_it() {
        use Audience::{Everybody, Managers, Person};
        let hers = ("d", Person(ADA));
        let ring = ring(
            8,
            &[("a", Managers), ("b", Everybody), ("c", Managers), hers],
        );
        assert_eq!(read(&ring, 0, MANAGER), Some(("abc".into(), 4)));
        assert_eq!(read(&ring, 2, MANAGER), Some(("c".into(), 4)));
        assert_eq!(read(&ring, 4, MANAGER), Some((String::new(), 4)));
        assert_eq!(read(&ring, 0, SOMEBODY), Some(("bd".into(), 4)));
        assert_eq!(read(&ring, 5, MANAGER), None);
    }

    #[test]
    fn who_falls_behind_the_ring_is_told_so() {
        let mut ring = ring(
            2,
            &["a", "b", "c"].map(|frame| (frame, Audience::Everybody)),
        );
        assert_eq!(read(&ring, 0, MANAGER), None);
        assert_eq!(read(&ring, 1, MANAGER), Some(("bc".into(), 3)));
        ring.forget();
        assert_eq!(read(&ring, 3, MANAGER), None);
        assert_eq!(read(&ring, ring.head(), MANAGER), Some((String::new(), 4)));
    }

    #[test]
    fn much_is_given_piece_by_piece() {
        let mut ring = Ring::new(8);
        for _ in 0..3 {
            ring.push(
                Bytes::from(vec![b'x'; BATCH_BYTES - 10]),
                Audience::Everybody,
            );
        }
        let batch = ring.after(0, MANAGER).unwrap();
        assert_eq!((batch.frames.len(), batch.place), (BATCH_BYTES - 10, 1));
        assert_eq!(ring.after(batch.place, MANAGER).unwrap().place, 2);
    }
}
