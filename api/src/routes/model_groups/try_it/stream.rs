//! The gateway's stream, retold as the events of a try.
//!
//! It is read as a caller of `/v1` would read it: pieces of text, an error event if the instance broke off, comments while
//! nothing comes. Dropping it drops the gateway's stream, and with it the connection to the backend.

use std::convert::Infallible;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::time::Instant;
use understudy_shared::{
    AttemptOutcome, AttemptTrace, InstanceRef, ProblemCode, TryDelta, TryError, TryEvent,
    TryMessage,
};

use crate::error::ApiError;
use crate::gateway::sse;
use crate::routes::asking::limits::UnderWay;
use crate::routes::asking::pieces::{Piece, Pieces};

/// Largest answer that is shown, in bytes; a screen is no place for more.
const MAX_ANSWER: usize = 256 * 1024;
/// Sent at once, so that the answer's head does not wait for its first text.
const BEGIN: &[u8] = b": the answer begins\n\n";
/// Sent for what is no text.
const LIFE: &[u8] = b": the instance is at work\n\n";

/// What is known of a try when its answer begins.
#[derive(Debug)]
pub(super) struct Asked {
    /// Path of the request, for problems.
    pub request_path: String,
    /// Id of the request.
    pub request_id: String,
    /// Who answers.
    pub instance: InstanceRef,
    /// Who was tried or skipped.
    pub trace: Vec<AttemptTrace>,
    /// When the question was asked.
    pub started: Instant,
}

/// A stream on its way to the caller.
struct Telling<S> {
    gateway: Pin<Box<S>>,
    pieces: Pieces,
    asked: Asked,
    first_byte_ms: u64,
    content: String,
    /// Its place among the caller's tries, given back when the stream is dropped.
    _under_way: UnderWay,
}

/// The events of a try.
pub(super) fn events<S>(
    gateway: S,
    asked: Asked,
    under_way: UnderWay,
) -> impl Stream<Item = Result<Bytes, Infallible>>
where
    S: Stream<Item = Result<Bytes, Infallible>>,
{
    let telling = Telling {
        gateway: Box::pin(gateway),
        pieces: Pieces::default(),
        first_byte_ms: millis(asked.started),
        asked,
        content: String::new(),
        _under_way: under_way,
    };
    let begin = stream::once(async { Ok(Bytes::from_static(BEGIN)) });
    begin.chain(stream::unfold(Some(telling), |telling| async move {
        let mut telling = telling?;
        let mut out = BytesMut::new();
        loop {
            let Some(Ok(chunk)) = telling.gateway.next().await else {
                out.extend_from_slice(&telling.message());
                return Some((Ok(out.freeze()), None));
            };
            telling.pieces.push(&chunk);
            if let Err(error) = telling.read(&mut out) {
                out.extend_from_slice(&telling.error(&error));
                return Some((Ok(out.freeze()), None));
            }
            if !out.is_empty() {
                return Some((Ok(out.freeze()), Some(telling)));
            }
        }
    }))
}

impl<S> Telling<S> {
    /// Retells every event that is there.
    fn read(&mut self, out: &mut BytesMut) -> Result<(), ApiError> {
        loop {
            let too_large = |_| interrupted("The instance sent more at once than is shown here.");
            let Some(piece) = self.pieces.next_piece().map_err(too_large)? else {
                return Ok(());
            };
            match piece {
                Piece::Text(content) => {
                    if self.content.len() + content.len() > MAX_ANSWER {
                        return Err(interrupted("The answer is longer than is shown here."));
                    }
                    self.content.push_str(&content);
                    out.extend_from_slice(&encode(&TryEvent::Delta(TryDelta { content })));
                }
                // Keeps the connection alive, and tells whether somebody still listens.
                Piece::Life if out.is_empty() => out.extend_from_slice(LIFE),
                Piece::Life => {}
                Piece::Broken(message) => {
                    if let Some(step) = self.answering() {
                        step.outcome = AttemptOutcome::Failed;
                        step.code = "stream_interrupted".to_owned();
                        step.reason = "its answer broke off".to_owned();
                    }
                    return Err(interrupted(&message));
                }
            }
        }
    }

    /// The attempt that gives the answer.
    fn answering(&mut self) -> Option<&mut AttemptTrace> {
        let answered = |step: &&mut AttemptTrace| step.outcome == AttemptOutcome::Answered;
        self.asked.trace.iter_mut().find(answered)
    }

    fn message(self) -> Bytes {
        encode(&TryEvent::Message(TryMessage {
            content: self.content,
            instance: self.asked.instance,
            trace: self.asked.trace,
            first_byte_ms: self.first_byte_ms,
            duration_ms: millis(self.asked.started),
        }))
    }

    fn error(self, error: &ApiError) -> Bytes {
        let asked = self.asked;
        tracing::warn!(request_id = asked.request_id, %error, "the answer to a try broke off");
        encode(&TryEvent::Error(Box::new(TryError {
            problem: error.problem(&asked.request_path, &asked.request_id),
            trace: asked.trace,
        })))
    }
}

fn interrupted(detail: &str) -> ApiError {
    ApiError::new(ProblemCode::StreamInterrupted, detail)
}

fn encode(event: &TryEvent) -> Bytes {
    let data = event.data().unwrap_or_default();
    sse::encode(Some(event.name().as_bytes()), data.as_bytes())
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
