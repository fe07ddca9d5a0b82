//! Trying a group out: the gateway's own path, told step by step.

use serde_json::{Value, json};

use crate::support::App;
use crate::support::app::Made;
use crate::support::client::Client;
use crate::support::sse::Event;
use crate::support::upstream::healthy::{content_event, role_event};
use crate::support::upstream::{Gate, MODEL, Reply, Upstream};

/// A service with a group of two instances.
pub struct Stage {
    pub app: App,
    pub admin: Client,
    pub first: Upstream,
    pub second: Upstream,
    pub first_instance: Made,
    pub group: Made,
    pub path: String,
}

impl Stage {
    /// With the defaults of every field.
    pub async fn start() -> Self {
        Self::with(json!({}), json!({})).await
    }

    /// With fields for the first instance and for the group.
    pub async fn with(instance: Value, group: Value) -> Self {
        Self::on(App::start().await, instance, group).await
    }

    /// In a service that is started otherwise.
    pub async fn on(app: App, instance: Value, group: Value) -> Self {
        let (first, second) = (Upstream::start("first"), Upstream::start("second"));
        let first_instance = app.instance_with("first", first.port(), instance).await;
        let second_instance = app.instance("second", &second).await;
        let members = [&first_instance, &second_instance];
        let group = app.group_with("chat", members, group).await;
        Self {
            admin: app.admin().await,
            path: format!("{}/try", group.path),
            app,
            first,
            second,
            first_instance,
            group,
        }
    }
}

/// What is asked.
pub fn question() -> Value {
    json!({"question": "What is 2 + 2?"})
}

/// The data of the events, without comments.
pub fn data(events: &[Event]) -> Vec<Value> {
    let data = events
        .iter()
        .filter(|event| matches!(event, Event::Data(_)));
    data.map(Event::json).collect()
}

/// Instance, outcome and code of each attempt.
fn attempts(trace: &Value) -> Vec<(&str, &str, &str)> {
    let steps = trace.as_array().unwrap().iter();
    steps
        .map(|step| {
            (
                step["name"].as_str().unwrap(),
                step["outcome"].as_str().unwrap(),
                step["code"].as_str().unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_try_streams_the_answer_and_tells_who_gave_it() {
    let stage = Stage::start().await;
    let call = stage.admin.post(&stage.path, &question());
    let answer = call.header("x-request-id", "try-1").await.expect(200);
    let kind = answer.header("content-type").unwrap();
    assert!(kind.starts_with("text/event-stream"), "{answer:?}");
    assert_eq!(answer.header("x-request-id"), Some("try-1"));
    let names: Vec<&str> = answer
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    let (last, deltas) = names.split_last().unwrap();
    assert_eq!(*last, "message");
    assert!(deltas.iter().all(|name| *name == "delta"), "{names:?}");

    let data = data(&answer.events());
    let (message, deltas) = data.split_last().unwrap();
    let text: String = deltas
        .iter()
        .map(|delta| delta["content"].as_str().unwrap())
        .collect();
    assert_eq!(text, "hello from first");
    assert_eq!(message["content"], text);
    assert_eq!(
        message["instance"],
        json!({"instance_id": stage.first_instance.id, "name": "first"})
    );
    assert_eq!(
        attempts(&message["trace"]),
        [("first", "answered", "answered")]
    );
    let (first_byte, whole) = (&message["first_byte_ms"], &message["duration_ms"]);
    assert!(first_byte.as_u64().unwrap() <= whole.as_u64().unwrap());

    let sent: Value = serde_json::from_slice(&stage.first.request().body).unwrap();
    assert_eq!(
        sent,
        json!({
            "model": MODEL, "stream": true, "max_tokens": 512,
            "messages": [{"role": "user", "content": "What is 2 + 2?"}],
        })
    );
    assert_eq!(stage.first.request().header("x-request-id"), Some("try-1"));
}

#[tokio::test]
async fn a_try_takes_the_path_of_the_gateway() {
    let parameters = json!({"parameters": {
        "defaults": {"temperature": 0.2}, "overrides": {"max_tokens": 9}, "strip": ["messages"],
    }});
    let stage = Stage::with(parameters, json!({})).await;
    let body = json!({"question": "x", "max_tokens": 77});
    stage.admin.post(&stage.path, &body).await.expect(200);
    let sent: Value = serde_json::from_slice(&stage.first.request().body).unwrap();
    assert_eq!(
        sent,
        json!({"model": MODEL, "stream": true, "max_tokens": 9, "temperature": 0.2})
    );
    // The instance is the better known for it, as after any request.
    let status = stage.admin.get(&stage.first_instance.path).await.json();
    assert_eq!(status["status"]["state"], "up", "{status}");

    stage.first.always(Reply::failure(500));
    stage.first.next(Reply::failure(503));
    let answer = stage.admin.post(&stage.path, &question()).await.expect(200);
    let message = data(&answer.events()).pop().unwrap();
    assert_eq!(message["content"], "hello from second");
    assert_eq!(
        attempts(&message["trace"]),
        [
            ("first", "failed", "http_503"),
            ("second", "answered", "answered")
        ]
    );
    let status = stage.admin.get(&stage.first_instance.path).await.json();
    assert!(
        status["status"]["last_error"].is_string(),
        "the failure is known of: {status}"
    );
    let log = stage.app.log();
    assert!(log.contains("answered a try"), "{log}");
    assert!(!log.contains("What is 2 + 2?"), "no question in the log");
    assert!(!log.contains("hello from second"), "no answer in the log");
}

#[tokio::test]
async fn a_failure_before_the_first_content_has_a_status_and_the_trace() {
    let stage = Stage::start().await;
    stage.first.always(Reply::failure(500));
    stage
        .second
        .always(Reply::events([role_event()]).then_close());
    let problem = stage
        .admin
        .post(&stage.path, &question())
        .await
        .problem(502, "all_instances_failed");
    assert_eq!(
        attempts(&problem["trace"]),
        [
            ("first", "failed", "http_500"),
            ("second", "failed", "connection_lost")
        ]
    );

    let busy = || Reply::failure(429).header("retry-after", "7");
    stage.first.always(busy());
    stage.second.always(busy());
    let answer = stage.admin.post(&stage.path, &question()).await;
    answer.problem(429, "rate_limited");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
}

#[tokio::test]
async fn a_group_that_may_ask_nobody_is_503_and_says_why() {
    let stage = Stage::start().await;
    let off = json!({"enabled": false});
    let other = stage.app.group("empty", []).await;
    let empty = format!("{}/try", other.path);
    let problem = stage
        .admin
        .post(&empty, &question())
        .await
        .problem(503, "no_instance_available");
    assert_eq!(problem.get("trace"), None);
    stage.admin.patch(&stage.group.path, &off).await.expect(200);
    let problem = stage
        .admin
        .post(&stage.path, &question())
        .await
        .problem(503, "no_instance_available");
    assert_eq!(
        attempts(&problem["trace"]),
        [
            ("first", "skipped", "disabled"),
            ("second", "skipped", "disabled")
        ]
    );
    assert!(stage.first.requests().is_empty() && stage.second.requests().is_empty());
}

#[tokio::test]
async fn a_question_that_the_backend_refuses_is_told_in_its_words_without_secrets() {
    let fields = json!({"auth": {"type": "bearer"}, "tokens": [{"value": "sk-canary-0123456789"}]});
    let stage = Stage::with(fields, json!({})).await;
    let words = "no such thing for sk-canary-0123456789";
    let refusal = Reply::error(400, "invalid_request_error", "bad", words);
    stage.first.always(refusal);
    let answer = stage.admin.post(&stage.path, &question()).await;
    let problem = answer.problem(400, "upstream_refused");
    assert_eq!(problem["detail"], "no such thing for …");
    assert!(!answer.text().contains("canary"), "{answer:?}");
    assert!(stage.second.requests().is_empty(), "nobody else is asked");
}

#[tokio::test]
async fn an_answer_that_breaks_off_ends_with_the_problem_and_the_trace() {
    let stage = Stage::start().await;
    let torn = Reply::events([content_event("two and ")]).then_close();
    stage.first.always(torn);
    let answer = stage.admin.post(&stage.path, &question()).await.expect(200);
    assert!(answer.text().contains("event: error\n"), "{answer:?}");
    assert!(!answer.text().contains("event: message\n"), "{answer:?}");
    let data = data(&answer.events());
    assert_eq!(data[0], json!({"content": "two and "}));
    let [_, error] = data.as_slice() else {
        panic!("a piece and an error: {answer:?}");
    };
    assert_eq!(error["problem"]["code"], "stream_interrupted");
    assert_eq!(error["problem"]["instance"], stage.path);
    assert_eq!(
        error["problem"]["request_id"].as_str(),
        answer.header("x-request-id")
    );
    assert_eq!(
        attempts(&error["trace"]),
        [("first", "failed", "stream_interrupted")]
    );
    let status = stage.admin.get(&stage.first_instance.path).await.json();
    assert!(status["status"]["last_error"].is_string(), "{status}");
}

#[tokio::test]
async fn the_answer_begins_with_reasoning_and_shows_content_alone() {
    let stage = Stage::start().await;
    let gate = Gate::closed();
    let thought = json!({"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}, "finish_reason": null}]});
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
    let reply = Reply::events([thought.to_string()])
        .then_hold(&gate)
        .then_events([
            content_event("four").to_string(),
            end.to_string(),
            "[DONE]".to_owned(),
        ]);
    stage.first.always(reply);
    let opened = stage.admin.post(&stage.path, &question()).open().await;
    assert_eq!(opened.status(), 200, "it begins while the model thinks");
    let mut events = opened.events();
    gate.open();
    let data = data(&events.rest().await);
    assert_eq!(data[0], json!({"content": "four"}));
    assert_eq!(data[1]["content"], "four");
    assert_eq!(data.len(), 2);
}
