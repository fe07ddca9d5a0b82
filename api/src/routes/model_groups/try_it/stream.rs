//! The gateway's stream, retold as the events of a try.
//!
//! It is read as a caller of `/v1` would read it: pieces of text, an error event if the instance broke off, comments while
//! nothing comes. Dropping it drops the gateway's stream, and with it the connection to the backend.

use std::convert::Infallible;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::time::Instant;
use understudy_shared::{AttemptTrace, InstanceRef, TryDelta, TryError, TryEvent, TryMessage};

use crate::error::ApiError;
use crate::gateway::sse;
use crate::routes::asking::limits::UnderWay;
use crate::routes::asking::pieces::Pieces;
use crate::routes::asking::telling::{BEGIN, tell};

/// Largest answer that is shown, in bytes; a screen is no place for more.
const MAX_ANSWER: usize = 256 * 1024;

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
        let event = |content| encode(&TryEvent::Delta(TryDelta { content }));
        let (content, trace) = (&mut self.content, &mut self.asked.trace);
        tell(&mut self.pieces, content, MAX_ANSWER, trace, out, event)
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

fn encode(event: &TryEvent) -> Bytes {
    let data = event.data().unwrap_or_default();
    sse::encode(Some(event.name().as_bytes()), data.as_bytes())
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
