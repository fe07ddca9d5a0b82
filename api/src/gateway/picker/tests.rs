use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use understudy_shared::ReasonCode;

use super::*;
use crate::gateway::breaker::Attempt;
use crate::gateway::surroundings::Surroundings;
use crate::gateway::testing::Stage;

/// The places in the order in which a request asks them, a forced one negative less one; and who was passed over why.
fn walk(stage: &Stage, wanted: Wanted) -> (Vec<isize>, Vec<(usize, ReasonCode)>) {
    let group = stage.group();
    let mut candidates = Candidates::new(Rules::from(&*group), wanted, &group.members);
    let mut passed_over = Vec::new();
    let mut order = Vec::new();
    let now = stage.surroundings.now();
    let dice: &dyn Surroundings = &*stage.surroundings;
    while let Some(next) = candidates.next(now, Some(dice), |place, why| {
        passed_over.push((place, why.code()));
    }) {
        let place = isize::try_from(next.place).unwrap();
        order.push(if next.forced { -1 - place } else { place });
    }
    (order, passed_over)
}

fn order(stage: &Stage) -> Vec<isize> {
    walk(stage, Wanted::default()).0
}

fn fail(group: &Arc<Group>, place: usize, times: usize) {
    for _ in 0..times {
        let attempt = Attempt::begin(group, place, false).unwrap();
        attempt.failed(ReasonCode::Timeout, "it did not answer in time");
    }
}

#[test]
fn first_available_is_the_groups_order_and_looks_no_further_than_needed() {
    let mut stage = Stage::of(4);
    stage.instances[1].enabled = false;
    stage.instances[3].enabled = false;
    assert_eq!(order(&stage), [0, 2]);
    let group = stage.group();
    let mut candidates = Candidates::new(Rules::from(&*group), Wanted::default(), &group.members);
    let now = stage.surroundings.now();
    let first = candidates.next(now, None, |_, _| panic!("nobody is passed over yet"));
    assert_eq!(first.map(|first| first.place), Some(0));
    assert!(candidates.hindered().is_empty());
    assert!(candidates.has_more(now));
    let mut passed_over = Vec::new();
    let second = candidates.next(now, None, |place, why| {
        passed_over.push((place, why.code()))
    });
    assert_eq!(second.map(|second| second.place), Some(2));
    assert_eq!(passed_over, [(1, ReasonCode::Disabled)]);
    assert!(!candidates.has_more(now));
}

#[test]
fn each_rule_passes_a_member_over_and_says_which_one_it_is() {
    let mut stage = Stage::of(7);
    let drill = stage.drill(120);
    let instances = &mut stage.instances;
    instances[0].enabled = false;
    instances[1].drill = Some(drill);
    instances[2].connection.capabilities.endpoints = vec![Capability::Embeddings];
    instances[3].connection.capabilities.context_length = Some(99);
    instances[4].connection.capabilities.context_length = Some(100);
    instances[5].connection.limits.max_concurrency = Some(1);
    instances[6].connection.capabilities.endpoints = vec![Capability::Chat];
    let group = stage.group();
    let _busy = Attempt::begin(&group, 5, false).unwrap();
    let wanted = Wanted {
        endpoint: Some(Capability::Chat),
        tokens: 100,
    };
    let (asked, passed_over) = walk(&stage, wanted);
    assert_eq!(asked, [4, 6]);
    let expected = [
        (0, ReasonCode::Disabled),
        (1, ReasonCode::Drilled),
        (2, ReasonCode::EndpointMissing),
        (3, ReasonCode::ContextTooSmall),
        (5, ReasonCode::AtLimit),
    ];
    assert_eq!(passed_over, expected);
}

#[test]
fn kinds_members_and_groups_may_be_switched_off() {
    let stage = Stage::of(1);
    let group = stage.group();
    let now = stage.surroundings.now();
    let member = &group.members[0];
    let rules = Rules::from(&*group);
    let code =
        |rules: Rules<'_>| hindrance(&rules, member, Wanted::default(), now).map(Hindrance::code);
    assert_eq!(code(rules), None);
    let forbidden = Rules {
        allowed_kinds: &[InstanceKind::Cloud],
        ..rules
    };
    assert_eq!(code(forbidden), Some(ReasonCode::KindForbidden));
    let off = Rules {
        enabled: false,
        ..rules
    };
    assert_eq!(code(off), Some(ReasonCode::Disabled));
    let mut facts = member.facts();
    facts.member_enabled = false;
    let why = hindrance::of(&rules, &facts, Wanted::default(), now);
    assert_eq!(why.map(Hindrance::code), Some(ReasonCode::MemberDisabled));
}

#[test]
fn when_nobody_else_is_left_the_ejected_are_asked_soonest_first() {
    let stage = Stage::of(4);
    let group = stage.group();
    fail(&group, 2, 3);
    stage.surroundings.pass(Duration::from_secs(1));
    fail(&group, 0, 3);
    assert_eq!(order(&stage), [1, 3, -3, -1]);
    // One that asked for a pause is never forced.
    let attempt = Attempt::begin(&group, 1, false).unwrap();
    attempt.cooled(Duration::from_secs(60), "busy");
    assert_eq!(order(&stage), [3, -3, -1]);
    // The last usable one is spared, and the first of the last resort.
    fail(&group, 3, 3);
    assert_eq!(order(&stage), [-4, -3, -1]);
}

#[test]
fn weighted_draws_by_weight_without_drawing_anybody_twice() {
    let mut stage = Stage::of(3);
    stage.strategy = Strategy::Weighted;
    stage.weights = vec![1, 2, 7];
    for (rolls, expected) in [
        ([0.0, 0.0, 0.0], [0, 1, 2]),
        ([0.09, 0.99, 0.0], [0, 2, 1]),
        ([0.1, 0.0, 0.0], [1, 0, 2]),
        ([0.3, 0.5, 0.0], [2, 1, 0]),
        ([0.999, 0.3, 0.0], [2, 0, 1]),
    ] {
        stage.surroundings.will_roll(rolls);
        assert_eq!(order(&stage), expected, "{rolls:?}");
    }
    // An even sweep over the dice gives shares that are the weights.
    let mut shares = HashMap::new();
    for step in 0..100 {
        stage
            .surroundings
            .will_roll([f64::from(step) / 100.0, 0.0, 0.0]);
        *shares.entry(order(&stage)[0]).or_insert(0) += 1;
    }
    assert_eq!(shares, HashMap::from([(0, 10), (1, 20), (2, 70)]));
}

#[test]
fn least_busy_counts_requests_over_weight() {
    let mut stage = Stage::of(3);
    stage.strategy = Strategy::LeastBusy;
    stage.weights = vec![1, 4, 1];
    let group = stage.group();
    assert_eq!(
        order(&stage),
        [0, 1, 2],
        "in the group's order while nobody is busy"
    );
    let _one = Attempt::begin(&group, 0, false).unwrap();
    let _two = Attempt::begin(&group, 1, false).unwrap();
    assert_eq!(order(&stage), [2, 1, 0]);
    let _three = Attempt::begin(&group, 2, false).unwrap();
    let _four = Attempt::begin(&group, 2, false).unwrap();
    assert_eq!(order(&stage), [1, 0, 2]);
}

#[test]
fn fastest_takes_the_faster_of_two_and_measures_who_was_never_measured() {
    let mut stage = Stage::of(3);
    stage.strategy = Strategy::Fastest;
    let group = stage.group();
    for (place, millis) in [(0, 300), (1, 100), (2, 200)] {
        let attempt = Attempt::begin(&group, place, false).unwrap();
        attempt.succeeded(Some(Duration::from_millis(millis)));
    }
    // Two different ones are drawn each time, whatever the dice show.
    for (rolls, first) in [
        ([0.0, 0.0], 1),
        ([0.0, 0.9], 2),
        ([0.5, 0.0], 1),
        ([0.9, 0.9], 1),
        ([0.9, 0.0], 2),
    ] {
        stage.surroundings.will_roll(rolls);
        assert_eq!(order(&stage)[0], first, "{rolls:?}");
    }
    // Smoothed: one slow answer does not turn the order.
    let attempt = Attempt::begin(&group, 1, false).unwrap();
    attempt.succeeded(Some(Duration::from_millis(500)));
    let smoothed = group.members[1].instance.health.first_byte();
    assert_eq!(smoothed, Some(Duration::from_millis(180)));

    let mut fresh = Stage::of(2);
    fresh.strategy = Strategy::Fastest;
    let attempt = Attempt::begin(&fresh.group(), 0, false).unwrap();
    attempt.succeeded(Some(Duration::from_millis(1)));
    assert_eq!(order(&fresh)[0], 1);
}

#[test]
fn the_preview_names_the_likeliest() {
    let mut stage = Stage::of(3);
    stage.weights = vec![1, 7, 2];
    for (strategy, expected) in [
        (Strategy::FirstAvailable, 0),
        (Strategy::Weighted, 1),
        (Strategy::LeastBusy, 0),
        (Strategy::Fastest, 2),
    ] {
        stage.strategy = strategy;
        let group = stage.group();
        for (place, millis) in [(0, 30), (1, 20), (2, 10)] {
            let attempt = Attempt::begin(&group, place, false).unwrap();
            attempt.succeeded(Some(Duration::from_millis(millis)));
        }
        let mut candidates =
            Candidates::new(Rules::from(&*group), Wanted::default(), &group.members);
        let first = candidates.next(stage.surroundings.now(), None, |_, _| {});
        assert_eq!(
            first.map(|first| first.place),
            Some(expected),
            "{strategy:?}"
        );
    }
}
