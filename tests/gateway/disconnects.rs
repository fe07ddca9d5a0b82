//! A caller who leaves, at any moment: the backend is hung up on within a second, nobody else is asked, and it counts against
//! nobody.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{CHAT, GROUP, Pair, assert_answered, chat, streamed_chat};
use crate::support::upstream::Reply;
use crate::support::upstream::healthy::{content_event, role_event};

const PROMPTLY: Duration = Duration::from_secs(1);

/// The backend is hung up on promptly after `left`; the second instance knows of nothing, and the first is none the worse.
async fn assert_cancelled(pair: &Pair, left: Instant) {
    let noticed = pair.first.left(Duration::from_secs(5)).await - left;
    assert!(noticed <= PROMPTLY, "hung up on only after {noticed:?}");
    let admin = pair.app.admin().await;
    for path in [&pair.first_instance.path, &pair.second_instance.path] {
        let status = admin.get(path).await.expect(200).json()["status"].clone();
        assert_eq!(status["last_error"], Value::Null, "{status}");
        assert_ne!(status["state"], "down", "{status}");
        assert_eq!(status["in_flight"], 0, "{status}");
    }
    assert!(
        pair.second.all_requests().is_empty(),
        "nobody else is asked"
    );
    pair.first.recover();
    assert_answered(&pair.ask().await, "first", 1);
}

async fn leave_during(pair: &Pair, body: &Value) {
    let asking = pair.caller.post(CHAT, body).spawn();
    pair.first.arrived(1).await;
    asking.abort();
    let left = Instant::now();
    assert_cancelled(pair, left).await;
}

#[tokio::test]
async fn caller_who_leaves_while_waiting_for_a_whole_answer_cancels_it() {
    leave_during(
        &Pair::whose_first_answers(Reply::hang()).await,
        &chat(GROUP),
    )
    .await;
}

#[tokio::test]
async fn caller_who_leaves_within_a_whole_answer_cancels_it() {
    let half = Reply::body(200, "application/json", "{\"choices\":")
        .promising(500)
        .then_hang();
    leave_during(&Pair::whose_first_answers(half).await, &chat(GROUP)).await;
}

#[tokio::test]
async fn caller_who_leaves_before_the_head_of_a_stream_cancels_it() {
    leave_during(
        &Pair::whose_first_answers(Reply::hang()).await,
        &streamed_chat(GROUP),
    )
    .await;
}

#[tokio::test]
async fn caller_who_leaves_before_the_first_content_cancels_it() {
    let role = Reply::events([role_event()]).then_hang();
    leave_during(
        &Pair::whose_first_answers(role).await,
        &streamed_chat(GROUP),
    )
    .await;
}

#[tokio::test]
async fn caller_who_leaves_within_a_silent_stream_cancels_it() {
    let pair = Pair::whose_first_answers(Reply::events([content_event("x")]).then_hang()).await;
    let mut stream = pair
        .caller
        .post(CHAT, &streamed_chat(GROUP))
        .open()
        .await
        .events();
    assert_eq!(stream.next_content().await, "x");
    drop(stream);
    let left = Instant::now();
    assert_cancelled(&pair, left).await;
}

#[tokio::test]
async fn caller_who_leaves_within_a_lively_stream_cancels_it() {
    let mut endless = Reply::events([content_event("x")]);
    for _ in 0..2000 {
        endless = endless
            .then_pause(Duration::from_millis(5))
            .then_events([content_event("x")]);
    }
    let pair = Pair::whose_first_answers(endless).await;
    let mut stream = pair
        .caller
        .post(CHAT, &streamed_chat(GROUP))
        .open()
        .await
        .events();
    for _ in 0..10 {
        assert_eq!(stream.next_content().await, "x");
    }
    drop(stream);
    let left = Instant::now();
    assert_cancelled(&pair, left).await;
}

#[tokio::test]
async fn caller_who_leaves_during_the_second_attempt_cancels_that_one() {
    let pair = Pair::start().await;
    pair.first.always(Reply::failure(500));
    pair.second.always(Reply::hang());
    let asking = pair.caller.post(CHAT, &chat(GROUP)).spawn();
    pair.second.arrived(1).await;
    asking.abort();
    let left = Instant::now();
    let noticed = pair.second.left(Duration::from_secs(5)).await - left;
    assert!(noticed <= PROMPTLY, "hung up on only after {noticed:?}");
    let admin = pair.app.admin().await;
    let status = admin
        .get(&pair.second_instance.path)
        .await
        .expect(200)
        .json()["status"]
        .clone();
    assert_eq!(status["last_error"], Value::Null, "{status}");
}

#[tokio::test]
async fn caller_who_reads_slowly_slows_the_backend_and_loses_nothing() {
    let pair = Pair::start().await;
    let piece = "x".repeat(64 * 1024);
    let pieces: Vec<Value> = (0..400).map(|_| content_event(&piece)).collect();
    let finish = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
    pair.first.next(
        Reply::events([content_event("x")])
            .then_events(pieces)
            .then_events([finish])
            .then_events(["[DONE]"]),
    );
    let mut stream = pair
        .caller
        .post(CHAT, &streamed_chat(GROUP))
        .open()
        .await
        .events();
    assert_eq!(stream.next_content().await, "x");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let rest = stream.rest().await;
    assert_eq!(crate::support::sse::text(&rest).len(), 400 * piece.len());
    assert!(rest.last().unwrap().is_done());
}
