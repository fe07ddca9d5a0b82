//! When which instance is checked, as pure logic: the time and the dice are passed in.
//!
//! Each instance has its next check, a jitter away from its last one, so that they never march in step. While the next check may change
//! something (some failed, not yet enough; some passed again) it comes in half the time: that is what keeps a dead instance from
//! looking well for longer than three and a half intervals. A failed request brings a check forward.
//!
//! What costs money waits an hour here already; that it does so whatever is restarted or switched meanwhile, the database sees to
//! (`db::instance_checks::pay`).

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use understudy_shared::ModelInstanceId;

use crate::gateway::surroundings::Moment;

/// How far an interval may be off.
const JITTER: f64 = 0.2;
/// First checks of instances that appear together are spread over this much for each of them.
const SPREAD: Duration = Duration::from_millis(50);
/// Failures within this time after a check that a failure set off are covered by it.
const COVERED: Duration = Duration::from_secs(1);
/// A check that costs money is never made more often than this.
pub const DEAREST: Duration = Duration::from_secs(3600);

/// How an instance is to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Changes when a new check is due at once.
    pub settings: u64,
    /// Between two checks.
    pub interval: Duration,
    /// Whether it costs money.
    pub costs: bool,
}

/// What this replica checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duty {
    /// All instances in turn, or only those of which a request failed here.
    pub all: bool,
    /// Also what costs money.
    pub may_pay: bool,
}

/// Why a check is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Its time had come.
    Time,
    /// A request failed.
    Failure,
}

#[derive(Debug)]
struct Entry {
    plan: Plan,
    due: Moment,
    /// Since when it is being checked.
    began: Option<Moment>,
    /// A request failed, and nobody has looked since.
    alarmed: bool,
    /// When the last check began that a failure set off.
    answered: Option<Moment>,
    /// When the next check that costs money may be made.
    free_of_charge_until: Option<Moment>,
}

/// All next checks.
#[derive(Debug, Default)]
pub struct Schedule {
    entries: HashMap<ModelInstanceId, Entry>,
}

impl Schedule {
    /// From now on these are to be checked, and no others. What appears is due soon, as is what has changed.
    pub fn set(
        &mut self,
        plans: &HashMap<ModelInstanceId, Plan>,
        now: Moment,
        mut dice: impl FnMut() -> f64,
    ) {
        self.entries.retain(|id, _| plans.contains_key(id));
        let is_new = |id, plan: &Plan| {
            let known = self.entries.get(id);
            known.is_none_or(|known| known.plan != *plan)
        };
        let new: Vec<_> = plans.iter().filter(|(id, plan)| is_new(id, plan)).collect();
        let count = u32::try_from(new.len()).unwrap_or(u32::MAX);
        for (id, plan) in new {
            let spread = SPREAD.saturating_mul(count).min(plan.interval);
            let due = now.after(spread.mul_f64(dice()));
            let known = self.entries.remove(id);
            let entry = Entry {
                plan: *plan,
                due,
                // Its result says nothing of the new settings.
                began: None,
                alarmed: false,
                answered: None,
                free_of_charge_until: known.and_then(|known| known.free_of_charge_until),
            };
            self.entries.insert(*id, entry);
        }
    }

    /// A request to this instance failed.
    pub fn alarm(&mut self, id: ModelInstanceId, now: Moment) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let covered = entry
            .answered
            .is_some_and(|answered| !answered.after(COVERED).has_come(now));
        // One that is under way covers it as well.
        if !covered && entry.began.is_none() {
            entry.alarmed = true;
        }
    }

    /// What is to be checked now, at most so many, longest due first. Each of them must be told of with [`Self::finished`].
    pub fn take(
        &mut self,
        now: Moment,
        duty: Duty,
        room: usize,
    ) -> Vec<(ModelInstanceId, Trigger)> {
        let mut due: Vec<(Duration, ModelInstanceId, Trigger)> = Vec::new();
        for (id, entry) in &mut self.entries {
            if entry.plan.costs && !entry.may_pay(now, duty) {
                entry.alarmed = false;
                continue;
            }
            if entry.began.is_some() {
                continue;
            }
            if entry.alarmed {
                due.push((Duration::MAX, *id, Trigger::Failure));
            } else if duty.all && entry.due.has_come(now) {
                due.push((now.left(entry.due), *id, Trigger::Time));
            }
        }
        due.sort_by_key(|(waited, ..)| std::cmp::Reverse(*waited));
        due.truncate(room);
        for (_, id, trigger) in &due {
            if let Some(entry) = self.entries.get_mut(id) {
                entry.began = Some(now);
                entry.alarmed = false;
                if *trigger == Trigger::Failure {
                    entry.answered = Some(now);
                }
                if entry.plan.costs {
                    entry.free_of_charge_until = Some(now.after(DEAREST));
                }
            }
        }
        due.into_iter()
            .map(|(_, id, trigger)| (id, trigger))
            .collect()
    }

    /// A check has ended; `wavers` if the next one may change something.
    pub fn finished(&mut self, id: ModelInstanceId, wavers: bool, now: Moment, fraction: f64) {
        if let Some(entry) = self.entries.get_mut(&id)
            && let Some(began) = entry.began.take()
        {
            // Counted from its beginning, so that slow answers do not add up.
            entry.due = began.after(entry.plan.pause(wavers, fraction)).later(now);
        }
    }

    /// The check that was to be made costs money, and may not be made before then.
    pub fn refused(&mut self, id: ModelInstanceId, until: Moment) {
        if let Some(entry) = self.entries.get_mut(&id)
            && entry.plan.costs
        {
            entry.began = None;
            entry.due = until;
            entry.free_of_charge_until = Some(until);
        }
    }

    /// Another replica has checked it, so long ago.
    pub fn heard(&mut self, id: ModelInstanceId, ago: Duration, now: Moment, fraction: f64) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.due = now.after(entry.plan.pause(false, fraction).saturating_sub(ago));
        }
    }

    /// It is left alone until then.
    pub fn postpone(&mut self, id: ModelInstanceId, until: Moment) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.began = None;
            entry.due = entry.due.later(until);
        }
    }

    /// Those that are being checked.
    pub fn under_way(&self) -> HashSet<ModelInstanceId> {
        let entries = self.entries.iter();
        let under_way = entries.filter(|(_, entry)| entry.began.is_some());
        under_way.map(|(id, _)| *id).collect()
    }

    /// When the next check is due, if there is one.
    pub fn next(&self, now: Moment, duty: Duty) -> Option<Moment> {
        let waiting = self.entries.values().filter(|entry| entry.began.is_none());
        let next = waiting.filter_map(|entry| {
            let free = entry.free_of_charge_until.filter(|_| entry.plan.costs);
            if entry.plan.costs && !duty.may_pay {
                None
            } else if entry.alarmed {
                Some(now)
            } else {
                duty.all
                    .then(|| free.map_or(entry.due, |free| free.later(entry.due)))
            }
        });
        next.min_by_key(|due| due.instant())
    }
}

impl Entry {
    fn may_pay(&self, now: Moment, duty: Duty) -> bool {
        let free = self.free_of_charge_until;
        duty.may_pay && free.is_none_or(|free| free.has_come(now))
    }
}

impl Plan {
    fn pause(&self, wavers: bool, fraction: f64) -> Duration {
        if self.costs {
            // Never sooner.
            return self.interval.max(DEAREST).mul_f64(1.0 + JITTER * fraction);
        }
        let interval = if wavers {
            self.interval / 2
        } else {
            self.interval
        };
        interval.mul_f64(1.0 - JITTER + 2.0 * JITTER * fraction)
    }

    /// Longest time until the next check has ended that takes so long.
    pub fn horizon(&self, timeout: Duration) -> Duration {
        self.interval * 2 + timeout * 2 + Duration::from_secs(20)
    }
}

#[cfg(test)]
mod tests;
