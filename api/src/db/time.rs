//! Time as PostgreSQL keeps it.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

/// The current time in whole microseconds, so that the answer to a change shows the very time that later answers show.
pub fn now() -> DateTime<Utc> {
    let now = Utc::now();
    now.duration_trunc(TimeDelta::microseconds(1))
        .unwrap_or(now)
}
