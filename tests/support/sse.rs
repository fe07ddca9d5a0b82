//! Reading server-sent events, strictly: whatever is neither a field, a comment nor a blank line fails the test.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;

use super::client::AbortOnDrop;
use super::wait::soon;

/// One event or comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The data of an event.
    Data(String),
    /// A comment, which clients ignore.
    Comment(String),
}

impl Event {
    /// The event's JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match self {
            Self::Data(data) => {
                serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"))
            }
            Self::Comment(comment) => panic!("a comment: {comment}"),
        }
    }

    /// Whether this is `[DONE]`.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Data(data) if data == "[DONE]")
    }

    /// The text of the first choice, if the event has one.
    pub fn content(&self) -> Option<String> {
        let Self::Data(data) = self else { return None };
        let event: Value = serde_json::from_str(data).ok()?;
        let content = event["choices"][0]["delta"]["content"].as_str()?;
        Some(content.to_owned())
    }

    /// The code of the error that the event carries, if it is one.
    pub fn error_code(&self) -> Option<String> {
        let Self::Data(data) = self else { return None };
        let event: Value = serde_json::from_str(data).ok()?;
        Some(event.get("error")?["code"].as_str()?.to_owned())
    }
}

/// All text that the events carry.
pub fn text(events: &[Event]) -> String {
    events.iter().filter_map(Event::content).collect()
}

/// Reads a whole body.
#[track_caller]
pub fn parse(body: &str) -> Vec<Event> {
    let body = body.strip_prefix('\u{feff}').unwrap_or(body);
    let body = body.replace("\r\n", "\n").replace('\r', "\n");
    let mut events = Vec::new();
    let whole = body.is_empty() || body.ends_with("\n\n");
    assert!(whole, "the last event is not complete: {body:?}");
    for block in body.split("\n\n").filter(|block| !block.is_empty()) {
        let mut data: Option<String> = None;
        for line in block.split('\n').filter(|line| !line.is_empty()) {
            if let Some(comment) = line.strip_prefix(':') {
                events.push(Event::Comment(comment.trim_start().to_owned()));
                continue;
            }
            let (field, value) = line
                .split_once(':')
                .unwrap_or_else(|| panic!("neither field nor comment: {line:?} in {body:?}"));
            if field == "data" {
                let value = value.strip_prefix(' ').unwrap_or(value);
                match &mut data {
                    Some(data) => *data = format!("{data}\n{value}"),
                    None => data = Some(value.to_owned()),
                }
            }
        }
        events.extend(data.map(Event::Data));
    }
    events
}

/// Events as they arrive. Dropping it hangs up.
#[derive(Debug)]
pub struct EventStream {
    body: Incoming,
    received: Vec<u8>,
    _connection: AbortOnDrop,
}

impl EventStream {
    /// Reads the events of a body.
    pub fn new(body: Incoming, connection: AbortOnDrop) -> Self {
        Self {
            body,
            received: Vec::new(),
            _connection: connection,
        }
    }

    /// The next event, comments included; `None` when the body has ended as HTTP says it should.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.next_block().await?;
            if let Some(event) = parse(&block).into_iter().next() {
                return Some(event);
            }
        }
    }

    /// The lines of the next event, comment or setting, as they were sent; `None` at the end.
    pub async fn next_block(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.received.windows(2).position(|w| w == b"\n\n") {
                let block: Vec<u8> = self.received.drain(..end + 2).collect();
                return Some(String::from_utf8(block).expect("events are text"));
            }
            let Some(piece) = self.piece().await else {
                let rest = String::from_utf8_lossy(&self.received);
                assert!(rest.is_empty(), "the last event is not complete: {rest:?}");
                return None;
            };
            self.received.extend_from_slice(&piece);
        }
    }

    /// The next event with text.
    pub async fn next_content(&mut self) -> String {
        loop {
            let event = self.next().await.expect("an event with text");
            if let Some(content) = event.content().filter(|content| !content.is_empty()) {
                return content;
            }
        }
    }

    /// All events to the end.
    pub async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }

    async fn piece(&mut self) -> Option<Bytes> {
        loop {
            let frame = soon("the next piece of a stream", self.body.frame()).await?;
            let frame = frame.expect("the stream ends as HTTP says it should");
            if let Ok(data) = frame.into_data() {
                return Some(data);
            }
        }
    }
}
