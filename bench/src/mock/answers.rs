//! The answers, made once and sent as they are.

use std::time::Duration;

use serde_json::{Value, json};

/// Name of the mock's one model.
pub const MODEL: &str = "mock-model";
/// What the mock says: the runner looks for it once behind every proxy before it measures anything.
pub const SAYS: &str = "The quick brown fox jumps over the lazy dog.";

/// Whole HTTP answers and their parts.
#[derive(Debug)]
pub struct Answers {
    /// A chat completion of about 400 bytes.
    pub completion: Vec<u8>,
    /// The list of models.
    pub models: Vec<u8>,
    /// The mock is alive.
    pub health: Vec<u8>,
    /// An instance that cannot answer.
    pub unavailable: Vec<u8>,
    /// There is no such thing.
    pub not_found: Vec<u8>,
    /// Head of a stream.
    pub stream_head: Vec<u8>,
    /// One event with content, as one chunk.
    pub event: Vec<u8>,
    /// The finishing event, `[DONE]`, and the end of the body.
    pub stream_end: Vec<u8>,
    /// Events with content in a stream.
    pub events: u32,
    /// Time between two of them.
    pub pace: Duration,
}

impl Answers {
    /// Answers whose streams have `events` events, one per `pace`.
    pub fn new(events: u32, pace: Duration) -> Self {
        let choice = json!({
            "index": 0,
            "message": {"role": "assistant", "content": SAYS},
            "logprobs": null,
            "finish_reason": "stop",
        });
        let completion = json!({
            "id": "chatcmpl-0123456789abcdef0123456789",
            "object": "chat.completion",
            "created": 1_764_000_000,
            "model": MODEL,
            "choices": [choice],
            "usage": {"prompt_tokens": 42, "completion_tokens": 10, "total_tokens": 52},
            "system_fingerprint": "fp_mock",
        });
        let model = json!({"id": MODEL, "object": "model", "created": 0, "owned_by": "mock"});
        let models = json!({"object": "list", "data": [model]});
        let error = json!({"error": {"message": "no such thing", "type": "invalid_request_error"}});
        let finish = event(json!({}), json!("stop"));
        let end = format!("{finish}data: [DONE]\n\n");
        Self {
            completion: whole("200 OK", &completion),
            models: whole("200 OK", &models),
            health: whole("200 OK", &json!({"status": "ok"})),
            unavailable: whole("503 Service Unavailable", &error),
            not_found: whole("404 Not Found", &error),
            // nginx passes events on at once when it is told so here, as other servers do too.
            stream_head:
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n\
                x-accel-buffering: no\r\ntransfer-encoding: chunked\r\n\r\n"
                    .to_vec(),
            event: chunk(&event(json!({"content": "token "}), Value::Null)),
            stream_end: [chunk(&end), b"0\r\n\r\n".to_vec()].concat(),
            events: events.max(1),
            pace: pace.max(Duration::from_millis(1)),
        }
    }
}

fn whole(status: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn event(delta: Value, finish: Value) -> String {
    let event = json!({
        "id": "chatcmpl-0123456789abcdef0123456789",
        "object": "chat.completion.chunk",
        "created": 1_764_000_000,
        "model": MODEL,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    });
    format!("data: {event}\n\n")
}

fn chunk(data: &str) -> Vec<u8> {
    format!("{:x}\r\n{data}\r\n", data.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_completion_is_about_as_long_as_promised() {
        let answers = Answers::new(1, Duration::ZERO);
        let text = String::from_utf8(answers.completion).unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        assert!((350..=450).contains(&body.len()), "{} bytes", body.len());
    }
}
