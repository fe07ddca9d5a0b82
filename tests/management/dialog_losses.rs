//! Answers that are lost, and what is not lost with them: the dialog or its person is deleted, the database is away, whoever asked has left.

use std::time::Duration;

use serde_json::{Value, json};

use super::USERS;
use super::dialogs::{Talk, dialog};
use super::tries::data;
use crate::support::sse::EventStream;
use crate::support::upstream::healthy::{content_event, finish_event};
use crate::support::upstream::{Gate, Reply};
use crate::support::wait::{SOON, until, within};

/// Asks for a stream, and reads it up to its first text.
async fn begun(talk: &Talk, messages: &str) -> EventStream {
    let body = json!({"content": "x", "stream": true});
    let opened = talk.person.post(messages, &body).open().await;
    assert_eq!(opened.status(), 200);
    let mut events = opened.events();
    while !events
        .next_block()
        .await
        .expect("an event")
        .contains("event: delta")
    {}
    events
}

/// The error by which a stream ends, in time.
async fn lost(stream: &mut EventStream) -> Value {
    // Between two renewals of a lease are ten seconds.
    let rest = within(Duration::from_secs(30), "the end", stream.rest()).await;
    data(&rest).pop().expect("an event")
}

#[tokio::test]
async fn an_answer_that_nobody_can_read_any_more_ends() {
    let talk = Talk::start().await;
    let hangs = || Reply::events([content_event("so far")]).then_hang();
    let group = json!({"group_id": talk.stage.group.id});
    let other = dialog(&talk.person, &group).await;
    talk.stage.first.next(hangs());
    let mut stays = begun(&talk, &format!("{other}/messages")).await;

    talk.stage.first.next(hangs());
    let mut stream = begun(&talk, &talk.messages).await;
    talk.person.delete(&talk.dialog).await.expect(204);
    let error = lost(&mut stream).await;
    assert_eq!(error["problem"]["code"], "conflict", "{error}");
    assert_eq!(error["message"]["content"], "so far");
    until(SOON, "the backend is hung up on", async || {
        talk.stage.first.requests()[1].left_at
    })
    .await;
    // So is one of which nothing has come yet.
    let third = dialog(&talk.person, &group).await;
    talk.stage.first.next(Reply::hang());
    let body = json!({"content": "x"});
    let asking = talk
        .person
        .post(&format!("{third}/messages"), &body)
        .spawn();
    talk.stage.first.arrived(3).await;
    talk.person.delete(&third).await.expect(204);
    let answer = within(SOON, "an answer", asking).await.unwrap();
    answer.expect("it is told").problem(409, "conflict");

    // Where nobody here has seen it go, it ends when its lease is to be renewed.
    let admin = &talk.stage.admin;
    let users = admin
        .get(&format!("{USERS}?q={}", talk.username))
        .await
        .json();
    let user = format!("{USERS}/{}", users["items"][0]["id"].as_str().unwrap());
    admin.delete(&user).if_match("*").await.expect(204);
    let error = lost(&mut stays).await;
    assert_eq!(error["problem"]["code"], "conflict", "{error}");
}

#[tokio::test]
async fn an_answer_is_stored_when_the_database_is_back_though_its_person_was_told() {
    let talk = Talk::start().await;
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
    let mut stream = begun(&talk, &talk.messages).await;
    talk.stage.app.database().go_away().await;
    gate.open();
    let error = lost(&mut stream).await;
    assert_eq!(error["problem"]["code"], "unavailable", "{error}");
    assert_eq!(error["message"]["content"], "so far so good");
    talk.stage.app.database().come_back().await;
    let (told, _) = until(SOON, "the answer is stored", async || {
        let answer = talk.person.get(&talk.messages).await;
        let items = (answer.status == 200).then(|| answer.json()["items"].clone())?;
        (items.as_array()?.len() == 2).then_some(items)
    })
    .await;
    assert_eq!(told[1], error["message"], "what was told is what is stored");
    assert_eq!(talk.get().await["answering"], false);
}

#[tokio::test]
async fn an_answer_that_is_stopped_before_it_began_says_who_was_tried() {
    let talk = Talk::start().await;
    talk.stage.first.next(Reply::failure(500));
    talk.stage.second.always(Reply::hang());
    let body = json!({"content": "x", "stream": true});
    let asking = talk.person.post(&talk.messages, &body).spawn();
    talk.stage.second.arrived(1).await;
    asking.abort();
    let (stopped, _) = until(SOON, "the answer is stored", async || {
        talk.all().await.get(1).cloned()
    })
    .await;
    assert_eq!(stopped["state"], "stopped");
    assert_eq!(stopped["trace"][0]["name"], "first", "{stopped}");
    assert_eq!(stopped["trace"][0]["code"], "http_500", "{stopped}");
}
