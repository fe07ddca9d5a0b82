//! Dialogs: whose they are, whom they are with, and what is asked in them.

use serde_json::{Value, json};

use super::tries::{Stage, data};
use super::{USERS, person};
use crate::support::client::Client;
use crate::support::upstream::healthy::{content_event, finish_event};
use crate::support::upstream::{MODEL, Reply};

pub const DIALOGS: &str = "/api/v1/dialogs";

/// A dialog of somebody with the group of a stage.
pub struct Talk {
    pub stage: Stage,
    pub person: Client,
    pub username: String,
    pub dialog: String,
    pub messages: String,
}

impl Talk {
    pub async fn start() -> Self {
        Self::with(Stage::start().await).await
    }

    pub async fn with(stage: Stage) -> Self {
        let (username, person) = person(&stage.app, "user").await;
        let dialog = dialog(&person, &json!({"group_id": stage.group.id})).await;
        Self {
            stage,
            person,
            username,
            messages: format!("{dialog}/messages"),
            dialog,
        }
    }

    /// Asks, and waits for the whole answer.
    pub async fn ask(&self, content: &str) -> Value {
        let answer = self
            .person
            .post(&self.messages, &json!({"content": content}));
        answer.await.expect(200).json()["message"].clone()
    }

    /// All messages.
    pub async fn all(&self) -> Vec<Value> {
        let list = self.person.get(&self.messages).await.expect(200).json();
        list["items"].as_array().unwrap().clone()
    }

    /// Role, state and content of all messages.
    pub async fn told(&self) -> Vec<(String, String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let all = self.all().await;
        let each = all.iter().map(|message| {
            (
                text(&message["role"]),
                text(&message["state"]),
                text(&message["content"]),
            )
        });
        each.collect()
    }

    pub async fn get(&self) -> Value {
        self.person.get(&self.dialog).await.expect(200).json()
    }
}

/// Begins a dialog, and gives its path.
pub async fn dialog(person: &Client, body: &Value) -> String {
    let made = person.post(DIALOGS, body).await.expect(201);
    let path = format!("{DIALOGS}/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(made.header("location"), Some(&*path));
    path
}

/// What a backend was told in the request with this number.
pub fn sent(stage: &Stage, number: usize) -> Value {
    let requests = stage.first.requests();
    serde_json::from_slice(&requests[number].body).unwrap()
}

/// An answer of a backend that says this.
pub fn says(text: &str) -> Reply {
    Reply::json(
        200,
        &json!({"id": "c", "object": "chat.completion", "created": 1, "model": MODEL,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3}}),
    )
}

/// A stream that says this.
pub fn streams(pieces: &[&str]) -> Reply {
    let pieces = pieces.iter().map(|piece| content_event(piece).to_string());
    let end = [finish_event().to_string(), "[DONE]".to_owned()];
    Reply::events(pieces.chain(end))
}

#[tokio::test]
async fn a_dialog_is_its_persons_alone() {
    let talk = Talk::start().await;
    let answer = talk.ask("What is 2 + 2?").await;
    let message = format!("{}/{}", talk.messages, answer["id"].as_str().unwrap());
    let (_, other) = person(&talk.stage.app, "user").await;
    let (_, operator) = person(&talk.stage.app, "operator").await;
    for stranger in [&other, &operator, &talk.stage.admin] {
        let question = json!({"content": "x"});
        let title = json!({"title": "x"});
        for call in [
            stranger.get(&talk.dialog),
            stranger.get(&talk.messages),
            stranger.get(&format!("{}/export", talk.dialog)),
            stranger.post(&talk.messages, &question),
            stranger.post(&format!("{message}/retry"), &json!({})),
            stranger.patch(&talk.dialog, &title),
            stranger.delete(&talk.dialog),
        ] {
            call.await.problem(404, "not_found");
        }
        assert_eq!(stranger.get(DIALOGS).await.expect(200).json()["total"], 0);
    }
    // A dialog of one's own does not open the messages of another.
    let own = dialog(&other, &json!({"group_id": talk.stage.group.id})).await;
    let path = format!("{own}/messages/{}/retry", answer["id"].as_str().unwrap());
    other
        .post(&path, &json!({}))
        .await
        .problem(404, "not_found");
    let replaces = json!({"content": "x", "replaces": answer["in_reply_to"]});
    other
        .post(&format!("{own}/messages"), &replaces)
        .await
        .faults(
            422,
            "validation_failed",
            &[("/replaces", "validation_failed")],
        );
    let program = talk.stage.app.key(&["manage:write", "gateway"]).await;
    program.get(DIALOGS).await.problem(403, "forbidden");
    assert_eq!(talk.told().await.len(), 2);

    // It goes with its person.
    let users = talk
        .stage
        .admin
        .get(&format!("{USERS}?q={}", talk.username));
    let id = users.await.json()["items"][0]["id"].clone();
    let path = format!("{USERS}/{}", id.as_str().unwrap());
    talk.stage
        .admin
        .delete(&path)
        .if_match("*")
        .await
        .expect(204);
    let database = talk.stage.app.database().connect().await;
    let left = database
        .query_one("SELECT count(*) FROM dialog_messages", &[])
        .await;
    assert_eq!(left.unwrap().get::<_, i64>(0), 0);
    let log = talk.stage.app.log();
    assert!(
        !log.contains("What is 2 + 2?") && !log.contains("hello from first"),
        "{log}"
    );
}

#[tokio::test]
async fn a_question_takes_the_path_of_the_gateway_and_its_answer_stays() {
    let parameters = json!({"parameters": {"defaults": {"temperature": 0.2}}});
    let talk = Talk::with(Stage::with(parameters, json!({})).await).await;
    talk.stage.first.next(Reply::failure(503));
    let asked = talk.person.post(
        &talk.messages,
        &json!({"content": "**What** is 2 + 2?\nPlease."}),
    );
    let answer = asked.header("x-request-id", "dialog-1").await.expect(200);
    let message = answer.json()["message"].clone();
    assert_eq!(message["content"], "hello from second");
    assert_eq!(
        (&message["role"], &message["state"]),
        (&json!("assistant"), &json!("complete"))
    );
    assert_eq!(message["instance"]["name"], "second");
    assert_eq!(message["trace"][0]["code"], "http_503");
    assert_eq!(message["trace"][1]["outcome"], "answered");
    assert_eq!(message["left_out"], 0);
    assert!(message["duration_ms"].as_u64() >= message["first_byte_ms"].as_u64());
    let request = sent(&talk.stage, 0);
    assert_eq!(
        request,
        json!({"model": MODEL, "stream": false, "temperature": 0.2,
            "messages": [{"role": "user", "content": "**What** is 2 + 2?\nPlease."}]})
    );
    let all = talk.all().await;
    assert_eq!(all[1], message, "what was answered is what is stored");
    assert_eq!(all[0]["role"], "user");
    assert_eq!(message["in_reply_to"], all[0]["id"]);
    let dialog = talk.get().await;
    assert_eq!(dialog["title"], "What is 2 + 2?");
    assert_eq!(
        (&dialog["messages"], &dialog["answering"]),
        (&json!(2), &json!(false))
    );
    assert_eq!(dialog["target"]["name"], "chat");
    assert_eq!(dialog["target"]["availability"], "available");

    // What was said before goes along.
    talk.stage.first.next(says("again"));
    let message = talk.ask("And 3 + 3?").await;
    assert_eq!(
        (&message["prompt_tokens"], &message["completion_tokens"]),
        (&json!(7), &json!(3))
    );
    let said = sent(&talk.stage, 1)["messages"].clone();
    let said: Vec<&str> = said
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["content"].as_str().unwrap())
        .collect();
    assert_eq!(
        said,
        [
            "**What** is 2 + 2?\nPlease.",
            "hello from second",
            "And 3 + 3?"
        ]
    );
    let latest = talk
        .person
        .get(&format!("{}?sort=-created_at&limit=1", talk.messages));
    assert_eq!(latest.await.json()["items"][0]["content"], "again");
    assert_eq!(talk.get().await["title"], "What is 2 + 2?");
}

#[tokio::test]
async fn an_answer_is_streamed_and_ends_with_the_message_that_is_stored() {
    let talk = Talk::start().await;
    talk.stage.first.always(streams(&["Par", "is\u{0}."]));
    let body = json!({"content": "Capital?", "stream": true});
    let answer = talk.person.post(&talk.messages, &body).await.expect(200);
    let kind = answer.header("content-type").unwrap();
    assert!(kind.starts_with("text/event-stream"), "{answer:?}");
    let names: Vec<&str> = answer
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    assert_eq!(names.last(), Some(&"message"), "{names:?}");
    let events = data(&answer.events());
    let (message, deltas) = events.split_last().unwrap();
    let text: String = deltas
        .iter()
        .map(|delta| delta["content"].as_str().unwrap())
        .collect();
    assert_eq!(text, "Paris\u{0}.");
    assert_eq!(message["state"], "complete");
    // The database keeps no zeros, and everything else.
    let stored = &talk.all().await[1];
    assert_eq!(stored["content"], "Paris\u{fffd}.");
    assert_eq!(stored["id"], message["id"]);
}

#[tokio::test]
async fn a_failure_before_the_first_content_has_a_status_and_stays_as_an_answer() {
    let talk = Talk::start().await;
    talk.stage.first.always(Reply::failure(500));
    talk.stage.second.always(Reply::failure(500));
    let body = json!({"content": "x", "stream": true});
    let problem = talk
        .person
        .post(&talk.messages, &body)
        .await
        .problem(502, "all_instances_failed");
    assert_eq!(problem["trace"].as_array().unwrap().len(), 2);
    let all = talk.all().await;
    assert_eq!(
        (&all[1]["state"], &all[1]["content"]),
        (&json!("failed"), &json!(""))
    );
    assert_eq!(all[1]["problem"]["code"], "all_instances_failed");
    assert_eq!(all[1]["problem"]["detail"], problem["detail"]);
    assert_eq!(all[1]["trace"], problem["trace"]);
    assert_eq!(all[1]["instance"], Value::Null);
    // Neither it nor its question is sent on.
    talk.stage.first.recover();
    talk.ask("Hello?").await;
    let said = sent(&talk.stage, 1)["messages"].clone();
    assert_eq!(said, json!([{"role": "user", "content": "Hello?"}]));
}

#[tokio::test]
async fn an_answer_that_breaks_off_keeps_what_had_come() {
    let talk = Talk::start().await;
    talk.stage
        .first
        .always(Reply::events([content_event("two and ")]).then_close());
    let body = json!({"content": "x", "stream": true});
    let answer = talk.person.post(&talk.messages, &body).await.expect(200);
    assert!(answer.text().contains("event: error\n"), "{answer:?}");
    let events = data(&answer.events());
    let error = events.last().unwrap();
    assert_eq!(error["problem"]["code"], "stream_interrupted");
    assert_eq!(error["message"]["trace"][0]["code"], "stream_interrupted");
    let stored = talk.all().await[1].clone();
    assert_eq!(stored, error["message"]);
    assert_eq!(
        (&stored["state"], &stored["content"]),
        (&json!("interrupted"), &json!("two and "))
    );
    // Somebody who only thinks, or calls tools, has not answered.
    let thought = json!({"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}, "finish_reason": null}]});
    let call = json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "t", "function": {"name": "f", "arguments": "{}"}}]}}]});
    let silent = Reply::events([
        thought.to_string(),
        call.to_string(),
        finish_event().to_string(),
        "[DONE]".to_owned(),
    ]);
    talk.stage.first.always(silent);
    let answer = talk.person.post(&talk.messages, &body).await.expect(200);
    let events = data(&answer.events());
    assert_eq!(events.len(), 1, "{answer:?}");
    assert_eq!(events[0]["problem"]["code"], "stream_interrupted");
    talk.stage.first.always(says(""));
    let body = json!({"content": "x"});
    talk.person
        .post(&talk.messages, &body)
        .await
        .problem(502, "stream_interrupted");
    assert_eq!(talk.told().await.len(), 6);
}
