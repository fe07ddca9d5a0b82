//! What happens to a stream after it was committed: a failure never looks like an answer that is complete.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{CHAT, GROUP, Pair, assert_answered, streamed_chat};
use crate::support::client::Answer;
use crate::support::sse::{self, Event};
use crate::support::upstream::healthy::{chat_event, content_event, finish_event, role_event};
use crate::support::upstream::{Gate, MODEL, Reply};

fn begun() -> Reply {
    Reply::events([role_event(), content_event("half an ")])
}

/// The text that came, then the one error event, and no `[DONE]`.
#[track_caller]
fn assert_interrupted(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.header("x-understudy-instance"),
        Some("first"),
        "{answer:?}"
    );
    let events = answer.events();
    assert_eq!(sse::text(&events), "half an ", "{answer:?}");
    let error = events.last().unwrap();
    assert_eq!(
        error.error_code().as_deref(),
        Some("stream_interrupted"),
        "{answer:?}"
    );
    let error = error.json()["error"].clone();
    assert_eq!(error["type"], "server_error", "{answer:?}");
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{answer:?}"
    );
    assert!(error.get("param").is_some(), "{answer:?}");
    assert!(!events.iter().any(Event::is_done), "{answer:?}");
    let errors = events
        .iter()
        .filter(|event| event.error_code().is_some())
        .count();
    assert_eq!(errors, 1, "{answer:?}");
}

#[tokio::test]
async fn stream_that_breaks_after_its_first_content_ends_with_an_error_event() {
    let pair = Pair::start().await;
    for fault in [begun().then_close(), begun().then_reset()] {
        pair.first.next(fault);
        assert_interrupted(&pair.ask_streamed().await);
        assert_answered(&pair.ask_streamed().await, "first", 1);
    }
    assert!(
        pair.second.requests().is_empty(),
        "never two halves of two answers"
    );
}

#[tokio::test]
async fn end_with_neither_a_finish_nor_done_is_a_truncation() {
    let pair = Pair::start().await;
    pair.first.next(begun());
    assert_interrupted(&pair.ask_streamed().await);
    // Half an event at the end is not shown to the caller either.
    pair.first
        .next(begun().then_send("data: {\"choices\":[{\"delta\":{\"content\":\"tor"));
    assert_interrupted(&pair.ask_streamed().await);
}

#[tokio::test]
async fn end_after_a_finish_is_complete_even_without_done() {
    let pair = Pair::start().await;
    pair.first.next(Reply::events([
        content_event("hello from first"),
        finish_event(),
    ]));
    let answer = pair.ask_streamed().await.expect(200);
    let events = answer.events();
    assert_eq!(sse::text(&events), "hello from first");
    assert!(
        events.iter().all(|event| event.error_code().is_none()),
        "{answer:?}"
    );
}

#[tokio::test]
async fn what_follows_the_finish_is_passed_on() {
    let pair = Pair::start().await;
    let usage = json!({"object": "chat.completion.chunk", "model": MODEL, "choices": [], "usage": {"total_tokens": 6}});
    let events = [content_event("hello from first"), finish_event(), usage];
    pair.first
        .next(Reply::events(events).then_events(["[DONE]"]));
    let answer = pair.ask_streamed().await;
    assert_answered(&answer, "first", 1);
    assert_eq!(answer.events()[2].json()["usage"]["total_tokens"], 6);
    assert_eq!(answer.events()[2].json()["model"], GROUP);
}

#[tokio::test]
async fn backends_own_error_event_is_rewritten() {
    let pair = Pair::start().await;
    let secret = "CUDA error on gpu-7.internal:8000";
    for fault in [
        begun().then_events([json!({"error": {"message": secret, "code": 500}})]),
        begun().then_events([json!({"error": secret})]),
        begun().then_send(format!(
            "event: error\ndata: {{\"message\":\"{secret}\"}}\n\n"
        )),
        begun()
            .then_events([json!({"error": {"message": secret}})])
            .then_events(["[DONE]"]),
    ] {
        pair.first.next(fault);
        let answer = pair.ask_streamed().await;
        assert_interrupted(&answer);
        assert!(!answer.text().contains("gpu-7"), "{answer:?}");
        assert_answered(&pair.ask_streamed().await, "first", 1);
    }
}

#[tokio::test]
async fn stream_that_falls_silent_is_ended_and_hung_up_on() {
    let pair = Pair::with(json!({"timeouts": {"idle_ms": 400}}), json!({})).await;
    pair.first.next(begun().then_hang());
    let asked = Instant::now();
    assert_interrupted(&pair.ask_streamed().await);
    assert!(
        asked.elapsed() >= Duration::from_millis(400),
        "{:?}",
        asked.elapsed()
    );
    pair.first.left(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn idle_time_counts_from_the_last_piece() {
    let pair = Pair::with(json!({"timeouts": {"idle_ms": 500}}), json!({})).await;
    let mut slow = Reply::events([role_event()]);
    for piece in ["hello ", "from ", "fir", "st"] {
        slow = slow
            .then_events([content_event(piece)])
            .then_pause(Duration::from_millis(250));
    }
    pair.first
        .next(slow.then_events([finish_event()]).then_events(["[DONE]"]));
    assert_answered(&pair.ask_streamed().await, "first", 1);
}

#[tokio::test]
async fn stream_that_exceeds_its_time_in_all_is_ended() {
    let pair = Pair::with(json!({"timeouts": {"total_ms": 600}}), json!({})).await;
    let mut endless = begun();
    for _ in 0..100 {
        endless = endless
            .then_pause(Duration::from_millis(100))
            .then_events([role_event()]);
    }
    pair.first.next(endless);
    let asked = Instant::now();
    assert_interrupted(&pair.ask_streamed().await);
    assert!(
        asked.elapsed() >= Duration::from_millis(500),
        "{:?}",
        asked.elapsed()
    );
    assert!(
        asked.elapsed() < Duration::from_secs(4),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test]
async fn first_byte_limit_ends_with_the_first_content() {
    let pair = Pair::with(json!({"timeouts": {"first_byte_ms": 300}}), json!({})).await;
    let late = [content_event("from first"), finish_event()];
    pair.first.next(
        Reply::events([content_event("hello ")])
            .then_pause(Duration::from_millis(700))
            .then_events(late)
            .then_events(["[DONE]"]),
    );
    assert_answered(&pair.ask_streamed().await, "first", 1);
}

#[tokio::test]
async fn silence_after_the_commit_gets_a_comment_after_15_seconds() {
    let pair = Pair::start().await;
    let gate = Gate::closed();
    let rest = [content_event("from first"), finish_event()];
    pair.first.next(
        Reply::events([content_event("hello ")])
            .then_hold(&gate)
            .then_events(rest)
            .then_events(["[DONE]"]),
    );
    let mut stream = pair
        .caller
        .post(CHAT, &streamed_chat(GROUP))
        .open()
        .await
        .events();
    assert_eq!(stream.next_content().await, "hello ");
    let silent = Instant::now();
    assert_eq!(
        stream.next().await,
        Some(Event::Comment("keepalive".to_owned()))
    );
    let silence = silent.elapsed();
    assert!(
        (Duration::from_secs(14)..Duration::from_secs(18)).contains(&silence),
        "{silence:?}"
    );
    gate.open();
    assert_eq!(sse::text(&stream.rest().await), "from first");
}

#[tokio::test]
async fn interrupted_stream_counts_against_its_instance_and_no_other() {
    let pair = Pair::start().await;
    pair.first.next(begun().then_close());
    assert_interrupted(&pair.ask_streamed().await);
    let admin = pair.app.admin().await;
    let status = admin
        .get(&pair.first_instance.path)
        .await
        .expect(200)
        .json()["status"]
        .clone();
    assert!(status["last_error"].is_string(), "{status}");
    let other = admin
        .get(&pair.second_instance.path)
        .await
        .expect(200)
        .json()["status"]
        .clone();
    assert_eq!(other["last_error"], Value::Null, "{other}");
}

#[tokio::test]
async fn tool_calls_pass_through_in_full() {
    let pair = Pair::start().await;
    let piece = |arguments: &str| {
        let calls = json!([{"index": 0, "function": {"arguments": arguments}}]);
        chat_event(&json!(MODEL), &json!({"tool_calls": calls}), &Value::Null)
    };
    let finish = chat_event(&json!(MODEL), &json!({}), &json!("tool_calls"));
    pair.first.next(
        Reply::events([
            role_event(),
            piece("{\"city\":"),
            piece("\"Paris\"}"),
            finish,
        ])
        .then_events(["[DONE]"]),
    );
    let events = pair.ask_streamed().await.expect(200).events();
    let arguments: String = events
        .iter()
        .filter(|event| !event.is_done())
        .filter_map(|event| {
            let event = event.json();
            let call = &event["choices"][0]["delta"]["tool_calls"][0];
            Some(call["function"]["arguments"].as_str()?.to_owned())
        })
        .collect();
    assert_eq!(arguments, r#"{"city":"Paris"}"#);
}
