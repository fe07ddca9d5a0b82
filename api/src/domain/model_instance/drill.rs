//! A drill: somebody pretends that an instance is down, to see what happens when it is.

use chrono::{DateTime, Utc};

/// A drill. It is part of the configuration, so that every replica takes part, and it ends by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drill {
    /// When it began.
    pub since: DateTime<Utc>,
    /// When it ends.
    pub until: DateTime<Utc>,
}

impl Drill {
    /// Whether it is going on.
    pub fn is_on(&self, now: DateTime<Utc>) -> bool {
        now < self.until
    }
}
