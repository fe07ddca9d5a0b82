//! Going down: nobody loses an answer that has begun, and a second signal ends the waiting.

use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use rustix::process::Signal;
use serde_json::json;

use crate::gateway::{CHAT, GROUP, Pair, assert_answered, chat, streamed_chat};
use crate::support::App;
use crate::support::sse;
use crate::support::upstream::healthy::{content_event, finish_event};
use crate::support::upstream::{Gate, Reply, Upstream};
use crate::support::wait::{until, within};

#[tokio::test]
async fn sigterm_takes_readiness_at_once_and_accepts_a_little_longer() {
    let mut pair = Pair::start().await;
    pair.app.signal(Signal::TERM);
    let told = Instant::now();
    let anonymous = pair.app.anonymous();
    until(Duration::from_secs(1), "readiness is gone", async || {
        let answer = anonymous.get("/healthz/ready").await;
        (answer.status == 503).then_some(())
    })
    .await;
    assert_answered(&pair.ask().await, "first", 1);
    assert_eq!(pair.app.exit_code(Duration::from_secs(15)).await, Some(0));
    let took = told.elapsed();
    assert!(took >= Duration::from_millis(4500), "{took:?}");
}

#[tokio::test]
async fn running_answers_are_finished_before_the_end() {
    let mut pair = Pair::start().await;
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
    pair.app.signal(Signal::INT);
    until(Duration::from_secs(5), "nobody new is let in", async || {
        let answer = pair.caller.post(CHAT, &chat(GROUP)).try_send().await;
        answer.is_none().then_some(())
    })
    .await;
    gate.open();
    let events = stream.rest().await;
    assert_eq!(sse::text(&events), "from first");
    assert!(events.last().unwrap().is_done());
    drop(stream);
    assert_eq!(pair.app.exit_code(Duration::from_secs(10)).await, Some(0));
}

#[tokio::test]
async fn what_outlasts_the_end_is_ended_with_an_error() {
    let mut app = App::builder()
        .env("UNDERSTUDY_DRAIN_SECONDS", "20")
        .start()
        .await;
    let upstream = Upstream::start("a");
    let patient = json!({"timeouts": {"idle_ms": 100_000}});
    let instance = app.instance_with("a", upstream.port(), patient).await;
    app.group(GROUP, [&instance]).await;
    let caller = app.gateway().await;
    let silent = Reply::events([content_event("hello ")]).then_hang();
    let mut lively = Reply::events([content_event("hello ")]);
    for _ in 0..600 {
        lively = lively
            .then_pause(Duration::from_millis(100))
            .then_events([content_event("on and ")]);
    }
    let sound = Reply::body(200, "audio/mpeg", "begin").promising(1000);
    for reply in [silent, lively, sound.then_hang()] {
        upstream.next(reply);
    }
    let mut streams = Vec::new();
    for _ in 0..2 {
        let opened = caller.post(CHAT, &streamed_chat(GROUP)).open().await;
        let mut events = opened.events();
        assert_eq!(events.next_content().await, "hello ");
        streams.push(events);
    }
    let speak = json!({"model": GROUP, "input": "Hi", "voice": "alloy", "stream": true});
    let opened = caller.post("/v1/audio/speech", &speak).open().await;
    assert_eq!(opened.status(), 200);
    let (sound, _connection) = opened.into_body();
    upstream.next(Reply::hang());
    let whole = caller.post(CHAT, &chat(GROUP)).spawn();
    upstream.arrived(4).await;

    app.signal(Signal::INT);
    let told = Instant::now();
    let over = Duration::from_secs(40);
    for mut events in streams {
        let events = within(over, "the end of a stream", events.rest()).await;
        let last = events.last().unwrap();
        assert_eq!(last.error_code().as_deref(), Some("stream_interrupted"));
        assert!(!events.iter().any(sse::Event::is_done));
    }
    let took = told.elapsed();
    assert!(took >= Duration::from_secs(19), "only {took:?}");
    let torn = within(over, "the end of the sound", sound.collect()).await;
    assert!(torn.is_err(), "what broke off looked whole");
    let refused = within(over, "the end of a whole answer", whole).await;
    let refused = refused.unwrap().expect("the connection was cut");
    assert_eq!(refused.status, 503);
    assert_eq!(refused.json()["error"]["code"], "no_instance_available");
    assert_eq!(app.exit_code(Duration::from_secs(20)).await, Some(0));
    let log = app.log();
    assert_eq!(log.matches("the service stopped").count(), 3, "{log}");
    assert!(!log.contains("ERROR"), "{log}");
}

#[tokio::test]
async fn second_signal_stops_at_once() {
    let mut pair = Pair::start().await;
    pair.first.always(Reply::hang());
    let asking = pair.caller.post(CHAT, &chat(GROUP)).spawn();
    pair.first.arrived(1).await;
    pair.app.signal(Signal::INT);
    until(
        Duration::from_secs(5),
        "the first signal is heard",
        async || pair.app.log().contains("told to stop").then_some(()),
    )
    .await;
    pair.app.signal(Signal::INT);
    pair.app.exit_code(Duration::from_secs(5)).await;
    assert!(
        asking
            .await
            .unwrap()
            .is_none_or(|answer| answer.status >= 500)
    );
}

#[tokio::test]
async fn idle_service_ends_promptly_on_sigint() {
    let mut app = App::start().await;
    app.anonymous().get("/healthz/live").await.expect(200);
    app.signal(Signal::INT);
    assert_eq!(app.exit_code(Duration::from_secs(5)).await, Some(0));
}
