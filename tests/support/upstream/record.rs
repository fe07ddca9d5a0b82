//! What a backend keeps of a request.

use std::time::Instant;

use serde_json::Value;

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The method.
    pub method: String,
    /// What was asked for: a path, or a whole URL at a proxy.
    pub target: String,
    /// The head, as it was sent.
    pub head: String,
    /// The body, byte for byte, without the framing of chunks.
    pub body: Vec<u8>,
    /// When the client went away before the answer was complete.
    pub left_at: Option<Instant>,
}

impl Recorded {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("a body of text")
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }
}
