use uuid::Uuid;

use super::*;

const ALL: Duty = Duty {
    all: true,
    may_pay: true,
};
const MINE: Duty = Duty {
    all: false,
    may_pay: false,
};
const SECOND: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_secs(10);
const HOUR: Duration = Duration::from_secs(3600);

fn id(number: u128) -> ModelInstanceId {
    ModelInstanceId(Uuid::from_u128(number))
}

fn free(seconds: u64) -> Plan {
    Plan {
        settings: 1,
        interval: Duration::from_secs(seconds),
        costs: false,
    }
}

fn chat() -> Plan {
    Plan {
        settings: 1,
        interval: HOUR,
        costs: true,
    }
}

struct Rig {
    schedule: Schedule,
    now: Moment,
}

impl Rig {
    fn of(plan: Plan) -> Self {
        Self::of_all([(1, plan)])
    }

    fn of_all(plans: impl IntoIterator<Item = (u128, Plan)>) -> Self {
        let mut rig = Self {
            schedule: Schedule::default(),
            now: Moment::now(),
        };
        rig.set(plans);
        rig
    }

    fn set(&mut self, plans: impl IntoIterator<Item = (u128, Plan)>) {
        let plans = plans.into_iter();
        let plans = plans.map(|(number, plan)| (id(number), plan)).collect();
        self.schedule.set(&plans, self.now, || 0.0);
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.after(time);
    }

    fn take(&mut self, duty: Duty) -> Vec<(ModelInstanceId, Trigger)> {
        self.schedule.take(self.now, duty, 1000)
    }

    fn finish(&mut self, wavers: bool, fraction: f64) {
        self.schedule.finished(id(1), wavers, self.now, fraction);
    }

    fn alarm(&mut self) {
        self.schedule.alarm(id(1), self.now);
    }

    fn wait(&self) -> Option<Duration> {
        let next = self.schedule.next(self.now, ALL);
        next.map(|next| next.left(self.now))
    }
}

#[test]
fn the_next_check_is_an_interval_after_the_beginning_of_the_last_with_a_fifth_of_jitter() {
    for (fraction, seconds) in [(0.0, 8), (0.5, 10), (1.0, 12)] {
        let mut rig = Rig::of(free(10));
        assert_eq!(rig.take(ALL), [(id(1), Trigger::Time)]);
        assert_eq!(rig.take(ALL), [], "it is under way");
        rig.pass(2 * SECOND);
        rig.finish(false, fraction);
        assert_eq!(rig.wait(), Some(Duration::from_secs(seconds - 2)));
        rig.pass(Duration::from_secs(seconds - 2));
        assert_eq!(rig.take(ALL).len(), 1);
    }
}

#[test]
fn a_dead_instance_is_found_within_35_seconds_and_a_cloud_one_within_3_minutes_whatever_the_dice_say()
 {
    for (interval, bound) in [(10, 35), (60, 180)] {
        let mut rig = Rig::of(free(interval));
        rig.take(ALL);
        rig.finish(false, 1.0);
        // It dies right after a check has passed, and lets each of three checks wait for the longest time.
        let died = rig.now;
        for _ in 0..3 {
            let wait = rig.wait().unwrap();
            rig.pass(wait);
            assert_eq!(rig.take(ALL).len(), 1);
            rig.pass(3 * SECOND);
            rig.finish(true, 1.0);
        }
        let took = rig.now.left(died);
        assert!(took <= Duration::from_secs(bound), "{took:?} of {bound} s");
    }
}

#[test]
fn a_check_that_takes_longer_than_the_interval_is_not_made_twice_at_once() {
    let mut rig = Rig::of(free(1));
    rig.take(ALL);
    rig.pass(3 * SECOND);
    assert_eq!(rig.take(ALL), []);
    rig.finish(false, 0.5);
    assert_eq!(rig.wait(), Some(Duration::ZERO));
}

#[test]
fn failures_at_the_same_time_set_one_check_off_and_later_ones_another() {
    let mut rig = Rig::of(free(10));
    rig.take(ALL);
    rig.finish(false, 0.5);
    rig.alarm();
    rig.alarm();
    assert_eq!(rig.wait(), Some(Duration::ZERO));
    assert_eq!(rig.take(MINE), [(id(1), Trigger::Failure)]);
    rig.alarm();
    rig.finish(false, 0.5);
    rig.alarm();
    assert_eq!(rig.take(MINE), [], "covered by the one that was made");
    rig.pass(SECOND);
    assert_eq!(rig.take(MINE), [], "nothing failed since");
    rig.alarm();
    assert_eq!(rig.take(MINE), [(id(1), Trigger::Failure)]);
}

#[test]
fn a_failure_right_after_a_check_that_passed_by_itself_is_looked_at() {
    let mut rig = Rig::of(free(10));
    rig.take(ALL);
    rig.finish(false, 0.5);
    rig.alarm();
    assert_eq!(rig.take(ALL), [(id(1), Trigger::Failure)]);
}

#[test]
fn whoever_does_not_lead_checks_only_what_failed_there_and_takes_over_where_the_other_stopped() {
    let mut rig = Rig::of(free(10));
    assert_eq!(rig.take(MINE), []);
    assert_eq!(rig.schedule.next(rig.now, MINE), None);
    for _ in 0..3 {
        rig.schedule.heard(id(1), SECOND, rig.now, 0.5);
        rig.pass(9 * SECOND);
    }
    assert_eq!(rig.take(ALL).len(), 1, "nobody was heard of for so long");
    let mut rig = Rig::of(free(10));
    rig.schedule.heard(id(1), Duration::ZERO, rig.now, 0.5);
    assert_eq!(rig.take(ALL), []);
    assert_eq!(rig.wait(), Some(INTERVAL));
}

#[test]
fn what_costs_money_is_never_asked_more_often_than_hourly_whatever_happens() {
    let mut rig = Rig::of(chat());
    assert_eq!(rig.take(ALL).len(), 1);
    rig.finish(true, 0.0);
    assert_eq!(rig.wait(), Some(HOUR), "no sooner, though it wavers");
    rig.alarm();
    assert_eq!(rig.take(ALL), []);
    // Neither by changing its settings, nor by checking it otherwise for a while.
    rig.pass(HOUR / 2);
    rig.set([(1, free(10))]);
    assert_eq!(rig.take(ALL).len(), 1);
    rig.finish(false, 0.5);
    rig.set([(
        1,
        Plan {
            settings: 2,
            ..chat()
        },
    )]);
    assert_eq!(rig.take(ALL), []);
    assert_eq!(rig.wait(), Some(HOUR / 2));
    rig.pass(HOUR / 2);
    assert_eq!(rig.take(ALL).len(), 1);
}

#[test]
fn what_costs_money_is_asked_by_one_replica_alone() {
    let mut rig = Rig::of(chat());
    rig.alarm();
    assert_eq!(rig.take(MINE), []);
    let alone = Duty {
        all: true,
        may_pay: false,
    };
    assert_eq!(rig.take(alone), []);
    assert_eq!(rig.schedule.next(rig.now, alone), None);
    assert_eq!(rig.take(ALL).len(), 1);
    rig.schedule.refused(id(1), rig.now.after(HOUR / 2));
    rig.alarm();
    assert_eq!(rig.take(ALL), [], "another replica has paid");
    assert_eq!(rig.wait(), Some(HOUR / 2));
    rig.pass(HOUR / 2);
    assert_eq!(rig.take(ALL).len(), 1, "nobody has paid since");
    // Of one that is checked otherwise by now nothing is refused.
    rig.set([(1, free(10))]);
    assert_eq!(rig.take(ALL).len(), 1);
    rig.schedule.refused(id(1), rig.now.after(HOUR));
    rig.finish(false, 0.5);
    assert_eq!(rig.wait(), Some(INTERVAL));
}

#[test]
fn hundreds_of_instances_begin_spread_over_an_interval_and_only_so_many_at_once() {
    let mut rig = Rig {
        schedule: Schedule::default(),
        now: Moment::now(),
    };
    let plans: HashMap<_, _> = (0..400).map(|number| (id(number), free(10))).collect();
    let mut roll = 0.0;
    rig.schedule.set(&plans, rig.now, || {
        roll += 1.0 / 400.0;
        roll
    });
    let soon = rig.schedule.take(rig.now.after(SECOND), ALL, 1000).len();
    assert!((30..=50).contains(&soon), "{soon} of 400 in a second");
    let later = rig.now.after(INTERVAL);
    assert_eq!(rig.schedule.take(later, ALL, 64).len(), 64);
}

#[test]
fn an_instance_that_appears_alone_is_checked_at_once_and_one_that_is_gone_never() {
    let mut rig = Rig::of(free(3600));
    rig.take(ALL);
    rig.finish(false, 0.5);
    rig.set([(1, free(3600)), (2, free(3600))]);
    rig.pass(SPREAD);
    assert_eq!(rig.take(ALL), [(id(2), Trigger::Time)]);
    rig.set([(
        1,
        Plan {
            settings: 2,
            ..free(3600)
        },
    )]);
    rig.pass(SPREAD);
    assert_eq!(rig.take(ALL), [(id(1), Trigger::Time)], "it has changed");
    rig.set([]);
    rig.alarm();
    rig.pass(2 * HOUR);
    assert_eq!(rig.take(ALL), []);
    assert_eq!(rig.wait(), None);
}

#[test]
fn one_that_is_left_alone_for_a_while_is_checked_when_that_ends() {
    let mut rig = Rig::of(free(10));
    rig.take(ALL);
    rig.schedule.postpone(id(1), rig.now.after(120 * SECOND));
    assert_eq!(rig.wait(), Some(120 * SECOND));
    rig.pass(120 * SECOND);
    assert_eq!(rig.take(ALL).len(), 1);
}
