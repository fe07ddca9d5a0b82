//! First row of the table: an instance that refuses, resets, closes, speaks no HTTP or takes too long, before anything of its
//! answer went to the caller.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Pair, assert_answered};
use crate::support::app::Made;
use crate::support::upstream::{Blackhole, Reply, Upstream};

/// The second instance answers whole and streamed, and the first was really asked both times.
async fn assert_second_answers(pair: &Pair) {
    assert_answered(&pair.ask().await, "second", 2);
    assert_answered(&pair.ask_streamed().await, "second", 2);
    assert_eq!(pair.first.requests().len(), 2);
}

async fn state_of(pair: &Pair, instance: &Made) -> String {
    let instance = pair.app.admin().await.get(&instance.path).await;
    let state = instance.expect(200).json()["status"]["state"].clone();
    state.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn second_instance_answers_when_first_refuses_connections() {
    let pair = Pair::of(Upstream::refusing("first"), json!({}), json!({})).await;
    assert_answered(&pair.ask().await, "second", 2);
    assert_answered(&pair.ask_streamed().await, "second", 2);
    // Two failures are not enough to say that it is down.
    assert_eq!(state_of(&pair, &pair.first_instance).await, "unknown");
    assert_eq!(state_of(&pair, &pair.second_instance).await, "up");
}

#[tokio::test]
async fn second_instance_answers_when_first_cannot_be_connected_to_in_time() {
    let pair = Pair::start().await;
    let hole = Blackhole::start().await;
    let admin = pair.app.admin().await;
    let change = json!({
        "endpoint": {"port": hole.port()},
        "timeouts": {"connect_ms": 300},
    });
    admin
        .patch(&pair.first_instance.path, &change)
        .await
        .expect(200);
    pair.app.settled().await;
    let asked = Instant::now();
    assert_answered(&pair.ask().await, "second", 2);
    assert!(asked.elapsed() >= Duration::from_millis(300));
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test]
async fn second_instance_answers_when_firsts_name_does_not_resolve() {
    let pair = Pair::start().await;
    let admin = pair.app.admin().await;
    let change = json!({"endpoint": {"host": "nobody.invalid"}});
    admin
        .patch(&pair.first_instance.path, &change)
        .await
        .expect(200);
    pair.app.settled().await;
    assert_answered(&pair.ask().await, "second", 2);
}

#[tokio::test]
async fn second_instance_answers_when_first_closes_without_a_word() {
    assert_second_answers(&Pair::whose_first_answers(Reply::close()).await).await;
}

#[tokio::test]
async fn second_instance_answers_when_first_resets_the_connection() {
    assert_second_answers(&Pair::whose_first_answers(Reply::reset()).await).await;
}

#[tokio::test]
async fn second_instance_answers_when_first_speaks_no_http() {
    let garbage = Reply::raw("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
    assert_second_answers(&Pair::whose_first_answers(garbage).await).await;
}

#[tokio::test]
async fn second_instance_answers_when_first_sends_a_broken_head() {
    let broken = Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{}");
    assert_second_answers(&Pair::whose_first_answers(broken).await).await;
}

#[tokio::test]
async fn second_instance_answers_when_first_closes_within_its_head() {
    let half = Reply::raw("HTTP/1.1 200 OK\r\ncontent-ty");
    assert_second_answers(&Pair::whose_first_answers(half).await).await;
}

#[tokio::test]
async fn second_instance_answers_when_first_stalls() {
    let pair = Pair::with(json!({"timeouts": {"first_byte_ms": 300}}), json!({})).await;
    pair.first.always(Reply::hang());
    let asked = Instant::now();
    assert_second_answers(&pair).await;
    assert!(asked.elapsed() >= Duration::from_millis(600));
    let left = pair
        .first
        .requests()
        .iter()
        .all(|request| request.left_at.is_some());
    assert!(left, "an instance that is given up on is hung up on");
}

#[tokio::test]
async fn second_instance_answers_when_first_stalls_after_its_head() {
    let pair = Pair::with(json!({"timeouts": {"first_byte_ms": 300}}), json!({})).await;
    // The head is there in time, and the first byte of the body is not: there is nothing yet to answer with.
    pair.first.next(
        Reply::body(200, "application/json", "")
            .promising(50)
            .then_hang(),
    );
    pair.first.next(Reply::event_bytes("").then_hang());
    assert_second_answers(&pair).await;
}

#[tokio::test]
async fn second_instance_answers_when_first_falls_silent_within_its_answer() {
    let pair = Pair::with(json!({"timeouts": {"idle_ms": 300}}), json!({})).await;
    let part = r#"{"choices":[{"message":{"#;
    pair.first.next(
        Reply::body(200, "application/json", part)
            .promising(500)
            .then_hang(),
    );
    assert_answered(&pair.ask().await, "second", 2);
}

#[tokio::test]
async fn second_instance_answers_when_first_exceeds_its_time_in_all() {
    let pair = Pair::with(json!({"timeouts": {"total_ms": 400}}), json!({})).await;
    let mut endless = Reply::body(200, "application/json", "{").promising(5000);
    for _ in 0..100 {
        endless = endless.then_pause(Duration::from_millis(50)).then_send(" ");
    }
    pair.first.next(endless);
    let asked = Instant::now();
    assert_answered(&pair.ask().await, "second", 2);
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test]
async fn second_instance_answers_when_firsts_body_is_cut() {
    let body = json!({"choices": [{"message": {"content": "hello from first"}}]}).to_string();
    let cuts = [
        Reply::body(200, "application/json", body.clone())
            .promising(body.len() + 1)
            .then_close(),
        Reply::body(200, "application/json", body.clone())
            .promising(body.len() + 1)
            .then_reset(),
        Reply::event_bytes(body.clone())
            .header("content-type", "application/json")
            .then_close(),
        Reply::event_bytes(body)
            .header("content-type", "application/json")
            .then_reset(),
    ];
    let pair = Pair::start().await;
    for cut in cuts {
        pair.first.next(cut.clone());
        let answer = pair.ask().await;
        assert_eq!(
            answer.header("x-understudy-instance"),
            Some("second"),
            "{cut:?}"
        );
        assert_answered(&answer, "second", 2);
        // A good answer in between, so that the failures are not in a row.
        assert_answered(&pair.ask().await, "first", 1);
    }
}

#[tokio::test]
async fn kept_connection_that_the_backend_closed_meanwhile_costs_the_caller_nothing() {
    let mut pair = Pair::start().await;
    assert_answered(&pair.ask().await, "first", 1);
    pair.first.kill().await;
    pair.first.listen();
    assert_answered(&pair.ask().await, "first", 1);
    assert_eq!(pair.second.requests().len(), 0);
}

#[tokio::test]
async fn connections_to_a_backend_are_kept_and_used_again() {
    let pair = Pair::start().await;
    for _ in 0..5 {
        assert_answered(&pair.ask().await, "first", 1);
        assert_answered(&pair.ask_streamed().await, "first", 1);
    }
    assert_eq!(pair.first.connections(), 1);
}

#[tokio::test]
async fn body_that_ends_with_the_connection_is_complete() {
    let body = json!({"choices": [{"message": {"content": "hello from first"}}]});
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
    let pair = Pair::whose_first_answers(Reply::raw(format!("{head}{body}"))).await;
    assert_answered(&pair.ask().await, "first", 1);
}

#[tokio::test]
async fn second_instance_answers_when_firsts_answer_is_compressed_though_nobody_asked_for_that() {
    let gzip = Reply::body(
        200,
        "application/json",
        b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec(),
    )
    .header("content-encoding", "gzip");
    assert_answered(
        &Pair::whose_first_answers(gzip).await.ask().await,
        "second",
        2,
    );
}
