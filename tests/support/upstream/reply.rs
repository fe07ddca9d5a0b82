//! What a backend answers, step by step.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

/// A point at which a reply waits until the test lets it go on.
#[derive(Clone, Debug)]
pub struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    /// A closed gate.
    pub fn closed() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Opens it for good.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(super) async fn passed(&self) {
        let mut opened = self.0.subscribe();
        opened
            .wait_for(|open| *open)
            .await
            .expect("a gate outlives its replies");
    }
}

/// One step of a reply.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Bytes of the body.
    Send(Vec<u8>),
    /// Waits for a time.
    Pause(Duration),
    /// Waits for the test.
    Hold(Gate),
}

/// How the body's length is told.
#[derive(Clone, Debug)]
pub(super) enum Framing {
    /// `Content-Length`, true unless a number is given.
    Length(Option<usize>),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// No head at all: the body's bytes are everything.
    Raw,
}

/// How a reply ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Complete; the connection stays.
    Complete,
    /// The connection is closed where the steps end.
    Close,
    /// The connection is reset where the steps end.
    Reset,
    /// Nothing more comes.
    Hang,
}

/// What a backend answers.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) framing: Framing,
    pub(super) before_head: Vec<Step>,
    pub(super) body: Vec<Step>,
    pub(super) end: End,
}

impl Reply {
    fn new(status: u16, content_type: &str, framing: Framing, body: Vec<Step>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self {
            status,
            headers,
            framing,
            before_head: Vec::new(),
            body,
            end: End::Complete,
        }
    }

    /// A body of any type.
    pub fn body(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = vec![Step::Send(body.into())];
        Self::new(status, content_type, Framing::Length(None), body)
    }

    /// JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::body(status, "application/json", body.to_string())
    }

    /// An error as OpenAI words it.
    pub fn error(status: u16, kind: &str, code: &str, message: &str) -> Self {
        let error = json!({"message": message, "type": kind, "param": null, "code": code});
        Self::json(status, &json!({"error": error}))
    }

    /// A failure of the backend with this status.
    pub fn failure(status: u16) -> Self {
        Self::error(status, "server_error", "server_error", "something broke")
    }

    /// Server-sent events, a chunk each.
    pub fn events<T: ToString>(data: impl IntoIterator<Item = T>) -> Self {
        let event = |data: T| Step::Send(format!("data: {}\n\n", data.to_string()).into_bytes());
        let body = data.into_iter().map(event).collect();
        Self::new(200, "text/event-stream", Framing::Chunked, body)
    }

    /// Server-sent events that are called as the `type` in their data says, a chunk each.
    pub fn typed_events(data: impl IntoIterator<Item = Value>) -> Self {
        let event = |data: Value| {
            let kind = data["type"].as_str().unwrap_or_default();
            Step::Send(format!("event: {kind}\ndata: {data}\n\n").into_bytes())
        };
        let body = data.into_iter().map(event).collect();
        Self::new(200, "text/event-stream", Framing::Chunked, body)
    }

    /// The body of an event stream, byte for byte.
    pub fn event_bytes(body: impl Into<Vec<u8>>) -> Self {
        let body = vec![Step::Send(body.into())];
        Self::new(200, "text/event-stream", Framing::Chunked, body)
    }

    /// These bytes in place of an HTTP answer, and the end of the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        let mut reply = Self::new(0, "", Framing::Raw, vec![Step::Send(bytes.into())]);
        reply.end = End::Close;
        reply
    }

    /// The end of the connection in place of an answer.
    pub fn close() -> Self {
        Self::raw("")
    }

    /// A reset of the connection in place of an answer.
    pub fn reset() -> Self {
        Self::raw("").then_reset()
    }

    /// No answer, ever.
    pub fn hang() -> Self {
        Self::raw("").then_hang()
    }

    /// Sets a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Waits for a time before the head.
    pub fn delayed(mut self, time: Duration) -> Self {
        self.before_head.push(Step::Pause(time));
        self
    }

    /// Waits for the test after what there is of the body.
    pub fn then_hold(mut self, gate: &Gate) -> Self {
        self.body.push(Step::Hold(gate.clone()));
        self
    }

    /// Waits for a time after what there is of the body.
    pub fn then_pause(mut self, time: Duration) -> Self {
        self.body.push(Step::Pause(time));
        self
    }

    /// Adds bytes to the body.
    pub fn then_send(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body.push(Step::Send(bytes.into()));
        self
    }

    /// Adds events to the body.
    pub fn then_events<T: ToString>(mut self, data: impl IntoIterator<Item = T>) -> Self {
        self.body.extend(Self::events(data).body);
        self
    }

    /// Adds events that are called as the `type` in their data says.
    pub fn then_typed_events(mut self, data: impl IntoIterator<Item = Value>) -> Self {
        self.body.extend(Self::typed_events(data).body);
        self
    }

    /// Sends each part of the body so many bytes at a time.
    pub fn in_pieces_of(mut self, size: usize) -> Self {
        let pieces = |step: Step| match step {
            Step::Send(bytes) => bytes.chunks(size).map(|b| Step::Send(b.to_vec())).collect(),
            other => vec![other],
        };
        self.body = self.body.into_iter().flat_map(pieces).collect();
        self
    }

    /// Sends the body in two pieces, split after `at` bytes of what it is now.
    pub fn split_at(mut self, at: usize) -> Self {
        let whole: Vec<u8> = self
            .body
            .iter()
            .flat_map(|step| match step {
                Step::Send(bytes) => bytes.clone(),
                Step::Pause(_) | Step::Hold(_) => panic!("split before adding waits"),
            })
            .collect();
        let (left, right) = whole.split_at(at);
        // Long enough for the reader to see the left part alone; the right one is asserted on whatever it saw.
        let pause = Step::Pause(Duration::from_millis(2));
        self.body = vec![Step::Send(left.to_vec()), pause, Step::Send(right.to_vec())];
        self
    }

    /// Promises this length and sends what there is.
    pub fn promising(mut self, length: usize) -> Self {
        self.framing = Framing::Length(Some(length));
        self
    }

    /// Closes the connection where the body ends, without saying that it is complete.
    pub fn then_close(mut self) -> Self {
        self.end = End::Close;
        self
    }

    /// Resets the connection where the body ends.
    pub fn then_reset(mut self) -> Self {
        self.end = End::Reset;
        self
    }

    /// Sends nothing more where the body ends, and keeps the connection.
    pub fn then_hang(mut self) -> Self {
        self.end = End::Hang;
        self
    }
}
