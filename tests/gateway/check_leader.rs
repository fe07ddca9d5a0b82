//! Among replicas one makes the checks, all know what it found, and another takes over when it dies.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::checks::{shown, status};
use super::{CHAT, GROUP, assert_answered, chat};
use crate::support::App;
use crate::support::client::Client;
use crate::support::upstream::{Reply, Upstream};
use crate::support::wait::{SOON, until};

const LEADS: &str = "this replica makes the checks";
const FOLLOWS: &str = "another replica makes the checks";

async fn replica_of(app: &App) -> App {
    let url = app.database().url();
    App::builder().env("DATABASE_URL", &url).start().await
}

async fn said(app: &App, words: &str) {
    until(SOON, words, async || {
        app.log().contains(words).then_some(())
    })
    .await;
}

fn every_second() -> Value {
    json!({"health_check": {"mode": "models", "interval_s": 1, "timeout_s": 2}})
}

fn checks(upstream: &Upstream) -> usize {
    let all = upstream.all_requests();
    all.iter().filter(|request| request.method == "GET").count()
}

#[tokio::test]
async fn one_replica_asks_and_both_know() {
    let leader = App::start().await;
    said(&leader, LEADS).await;
    let follower = replica_of(&leader).await;
    said(&follower, FOLLOWS).await;
    let mut upstream = Upstream::start("a");
    let instance = leader
        .instance_with("a", upstream.port(), every_second())
        .await;
    for app in [&leader, &follower] {
        let status = shown(app, &instance, "up", "check_passed").await;
        assert!(status["latency_ms"].is_u64(), "{status}");
    }
    let before = checks(&upstream);
    let (_, took) = until(SOON, "six more checks", async || {
        (checks(&upstream) >= before + 6).then_some(())
    })
    .await;
    // Two who ask would be there in half the time: six checks of one are at least 4.8 s apart in all, less what had passed already.
    assert!(took >= Duration::from_millis(3_900), "only {took:?}");

    upstream.kill().await;
    for app in [&leader, &follower] {
        let status = shown(app, &instance, "down", "down").await;
        assert_eq!(status["last_error"], "connection refused", "{status}");
    }
    // What is known now is known to whoever comes later.
    let late = replica_of(&leader).await;
    shown(&late, &instance, "down", "down").await;
    upstream.listen();
    for app in [&leader, &follower, &late] {
        shown(app, &instance, "up", "check_passed").await;
    }
}

#[tokio::test]
async fn another_replica_takes_over_when_the_leader_is_killed() {
    let mut leader = App::start().await;
    said(&leader, LEADS).await;
    let follower = replica_of(&leader).await;
    said(&follower, FOLLOWS).await;
    let mut upstream = Upstream::start("a");
    let instance = leader
        .instance_with("a", upstream.port(), every_second())
        .await;
    shown(&follower, &instance, "up", "check_passed").await;
    leader.signal(Signal::KILL);
    leader.exit_code(SOON).await;
    said(&follower, LEADS).await;
    let before = checks(&upstream);
    until(SOON, "it is checked again", async || {
        (checks(&upstream) > before).then_some(())
    })
    .await;
    upstream.kill().await;
    shown(&follower, &instance, "down", "down").await;
}

#[tokio::test]
async fn another_replica_takes_over_when_the_leader_is_frozen() {
    let leader = App::start().await;
    said(&leader, LEADS).await;
    let follower = replica_of(&leader).await;
    said(&follower, FOLLOWS).await;
    leader.signal(Signal::STOP);
    until(Duration::from_secs(30), "it takes over", async || {
        follower.log().contains(LEADS).then_some(())
    })
    .await;
    leader.signal(Signal::CONT);
    said(&leader, FOLLOWS).await;
}

#[tokio::test]
async fn checks_go_on_without_the_database_and_one_replica_makes_them_when_it_is_back() {
    let app = App::start().await;
    said(&app, LEADS).await;
    let other = replica_of(&app).await;
    said(&other, FOLLOWS).await;
    let mut upstream = Upstream::start("a");
    let checked = app
        .instance_with("a", upstream.port(), every_second())
        .await;
    app.group(GROUP, [&checked]).await;
    let near = app.gateway().await;
    let far = other.anonymous().with_bearer(near.bearer());
    shown(&app, &checked, "up", "check_passed").await;
    let is_available = async |caller: &Client, wanted: bool| {
        until(SOON, "the list of models says so", async || {
            let models = caller.get("/v1/models").await;
            let known = models.status == 200 && models.json()["data"][0]["available"] == wanted;
            known.then_some(())
        })
        .await;
    };
    for caller in [&near, &far] {
        is_available(caller, true).await;
    }
    app.database().go_away().await;
    upstream.kill().await;
    for caller in [&near, &far] {
        is_available(caller, false).await;
    }
    upstream.listen();
    for caller in [&near, &far] {
        is_available(caller, true).await;
    }
    app.database().come_back().await;
    until(SOON, "one of them leads again", async || {
        let count = |app: &App| app.log().matches(LEADS).count();
        (count(&app) + count(&other) == 2).then_some(())
    })
    .await;
    for app in [&app, &other] {
        until(SOON, "both know", async || {
            let admin = app.admin().await;
            let answer = admin.get(&checked.path).await;
            (answer.status == 200 && answer.json()["status"]["state"] == "up").then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn replica_that_sees_a_request_fail_checks_by_itself() {
    let leader = App::start().await;
    said(&leader, LEADS).await;
    let follower = replica_of(&leader).await;
    said(&follower, FOLLOWS).await;
    let (first, second) = (Upstream::start("first"), Upstream::start("second"));
    let seldom = json!({"health_check": {"mode": "models", "interval_s": 86400}});
    let checked = leader.instance_with("first", first.port(), seldom).await;
    let plain = leader.instance("second", &second).await;
    leader.group(GROUP, [&checked, &plain]).await;
    let caller = follower.gateway().await;
    shown(&follower, &checked, "up", "check_passed").await;
    assert_eq!(checks(&first), 1);
    first.always(Reply::failure(500));
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "second", 2);
    until(SOON, "one more check", async || {
        (checks(&first) == 2).then_some(())
    })
    .await;
    // What requests taught the one, the other does not know.
    first.recover();
    for _ in 0..2 {
        first.next(Reply::failure(500));
        assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "second", 2);
    }
    let ejected = status(&follower, &checked).await;
    assert_eq!(ejected["state"], "ejected", "{ejected}");
    assert_eq!(status(&leader, &checked).await["state"], "up");
}

#[tokio::test]
async fn what_costs_money_is_not_asked_again_within_the_hour_whatever_is_switched_or_restarted() {
    let mut app = App::start().await;
    let upstream = Upstream::start("a");
    let chat = json!({"health_check": {"mode": "chat"}});
    let instance = app.instance_with("a", upstream.port(), chat.clone()).await;
    let paid = || upstream.requests().len();
    shown(&app, &instance, "up", "check_passed").await;
    // Neither after it was not checked at all, nor after it was checked otherwise.
    let other = json!({"health_check": {"mode": "models", "interval_s": 86400}});
    let off = json!({"health_check": {"mode": "off"}});
    let admin = app.admin().await;
    for change in [&off, &chat, &other] {
        admin.patch(&instance.path, change).await.expect(200);
        app.settled().await;
    }
    until(SOON, "it is checked otherwise", async || {
        (checks(&upstream) == 1).then_some(())
    })
    .await;
    shown(&app, &instance, "up", "check_passed").await;
    assert_eq!(paid(), 1);
    app.signal(Signal::KILL);
    app.exit_code(SOON).await;

    // By a process that never knew of it.
    let mut next = replica_of(&app).await;
    said(&next, LEADS).await;
    let admin = next.admin().await;
    admin.patch(&instance.path, &chat).await.expect(200);
    let witness = Upstream::start("witness");
    let seen = next
        .instance_with("witness", witness.port(), every_second())
        .await;
    shown(&next, &seen, "up", "check_passed").await;
    assert_eq!(paid(), 1);
    next.signal(Signal::KILL);
    next.exit_code(SOON).await;

    // An hour later.
    let database = app.database().connect().await;
    let statement = "UPDATE paid_checks SET at = at - interval '1 hour'";
    assert_eq!(database.execute(statement, &[]).await.unwrap(), 1);
    let last = replica_of(&app).await;
    shown(&last, &instance, "up", "check_passed").await;
    assert_eq!(paid(), 2);
}
