//! The commit gate of streams: what commits to an instance, what does not, and that everything before moves on unseen.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{CHAT, GROUP, Pair, assert_answered, assert_failed, streamed_chat};
use crate::support::sse;
use crate::support::upstream::healthy::{chat_event, content_event, finish_event, role_event};
use crate::support::upstream::{Gate, MODEL, Reply};

/// Events that promise nothing yet.
fn preamble() -> Vec<Value> {
    vec![
        role_event(),
        chat_event(&json!(MODEL), &json!({}), &Value::Null),
        chat_event(&json!(MODEL), &json!({"content": null}), &Value::Null),
        chat_event(&json!(MODEL), &json!({"content": ""}), &Value::Null),
        chat_event(&json!(MODEL), &json!({"tool_calls": []}), &Value::Null),
        json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": MODEL, "choices": []}),
    ]
}

/// How a stream can break after its preamble.
fn breaks() -> Vec<Reply> {
    let begun = || Reply::events(preamble());
    vec![
        begun().then_close(),
        begun().then_reset(),
        // A proper end of the body, and neither a finish nor `[DONE]`.
        begun(),
        begun().then_events(["[DONE]"]),
        begun().then_events([json!({"error": {"message": "something broke"}})]),
        begun().then_send("event: error\ndata: {\"message\":\"something broke\"}\n\n"),
        begun().then_send(": ping\n\n").then_close(),
    ]
}

#[tokio::test]
async fn failure_before_the_first_content_moves_on_unseen() {
    let pair = Pair::start().await;
    for reply in breaks() {
        pair.first.next(reply.clone());
        let answer = pair.ask_streamed().await;
        assert_eq!(
            answer.header("x-understudy-instance"),
            Some("second"),
            "{reply:?}: {answer:?}"
        );
        assert_answered(&answer, "second", 2);
        assert!(
            !answer.text().contains("something broke"),
            "{reply:?}: {answer:?}"
        );
        // A good answer in between, so that the failures are not in a row.
        assert_answered(&pair.ask_streamed().await, "first", 1);
    }
}

#[tokio::test]
async fn role_comments_and_pings_commit_to_nothing_when_first_stalls_after_them() {
    let pair = Pair::with(json!({"timeouts": {"first_byte_ms": 400}}), json!({})).await;
    pair.first.next(
        Reply::events(preamble())
            .then_send(": ping\n\n")
            .then_hang(),
    );
    let asked = Instant::now();
    assert_answered(&pair.ask_streamed().await, "second", 2);
    assert!(asked.elapsed() >= Duration::from_millis(400));
}

#[tokio::test]
async fn endless_keepalive_comments_do_not_keep_the_caller_waiting() {
    let pair = Pair::with(json!({"timeouts": {"first_byte_ms": 500}}), json!({})).await;
    let mut endless = Reply::event_bytes(": keepalive\n\n");
    for _ in 0..200 {
        endless = endless
            .then_pause(Duration::from_millis(50))
            .then_send(": keepalive\n\n");
    }
    pair.first.next(endless);
    let asked = Instant::now();
    assert_answered(&pair.ask_streamed().await, "second", 2);
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test]
async fn more_than_64_kib_without_content_is_a_failure() {
    let pair = Pair::start().await;
    let mut filler = role_event();
    filler["padding"] = json!("x".repeat(1000));
    pair.first.next(Reply::events(vec![filler; 80]).then_hang());
    assert_answered(&pair.ask_streamed().await, "second", 2);
}

#[tokio::test]
async fn status_is_held_until_the_first_content() {
    let pair = Pair::start().await;
    let gate = Gate::closed();
    let hello = content_event("hello from first");
    pair.first.next(
        Reply::events([role_event()])
            .then_hold(&gate)
            .then_events([hello, finish_event()])
            .then_events(["[DONE]"]),
    );
    let asking = pair.caller.post(CHAT, &streamed_chat(GROUP)).spawn();
    pair.first.arrived(1).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!asking.is_finished());
    gate.open();
    let answer = asking.await.unwrap().expect("an answer");
    assert_answered(&answer, "first", 1);
    let first = answer.events()[0].json();
    assert_eq!(
        first["choices"][0]["delta"]["role"], "assistant",
        "what was held is not lost"
    );
}

#[tokio::test]
async fn content_reaches_the_caller_at_once() {
    let pair = Pair::start().await;
    let gate = Gate::closed();
    pair.first.next(
        Reply::events([role_event(), content_event("hello ")])
            .then_hold(&gate)
            .then_events([content_event("from first"), finish_event()])
            .then_events(["[DONE]"]),
    );
    let opened = pair.caller.post(CHAT, &streamed_chat(GROUP)).open().await;
    assert_eq!(opened.status(), 200);
    let kind = opened.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("text/event-stream"), "{kind}");
    let mut stream = opened.events();
    assert_eq!(stream.next_content().await, "hello ");
    gate.open();
    assert_eq!(sse::text(&stream.rest().await), "from first");
}

#[tokio::test]
async fn every_kind_of_content_commits() {
    let pair = Pair::start().await;
    let call = json!([{"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}]);
    let deltas = [
        json!({"content": "x"}),
        json!({"tool_calls": call}),
        json!({"reasoning_content": "x"}),
        json!({"reasoning": "x"}),
        json!({"refusal": "x"}),
        json!({"function_call": {"name": "f", "arguments": ""}}),
    ];
    for delta in deltas {
        let event = chat_event(&json!(MODEL), &delta, &Value::Null);
        pair.first
            .next(Reply::events([role_event(), event]).then_close());
        let answer = pair.ask_streamed().await;
        assert_eq!(
            answer.header("x-understudy-instance"),
            Some("first"),
            "{delta}: {answer:?}"
        );
        let events = answer.events();
        assert_eq!(events[1].json()["choices"][0]["delta"], delta);
        assert_eq!(
            events[2].error_code().as_deref(),
            Some("stream_interrupted"),
            "{delta}"
        );
        assert_eq!(events.len(), 3);
        assert_answered(&pair.ask_streamed().await, "first", 1);
    }
}

#[tokio::test]
async fn finish_without_any_content_is_an_answer() {
    let pair = Pair::start().await;
    let finish = chat_event(&json!(MODEL), &json!({}), &json!("length"));
    pair.first
        .next(Reply::events([role_event(), finish]).then_events(["[DONE]"]));
    let answer = pair.ask_streamed().await.expect(200);
    assert_eq!(answer.header("x-understudy-instance"), Some("first"));
    assert_eq!(answer.events().len(), 3);
    assert!(pair.second.requests().is_empty());
}

#[tokio::test]
async fn streams_that_all_fail_before_their_content_are_an_error_and_no_stream() {
    let pair = Pair::start().await;
    for reply in breaks() {
        pair.first.next(reply.clone());
        pair.second.next(reply);
        assert_failed(&pair.ask_streamed().await, 502, "all_instances_failed", 2);
        assert_answered(&pair.ask_streamed().await, "first", 1);
    }
}

#[tokio::test]
async fn completions_stream_is_committed_by_its_text() {
    let pair = Pair::start().await;
    let event = |text: &str| json!({"object": "text_completion", "model": MODEL, "choices": [{"index": 0, "text": text, "finish_reason": null}]});
    let body = json!({"model": GROUP, "prompt": "Hi", "stream": true});
    pair.first.next(Reply::events([event("")]).then_close());
    let answer = pair.caller.post("/v1/completions", &body).await;
    assert_eq!(
        answer.header("x-understudy-instance"),
        Some("second"),
        "{answer:?}"
    );
    pair.first.next(Reply::events([event("x")]).then_close());
    let answer = pair.caller.post("/v1/completions", &body).await;
    assert_eq!(
        answer.header("x-understudy-instance"),
        Some("first"),
        "{answer:?}"
    );
    assert_eq!(
        answer.events()[1].error_code().as_deref(),
        Some("stream_interrupted")
    );
}
