//! How many instances one request may be sent to, and for how long.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{CHAT, GROUP, assert_answered, assert_failed, chat};
use crate::support::App;
use crate::support::client::Client;
use crate::support::upstream::{Reply, Upstream};

/// A service with one group of these backends, in this order.
async fn group_of(upstreams: &[&Upstream], fields: Value) -> (App, Client) {
    let app = App::start().await;
    let mut instances = Vec::new();
    for upstream in upstreams {
        instances.push(app.instance(upstream.name(), upstream).await);
    }
    app.group_with(GROUP, &instances, fields).await;
    let caller = app.gateway().await;
    (app, caller)
}

fn failing(name: &str) -> Upstream {
    let upstream = Upstream::start(name);
    upstream.always(Reply::failure(500));
    upstream
}

#[tokio::test]
async fn refused_connections_walk_the_whole_group() {
    let refusing: Vec<Upstream> = (0..6)
        .map(|n| Upstream::refusing(&format!("dead-{n}")))
        .collect();
    let last = Upstream::start("last");
    let mut all: Vec<&Upstream> = refusing.iter().collect();
    all.push(&last);
    let (_app, caller) = group_of(&all, json!({"max_attempts": 1})).await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "last", 7);
}

#[tokio::test]
async fn three_instances_are_asked_unless_the_group_says_otherwise() {
    let [a, b, c] = ["a", "b", "c"].map(failing);
    let last = Upstream::start("last");
    let (_app, caller) = group_of(&[&a, &b, &c, &last], json!({})).await;
    let answer = caller.post(CHAT, &chat(GROUP)).await;
    assert_failed(&answer, 502, "all_instances_failed", 3);
    assert_eq!(
        [&a, &b, &c].map(|upstream| upstream.requests().len()),
        [1, 1, 1]
    );
    assert!(last.all_requests().is_empty());
}

#[tokio::test]
async fn max_attempts_counts_requests_that_were_sent() {
    let [dead, also_dead] = ["dead", "also-dead"].map(Upstream::refusing);
    let broken = failing("broken");
    let last = Upstream::start("last");
    let all = [&dead, &broken, &also_dead, &last];
    let (app, caller) = group_of(&all, json!({"max_attempts": 2})).await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "last", 4);

    let admin = app.admin().await;
    let groups = admin.get("/api/v1/model-groups").await.expect(200).json();
    let path = format!(
        "/api/v1/model-groups/{}",
        groups["items"][0]["id"].as_str().unwrap()
    );
    admin
        .patch(&path, &json!({"max_attempts": 1}))
        .await
        .expect(200);
    app.settled().await;
    let answer = caller.post(CHAT, &chat(GROUP)).await;
    assert_failed(&answer, 502, "all_instances_failed", 2);
    assert_eq!(last.requests().len(), 1, "not asked again");
}

#[tokio::test]
async fn more_attempts_reach_further() {
    let broken: Vec<Upstream> = (0..5).map(|n| failing(&format!("broken-{n}"))).collect();
    let last = Upstream::start("last");
    let mut all: Vec<&Upstream> = broken.iter().collect();
    all.push(&last);
    let (_app, caller) = group_of(&all, json!({"max_attempts": 6})).await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "last", 6);
}

#[tokio::test]
async fn instance_that_stalls_is_given_up_on_when_the_groups_deadline_ends() {
    let [stalling, also_stalling] = ["stalling", "also-stalling"].map(Upstream::start);
    stalling.always(Reply::hang());
    also_stalling.always(Reply::hang());
    let last = Upstream::start("last");
    let all = [&stalling, &also_stalling, &last];
    let (_app, caller) = group_of(&all, json!({"deadline_ms": 1000})).await;
    let asked = Instant::now();
    // The first takes all the time there is; the second gets none, and the last one left keeps its own limits.
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "last", 2);
    assert!(
        asked.elapsed() >= Duration::from_millis(900),
        "{:?}",
        asked.elapsed()
    );
    assert!(
        asked.elapsed() < Duration::from_secs(4),
        "{:?}",
        asked.elapsed()
    );
    assert!(also_stalling.all_requests().is_empty());
}

#[tokio::test]
async fn only_instance_keeps_its_own_limits_beyond_the_groups_deadline() {
    let slow = Upstream::start("slow");
    slow.next(
        Reply::json(
            200,
            &json!({"choices": [{"message": {"content": "hello from slow"}}]}),
        )
        .delayed(Duration::from_millis(1500)),
    );
    let (_app, caller) = group_of(&[&slow], json!({"deadline_ms": 1000})).await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "slow", 1);
}

#[tokio::test]
async fn no_instance_is_asked_twice_by_one_request() {
    let [a, b] = ["a", "b"].map(failing);
    let (_app, caller) = group_of(&[&a, &b], json!({"max_attempts": 20})).await;
    assert_failed(
        &caller.post(CHAT, &chat(GROUP)).await,
        502,
        "all_instances_failed",
        2,
    );
    assert_eq!([&a, &b].map(|upstream| upstream.requests().len()), [1, 1]);
}
