//! Who is passed over without a failure: at its limits, without the endpoint, with a context that is declared too small.

use serde_json::json;

use super::{CHAT, GROUP, Pair, assert_answered, assert_failed, chat, streamed_chat};
use crate::support::App;
use crate::support::upstream::healthy::content_event;
use crate::support::upstream::{Gate, Reply, Upstream};

#[tokio::test]
async fn instance_that_answers_as_many_requests_as_it_may_is_skipped_and_not_failed() {
    let pair = Pair::with(json!({"limits": {"max_concurrency": 1}}), json!({})).await;
    let gate = Gate::closed();
    let slow = Reply::events([content_event("hello from first")]);
    pair.first
        .next(slow.then_hold(&gate).then_events(["[DONE]"]));
    let answering = pair.caller.post(CHAT, &streamed_chat(GROUP)).spawn();
    pair.first.arrived(1).await;
    assert_answered(&pair.ask().await, "second", 1);
    let admin = pair.app.admin().await;
    let status = admin.get(&pair.first_instance.path).await.json()["status"].clone();
    assert_eq!(
        (&status["in_flight"], &status["last_error"]),
        (&json!(1), &json!(null))
    );
    let preview = admin
        .get(&format!("{}/preview", pair.group.path))
        .await
        .json();
    assert_eq!(preview["members"][0]["code"], "at_limit", "{preview}");
    gate.open();
    answering.await.unwrap().unwrap();
    assert_answered(&pair.ask().await, "first", 1);
}

#[tokio::test]
async fn group_whose_members_are_all_at_their_limit_is_429_with_a_second() {
    let app = App::start().await;
    let upstream = Upstream::start("a");
    let fields = json!({"limits": {"requests_per_minute": 2}});
    let instance = app.instance_with("a", upstream.port(), fields).await;
    app.group(GROUP, [&instance]).await;
    let caller = app.gateway().await;
    for _ in 0..2 {
        assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "a", 1);
    }
    let answer = caller.post(CHAT, &chat(GROUP)).await;
    assert_failed(&answer, 429, "rate_limited", 0);
    assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
    assert_eq!(upstream.requests().len(), 2);
    // Limits are no connection settings: what was counted counts on.
    let admin = app.admin().await;
    let more = json!({"limits": {"requests_per_minute": 3}});
    admin.patch(&instance.path, &more).await.expect(200);
    app.settled().await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "a", 1);
    assert_failed(
        &caller.post(CHAT, &chat(GROUP)).await,
        429,
        "rate_limited",
        0,
    );
}

#[tokio::test]
async fn instance_without_the_endpoint_is_skipped() {
    let chat_only = json!({"capabilities": {"endpoints": ["chat"]}});
    let pair = Pair::with(chat_only, json!({})).await;
    let body = json!({"model": GROUP, "input": "Hi"});
    let answer = pair.caller.post("/v1/embeddings", &body).await;
    assert_eq!(
        answer.header("x-understudy-instance"),
        Some("second"),
        "{answer:?}"
    );
    assert_eq!(
        answer.header("x-understudy-attempts"),
        Some("1"),
        "{answer:?}"
    );
    assert_answered(&pair.ask().await, "first", 1);
    pair.app.group("chats", [&pair.first_instance]).await;
    pair.app.settled().await;
    let body = json!({"model": "chats", "input": "Hi"});
    let answer = pair.caller.post("/v1/embeddings", &body).await;
    answer.gateway_error(503, "no_instance_available");
    assert_eq!(
        answer.header("x-understudy-attempts"),
        Some("0"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn instance_whose_declared_context_is_surely_too_small_is_skipped() {
    let small = json!({"capabilities": {"context_length": 1000}});
    let pair = Pair::with(small, json!({})).await;
    let long = |group: &str| {
        let text = "a long story ".repeat(1000);
        json!({"model": group, "messages": [{"role": "user", "content": text}]})
    };
    assert_answered(&pair.caller.post(CHAT, &long(GROUP)).await, "second", 1);
    assert_answered(&pair.ask().await, "first", 1);
    pair.app.group("small", [&pair.first_instance]).await;
    pair.app.settled().await;
    let answer = pair.caller.post(CHAT, &long("small")).await;
    answer.gateway_error(400, "context_length_exceeded");
    assert_eq!(
        answer.header("x-understudy-attempts"),
        Some("0"),
        "{answer:?}"
    );
    assert_eq!(pair.first.requests().len(), 1);
}

#[tokio::test]
async fn of_mixed_reasons_the_one_that_passes_soonest_is_told() {
    let small = json!({
        "capabilities": {"context_length": 10}, "limits": {"requests_per_minute": 1},
    });
    let pair = Pair::with(small, json!({})).await;
    let admin = pair.app.admin().await;
    let change = json!({"enabled": false});
    admin
        .patch(&pair.second_instance.path, &change)
        .await
        .expect(200);
    pair.app.settled().await;
    let long = json!({"model": GROUP, "messages": [{"role": "user", "content": "x".repeat(5000)}]});
    let answer = pair.caller.post(CHAT, &long).await;
    assert_failed(&answer, 400, "context_length_exceeded", 0);
    let change = json!({"enabled": true, "limits": {"requests_per_minute": 1}});
    admin
        .patch(&pair.second_instance.path, &change)
        .await
        .expect(200);
    pair.app.settled().await;
    assert_answered(&pair.caller.post(CHAT, &long).await, "second", 1);
    let answer = pair.caller.post(CHAT, &long).await;
    assert_failed(&answer, 429, "rate_limited", 0);
}
