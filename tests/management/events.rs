//! Live events: what happened arrives, once, and as a `GET` shows it.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{EVENTS, GROUPS, INSTANCES, KEYS, instance, person};
use crate::gateway::{Pair, assert_answered};
use crate::support::App;
use crate::support::live::{Live, Told};
use crate::support::upstream::Reply;
use crate::support::wait::{soon, until};

/// A status without the numbers that change with each request.
fn meaning(status: &Value) -> Value {
    let mut status = status.clone();
    for number in ["checked_at", "latency_ms", "in_flight"] {
        let removed = status.as_object_mut().unwrap().remove(number);
        assert!(removed.is_some(), "{number} in {status}");
    }
    status
}

#[tokio::test]
async fn stream_is_announced_as_one_and_answers_to_get_alone() {
    let app = App::start().await;
    let admin = app.admin().await;
    let opened = admin.get(EVENTS).open().await;
    assert_eq!(opened.status(), 200);
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(opened.headers()[name], value, "{name}");
    }
    assert!(opened.headers().contains_key("x-request-id"));
    for method in ["HEAD", "POST", "DELETE"] {
        let refused = admin.call(method, EVENTS).await;
        let refused = refused.expect(405).expect_header("allow", "GET");
        assert_eq!(refused.header("cache-control"), Some("no-store"));
    }
    app.anonymous()
        .get(EVENTS)
        .await
        .problem(401, "unauthenticated");
    let key = app.key(&["gateway"]).await;
    key.get(EVENTS).await.problem(403, "forbidden");
}

#[tokio::test]
async fn what_a_failed_request_taught_arrives_as_a_get_shows_it() {
    let pair = Pair::start().await;
    let admin = pair.app.admin().await;
    let mut live = Live::open(&admin).await;
    assert_answered(&pair.ask().await, "first", 1);
    let (id, path) = (&pair.first_instance.id, &pair.first_instance.path);
    let up = live
        .until("the instance answered", |told| {
            told.is_status("instance.status", id) && told.data["status"]["state"] == "up"
        })
        .await;
    let shown = admin.get(path).await.expect(200).json();
    assert_eq!(meaning(&up.data["status"]), meaning(&shown["status"]));

    pair.first.always(Reply::close());
    assert_answered(&pair.ask().await, "second", 2);
    let failed = live
        .until("the instance failed", |told| {
            told.is_status("instance.status", id) && told.data["status"]["last_error"].is_string()
        })
        .await;
    let shown = admin.get(path).await.expect(200).json();
    assert_eq!(meaning(&failed.data["status"]), meaning(&shown["status"]));
}

#[tokio::test]
async fn numbers_of_a_busy_instance_are_told_seldom() {
    let pair = Pair::start().await;
    let mut live = Live::open(&pair.app.admin().await).await;
    let id = &pair.first_instance.id;
    let is_told = |told: &Told| told.is_status("instance.status", id);
    pair.ask().await;
    live.until("the instance answered", is_told).await;
    let told_at = std::time::Instant::now();
    // Busy until the numbers are told again.
    let busy = async {
        loop {
            pair.ask().await;
        }
    };
    let again = tokio::select! {
        again = live.all_until("the numbers", is_told) => again,
        () = busy => unreachable!(),
    };
    assert!(
        told_at.elapsed() >= Duration::from_millis(4500),
        "{again:?}"
    );
    let instance: Vec<_> = again.into_iter().filter(is_told).collect();
    assert_eq!(instance.len(), 1, "{instance:?}");
    assert_eq!(instance[0].data["status"]["state"], "up");
}

#[tokio::test]
async fn every_change_of_the_configuration_is_told_with_its_revision() {
    let app = App::start().await;
    let admin = app.admin().await;
    let mut live = Live::open(&admin).await;
    let mut revision = 0;
    let mut told = async |kind: &str, change: &str, id: &str| {
        let what = format!("{kind} {change}");
        let told = live.until(&what, |told| told.is_change(change, id)).await;
        assert_eq!(told.data["kind"], kind);
        let now = told.data["revision"].as_i64().unwrap();
        assert!(now > revision, "{told:?}");
        revision = now;
    };
    let id = |answer: Value| answer["id"].as_str().unwrap().to_owned();
    for (kind, path, body) in [
        ("model_instance", INSTANCES, instance("one")),
        ("model_group", GROUPS, json!({"name": "chat"})),
    ] {
        let made = id(admin.post(path, &body).await.expect(201).json());
        told(kind, "created", &made).await;
        let path = format!("{path}/{made}");
        let patch = json!({"description": "other"});
        admin.patch(&path, &patch).await.expect(200);
        told(kind, "updated", &made).await;
        admin.delete(&path).await.expect(204);
        told(kind, "deleted", &made).await;
    }
    let body = json!({"name": "k", "scopes": ["gateway"]});
    let made = id(admin.post(KEYS, &body).await.expect(201).json());
    told("api_key", "created", &made).await;
    let path = format!("{KEYS}/{made}");
    admin.call("DELETE", &path).await.expect(204);
    // It can still be read, as a key that was revoked.
    told("api_key", "updated", &made).await;
}

#[tokio::test]
async fn group_that_another_instance_answers_for_is_told() {
    let pair = Pair::start().await;
    let admin = pair.app.admin().await;
    let mut live = Live::open(&admin).await;
    let pause = json!({"enabled": false});
    let (instance, group) = (&pair.first_instance, &pair.group);
    admin.patch(&instance.path, &pause).await.expect(200);
    let told = live
        .until("the group's status", |told| {
            told.is_status("group.status", &group.id)
        })
        .await;
    assert_eq!(told.data["status"]["would_answer"]["name"], "second");
    let shown = admin.get(&group.path).await.expect(200).json();
    assert_eq!(told.data["status"], shown["status"]);
}

#[tokio::test]
async fn client_that_comes_back_gets_exactly_what_it_missed() {
    let app = App::start().await;
    let admin = app.admin().await;
    let mut live = Live::open(&admin).await;
    let make = async |name: &str| {
        let made = admin.post(GROUPS, &json!({"name": name})).await;
        made.expect(201).json()["id"].as_str().unwrap().to_owned()
    };
    let first = make("one").await;
    let known = live
        .until("the first group", |told| told.is_change("created", &first))
        .await;
    let mut witness = Live::after(&admin, Some(&known.id)).await;
    drop(live);
    let (second, third) = (make("two").await, make("three").await);
    let is_last = |told: &Told| told.is_status("group.status", &third);
    let missed = witness.all_until("the third group", is_last).await;
    for id in [&second, &third] {
        let created = missed.iter().filter(|told| told.is_change("created", id));
        assert_eq!(created.count(), 1, "{missed:?}");
    }

    let mut back = Live::after(&admin, Some(&known.id)).await;
    assert_eq!(back.all_until("what was missed", is_last).await, missed);
    // Nothing twice: what comes next is new.
    let fourth = make("four").await;
    let next = back.next().await.unwrap();
    assert!(next.is_change("created", &fourth), "{next:?}");
    let mut up_to_date = Live::after(&admin, Some(&missed.last().unwrap().id)).await;
    assert_eq!(up_to_date.next().await.unwrap(), next);
}

#[tokio::test]
async fn unknown_place_begins_anew() {
    let app = App::start().await;
    let admin = app.admin().await;
    let mut ids = vec!["nonsense".to_owned(), "-1".to_owned()];
    let mut stream = Live::after(&admin, None).await;
    let first = stream.next().await.unwrap();
    assert_eq!(first.event, "reset");
    let (process, number) = first.id.rsplit_once('-').unwrap();
    let later: u64 = number.parse::<u64>().unwrap() + 1000;
    ids.push(format!("{process}-{later}"));
    let other = App::start().await;
    let mut elsewhere = Live::after(&other.admin().await, None).await;
    ids.push(elsewhere.next().await.unwrap().id);
    for id in ids {
        let mut live = Live::after(&admin, Some(&id)).await;
        let told = live.next().await.unwrap();
        assert_eq!(told.event, "reset", "{id}");
    }
}

#[tokio::test]
async fn those_who_read_groups_hear_of_groups_alone() {
    let app = App::start().await;
    let (_, user) = person(&app, "user").await;
    let key = app.key(&["groups:read"]).await;
    let (admin, reader) = (app.admin().await, app.key(&["manage:read"]).await);
    let mut listeners = [Live::open(&user).await, Live::open(&key).await];
    let mut all = [Live::open(&admin).await, Live::open(&reader).await];
    let fields = json!({"description": "canary", "endpoint": {"host": "10.99.88.77"}});
    let instance = app.instance_with("one", 8123, fields).await;
    app.key(&["manage:read"]).await;
    let group = app.group("chat", [&instance]).await;
    let is_last = |told: &Told| told.is_status("group.status", &group.id);
    for live in &mut listeners {
        let seen = live.all_until("the group", is_last).await;
        let events: Vec<_> = seen.iter().map(|told| told.event.as_str()).collect();
        assert_eq!(events, ["config.changed", "group.status"], "{seen:?}");
        assert_eq!(seen[0].data["kind"], "model_group");
        let text = format!("{seen:?}");
        for hidden in ["10.99.88.77", "8123", "canary"] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
    for live in &mut all {
        let seen = live.all_until("the group", is_last).await;
        for kind in ["model_instance", "model_group", "api_key"] {
            assert!(
                seen.iter().any(|told| told.data["kind"] == kind),
                "{seen:?}"
            );
        }
        assert!(!format!("{seen:?}").contains("10.99.88.77"), "{seen:?}");
    }
}

#[tokio::test]
async fn one_who_does_not_read_holds_nobody_up() {
    let app = App::start().await;
    let admin = app.admin().await;
    let mut slow = Live::open(&admin).await;
    let mut quick = Live::open(&admin).await;
    let database = app.database().connect().await;
    let insert = "INSERT INTO api_keys (id, name, prefix, key_hash, scopes)
        SELECT gen_random_uuid(), $1, 'us-', sha256(($1 || n)::bytea), '{gateway}' FROM generate_series(1, 600) n";
    let mut read = Vec::new();
    for burst in ["a", "b", "c", "d"] {
        database.execute(insert, &[&burst]).await.unwrap();
        for _ in 0..600 {
            read.push(soon("the next of a burst", quick.next()).await.unwrap());
        }
    }
    assert!(read.iter().all(|told| told.event == "config.changed"));
    // What the slow one got is without a gap, however far its connection took it.
    let mut late = Vec::new();
    while late.len() < read.len() {
        match soon("what waits for the slow one", slow.next()).await {
            Some(told) => late.push(told),
            None => break,
        }
    }
    assert!(!late.is_empty());
    assert_eq!(late, read[..late.len()]);
}

#[tokio::test]
async fn change_made_by_one_process_is_told_by_the_other() {
    let app = App::start().await;
    let url = app.database().url();
    let other = App::builder().env("DATABASE_URL", &url).start().await;
    let admin = app.admin().await;
    let mut live = Live::open(&other.admin().await).await;
    let made = app.group("chat", []).await;
    let what = "a group that the other process made";
    live.until(what, |told| told.is_change("created", &made.id))
        .await;
    admin.delete(&made.path).await.expect(204);
    live.until("its end", |told| told.is_change("deleted", &made.id))
        .await;
}

#[tokio::test]
async fn going_down_ends_streams_at_once() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut app = App::start().await;
        let admin = app.admin().await;
        let mut live = Live::open(&admin).await;
        app.signal(signal);
        live.end(Duration::from_secs(2)).await;
        if signal == Signal::TERM {
            // Still accepting; a stream would be none for long.
            admin.get(EVENTS).await.problem(503, "unavailable");
        }
        assert_eq!(app.exit_code(Duration::from_secs(10)).await, Some(0));
    }
}

#[tokio::test]
async fn number_of_streams_of_a_caller_is_bounded() {
    let app = App::start().await;
    let (admin, key) = (app.admin().await, app.key(&["manage:read"]).await);
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(Live::open(&key).await);
    }
    let refused = key.get(EVENTS).await;
    refused.problem(429, "rate_limited");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{refused:?}");
    Live::open(&admin).await;
    streams.pop();
    until(Duration::from_secs(20), "there is room again", async || {
        (key.get(EVENTS).open().await.status() == 200).then_some(())
    })
    .await;
}
