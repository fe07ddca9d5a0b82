//! How much a key may ask: requests a minute, requests at the same time. At a limit nobody is asked, and nobody but the key notices.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CHAT, GROUP, Pair, assert_answered, chat, streamed_chat};
use crate::observability::Scrape;
use crate::support::client::{Answer, Client};
use crate::support::sse;
use crate::support::upstream::healthy::{content_event, finish_event};
use crate::support::upstream::{Gate, Reply};
use crate::support::wait::{SOON, until};

/// How soon what was given back can be used again, and a changed limit holds.
const PROMPTLY: Duration = Duration::from_secs(2);
const KEYS: &str = "/api/v1/api-keys";

/// Checks that the key is at a limit; the seconds to wait.
#[track_caller]
fn assert_limited(answer: &Answer) -> u64 {
    let error = answer.gateway_error(429, "rate_limited");
    assert_eq!(error["type"], "rate_limit_error", "{error}");
    assert_eq!(answer.header("x-understudy-attempts"), Some("0"));
    assert_eq!(answer.header("x-understudy-instance"), None);
    let seconds = answer.header("retry-after").expect("Retry-After");
    seconds.parse().expect("whole seconds")
}

async fn limited_key(pair: &Pair, limits: Value) -> Client {
    pair.app
        .key_with(&["gateway"], json!({"limits": limits}))
        .await
}

/// A stream that has begun and waits at the gate.
async fn begun(pair: &Pair, key: &Client, gate: &Gate) -> sse::EventStream {
    let slow = Reply::events([content_event("x")]).then_hold(gate);
    pair.first
        .next(slow.then_events([finish_event().to_string(), "[DONE]".to_owned()]));
    let opened = key.post(CHAT, &streamed_chat(GROUP)).open().await;
    assert_eq!(opened.status(), 200);
    let mut events = opened.events();
    assert_eq!(events.next_content().await, "x");
    events
}

async fn answers_again(key: &Client) {
    until(PROMPTLY, "its place is given back", async || {
        let answer = key.post(CHAT, &chat(GROUP)).await;
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn request_holds_its_place_until_its_end_in_every_phase() {
    let pair = Pair::start().await;
    let key = limited_key(&pair, json!({"max_concurrency": 1})).await;

    // A stream, until its end.
    let gate = Gate::closed();
    let mut stream = begun(&pair, &key, &gate).await;
    assert_eq!(assert_limited(&key.post(CHAT, &chat(GROUP)).await), 1);
    assert_limited(&key.post(CHAT, &streamed_chat(GROUP)).await);
    assert_answered(&pair.ask().await, "first", 1);
    key.get("/v1/models").await.expect(200);
    gate.open();
    assert!(stream.rest().await.last().expect("events").is_done());
    answers_again(&key).await;

    // A stream whose caller leaves.
    let stream = begun(&pair, &key, &Gate::closed()).await;
    assert_limited(&key.post(CHAT, &chat(GROUP)).await);
    drop(stream);
    answers_again(&key).await;

    // A stream that breaks off.
    let torn = Reply::events([content_event("x")]).then_reset();
    pair.first.next(torn);
    key.post(CHAT, &streamed_chat(GROUP)).await.expect(200);
    answers_again(&key).await;

    // A caller who leaves before anything came.
    for body in [chat(GROUP), streamed_chat(GROUP)] {
        let before = pair.first.requests().len();
        pair.first.next(Reply::hang());
        let asking = key.post(CHAT, &body).spawn();
        pair.first.arrived(before + 1).await;
        assert_limited(&key.post(CHAT, &chat(GROUP)).await);
        asking.abort();
        answers_again(&key).await;
    }

    // A request that is refused, and one that nobody answers.
    key.post(CHAT, &chat("nobody"))
        .await
        .gateway_error(404, "model_not_found");
    key.post(CHAT, &json!({}))
        .await
        .gateway_error(400, "invalid_request");
    for upstream in [&pair.first, &pair.second] {
        upstream.next(Reply::failure(500));
    }
    key.post(CHAT, &chat(GROUP))
        .await
        .gateway_error(502, "all_instances_failed");
    assert_answered(&key.post(CHAT, &chat(GROUP)).await, "first", 1);
}

#[tokio::test]
async fn key_that_has_made_its_requests_waits_and_no_other_key_does() {
    let pair = Pair::start().await;
    let key = limited_key(&pair, json!({"requests_per_minute": 2})).await;
    let other = limited_key(&pair, json!({"requests_per_minute": 2})).await;
    for _ in 0..2 {
        assert_answered(&key.post(CHAT, &chat(GROUP)).await, "first", 1);
    }
    // Before anything else of the request is looked at; whoever is refused does not count.
    for body in [chat(GROUP), streamed_chat(GROUP), json!({})] {
        let seconds = assert_limited(&key.post(CHAT, &body).await);
        assert!((1..=61).contains(&seconds) && seconds > 30, "{seconds}");
    }
    for _ in 0..2 {
        assert_answered(&other.post(CHAT, &chat(GROUP)).await, "first", 1);
    }
    assert_eq!(pair.first.requests().len(), 4, "nobody was asked");

    // It is the key's matter, not the instance's.
    let admin = pair.app.admin().await;
    let status = admin.get(&pair.first_instance.path).await.json()["status"].clone();
    assert_eq!(status["last_error"], Value::Null, "{status}");
    let scrape = Scrape::with(&pair.app.key(&["manage:read"]).await).await;
    let limited = |limit| scrape.get("understudy_key_limited_total", &[("limit", limit)]);
    assert_eq!(limited("requests_per_minute"), Some(3.0));
    assert_eq!(limited("max_concurrency"), Some(0.0));
    let failed = [("model_instance", "first"), ("outcome", "failed")];
    assert_eq!(scrape.get("understudy_attempts_total", &failed), None);

    // A raised limit holds at once, for what has been made already, too.
    set_limits(&pair, &key, json!({"requests_per_minute": 3})).await;
    until(PROMPTLY, "the limit is raised", async || {
        let answer = key.post(CHAT, &chat(GROUP)).await;
        (answer.status == 200).then_some(())
    })
    .await;
    assert_limited(&key.post(CHAT, &chat(GROUP)).await);
}

#[tokio::test]
async fn changed_limit_finds_what_is_under_way_and_leaves_it() {
    let pair = Pair::start().await;
    let key = limited_key(&pair, json!({})).await;
    let gate = Gate::closed();
    let mut stream = begun(&pair, &key, &gate).await;
    assert_answered(&key.post(CHAT, &chat(GROUP)).await, "first", 1);
    set_limits(&pair, &key, json!({"max_concurrency": 1})).await;
    until(PROMPTLY, "the limit holds", async || {
        let answer = key.post(CHAT, &chat(GROUP)).await;
        (answer.status == 429).then_some(())
    })
    .await;
    gate.open();
    let rest = stream.rest().await;
    assert!(rest.last().expect("events").is_done(), "the stream goes on");
    answers_again(&key).await;
}

#[tokio::test]
async fn use_of_a_key_is_noted_wherever_it_is_used() {
    let pair = Pair::start().await;
    let asking = limited_key(&pair, json!({})).await;
    assert_answered(&asking.post(CHAT, &chat(GROUP)).await, "first", 1);
    let admin = pair.app.admin().await;
    // Making a key for the tests asks for the models with it.
    let listing = limited_key(&pair, json!({})).await;
    let begun = chrono::Utc::now();
    for key in [asking, listing] {
        let path = path_of(&pair, &key).await;
        let (used, _) = until(SOON, "its use is noted", async || {
            let used = admin.get(&path).await.json()["last_used_at"].clone();
            used.as_str().map(str::to_owned)
        })
        .await;
        let used: chrono::DateTime<chrono::Utc> = used.parse().unwrap();
        assert!((used - begun).num_seconds().abs() <= 60, "{used}");
    }
}

async fn path_of(pair: &Pair, key: &Client) -> String {
    let keys = pair.app.admin().await.get(KEYS).await.expect(200).json();
    let prefix = |known: &Value| known["prefix"].as_str().unwrap_or_default().to_owned();
    let all = keys["items"].as_array().expect("a list");
    let mut mine = all
        .iter()
        .filter(|known| key.bearer().starts_with(&prefix(known)));
    format!(
        "{KEYS}/{}",
        mine.next().expect("it is there")["id"].as_str().unwrap()
    )
}

async fn set_limits(pair: &Pair, key: &Client, limits: Value) {
    let path = path_of(pair, key).await;
    let admin = pair.app.admin().await;
    admin
        .patch(&path, &json!({"limits": limits}))
        .await
        .expect(200);
}
