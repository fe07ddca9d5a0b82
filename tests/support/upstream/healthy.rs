//! What a healthy backend answers.

use serde_json::{Value, json};

use super::endpoints;
use super::record::Recorded;
use super::reply::Reply;

/// The backend's name of its model, as `App::instance` stores it.
pub const MODEL: &str = "upstream-model";

/// Answers a request as a backend that works would.
pub fn reply(name: &str, request: &Recorded) -> Reply {
    let path = request.target.split('?').next().unwrap_or_default();
    if request.method == "GET" && path.ends_with("/models") {
        let model = json!({"id": MODEL, "object": "model", "created": 1, "owned_by": "test"});
        return Reply::json(200, &json!({"object": "list", "data": [model]}));
    }
    if path.ends_with("/audio/transcriptions") {
        return endpoints::transcription(name, request);
    }
    let Some(body) = (request.method == "POST")
        .then(|| serde_json::from_slice::<Value>(&request.body).ok())
        .flatten()
    else {
        return Reply::error(404, "invalid_request_error", "not_found", "no such page");
    };
    let model = &body["model"];
    let streams = body["stream"] == true;
    if path.ends_with("/chat/completions") {
        match streams {
            true => Reply::events(chat_events(model, name)),
            false => Reply::json(200, &chat(model, name)),
        }
    } else if path.ends_with("/completions") {
        match streams {
            true => Reply::events(completion_events(model, name)),
            false => Reply::json(200, &completion(model, name)),
        }
    } else if path.ends_with("/embeddings") {
        Reply::json(200, &embedding(model))
    } else if let Some(reply) = endpoints::reply(path, name, &body) {
        reply
    } else {
        Reply::error(404, "invalid_request_error", "not_found", "no such page")
    }
}

/// The text of a healthy answer.
pub fn greeting(name: &str) -> String {
    format!("hello from {name}")
}

fn usage() -> Value {
    json!({"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6})
}

fn chat(model: &Value, name: &str) -> Value {
    let message = json!({"role": "assistant", "content": greeting(name)});
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage(),
    })
}

fn completion(model: &Value, name: &str) -> Value {
    json!({
        "id": "cmpl-1", "object": "text_completion", "created": 1, "model": model,
        "choices": [{"index": 0, "text": greeting(name), "logprobs": null, "finish_reason": "stop"}],
        "usage": usage(),
    })
}

fn embedding(model: &Value) -> Value {
    json!({
        "object": "list", "model": model,
        "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5, 1.0]}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    })
}

/// One event of a chat.
pub fn chat_event(model: &Value, delta: &Value, finish: &Value) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    })
}

/// The event with which most backends begin: a role and no text.
pub fn role_event() -> Value {
    chat_event(
        &json!(MODEL),
        &json!({"role": "assistant", "content": ""}),
        &Value::Null,
    )
}

/// An event with text.
pub fn content_event(content: &str) -> Value {
    chat_event(&json!(MODEL), &json!({"content": content}), &Value::Null)
}

/// The event that says why the answer ends.
pub fn finish_event() -> Value {
    chat_event(&json!(MODEL), &json!({}), &json!("stop"))
}

fn chat_events(model: &Value, name: &str) -> Vec<String> {
    let with_model = |mut event: Value| {
        event["model"] = model.clone();
        event.to_string()
    };
    vec![
        with_model(role_event()),
        with_model(content_event("hello ")),
        with_model(content_event("from ")),
        with_model(content_event(name)),
        with_model(finish_event()),
        "[DONE]".to_owned(),
    ]
}

fn completion_events(model: &Value, name: &str) -> Vec<String> {
    let event = |text: &str, finish: Value| {
        json!({
            "id": "cmpl-1", "object": "text_completion", "created": 1, "model": model,
            "choices": [{"index": 0, "text": text, "logprobs": null, "finish_reason": finish}],
        })
        .to_string()
    };
    vec![
        event("hello from ", Value::Null),
        event(name, Value::Null),
        event("", json!("stop")),
        "[DONE]".to_owned(),
    ]
}
