//! Answers of dialogs: stopped, asked for again, in place of others, one at a time, trimmed to a context, and taken away as a file.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::dialogs::{Talk, dialog, says, sent, streams};
use super::tries::data;
use crate::support::sse::EventStream;
use crate::support::upstream::healthy::{content_event, finish_event};
use crate::support::upstream::{Gate, Reply};
use crate::support::wait::{SOON, until};

/// Asks for a stream, and reads it up to its first text.
async fn begun(talk: &Talk, content: &str) -> EventStream {
    let body = json!({"content": content, "stream": true});
    let opened = talk.person.post(&talk.messages, &body).open().await;
    assert_eq!(opened.status(), 200);
    let mut events = opened.events();
    loop {
        let block = events.next_block().await.expect("an event");
        if block.contains("event: delta") {
            return events;
        }
    }
}

/// An answer that goes on when the gate is opened.
fn held(gate: &Gate) -> Reply {
    Reply::events([content_event("so far")])
        .then_hold(gate)
        .then_events([
            content_event(" so good").to_string(),
            finish_event().to_string(),
            "[DONE]".to_owned(),
        ])
}

async fn settled(talk: &Talk, messages: usize) -> Vec<(String, String, String)> {
    let (told, _) = until(SOON, "the answer is stored", async || {
        let told = talk.told().await;
        (told.len() == messages && talk.get().await["answering"] == false).then_some(told)
    })
    .await;
    told
}

#[tokio::test]
async fn whoever_leaves_stops_the_answer_and_finds_what_had_come() {
    let talk = Talk::start().await;
    talk.stage
        .first
        .always(Reply::events([content_event("so far")]).then_hang());
    let stream = begun(&talk, "one").await;
    assert_eq!(talk.get().await["answering"], true);
    drop(stream);
    let left = Instant::now();
    let noticed = talk.stage.first.left(Duration::from_secs(5)).await - left;
    assert!(noticed <= Duration::from_secs(1), "{noticed:?}");
    let told = settled(&talk, 2).await;
    assert_eq!((&*told[1].1, &*told[1].2), ("stopped", "so far"));
    let stopped = talk.all().await[1].clone();
    assert_eq!(stopped["instance"]["name"], "first");
    assert_eq!(stopped["problem"], Value::Null);

    // Before anything came, and without a stream.
    talk.stage.first.always(Reply::hang());
    for (count, stream) in [(4, true), (6, false)] {
        let body = json!({"content": "two", "stream": stream});
        let asking = talk.person.post(&talk.messages, &body).spawn();
        talk.stage.first.arrived(count / 2).await;
        asking.abort();
        let told = settled(&talk, count).await;
        assert_eq!((&*told[count - 1].1, &*told[count - 1].2), ("stopped", ""));
    }
    assert!(
        talk.stage.second.requests().is_empty(),
        "nobody else is asked"
    );
    // What had come goes along with the next question; what is empty does not.
    talk.stage.first.recover();
    talk.ask("three").await;
    let said = sent(&talk.stage, 3)["messages"].clone();
    let said: Vec<&str> = said
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["content"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["one", "so far", "three"]);
}

#[tokio::test]
async fn an_answer_gives_way_to_a_new_one_and_never_to_a_failure() {
    let talk = Talk::start().await;
    let first = talk.ask("one").await;
    let second = talk.ask("two").await;
    let retry = |message: &Value| {
        format!(
            "{}/{}/retry",
            talk.messages,
            message["id"].as_str().unwrap()
        )
    };
    let before = talk.all().await;

    // Nobody answers, or the new one breaks off: all stays.
    talk.stage.first.always(Reply::failure(500));
    talk.stage.second.always(Reply::failure(500));
    let call = talk.person.post(&retry(&first), &json!({"stream": true}));
    call.await.problem(502, "all_instances_failed");
    assert_eq!(talk.all().await, before);
    talk.stage
        .first
        .always(Reply::events([content_event("torn")]).then_close());
    let call = talk.person.post(&retry(&second), &json!({"stream": true}));
    let events = data(&call.await.expect(200).events());
    let error = events.last().unwrap();
    assert_eq!(error["problem"]["code"], "stream_interrupted");
    assert_eq!(error["message"], second, "the answer as it is kept");
    assert_eq!(talk.all().await, before);
    assert_eq!(talk.get().await["answering"], false);

    // By its question or by itself; with what came before it, and in place of what came after it.
    talk.stage.first.always(says("better"));
    let question = &before[2];
    let call = talk.person.post(&retry(question), &json!({}));
    let again = call.await.expect(200).json()["message"].clone();
    assert_eq!(again["content"], "better");
    assert_eq!(again["in_reply_to"], question["id"]);
    let request = talk.stage.first.requests().pop().unwrap().json();
    assert_eq!(request["messages"].as_array().unwrap().len(), 3);
    let all = talk.all().await;
    assert_eq!((all.len(), &all[3]), (4, &again));
    talk.stage.first.always(streams(&["best"]));
    let call = talk.person.post(&retry(&first), &json!({"stream": true}));
    call.await.expect(200);
    let told = talk.told().await;
    assert_eq!((told.len(), &*told[1].2), (2, "best"));
    // What is gone cannot be asked for again.
    let call = talk.person.post(&retry(&second), &json!({}));
    call.await.problem(404, "not_found");

    // A question without an answer, as a process leaves it that is killed.
    let database = talk.stage.app.database().connect().await;
    database
        .batch_execute("DELETE FROM dialog_messages WHERE role = 'assistant'")
        .await
        .unwrap();
    let call = talk.person.post(&retry(&before[0]), &json!({}));
    call.await.problem(502, "all_instances_failed");
    assert_eq!(talk.told().await.len(), 2);
    // What was said later is not lost to a failure either.
    let body = json!({"content": "later"});
    let call = talk.person.post(&talk.messages, &body);
    call.await.problem(502, "all_instances_failed");
    let call = talk.person.post(&retry(&before[0]), &json!({}));
    call.await.problem(502, "all_instances_failed");
    assert_eq!(talk.told().await.len(), 4);
    talk.stage.first.always(says("there"));
    let call = talk.person.post(&retry(&before[0]), &json!({}));
    call.await.expect(200);
    let told = talk.told().await;
    assert_eq!(
        (told.len(), &*told[1].2),
        (2, "there"),
        "a failure gives way"
    );
}

#[tokio::test]
async fn an_edited_question_takes_the_place_of_all_that_came_after() {
    let talk = Talk::start().await;
    for question in ["one", "two", "three"] {
        talk.ask(question).await;
    }
    let all = talk.all().await;
    for message in [
        &all[1],
        &json!({"id": "01890a5d-ac96-774b-bcce-b302099a8057"}),
    ] {
        let body = json!({"content": "x", "replaces": message["id"]});
        let call = talk.person.post(&talk.messages, &body);
        call.await.faults(
            422,
            "validation_failed",
            &[("/replaces", "validation_failed")],
        );
    }
    assert_eq!(talk.all().await, all);
    let body = json!({"content": "second", "replaces": all[2]["id"]});
    talk.person.post(&talk.messages, &body).await.expect(200);
    let contents: Vec<String> = talk
        .told()
        .await
        .into_iter()
        .map(|(_, _, content)| content)
        .collect();
    assert_eq!(
        contents,
        ["one", "hello from first", "second", "hello from first"]
    );
    assert_eq!(talk.get().await["title"], "one");
    let body = json!({"content": "first", "replaces": all[0]["id"]});
    talk.person.post(&talk.messages, &body).await.expect(200);
    assert_eq!(
        talk.get().await["title"],
        "first",
        "it is the first question now"
    );
    assert_eq!(talk.told().await.len(), 2);
}

#[tokio::test]
async fn one_answer_is_given_at_a_time_and_a_lease_that_ran_out_is_lost() {
    let talk = Talk::start().await;
    let gate = Gate::closed();
    talk.stage.first.next(held(&gate));
    let mut stream = begun(&talk, "one").await;
    let question = json!({"content": "two"});
    talk.person
        .post(&talk.messages, &question)
        .await
        .problem(409, "answer_under_way");
    let id = talk.all().await[0]["id"].clone();
    let retry = format!("{}/{}/retry", talk.messages, id.as_str().unwrap());
    talk.person
        .post(&retry, &json!({}))
        .await
        .problem(409, "answer_under_way");
    // Another dialog is free, and so are the title and the reading of this one.
    let other = dialog(&talk.person, &json!({"group_id": talk.stage.group.id})).await;
    talk.person
        .post(&format!("{other}/messages"), &question)
        .await
        .expect(200);
    talk.person
        .patch(&talk.dialog, &json!({"title": "Mine"}))
        .await
        .expect(200);

    // As if whoever gives it had been away for longer than it may.
    let database = talk.stage.app.database().connect().await;
    let statement = "UPDATE dialogs SET answering_until = now() - interval '1 second' WHERE answering_id IS NOT NULL";
    database.batch_execute(statement).await.unwrap();
    assert_eq!(talk.get().await["answering"], false);
    talk.ask("two").await;
    gate.open();
    let events = data(&stream.rest().await);
    let error = events.last().unwrap();
    assert_eq!(error["problem"]["code"], "conflict", "{events:?}");
    assert_eq!(
        error["message"]["content"], "so far so good",
        "the person has it all the same"
    );
    assert_eq!(error["message"]["state"], "complete");
    let contents: Vec<String> = talk
        .told()
        .await
        .into_iter()
        .map(|(_, _, content)| content)
        .collect();
    assert_eq!(contents, ["one", "two", "hello from first"]);

    // So does one whose dialog is deleted.
    talk.stage.first.next(held(&gate));
    drop(begun(&talk, "three").await.rest().await);
    let gate = Gate::closed();
    talk.stage.first.next(held(&gate));
    let mut stream = begun(&talk, "four").await;
    talk.person.delete(&talk.dialog).await.expect(204);
    gate.open();
    let events = data(&stream.rest().await);
    assert_eq!(events.last().unwrap()["problem"]["code"], "conflict");
}

#[tokio::test]
async fn an_answer_that_cannot_be_stored_is_given_and_says_so() {
    let talk = Talk::start().await;
    let gate = Gate::closed();
    talk.stage.first.next(held(&gate));
    let mut stream = begun(&talk, "one").await;
    let database = talk.stage.app.database().connect().await;
    database
        .batch_execute("ALTER TABLE dialog_messages RENAME TO away")
        .await
        .unwrap();
    gate.open();
    let events = data(&stream.rest().await);
    let error = events.last().unwrap();
    assert_eq!(error["message"]["content"], "so far so good");
    assert_eq!(error["problem"]["code"], "internal");
    let detail = error["problem"]["detail"].as_str().unwrap();
    assert!(detail.contains("could not be stored"), "{detail}");
    database
        .batch_execute("ALTER TABLE away RENAME TO dialog_messages")
        .await
        .unwrap();
    assert_eq!(talk.told().await.len(), 1);
}

#[tokio::test]
async fn nobody_has_more_than_eight_answers_under_way() {
    let talk = Talk::start().await;
    talk.stage
        .first
        .always(Reply::events([content_event("so far")]).then_hang());
    let group = json!({"group_id": talk.stage.group.id});
    let mut streams = Vec::new();
    let body = json!({"content": "x", "stream": true});
    for _ in 0..8 {
        let path = format!("{}/messages", dialog(&talk.person, &group).await);
        let opened = talk.person.post(&path, &body).open().await;
        assert_eq!(opened.status(), 200);
        streams.push(opened);
    }
    talk.person
        .post(&talk.messages, &body)
        .await
        .problem(429, "rate_limited");
    streams.pop();
    until(SOON, "a place is free again", async || {
        let opened = talk.person.post(&talk.messages, &body).open().await;
        (opened.status() == 200).then_some(())
    })
    .await;
}
