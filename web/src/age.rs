//! How long ago something was, in the one unit that matters.

use chrono::{DateTime, Utc};

/// A length of time, rounded down to its largest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// How many.
    pub count: i64,
    /// Of what.
    pub unit: Unit,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days.
    Days,
}

impl Age {
    /// The time from `then` to `now`. A `then` in the future is no age at all: the clocks of the browser and of the service differ.
    pub fn between(then: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let seconds = (now - then).num_seconds().max(0);
        let (count, unit) = match seconds {
            0..60 => (seconds, Unit::Seconds),
            60..3_600 => (seconds / 60, Unit::Minutes),
            3_600..86_400 => (seconds / 3_600, Unit::Hours),
            _ => (seconds / 86_400, Unit::Days),
        };
        Self { count, unit }
    }

    /// Whether it is too short to be worth a number.
    pub fn is_now(self) -> bool {
        self.unit == Unit::Seconds && self.count < 2
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn an_age_has_its_largest_whole_unit() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1000);
        for (seconds, count, unit) in [
            (0, 0, Unit::Seconds),
            (59, 59, Unit::Seconds),
            (60, 1, Unit::Minutes),
            (3_599, 59, Unit::Minutes),
            (3_600, 1, Unit::Hours),
            (86_399, 23, Unit::Hours),
            (86_400, 1, Unit::Days),
            (40 * 86_400, 40, Unit::Days),
        ] {
            let age = Age::between(now - TimeDelta::seconds(seconds), now);
            assert_eq!(age, Age { count, unit }, "{seconds} s");
        }
    }

    #[test]
    fn a_clock_that_runs_ahead_gives_no_negative_age() {
        let now = DateTime::UNIX_EPOCH;
        let age = Age::between(now + TimeDelta::minutes(5), now);
        assert!(age.is_now());
        assert_eq!(age.count, 0);
    }
}
