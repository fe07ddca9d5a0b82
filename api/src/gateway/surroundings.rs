//! Time and chance, passed in: every rule that waits or rolls dice can be tested without doing either.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

/// A moment, on the clock that decides (it never jumps) and on the one that people read.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    instant: Instant,
    utc: DateTime<Utc>,
}

impl Moment {
    /// This moment.
    pub fn now() -> Self {
        Self {
            instant: Instant::now(),
            // As precise as everything that is stored, so that all times look alike.
            utc: Utc::now().trunc_subsecs(6),
        }
    }

    /// So long after this one.
    pub fn after(self, pause: Duration) -> Self {
        let delta = TimeDelta::from_std(pause).unwrap_or_default();
        Self {
            instant: self.instant + pause,
            utc: (self.utc + delta).trunc_subsecs(6),
        }
    }

    /// Whether this moment is over.
    pub fn has_come(self, now: Self) -> bool {
        self.instant <= now.instant
    }

    /// How long it is from `now` to this moment; nothing if it is over.
    pub fn left(self, now: Self) -> Duration {
        self.instant.saturating_duration_since(now.instant)
    }

    /// The later of two.
    pub fn later(self, other: Self) -> Self {
        if other.instant > self.instant {
            other
        } else {
            self
        }
    }

    /// For deciding.
    pub fn instant(self) -> Instant {
        self.instant
    }

    /// For people.
    pub fn utc(self) -> DateTime<Utc> {
        self.utc
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.instant == other.instant
    }
}

impl Eq for Moment {}

/// Where time and chance come from.
pub trait Surroundings: Debug + Send + Sync {
    /// This moment.
    fn now(&self) -> Moment;
    /// A random number from 0 to 1, 1 excluded.
    fn fraction(&self) -> f64;
}

/// The real ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct Real;

impl Surroundings for Real {
    fn now(&self) -> Moment {
        Moment::now()
    }

    fn fraction(&self) -> f64 {
        rand::random()
    }
}

#[cfg(test)]
pub mod staged {
    //! Surroundings that do what a test tells them to.

    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A clock that stands still and dice that are loaded.
    #[derive(Debug)]
    pub struct Staged {
        now: Mutex<Moment>,
        fractions: Mutex<VecDeque<f64>>,
    }

    impl Staged {
        /// A clock that stands, and dice that show the middle.
        pub fn new() -> Arc<Self> {
            Arc::new(Self {
                now: Mutex::new(Moment::now()),
                fractions: Mutex::default(),
            })
        }

        /// Moves the clock.
        pub fn pass(&self, time: Duration) {
            let mut now = self.now.lock().unwrap();
            *now = now.after(time);
        }

        /// What the dice show next, before they show the middle again.
        pub fn will_roll(&self, fractions: impl IntoIterator<Item = f64>) {
            self.fractions.lock().unwrap().extend(fractions);
        }
    }

    impl Surroundings for Staged {
        fn now(&self) -> Moment {
            *self.now.lock().unwrap()
        }

        fn fraction(&self) -> f64 {
            self.fractions.lock().unwrap().pop_front().unwrap_or(0.5)
        }
    }
}
