//! Sound: whole unless asked for as it comes, never taken for JSON, and never passed off as whole when it broke off.

use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::{GROUP, Pair, assert_failed, assert_headers};
use crate::support::client::Answer;
use crate::support::upstream::endpoints::sound;
use crate::support::upstream::{Gate, MODEL, Reply};
use crate::support::wait::soon;

const SPEECH: &str = "/v1/audio/speech";

fn speak(fields: Value) -> Value {
    let mut body = json!({"model": GROUP, "input": "Hi", "voice": "alloy"});
    crate::support::app::merge(&mut body, fields);
    body
}

async fn ask(pair: &Pair, fields: Value) -> Answer {
    pair.caller.post(SPEECH, &speak(fields)).await
}

#[track_caller]
fn assert_sound(answer: &Answer, name: &str, attempts: usize) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_headers(answer, attempts);
    assert_eq!(
        answer.header("x-understudy-instance"),
        Some(name),
        "{answer:?}"
    );
    assert_eq!(
        answer.header("content-type"),
        Some("audio/mpeg"),
        "{answer:?}"
    );
    assert_eq!(answer.body, sound(name), "{answer:?}");
}

fn faults() -> Vec<Reply> {
    vec![
        Reply::failure(503),
        Reply::close(),
        Reply::body(200, "audio/mpeg", ""),
        Reply::body(200, "text/html", "<html>"),
        Reply::json(200, &json!({"error": {"message": "broke"}})),
        Reply::json(200, &json!({"audio": "AAAA"})),
    ]
}

#[tokio::test]
async fn sound_is_passed_on_as_it_is() {
    let pair = Pair::start().await;
    assert_sound(&ask(&pair, json!({})).await, "first", 1);
    let request = pair.first.request();
    assert_eq!(request.target, SPEECH);
    assert_eq!(request.json(), speak(json!({"model": MODEL})));
    for streamed in [json!({"stream": true}), json!({"stream_format": "audio"})] {
        assert_sound(&ask(&pair, streamed).await, "first", 1);
    }
    // Zeroes and spaces are sound, too.
    pair.first.next(Reply::body(200, "audio/pcm", " \0 \0"));
    assert_eq!(ask(&pair, json!({})).await.expect(200).body, " \0 \0");
}

#[tokio::test]
async fn second_instance_speaks_when_first_fails() {
    let pair = Pair::start().await;
    for fields in [json!({}), json!({"stream": true})] {
        for fault in faults() {
            pair.first.next(fault.clone());
            let answer = ask(&pair, fields.clone()).await;
            assert_eq!(
                answer.header("x-understudy-instance"),
                Some("second"),
                "{fault:?}: {answer:?}"
            );
            assert_sound(&answer, "second", 2);
            assert_sound(&ask(&pair, fields.clone()).await, "first", 1);
        }
    }
    pair.first.always(Reply::failure(500));
    pair.second.always(Reply::failure(500));
    assert_failed(&ask(&pair, json!({})).await, 502, "all_instances_failed", 2);
}

#[tokio::test]
async fn sound_that_breaks_off_while_it_is_held_moves_on_unseen() {
    let pair = Pair::start().await;
    let half = Reply::body(200, "audio/mpeg", sound("first")).promising(1000);
    pair.first.next(half.clone().then_close());
    assert_sound(&ask(&pair, json!({})).await, "second", 2);
    pair.first.next(half.then_reset());
    assert_sound(&ask(&pair, json!({})).await, "second", 2);
}

#[tokio::test]
async fn sound_that_was_asked_for_as_it_comes_comes_at_once() {
    let pair = Pair::start().await;
    let gate = Gate::closed();
    pair.first.next(
        Reply::body(200, "audio/mpeg", "begin")
            .promising(8)
            .then_hold(&gate)
            .then_send("end"),
    );
    let opened = pair
        .caller
        .post(SPEECH, &speak(json!({"stream_format": "audio"})))
        .open()
        .await;
    assert_eq!(opened.status(), 200);
    assert_eq!(opened.headers()["content-type"], "audio/mpeg");
    let (mut body, _connection) = opened.into_body();
    let frame = soon("the first bytes", body.frame())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(frame.into_data().unwrap(), "begin");
    gate.open();
    let rest = soon("the rest", body.collect()).await.unwrap().to_bytes();
    assert_eq!(rest, "end");
}

#[tokio::test]
async fn sound_that_breaks_off_after_its_beginning_ends_without_the_end_of_its_body() {
    let pair = Pair::with(json!({"timeouts": {"idle_ms": 400}}), json!({})).await;
    let half = || Reply::body(200, "audio/mpeg", "begin").promising(1000);
    for fault in [half().then_close(), half().then_reset(), half().then_hang()] {
        pair.first.next(fault.clone());
        let asked = Instant::now();
        let opened = pair
            .caller
            .post(SPEECH, &speak(json!({"stream": true})))
            .open()
            .await;
        assert_eq!(opened.status(), 200);
        let (body, _connection) = opened.into_body();
        let torn = soon("the end", body.collect()).await;
        assert!(torn.is_err(), "{fault:?}: what broke off looked whole");
        assert!(asked.elapsed() < Duration::from_secs(10));
        assert_sound(&ask(&pair, json!({"stream": true})).await, "first", 1);
    }
    pair.first.next(half().then_close());
    let opened = pair
        .caller
        .post(SPEECH, &speak(json!({"stream": true})))
        .open()
        .await;
    let (body, _connection) = opened.into_body();
    assert!(soon("the end", body.collect()).await.is_err());
    let status = pair
        .app
        .admin()
        .await
        .get(&pair.first_instance.path)
        .await
        .expect(200)
        .json();
    assert!(status["status"]["last_error"].is_string(), "{status}");
    assert!(pair.second.requests().is_empty());
}

#[tokio::test]
async fn sound_as_events_has_the_commit_of_events() {
    let pair = Pair::start().await;
    let fields = json!({"stream_format": "sse"});
    let answer = ask(&pair, fields.clone()).await.expect(200);
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/event-stream")
    );
    let kinds: Vec<Value> = answer
        .events()
        .iter()
        .map(|event| event.json()["type"].clone())
        .collect();
    assert_eq!(kinds, ["speech.audio.delta", "speech.audio.done"]);
    let delta = json!({"type": "speech.audio.delta", "audio": "A".repeat(200_000)});
    pair.first.next(Reply::typed_events([delta]).then_close());
    let last = ask(&pair, fields.clone())
        .await
        .expect(200)
        .events()
        .pop()
        .unwrap();
    assert_eq!(last.error_code().as_deref(), Some("stream_interrupted"));
    // Sound in place of events is no answer to that.
    pair.first.next(Reply::body(200, "audio/mpeg", "sound"));
    let answer = ask(&pair, fields).await.expect(200);
    assert_eq!(answer.header("x-understudy-instance"), Some("second"));
}
