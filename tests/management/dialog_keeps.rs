//! What stands in a dialog gives way to nothing that is worth less: not to an answer that was cut off, nor to a failure, whether a
//! question was asked again or edited.

use serde_json::{Value, json};

use super::dialogs::{Talk, says};
use super::tries::data;
use crate::support::upstream::healthy::{chat_event, content_event};
use crate::support::upstream::{MODEL, Reply};
use crate::support::wait::{SOON, until};

/// A whole answer that ends for this reason.
fn ends(text: &str, reason: &str) -> Reply {
    Reply::json(
        200,
        &json!({"id": "c", "object": "chat.completion", "created": 1, "model": MODEL,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": reason}]}),
    )
}

/// A stream that ends for this reason.
fn streams_until(text: &str, reason: &str) -> Reply {
    let end = chat_event(&json!(MODEL), &json!({}), &json!(reason));
    Reply::events([
        content_event(text).to_string(),
        end.to_string(),
        "[DONE]".to_owned(),
    ])
}

fn retry(talk: &Talk, message: &Value) -> String {
    format!(
        "{}/{}/retry",
        talk.messages,
        message["id"].as_str().unwrap()
    )
}

#[tokio::test]
async fn an_answer_that_was_cut_off_says_by_what_and_takes_no_whole_ones_place() {
    let talk = Talk::start().await;
    let stream = json!({"stream": true});
    talk.stage.first.next(ends("as long as it", "length"));
    let cut = talk.ask("one").await;
    assert_eq!(
        (&cut["state"], &cut["finish_reason"]),
        (&json!("complete"), &json!("length"))
    );
    assert_eq!(
        talk.all().await[1],
        cut,
        "what was answered is what is stored"
    );
    // It gives way to another one of its kind.
    talk.stage
        .first
        .next(streams_until("half of", "content_filter"));
    let answer = talk.person.post(&retry(&talk, &cut), &stream).await;
    let filtered = data(&answer.expect(200).events()).pop().unwrap();
    assert_eq!(filtered["finish_reason"], "content_filter");
    assert_eq!(talk.all().await[1], filtered);
    let export = talk.person.get(&format!("{}/export", talk.dialog));
    let export = export.await.expect(200).text().to_owned();
    assert!(export.contains("*Cut off here by a filter"), "{export}");

    talk.stage.first.next(says("all of it"));
    let call = talk.person.post(&retry(&talk, &filtered), &json!({}));
    let whole = call.await.expect(200).json()["message"].clone();
    assert_eq!(whole["finish_reason"], Value::Null);
    let before = talk.all().await;
    talk.stage.first.next(streams_until("a part", "length"));
    let answer = talk.person.post(&retry(&talk, &whole), &stream).await;
    let error = data(&answer.expect(200).events()).pop().unwrap();
    assert_eq!(error["problem"]["code"], "stream_interrupted");
    assert_eq!(error["message"], whole, "the answer as it is kept");
    talk.stage.first.next(ends("a part", "length"));
    let call = talk.person.post(&retry(&talk, &whole), &json!({}));
    let problem = call.await.problem(502, "stream_interrupted");
    assert_eq!(problem["trace"][0]["outcome"], "answered");
    assert_eq!(talk.all().await, before);
}

#[tokio::test]
async fn a_question_right_behind_another_is_not_lost_to_a_failure() {
    let talk = Talk::start().await;
    talk.ask("one").await;
    talk.ask("two").await;
    // As a process leaves it that is killed.
    let database = talk.stage.app.database().connect().await;
    let statement = "DELETE FROM dialog_messages WHERE role = 'assistant'";
    database.batch_execute(statement).await.unwrap();
    let before = talk.all().await;
    talk.stage.first.always(Reply::failure(500));
    talk.stage.second.always(Reply::failure(500));
    let call = talk.person.post(&retry(&talk, &before[0]), &json!({}));
    call.await.problem(502, "all_instances_failed");
    assert_eq!(talk.all().await, before);
}

#[tokio::test]
async fn an_edit_that_nobody_answers_loses_nothing() {
    let talk = Talk::start().await;
    for question in ["one", "two", "three"] {
        talk.ask(question).await;
    }
    let before = talk.all().await;
    let edit = |number: usize, stream: bool| json!({"content": "edited", "replaces": before[number]["id"], "stream": stream});
    talk.stage.first.always(Reply::failure(500));
    talk.stage.second.always(Reply::failure(500));
    for stream in [true, false] {
        let call = talk.person.post(&talk.messages, &edit(0, stream));
        call.await.problem(502, "all_instances_failed");
        assert_eq!(talk.all().await, before);
    }
    assert_eq!(talk.get().await["title"], "one");
    // Nobody may be asked at all.
    let (admin, group) = (&talk.stage.admin, &talk.stage.group);
    let switch = async |enabled: bool| {
        let fields = json!({"enabled": enabled});
        let call = admin.patch(&group.path, &fields).if_match("*");
        call.await.expect(200);
    };
    switch(false).await;
    let call = talk.person.post(&talk.messages, &edit(2, true));
    call.await.problem(503, "no_instance_available");
    assert_eq!(talk.all().await, before);
    switch(true).await;
    // It breaks off, or its person stops it before they have seen anything of it. Meanwhile the dialog is as it was.
    let torn = Reply::events([content_event("torn")]).then_close();
    talk.stage.first.next(torn);
    let answer = talk.person.post(&talk.messages, &edit(2, true)).await;
    let error = data(&answer.expect(200).events()).pop().unwrap();
    assert_eq!(error["problem"]["code"], "stream_interrupted");
    assert_eq!(error["message"], before[3], "the answer as it is kept");
    assert_eq!(talk.all().await, before);
    talk.stage.first.always(Reply::hang());
    let asked = talk.stage.first.requests().len();
    let asking = talk.person.post(&talk.messages, &edit(0, true)).spawn();
    talk.stage.first.arrived(asked + 1).await;
    assert_eq!(talk.get().await["answering"], true);
    assert_eq!(talk.all().await, before);
    asking.abort();
    until(SOON, "it is stopped", async || {
        (talk.get().await["answering"] == false).then_some(())
    })
    .await;
    assert_eq!(talk.all().await, before);

    // An answer is one though it was cut off; and so is one that its person has seen a part of.
    talk.stage
        .first
        .next(streams_until("as long as it", "length"));
    let answer = talk.person.post(&talk.messages, &edit(2, true)).await;
    let message = data(&answer.expect(200).events()).pop().unwrap();
    let all = talk.all().await;
    assert_eq!((all.len(), &all[..2], &all[3]), (4, &before[..2], &message));
    assert_eq!(message["in_reply_to"], all[2]["id"]);
    assert_eq!(all[2]["content"], "edited");
    // What has no answer gives way to what has none either: the question is there, and can be asked again.
    talk.stage.first.always(Reply::failure(500));
    let body = json!({"content": "unanswered"});
    let call = talk.person.post(&talk.messages, &body);
    call.await.problem(502, "all_instances_failed");
    let last = talk.all().await[4]["id"].clone();
    let body = json!({"content": "edited again", "replaces": last});
    let call = talk.person.post(&talk.messages, &body);
    call.await.problem(502, "all_instances_failed");
    let told = talk.told().await;
    assert_eq!(
        (told.len(), &*told[4].2, &*told[5].1),
        (6, "edited again", "failed")
    );
}
