//! The Responses API: its events have types, it ends without `[DONE]`, and it names the model inside of an object.

use serde_json::{Value, json};

use super::{GROUP, Pair, assert_failed, assert_headers};
use crate::support::client::Answer;
use crate::support::sse::Event;
use crate::support::upstream::endpoints::{
    response, response_end, response_event, response_preamble, text_delta,
};
use crate::support::upstream::{MODEL, Reply};

const RESPONSES: &str = "/v1/responses";

async fn ask(pair: &Pair, stream: bool) -> Answer {
    let body = json!({"model": GROUP, "input": "Hi", "stream": stream});
    pair.caller.post(RESPONSES, &body).await
}

/// The text that came, and the last event.
fn read(answer: &Answer) -> (String, Value) {
    let events: Vec<Value> = answer.events().iter().map(Event::json).collect();
    let deltas = events
        .iter()
        .filter(|event| event["type"] == "response.output_text.delta");
    let text = deltas.filter_map(|event| event["delta"].as_str()).collect();
    (text, events.last().cloned().unwrap_or_default())
}

#[track_caller]
fn assert_whole(answer: &Answer, name: &str, attempts: usize) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_headers(answer, attempts);
    assert_eq!(
        answer.header("x-understudy-instance"),
        Some(name),
        "{answer:?}"
    );
    let (text, last) = read(answer);
    assert_eq!(text, format!("hello from {name}"), "{answer:?}");
    assert_eq!(last["type"], "response.completed", "{answer:?}");
    assert!(!answer.text().contains(MODEL), "{answer:?}");
}

#[track_caller]
fn assert_interrupted(answer: &Answer, text: &str, number: u64) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.header("x-understudy-instance"),
        Some("first"),
        "{answer:?}"
    );
    let (found, last) = read(answer);
    assert_eq!(found, text, "{answer:?}");
    assert_eq!(last["type"], "error", "{answer:?}");
    assert_eq!(last["code"], "stream_interrupted", "{answer:?}");
    assert_eq!(last["sequence_number"], number, "{answer:?}");
    // What the official SDKs look for.
    assert_eq!(last["error"]["code"], "stream_interrupted", "{answer:?}");
    assert!(last["error"]["message"].is_string(), "{answer:?}");
    assert!(answer.text().contains("\nevent: error\n"), "{answer:?}");
    assert!(!answer.text().contains("response.completed"), "{answer:?}");
    assert!(!answer.text().contains("[DONE]"), "{answer:?}");
}

fn half() -> Reply {
    Reply::typed_events(response_preamble()).then_typed_events([text_delta(4, "half an ")])
}

#[tokio::test]
async fn responses_are_answered_whole_and_as_streams() {
    let pair = Pair::start().await;
    let answer = ask(&pair, false).await.expect(200);
    assert_eq!(
        answer.json()["output"][0]["content"][0]["text"],
        "hello from first"
    );
    assert_eq!(answer.json()["model"], GROUP);
    assert_whole(&ask(&pair, true).await, "first", 1);
    let requests = pair.first.requests();
    assert!(requests.iter().all(|request| request.target == RESPONSES));
    assert!(
        requests
            .iter()
            .all(|request| request.json()["model"] == MODEL)
    );
}

#[tokio::test]
async fn response_that_fails_before_its_first_text_moves_on_unseen() {
    let pair = Pair::start().await;
    let begun = || Reply::typed_events(response_preamble());
    let mut failed = response("first", "failed", &json!(MODEL));
    failed["error"] = json!({"code": "server_error", "message": "something broke"});
    let faults = [
        begun().then_close(),
        begun().then_reset(),
        begun(),
        begun().then_typed_events([text_delta(4, "")]).then_close(),
        begun().then_events(["[DONE]"]),
        begun().then_typed_events([response_event("failed", 4, json!({"response": failed}))]),
        begun().then_typed_events([
            json!({"type": "error", "code": "server_error", "message": "something broke", "param": null, "sequence_number": 4}),
        ]),
        begun().then_events([json!({"error": {"message": "something broke"}})]),
    ];
    for fault in faults {
        pair.first.next(fault.clone());
        let answer = ask(&pair, true).await;
        assert_eq!(
            answer.header("x-understudy-instance"),
            Some("second"),
            "{fault:?}: {answer:?}"
        );
        assert_whole(&answer, "second", 2);
        assert!(!answer.text().contains("something broke"), "{answer:?}");
        // A good answer in between, so that the failures are not in a row.
        assert_whole(&ask(&pair, true).await, "first", 1);
    }
    let mut broken = response("first", "failed", &json!(MODEL));
    broken["error"] = json!({"code": "server_error", "message": "something broke"});
    pair.first.next(Reply::json(200, &broken));
    let answer = ask(&pair, false).await.expect(200);
    assert_eq!(answer.header("x-understudy-instance"), Some("second"));
}

#[tokio::test]
async fn response_that_breaks_after_its_first_text_ends_with_an_error_event() {
    let pair = Pair::start().await;
    let mut failed = response("first", "failed", &json!(MODEL));
    failed["error"] = json!({"code": "server_error", "message": "CUDA error on gpu-7.internal"});
    let faults = [
        half().then_close(),
        half().then_reset(),
        half(),
        half().then_typed_events([response_event("failed", 5, json!({"response": failed}))]),
        half().then_typed_events([
            json!({"type": "error", "message": "CUDA error on gpu-7.internal"}),
        ]),
    ];
    for (fault, number) in faults.into_iter().zip([5, 5, 5, 6, 5]) {
        pair.first.next(fault.clone());
        let answer = ask(&pair, true).await;
        assert_interrupted(&answer, "half an ", number);
        assert!(!answer.text().contains("gpu-7"), "{answer:?}");
        assert_whole(&ask(&pair, true).await, "first", 1);
    }
    assert!(pair.second.requests().is_empty());
}

#[tokio::test]
async fn response_that_is_incomplete_is_a_proper_end() {
    let pair = Pair::start().await;
    pair.first.next(
        half()
            .then_typed_events([response_end("first", "incomplete", 5)])
            .then_hang(),
    );
    let (text, last) = read(&ask(&pair, true).await.expect(200));
    assert_eq!(text, "half an ");
    assert_eq!(last["type"], "response.incomplete");
    assert_eq!(last["response"]["model"], GROUP);

    // Also when nothing was said before: the answer is there, and it is empty.
    pair.first.next(
        Reply::typed_events(response_preamble()).then_typed_events([response_end(
            "first",
            "completed",
            4,
        )]),
    );
    let answer = ask(&pair, true).await.expect(200);
    assert_eq!(answer.header("x-understudy-instance"), Some("first"));
    assert_eq!(read(&answer).1["type"], "response.completed");
}

#[tokio::test]
async fn only_the_model_of_an_event_changes() {
    let pair = Pair::start().await;
    let odd = r#"{"type":"response.created","response":{ "id":1.0,"model" : "upstream-model","tools":[{"model":"upstream-tool"}],"metadata":{"n":1e2}},"sequence_number":0,"x":[0.10]}"#;
    pair.first.next(
        Reply::event_bytes(format!("event: response.created\ndata: {odd}\n\n"))
            .then_typed_events([text_delta(1, "a"), response_end("first", "completed", 2)]),
    );
    let answer = ask(&pair, true).await.expect(200);
    let expected = odd.replace("\"upstream-model\"", &format!("\"{GROUP}\""));
    assert_eq!(answer.events()[0], Event::Data(expected), "{answer:?}");
    assert!(
        answer.text().starts_with("event: response.created\n"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn long_instructions_that_come_back_before_the_first_text_are_no_failure() {
    let pair = Pair::start().await;
    let instructions = "я".repeat(40_000);
    let body = json!({"model": GROUP, "input": "Hi", "instructions": instructions, "stream": true});
    let mut events = response_preamble();
    for event in &mut events[..2] {
        event["response"]["instructions"] = json!(instructions);
    }
    let rest = [
        text_delta(4, "hello from first"),
        response_end("first", "completed", 5),
    ];
    pair.first
        .next(Reply::typed_events(events).then_typed_events(rest));
    assert_whole(&pair.caller.post(RESPONSES, &body).await, "first", 1);
    // What does not come from the request is bounded as everywhere.
    let mut filler = response_event("in_progress", 1, json!({}));
    filler["padding"] = json!("x".repeat(1000));
    pair.first
        .next(Reply::typed_events(vec![filler; 80]).then_hang());
    assert_whole(&ask(&pair, true).await, "second", 2);
}

#[tokio::test]
async fn instance_that_says_that_it_has_no_responses_is_never_asked_for_one() {
    let endpoints = json!({"capabilities": {"endpoints": ["chat"]}});
    let pair = Pair::with(endpoints.clone(), json!({})).await;
    assert_whole(&ask(&pair, true).await, "second", 1);
    assert!(pair.first.all_requests().is_empty());
    let admin = pair.app.admin().await;
    admin
        .patch(&pair.second_instance.path, &endpoints)
        .await
        .expect(200);
    pair.app.settled().await;
    assert_failed(&ask(&pair, false).await, 503, "no_instance_available", 0);
}
