use understudy_shared::{InstanceState, ReasonCode, TokenState};

use super::*;
use crate::gateway::breaker::Attempt;
use crate::gateway::breaker::attempt::Lane;
use crate::gateway::checks::Walked;
use crate::gateway::testing::Stage;

const BOUNDS: Bounds = Bounds { fall: 3, rise: 2 };
const GOOD_FOR: Duration = Duration::from_secs(40);

fn finding(verdict: Verdict) -> Finding {
    let (code, reason) = match verdict {
        Verdict::Failed => (ReasonCode::ConnectFailed, "connection refused"),
        _ => (ReasonCode::CheckPassed, ""),
    };
    Finding {
        verdict,
        code,
        reason: reason.to_owned(),
        took: Duration::from_millis(7),
        with_token: false,
        walked: Walked::default(),
    }
}

fn news(finding: &Finding) -> News<'_> {
    News {
        finding,
        bounds: BOUNDS,
        good_for: GOOD_FOR,
        alarmed: false,
        heard: None,
    }
}

fn check(stage: &Stage, verdict: Verdict) -> Option<Turn> {
    let group = stage.group();
    let finding = finding(verdict);
    group.members[0].instance.health.watched(&news(&finding)).1
}

fn shown(stage: &Stage) -> (InstanceState, String) {
    let status = stage.status(0);
    (status.state, status.code)
}

fn is_shown(stage: &Stage, state: InstanceState, code: &str) {
    assert_eq!(shown(stage), (state, code.to_owned()));
}

fn blocked(stage: &Stage) -> Option<ReasonCode> {
    let begun = Attempt::begin(&stage.group(), 0, false);
    begun.err().map(|block| block.code())
}

#[test]
fn a_dead_instance_goes_down_and_comes_back_and_says_so_in_words() {
    let stage = Stage::of(2);
    assert_eq!(check(&stage, Verdict::Passed), None);
    is_shown(&stage, InstanceState::Up, "check_passed");
    assert_eq!(stage.status(0).latency_ms, Some(7));
    assert_eq!(check(&stage, Verdict::Failed), None);
    is_shown(&stage, InstanceState::Up, "check_failed");
    assert_eq!(
        stage.status(0).reason,
        "it failed its last check (1 of 3 in a row take it down): connection refused"
    );
    assert_eq!(blocked(&stage), None);
    check(&stage, Verdict::Failed);
    assert_eq!(check(&stage, Verdict::Failed), Some(Turn::Fell));
    is_shown(&stage, InstanceState::Down, "down");
    let status = stage.status(0);
    assert_eq!(status.reason, "it fails its checks: connection refused");
    assert_eq!(status.last_error.as_deref(), Some("connection refused"));
    assert_eq!(status.retry_at, None);
    assert_eq!(blocked(&stage), Some(ReasonCode::Down));
    assert_eq!(check(&stage, Verdict::Passed), None);
    is_shown(&stage, InstanceState::Down, "recovering");
    assert_eq!(blocked(&stage), Some(ReasonCode::Down));
    assert_eq!(check(&stage, Verdict::Unverified), Some(Turn::Rose));
    is_shown(&stage, InstanceState::Up, "unverified");
    assert_eq!(stage.status(0).reason, "reachable, unverified");
    assert_eq!(blocked(&stage), None);
}

#[test]
fn an_instance_of_which_nothing_is_known_stays_unknown_until_it_falls() {
    let stage = Stage::of(1);
    check(&stage, Verdict::Failed);
    is_shown(&stage, InstanceState::Unknown, "check_failed");
}

#[test]
fn a_passed_check_moves_an_ejected_instance_to_its_probe_and_not_to_health() {
    let stage = Stage::of(2);
    let group = stage.group();
    for _ in 0..3 {
        Attempt::begin(&group, 0, false)
            .unwrap()
            .failed(ReasonCode::Http(500), "HTTP 500");
    }
    assert_eq!(blocked(&stage), Some(ReasonCode::Ejected));
    let passed = finding(Verdict::Passed);
    let health = &group.members[0].instance.health;
    // That the instance is there does not mean that the requests which failed are well.
    health.watched(&News {
        alarmed: true,
        ..news(&passed)
    });
    assert_eq!(blocked(&stage), Some(ReasonCode::Ejected));
    check(&stage, Verdict::Passed);
    let probe = Attempt::begin(&group, 0, false).unwrap();
    is_shown(&stage, InstanceState::Ejected, "ejected");
    assert_eq!(blocked(&stage), Some(ReasonCode::Ejected), "one probes");
    probe.failed(ReasonCode::Http(500), "HTTP 500");
    let left = stage.status(0).retry_at.unwrap() - stage.status(0).checked_at.unwrap();
    assert_eq!(left.num_seconds(), 10, "twice as long as the first time");
}

#[test]
fn an_ejected_instance_that_fails_its_checks_is_not_probed_when_its_pause_is_over() {
    let stage = Stage::of(2);
    let group = stage.group();
    for _ in 0..3 {
        Attempt::begin(&group, 0, false)
            .unwrap()
            .failed(ReasonCode::ConnectFailed, "connection refused");
        check(&stage, Verdict::Failed);
    }
    is_shown(&stage, InstanceState::Ejected, "ejected");
    stage.surroundings.pass(Duration::from_secs(6));
    is_shown(&stage, InstanceState::Down, "down");
    assert_eq!(blocked(&stage), Some(ReasonCode::Down));
    assert!(Attempt::begin(&group, 0, true).is_ok(), "the last resort");
    check(&stage, Verdict::Passed);
    check(&stage, Verdict::Passed);
    assert_eq!(blocked(&stage), None, "one probes");
}

#[test]
fn checks_that_pass_in_between_do_not_hide_requests_that_fail_in_a_row() {
    let stage = Stage::of(2);
    let group = stage.group();
    for _ in 0..3 {
        Attempt::begin(&group, 0, false)
            .unwrap()
            .failed(ReasonCode::Http(500), "HTTP 500");
        check(&stage, Verdict::Passed);
    }
    is_shown(&stage, InstanceState::Ejected, "ejected");
}

#[test]
fn an_answer_to_a_request_weighs_more_than_checks() {
    let stage = Stage::of(2);
    let group = stage.group();
    for _ in 0..3 {
        check(&stage, Verdict::Failed);
    }
    Attempt::begin(&group, 0, true)
        .unwrap()
        .succeeded(Some(GOOD_FOR));
    is_shown(&stage, InstanceState::Up, "answered");
    check(&stage, Verdict::Failed);
    check(&stage, Verdict::Failed);
    assert_eq!(blocked(&stage), None, "counted anew");
}

#[test]
fn a_refused_token_gets_another_chance_and_whoever_refuses_it_is_there() {
    let stage = Stage::of(1);
    let group = stage.group();
    let health = &group.members[0].instance.health;
    let refused = Finding {
        walked: Walked {
            refused: vec![0],
            ..Walked::default()
        },
        ..finding(Verdict::Refused)
    };
    for _ in 0..3 {
        health.watched(&news(&refused));
    }
    is_shown(&stage, InstanceState::AuthFailed, "auth_failed");
    let passed = Finding {
        with_token: true,
        walked: Walked {
            lane: Lane::default(),
            ..Walked::default()
        },
        ..finding(Verdict::Passed)
    };
    health.watched(&news(&passed));
    is_shown(&stage, InstanceState::Up, "check_passed");
    assert_eq!(health.token_state(0), TokenState::Ok);
}

#[test]
fn what_another_replica_counted_is_taken_over() {
    let stage = Stage::of(1);
    let group = stage.group();
    let health = &group.members[0].instance.health;
    let failed = finding(Verdict::Failed);
    let tally = Tally {
        failed: 5,
        passed: 0,
        down: true,
    };
    let at = DateTime::UNIX_EPOCH;
    let heard = News {
        heard: Some((tally, at)),
        ..news(&failed)
    };
    assert_eq!(health.watched(&heard), (tally, Some(Turn::Fell)));
    is_shown(&stage, InstanceState::Down, "down");
    assert_eq!(stage.status(0).checked_at, Some(at));
}

#[test]
fn checks_that_are_made_no_longer_keep_no_requests_away() {
    let stage = Stage::of(1);
    for _ in 0..3 {
        check(&stage, Verdict::Failed);
    }
    assert_eq!(blocked(&stage), Some(ReasonCode::Down));
    stage.group().members[0].instance.health.unwatched();
    assert_eq!(blocked(&stage), None);
    for _ in 0..3 {
        check(&stage, Verdict::Failed);
    }
    stage.surroundings.pass(GOOD_FOR);
    assert_eq!(blocked(&stage), None);
}
