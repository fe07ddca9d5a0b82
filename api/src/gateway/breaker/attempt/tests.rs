use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};

use understudy_shared::{CheckCode, CheckResult, InstanceState, Limits, TokenState};

use super::*;
use crate::gateway::breaker::gate::FAILURES;
use crate::gateway::checks::Walked;
use crate::gateway::testing::Stage;

const SECOND: Duration = Duration::from_secs(1);

fn begin(group: &Arc<Group>, place: usize) -> Attempt {
    Attempt::begin(group, place, false).unwrap()
}

fn blocked(group: &Arc<Group>, place: usize) -> ReasonCode {
    Attempt::begin(group, place, false).unwrap_err().code()
}

fn fail(group: &Arc<Group>, place: usize) {
    begin(group, place).failed(ReasonCode::ConnectFailed, "connection refused");
}

fn eject(group: &Arc<Group>, place: usize) {
    for _ in 0..FAILURES {
        fail(group, place);
    }
}

#[test]
fn an_ejected_instance_is_left_alone_and_says_why() {
    let stage = Stage::of(2);
    let group = stage.group();
    fail(&group, 0);
    let status = stage.status(0);
    assert_eq!(
        (status.state, &*status.code),
        (InstanceState::Unknown, "connect_failed")
    );
    fail(&group, 0);
    fail(&group, 0);
    assert_eq!(blocked(&group, 0), ReasonCode::Ejected);
    let status = stage.status(0);
    assert_eq!(
        (status.state, &*status.code),
        (InstanceState::Ejected, "ejected")
    );
    assert_eq!(
        status.reason,
        "it failed several times in a row: connection refused"
    );
    let pause = status.retry_at.unwrap() - status.since;
    assert_eq!(pause.num_seconds(), 5);
    // Shown as ejected until a request has found out.
    stage.surroundings.pass(5 * SECOND);
    assert_eq!(stage.status(0).state, InstanceState::Ejected);
    assert_eq!(stage.status(0).retry_at, None);
    begin(&group, 0).succeeded(Some(SECOND));
    let status = stage.status(0);
    assert_eq!(
        (status.state, &*status.code),
        (InstanceState::Up, "answered")
    );
    assert_eq!(status.latency_ms, Some(1000));
}

#[test]
fn exactly_one_of_many_requests_at_once_probes() {
    let stage = Stage::of(2);
    let group = stage.group();
    eject(&group, 0);
    stage.surroundings.pass(5 * SECOND);
    for round in 0..50 {
        let probes = AtomicU32::new(0);
        let (all, done) = (Barrier::new(8), Barrier::new(8));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    all.wait();
                    let attempt = Attempt::begin(&group, 0, false);
                    probes.fetch_add(u32::from(attempt.is_ok()), Ordering::Relaxed);
                    // Nobody gives a place back before everybody has asked for one.
                    done.wait();
                });
            }
        });
        // Each probe's caller left, so the next round has a probe again.
        assert_eq!(probes.into_inner(), 1, "round {round}");
    }
}

#[test]
fn a_caller_who_leaves_counts_against_nobody() {
    let stage = Stage::of(2);
    let group = stage.group();
    for _ in 0..5 {
        let attempt = begin(&group, 0);
        assert_eq!(stage.status(0).in_flight, 1);
        drop(attempt);
    }
    let status = stage.status(0);
    assert_eq!(
        (status.in_flight, status.state),
        (0, InstanceState::Unknown)
    );
    assert_eq!(status.code, "not_asked");
}

#[test]
fn the_only_usable_member_is_shown_as_down_and_never_ejected() {
    let mut stage = Stage::of(2);
    stage.instances[1].drill = Some(stage.drill(120));
    let group = stage.group();
    eject(&group, 0);
    let status = stage.status(0);
    assert_eq!((status.state, &*status.code), (InstanceState::Down, "down"));
    assert!(Attempt::begin(&group, 0, true).is_ok());
    // Once the other is back, failing again ejects.
    stage.surroundings.pass(121 * SECOND);
    fail(&group, 0);
    assert_eq!(stage.status(0).state, InstanceState::Ejected);
}

#[test]
fn an_instance_that_asked_for_a_pause_cools_and_comes_back() {
    let stage = Stage::of(2);
    let group = stage.group();
    begin(&group, 0).succeeded(Some(SECOND));
    let other = begin(&group, 0);
    begin(&group, 0).cooled(20 * SECOND, "it is over its rate limit (HTTP 429)");
    other.cooled(5 * SECOND, "it is over its rate limit (HTTP 429)");
    let status = stage.status(0);
    assert_eq!(
        (status.state, &*status.code),
        (InstanceState::Cooling, "cooling")
    );
    assert_eq!((status.retry_at.unwrap() - status.since).num_seconds(), 20);
    assert_eq!(blocked(&group, 0), ReasonCode::Cooling);
    assert!(Attempt::begin(&group, 0, true).is_err(), "nobody forces it");
    let ends = status.retry_at;
    stage.surroundings.pass(20 * SECOND);
    let status = stage.status(0);
    assert_eq!(
        (status.state, Some(status.since)),
        (InstanceState::Up, ends)
    );
    drop(begin(&group, 0));
}

#[test]
fn tokens_are_used_in_order_and_the_last_one_out_takes_the_instance_along() {
    let mut stage = Stage::of(2);
    let connection = &mut stage.instances[0].connection;
    *connection = crate::gateway::testing::connection(connection.id, "pool", 2);
    let group = stage.group();
    let mut attempt = begin(&group, 0);
    assert_eq!(attempt.lane().token, 0);
    assert!(attempt.token_refused("it refuses its token"));
    assert_eq!(attempt.lane().token, 1);
    attempt.succeeded(None);
    let health = &group.members[0].instance.health;
    assert_eq!(health.token_state(0), TokenState::Invalid);
    assert_eq!(health.token_state(1), TokenState::Ok);
    assert_eq!(stage.status(0).state, InstanceState::Up);

    let mut attempt = begin(&group, 0);
    assert_eq!(attempt.lane().token, 1, "the refused one is not used again");
    assert!(!attempt.token_exhausted("the quota of its token is used up"));
    attempt.declined("the quota of its token is used up");
    let status = stage.status(0);
    assert_eq!(status.state, InstanceState::Cooling);
    assert_eq!((status.retry_at.unwrap() - status.since).num_seconds(), 600);
    stage.surroundings.pass(600 * SECOND);
    let mut attempt = begin(&group, 0);
    assert!(!attempt.token_refused("it refuses its token"));
    attempt.declined("it refuses its token");
    assert_eq!(blocked(&group, 0), ReasonCode::AuthFailed);
    assert_eq!(stage.status(0).state, InstanceState::AuthFailed);
}

#[test]
fn changed_connection_settings_drop_what_is_known_and_other_changes_do_not() {
    let mut stage = Stage::of(2);
    eject(&stage.group(), 0);
    stage.instances[0].connection.limits.max_concurrency = Some(7);
    assert_eq!(blocked(&stage.group(), 0), ReasonCode::Ejected);
    stage.instances[0].connection.endpoint.port = 2;
    let group = stage.group();
    assert_eq!(stage.status(0).state, InstanceState::Unknown);
    drop(begin(&group, 0));
}

#[test]
fn at_its_limit_of_requests_at_once_an_instance_is_skipped_and_not_failed() {
    let limits = Limits {
        max_concurrency: Some(2),
        requests_per_minute: None,
    };
    let stage = Stage::of(2).limited(0, limits);
    let group = stage.group();
    let first = begin(&group, 0);
    let second = begin(&group, 0);
    assert_eq!(blocked(&group, 0), ReasonCode::AtLimit);
    assert!(Attempt::begin(&group, 0, true).is_err());
    assert_eq!(stage.status(0).in_flight, 2);
    drop(first);
    drop(begin(&group, 0));
    second.succeeded(None);
    assert_eq!(stage.status(0).in_flight, 0);
    assert_eq!(stage.status(0).state, InstanceState::Up);
}

#[test]
fn no_more_than_the_limit_of_requests_a_minute_are_let_in() {
    let limits = Limits {
        max_concurrency: None,
        requests_per_minute: Some(2),
    };
    let stage = Stage::of(2).limited(0, limits);
    let group = stage.group();
    drop(begin(&group, 0));
    stage.surroundings.pass(30 * SECOND);
    drop(begin(&group, 0));
    assert_eq!(blocked(&group, 0), ReasonCode::AtLimit);
    stage.surroundings.pass(30 * SECOND);
    assert_eq!(
        blocked(&group, 0),
        ReasonCode::AtLimit,
        "the first was not a minute ago"
    );
    stage.surroundings.pass(SECOND);
    drop(begin(&group, 0));
    assert_eq!(blocked(&group, 0), ReasonCode::AtLimit);
}

#[test]
fn a_check_that_passes_brings_refused_tokens_back_and_half_opens() {
    let stage = Stage::of(2);
    let group = stage.group();
    let id = stage.instances[0].connection.id;
    let mut attempt = begin(&group, 0);
    attempt.token_refused("it refuses its token");
    attempt.declined("it refuses its token");
    assert_eq!(stage.status(0).state, InstanceState::AuthFailed);
    stage.board.checked(id, &check(true), &Walked::default());
    let status = stage.status(0);
    assert_eq!(
        (status.state, &*status.code),
        (InstanceState::Up, "check_passed")
    );

    eject(&group, 0);
    stage.board.checked(id, &check(true), &Walked::default());
    assert_eq!(
        stage.status(0).state,
        InstanceState::Ejected,
        "half-open, not healthy"
    );
    let probe = begin(&group, 0);
    assert_eq!(blocked(&group, 0), ReasonCode::Ejected);
    probe.succeeded(None);
    assert_eq!(stage.status(0).state, InstanceState::Up);
}

#[test]
fn a_check_that_fails_takes_the_instance_down_for_a_while() {
    let stage = Stage::of(2);
    let group = stage.group();
    let id = stage.instances[0].connection.id;
    stage.board.checked(id, &check(false), &Walked::default());
    let status = stage.status(0);
    assert_eq!((status.state, &*status.code), (InstanceState::Down, "down"));
    assert_eq!(blocked(&group, 0), ReasonCode::Down);
    stage.surroundings.pass(30 * SECOND);
    begin(&group, 0).succeeded(None);
    assert_eq!(stage.status(0).state, InstanceState::Up);
}

fn check(ok: bool) -> CheckResult {
    CheckResult {
        ok,
        reason: "Because.".to_owned(),
        code: CheckCode::Ok { found: None },
        duration_ms: 3,
        steps: Vec::new(),
        models: Vec::new(),
    }
}
