//! Trying a group out: what a try may cost, and how it ends when nobody wants it any more.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::GROUPS;
use super::tries::{Stage, data, question};
use crate::support::sse::Event;
use crate::support::upstream::Reply;
use crate::support::upstream::healthy::content_event;
use crate::support::wait::{SOON, until};

#[tokio::test]
async fn a_caller_who_leaves_cancels_the_try_at_any_moment() {
    let stage = Stage::start().await;
    stage.first.always(Reply::hang());
    let asking = stage.admin.post(&stage.path, &question()).spawn();
    stage.first.arrived(1).await;
    asking.abort();
    let left = Instant::now();
    let noticed = stage.first.left(Duration::from_secs(5)).await - left;
    assert!(noticed <= Duration::from_secs(1), "before: {noticed:?}");

    let stage = Stage::start().await;
    stage
        .first
        .always(Reply::events([content_event("x")]).then_hang());
    let mut events = stage
        .admin
        .post(&stage.path, &question())
        .open()
        .await
        .events();
    while !matches!(events.next().await, Some(Event::Data(_))) {}
    drop(events);
    let left = Instant::now();
    let noticed = stage.first.left(Duration::from_secs(5)).await - left;
    assert!(noticed <= Duration::from_secs(1), "after: {noticed:?}");
    let status = stage.admin.get(&stage.first_instance.path).await.json();
    assert_eq!(status["status"]["last_error"], Value::Null, "{status}");
    assert!(stage.second.all_requests().is_empty());
}

#[tokio::test]
async fn a_caller_has_four_tries_at_a_time() {
    let stage = Stage::start().await;
    let silent = || Reply::events([content_event("x")]).then_hang();
    stage.first.always(silent());
    let mut under_way = Vec::new();
    for _ in 0..4 {
        let opened = stage.admin.post(&stage.path, &question()).open().await;
        assert_eq!(opened.status(), 200);
        under_way.push(opened);
    }
    let fifth = stage.admin.post(&stage.path, &question()).await;
    fifth.problem(429, "rate_limited");
    assert_eq!(fifth.header("retry-after"), Some("1"));
    let key = stage.app.key(&["manage:write"]).await;
    let other = key.post(&stage.path, &question()).open().await;
    assert_eq!(other.status(), 200, "somebody else is not held up");
    under_way.pop();
    until(SOON, "a place is given back", async || {
        let opened = stage.admin.post(&stage.path, &question()).open().await;
        (opened.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let stage = Stage::start().await;
    let piece = "x".repeat(60_000);
    let long = Reply::events([content_event("begin")])
        .then_events((0..6).map(|_| content_event(&piece)))
        .then_hang();
    stage.first.always(long);
    let answer = stage.admin.post(&stage.path, &question()).await.expect(200);
    let error = data(&answer.events()).pop().unwrap();
    assert_eq!(error["problem"]["code"], "stream_interrupted", "{error}");
    assert!(answer.body.len() < 300_000, "{}", answer.body.len());
    stage.first.left(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn bad_questions_point_to_their_field_and_reach_nobody() {
    let stage = Stage::start().await;
    for (body, pointer, code, problem) in [
        (json!({}), "/question", "missing_field", "validation_failed"),
        (
            json!({"question": " "}),
            "/question",
            "validation_failed",
            "validation_failed",
        ),
        (
            json!({"question": ""}),
            "/question",
            "validation_failed",
            "validation_failed",
        ),
        (
            json!({"question": "x".repeat(4001)}),
            "/question",
            "validation_failed",
            "validation_failed",
        ),
        (
            json!({"question": "x", "max_tokens": 4097}),
            "/max_tokens",
            "validation_failed",
            "validation_failed",
        ),
        (
            json!({"question": "x", "stream": true}),
            "/stream",
            "unknown_field",
            "unknown_field",
        ),
    ] {
        let answer = stage.admin.post(&stage.path, &body).await;
        answer.faults(422, problem, &[(pointer, code)]);
    }
    let lines = json!({"question": "x\ny".to_owned() + &"я".repeat(3997)});
    stage.admin.post(&stage.path, &lines).await.expect(200);
    let nobody = format!("{GROUPS}/01890a5d-ac96-774b-bcce-b302099a8057/try");
    let answer = stage.admin.post(&nobody, &question()).await;
    answer.problem(404, "not_found");
    assert_eq!(stage.first.requests().len(), 1);
}
