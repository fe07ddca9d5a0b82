//! How much a key asks at this moment, and whether it may ask more.
//!
//! Kept by key, in the memory of this replica: it outlives reloads of the configuration, so that a changed limit finds what is under way.
//! No key waits for another: what is under way is a number that only atomic instructions touch, and the lock of the last minute is the
//! key's own, taken only if the key has a limit for it. Nothing is allocated for a request.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use understudy_shared::ApiKeyLimits;

use super::window::Window;

/// Requests of the last minute. One second more, since the oldest second is counted as a whole.
type Minute = Window<61>;

/// What is known of one key on this replica.
#[derive(Debug, Default)]
pub struct KeyUse {
    in_flight: AtomicU32,
    minute: Mutex<Option<Box<Minute>>>,
    /// When it was last used, in seconds since 1970; 0 = never.
    used_at: AtomicI64,
}

/// Why a key may not ask now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// As many of its requests are under way as may be.
    Concurrency,
    /// It has made as many requests in a minute as it may; the next one may be made after so long.
    Rate(Duration),
}

impl Limited {
    /// All kinds of limits, by the names of their fields, in the order in which they are counted.
    pub const NAMES: [&str; 2] = ["max_concurrency", "requests_per_minute"];

    /// Which kind it is.
    pub fn place(self) -> usize {
        match self {
            Self::Concurrency => 0,
            Self::Rate(_) => 1,
        }
    }

    /// Whole seconds after which to come back. How long other requests take nobody knows: a second is a fair try.
    pub fn retry_after_s(self) -> u64 {
        match self {
            Self::Concurrency => 1,
            Self::Rate(wait) => (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1),
        }
    }
}

/// The place of a request that is under way; dropped with it.
#[derive(Debug)]
pub struct Place(Arc<KeyUse>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

impl KeyUse {
    /// Lets a request in, or says why not. One that is not let in counts for no limit.
    ///
    /// # Errors
    /// If the key is at a limit.
    pub fn enter(self: &Arc<Self>, limits: &ApiKeyLimits, now: Instant) -> Result<Place, Limited> {
        let most = limits.max_concurrency.unwrap_or(u32::MAX);
        let free = |busy: u32| (busy < most).then_some(busy + 1);
        if self.in_flight.fetch_update(Relaxed, Relaxed, free).is_err() {
            return Err(Limited::Concurrency);
        }
        let place = Place(Arc::clone(self));
        if let Some(most) = limits.requests_per_minute {
            let minute = self.minute.lock();
            let mut minute = minute.unwrap_or_else(PoisonError::into_inner);
            let minute = minute.get_or_insert_with(|| Box::new(Minute::new(now)));
            let wait = minute.wait(now, most.into());
            if !wait.is_zero() {
                return Err(Limited::Rate(wait));
            }
            minute.add(now);
        }
        Ok(place)
    }

    /// Requests that are under way.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// It is used, at this second since 1970.
    pub fn touch(&self, second: i64) {
        // Most requests come in a second that another one has noted: reading is cheaper than writing.
        if self.used_at.load(Relaxed) < second {
            self.used_at.store(second, Relaxed);
        }
    }

    /// When it was last used, in seconds since 1970; none if never since this process knows it.
    pub fn used_at(&self) -> Option<i64> {
        Some(self.used_at.load(Relaxed)).filter(|second| *second > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(requests_per_minute: Option<u32>, max_concurrency: Option<u32>) -> ApiKeyLimits {
        ApiKeyLimits {
            requests_per_minute,
            max_concurrency,
        }
    }

    #[test]
    fn places_are_given_back_and_never_more_than_there_are() {
        let key = Arc::new(KeyUse::default());
        let now = Instant::now();
        let two = limits(None, Some(2));
        let first = key.enter(&two, now).unwrap();
        let _second = key.enter(&two, now).unwrap();
        assert_eq!(key.enter(&two, now).unwrap_err(), Limited::Concurrency);
        assert_eq!(key.in_flight(), 2, "who is refused takes no place");
        drop(first);
        let third = key.enter(&two, now);
        assert!(third.is_ok());
        // A limit that is changed finds what is under way.
        let one = limits(None, Some(1));
        assert_eq!(key.enter(&one, now).unwrap_err(), Limited::Concurrency);
        let _unlimited = key.enter(&ApiKeyLimits::default(), now).unwrap();
        assert_eq!(key.in_flight(), 3);
    }

    #[test]
    fn the_time_to_wait_is_when_the_next_one_is_let_in() {
        let key = Arc::new(KeyUse::default());
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let two = limits(Some(2), None);
        assert!(key.enter(&two, at(0)).is_ok());
        assert!(key.enter(&two, at(30_000)).is_ok());
        for millis in [30_001, 45_000, 60_000, 60_999] {
            let limited = key.enter(&two, at(millis)).unwrap_err();
            assert_eq!(limited, Limited::Rate(at(61_000) - at(millis)));
            let seconds = limited.retry_after_s();
            assert!((1..=31).contains(&seconds), "{seconds}");
            assert!(millis + seconds * 1_000 >= 61_000, "not too early");
            assert!(millis + seconds * 1_000 < 62_000, "and not too late");
        }
        assert!(
            key.enter(&two, at(61_000)).is_ok(),
            "the refused do not count"
        );
        assert!(key.enter(&two, at(61_001)).is_err());
        assert!(key.enter(&limits(Some(3), None), at(61_002)).is_ok());
    }

    #[test]
    fn who_is_refused_for_a_place_does_not_count_for_the_minute() {
        let key = Arc::new(KeyUse::default());
        let now = Instant::now();
        let both = limits(Some(2), Some(1));
        let place = key.enter(&both, now).unwrap();
        for _ in 0..5 {
            assert_eq!(key.enter(&both, now).unwrap_err(), Limited::Concurrency);
        }
        drop(place);
        drop(key.enter(&both, now).unwrap());
        assert!(matches!(key.enter(&both, now), Err(Limited::Rate(_))));
        assert_eq!(key.in_flight(), 0);
    }

    #[test]
    fn threads_that_come_at_once_get_as_many_places_as_there_are() {
        let key = Arc::new(KeyUse::default());
        let both = limits(Some(100), Some(100));
        let now = Instant::now();
        let enter =
            || -> Vec<Place> { (0..50).filter_map(|_| key.enter(&both, now).ok()).collect() };
        let places: Vec<Place> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(enter)).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!((places.len(), key.in_flight()), (100, 100));
        drop(places);
        assert_eq!(key.in_flight(), 0);
    }

    #[test]
    fn the_last_use_only_moves_on() {
        let key = KeyUse::default();
        assert_eq!(key.used_at(), None);
        key.touch(7);
        key.touch(5);
        assert_eq!(key.used_at(), Some(7));
    }
}
