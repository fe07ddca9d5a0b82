//! What stands in a dialog gives way to nothing that is worth less: not to an answer that was cut off, nor to a failure.

use serde_json::{Value, json};

use super::dialogs::{Talk, says};
use super::tries::data;
use crate::support::upstream::healthy::{chat_event, content_event};
use crate::support::upstream::{MODEL, Reply};

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
