//! What streams of different endpoints have not in common: how large they are, and how they say that they broke off.

use bytes::Bytes;
use serde_json::{Value, json};
use understudy_shared::Capability;

use crate::gateway::error::{self, GatewayErrorCode};
use crate::gateway::sse;

/// Bytes that are held before the commit; more is a failure.
const HELD: usize = 64 * 1024;
/// Bytes of a first event that carries sound or the text of a long speech.
const SOUND: usize = 16 * 1024 * 1024;
/// Bytes of a first event that carries a picture.
const PICTURE: usize = 32 * 1024 * 1024;
/// A response begins with events that repeat its instructions and tools: at most so many times the request.
const ECHOES: usize = 8;
/// And never more than this.
const MOST_ECHOED: usize = 16 * 1024 * 1024;

/// How the events of a stream are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Chats and completions: events without a name, `[DONE]` at the end.
    Chat,
    /// The Responses API, for a request of so many bytes.
    Responses(usize),
    /// Images.
    Images,
    /// Speech and transcriptions.
    Audio,
}

impl Dialect {
    /// How an endpoint streams; `length` is that of the request.
    pub fn of(endpoint: Capability, length: usize) -> Self {
        match endpoint {
            Capability::Responses => Self::Responses(length),
            Capability::Images => Self::Images,
            Capability::Speech | Capability::Transcriptions => Self::Audio,
            Capability::Chat
            | Capability::Completions
            | Capability::Embeddings
            | Capability::Rerank
            | Capability::Moderations => Self::Chat,
        }
    }

    /// Bytes of events without content that are held before the commit.
    pub fn held(self) -> usize {
        match self {
            Self::Responses(length) => HELD + length.saturating_mul(ECHOES).min(MOST_ECHOED),
            _ => HELD,
        }
    }

    /// Bytes that may be held when the event that commits is among them.
    pub fn largest_first(self) -> usize {
        match self {
            Self::Chat | Self::Responses(_) => self.held(),
            Self::Images => PICTURE,
            Self::Audio => SOUND,
        }
    }

    /// The error event that ends a torn stream. Official SDKs raise an error for `error` in the data, whatever the event is called;
    /// others go by the event's type, where events have one.
    pub fn interrupted(self, sequence: Option<u64>) -> Bytes {
        let (_, code, kind) = GatewayErrorCode::StreamInterrupted.parts();
        let message = "The answer broke off: the instance that was giving it failed. What came so far is not complete.";
        if self == Self::Chat {
            let object = error::object(message, kind, None, code);
            return sse::encode(None, object.as_bytes());
        }
        let mut event = json!({
            "type": "error",
            "code": code,
            "message": message,
            "param": null,
            "error": {"message": message, "type": kind, "param": null, "code": code},
        });
        if let (Self::Responses(_), Some(last)) = (self, sequence) {
            event["sequence_number"] = Value::from(last.saturating_add(1));
        }
        sse::encode(Some(b"error"), event.to_string().as_bytes())
    }
}
