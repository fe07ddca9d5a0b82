//! Answers of dialogs beyond one process: one at a time over all replicas, whatever happens to the one that gives it.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::management::dialogs::{Talk, dialog};
use crate::management::tries::{Stage, data};
use crate::support::App;
use crate::support::client::Client;
use crate::support::server::Server;
use crate::support::upstream::healthy::{content_event, finish_event};
use crate::support::upstream::{Gate, Reply};
use crate::support::wait::{SOON, until, within};

#[tokio::test]
async fn a_dialog_is_free_again_when_the_replica_that_answered_is_killed() {
    let mut talk = Talk::start().await;
    let other = Server::start(talk.stage.app.environment()).await;
    let elsewhere = Client::new(other.address()).with_bearer(talk.person.bearer());
    talk.stage
        .first
        .next(Reply::events([content_event("so far")]).then_hang());
    let body = json!({"content": "one", "stream": true});
    let mut stream = talk
        .person
        .post(&talk.messages, &body)
        .open()
        .await
        .events();
    stream.next_block().await.expect("it begins");
    let dialog = elsewhere.get(&talk.dialog).await.expect(200).json();
    assert_eq!(dialog["answering"], true);
    elsewhere
        .post(&talk.messages, &body)
        .await
        .problem(409, "answer_under_way");

    talk.stage.app.signal(Signal::KILL);
    talk.stage.app.exit_code(Duration::from_secs(5)).await;
    // Its lease goes on for a while, and no longer; nobody waits for that here.
    elsewhere
        .post(&talk.messages, &body)
        .await
        .problem(409, "answer_under_way");
    let database = talk.stage.app.database().connect().await;
    let until_then = database
        .query_one("SELECT answering_until - now() <= interval '30 seconds' FROM dialogs WHERE answering_id IS NOT NULL", &[])
        .await
        .unwrap();
    assert!(until_then.get::<_, bool>(0));
    database
        .batch_execute("UPDATE dialogs SET answering_until = now()")
        .await
        .unwrap();
    let messages = elsewhere.get(&talk.messages).await.expect(200).json();
    assert_eq!(messages["total"], 1, "the question is there");
    let retry = format!(
        "{}/{}/retry",
        talk.messages,
        messages["items"][0]["id"].as_str().unwrap()
    );
    let answer = elsewhere.post(&retry, &json!({})).await.expect(200).json();
    assert_eq!(answer["message"]["content"], "hello from first");
    assert_eq!(elsewhere.get(&talk.messages).await.json()["total"], 2);
    drop(other);
}

#[tokio::test]
async fn a_service_that_stops_stores_the_answers_that_it_was_giving() {
    let builder = App::builder().env("UNDERSTUDY_DRAIN_SECONDS", "20");
    let stage = Stage::on(builder.start().await, json!({}), json!({})).await;
    let mut talk = Talk::with(stage).await;
    let other = Server::start(talk.stage.app.environment()).await;
    let elsewhere = Client::new(other.address()).with_bearer(talk.person.bearer());
    let gate = Gate::closed();
    let rest = [
        content_event(" so good").to_string(),
        finish_event().to_string(),
        "[DONE]".to_owned(),
    ];
    talk.stage.first.next(
        Reply::events([content_event("so far")])
            .then_hold(&gate)
            .then_events(rest),
    );
    let body = json!({"content": "one", "stream": true});
    let mut finished = talk
        .person
        .post(&talk.messages, &body)
        .open()
        .await
        .events();
    finished.next_block().await.expect("it begins");
    // One whose person leaves as the service goes down, and one that does not come to its end.
    let group = json!({"group_id": talk.stage.group.id});
    let (second, third) = (
        format!("{}/messages", dialog(&talk.person, &group).await),
        format!("{}/messages", dialog(&talk.person, &group).await),
    );
    let mut streams = Vec::new();
    for path in [&second, &third] {
        talk.stage
            .first
            .next(Reply::events([content_event("so far")]).then_hang());
        let mut stream = talk.person.post(path, &body).open().await.events();
        while !stream
            .next_block()
            .await
            .expect("it begins")
            .contains("delta")
        {}
        streams.push(stream);
    }
    let mut endless = streams.pop().unwrap();

    talk.stage.app.signal(Signal::INT);
    until(SOON, "it is told to stop", async || {
        talk.stage.app.log().contains("told to stop").then_some(())
    })
    .await;
    drop(streams);
    gate.open();
    let events = data(&finished.rest().await);
    assert_eq!(events.last().unwrap()["content"], "so far so good");
    drop(finished);
    let events = within(
        Duration::from_secs(40),
        "the end of the last one",
        endless.rest(),
    )
    .await;
    let error = data(&events).pop().unwrap();
    assert_eq!(error["problem"]["code"], "stream_interrupted");
    drop(endless);
    assert_eq!(
        talk.stage.app.exit_code(Duration::from_secs(20)).await,
        Some(0)
    );
    for (messages, state, content) in [
        (&talk.messages, "complete", "so far so good"),
        (&second, "stopped", "so far"),
        (&third, "interrupted", "so far"),
    ] {
        let stored = elsewhere.get(messages).await.expect(200).json()["items"][1].clone();
        assert_eq!(
            (&stored["state"], &stored["content"]),
            (&json!(state), &json!(content)),
            "{stored}"
        );
    }
    let log = talk.stage.app.log();
    assert!(!log.contains("could not be stored"), "{log}");
    drop(other);
}
