//! What an instance's own checks say of it: down after so many failed ones in a row, back after so many passed ones. Pure logic.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::gateway::surroundings::Moment;

/// How many checks there were in a row, and what follows from it. Another replica that made them tells it with these numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Failed ones.
    pub failed: u32,
    /// Passed ones.
    pub passed: u32,
    /// Whether it is down.
    pub down: bool,
}

/// How many checks in a row change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Failed ones take it down.
    pub fall: u32,
    /// Passed ones bring it back.
    pub rise: u32,
}

impl Tally {
    /// After one more check.
    pub fn after(self, passed: bool, bounds: Bounds) -> Self {
        if passed {
            let passed = self.passed.saturating_add(1);
            Self {
                failed: 0,
                passed,
                down: self.down && passed < bounds.rise,
            }
        } else {
            let failed = self.failed.saturating_add(1);
            Self {
                failed,
                passed: 0,
                down: self.down || failed >= bounds.fall,
            }
        }
    }

    /// Whether the next check may change something, so that it had better come soon.
    pub fn wavers(self) -> bool {
        if self.down {
            self.passed > 0
        } else {
            self.failed > 0
        }
    }
}

/// The tally of an instance, as long as it is worth something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checked {
    tally: Tally,
    bounds: Option<Bounds>,
    /// When the tally is too old to keep requests away: somebody should have checked again long before.
    until: Option<Moment>,
}

impl Checked {
    /// What the checks say.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// How many checks in a row change something, if there was one.
    pub fn bounds(&self) -> Option<Bounds> {
        self.bounds
    }

    /// Until when it is down, unless checks say otherwise before.
    pub fn down_until(&self, now: Moment) -> Option<Moment> {
        let until = self.until.filter(|until| !until.has_come(now))?;
        self.tally.down.then_some(until)
    }

    /// A check says this, and the next one comes well within this time.
    pub fn learn(&mut self, tally: Tally, bounds: Bounds, good_for: Duration, now: Moment) {
        *self = Self {
            tally,
            bounds: Some(bounds),
            until: Some(now.after(good_for)),
        };
    }

    /// It answers, which weighs more than any check. Its checks begin anew.
    pub fn answered(&mut self) {
        self.tally = Tally::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { fall: 3, rise: 2 };

    fn after(checks: &[bool]) -> Tally {
        checks.iter().fold(Tally::default(), |tally, passed| {
            tally.after(*passed, BOUNDS)
        })
    }

    #[test]
    fn three_failed_checks_in_a_row_take_it_down_and_two_passed_ones_bring_it_back() {
        assert!(!after(&[true, false, false]).down);
        assert!(!after(&[false, false, true, false, false]).down);
        assert!(after(&[false, false, false]).down);
        assert!(after(&[false, false, false, true]).down);
        assert!(after(&[false, false, false, true, false, true]).down);
        assert!(!after(&[false, false, false, true, true]).down);
        assert!(!after(&[false, false, false, true, true, false, false]).down);
    }

    #[test]
    fn it_wavers_while_the_next_check_may_change_something() {
        for (checks, wavers) in [
            (&[][..], false),
            (&[true, true], false),
            (&[true, false], true),
            (&[false, false], true),
            (&[false, false, false, false], false),
            (&[false, false, false, true], true),
            (&[false, false, false, true, true], false),
        ] {
            assert_eq!(after(checks).wavers(), wavers, "{checks:?}");
        }
    }

    #[test]
    fn one_of_each_is_enough_where_the_bounds_say_so() {
        let quick = Bounds { fall: 1, rise: 1 };
        let down = Tally::default().after(false, quick);
        assert!(down.down && !down.after(true, quick).down);
    }

    #[test]
    fn what_nobody_checks_any_more_is_down_no_longer() {
        let now = Moment::now();
        let mut checked = Checked::default();
        assert_eq!(checked.down_until(now), None);
        checked.learn(after(&[false; 3]), BOUNDS, Duration::from_secs(40), now);
        assert!(
            checked
                .down_until(now.after(Duration::from_secs(39)))
                .is_some()
        );
        assert_eq!(checked.down_until(now.after(Duration::from_secs(40))), None);
        checked.answered();
        assert_eq!(checked.down_until(now), None);
    }
}
