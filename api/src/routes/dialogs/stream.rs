//! The gateway's stream, retold as the events of a dialog's answer.
//!
//! Dropping it drops the gateway's stream, and with it the connection to the backend; what had come by then is kept as an answer that was
//! stopped. Its last event is sent when the answer is written down, so that whoever reads the dialog then finds it there.

use std::convert::Infallible;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream as Source, StreamExt as _};
use understudy_shared::{AnswerState, Message, MessageDelta, MessageError, MessageEvent};

use crate::answers::{Draft, Kept};
use crate::error::ApiError;
use crate::gateway::sse;
use crate::routes::asking::limits::UnderWay;
use crate::routes::asking::pieces::Pieces;
use crate::routes::asking::telling::{BEGIN, interrupted, tell};

/// Largest answer that is kept, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;

/// An answer that has begun.
pub(super) struct Stream {
    /// Path of the request, for problems.
    pub request_path: String,
    /// Id of the request.
    pub request_id: String,
    /// The answer.
    pub draft: Draft,
    /// Its place among the person's answers, given back when the stream is dropped.
    pub under_way: UnderWay,
}

/// An answer on its way to the person.
struct Telling<S> {
    gateway: Pin<Box<S>>,
    pieces: Pieces,
    stream: Stream,
}

/// The events of an answer.
pub(super) fn events<S>(gateway: S, stream: Stream) -> impl Source<Item = Result<Bytes, Infallible>>
where
    S: Source<Item = Result<Bytes, Infallible>>,
{
    let telling = Telling {
        gateway: Box::pin(gateway),
        pieces: Pieces::default(),
        stream,
    };
    let begin = stream::once(async { Ok(Bytes::from_static(BEGIN)) });
    begin.chain(stream::unfold(Some(telling), |telling| async move {
        let mut telling = telling?;
        let mut out = BytesMut::new();
        loop {
            let read = match telling.gateway.next().await {
                Some(Ok(chunk)) => {
                    telling.pieces.push(&chunk);
                    telling.read(&mut out)
                }
                None if telling.stream.draft.content.is_empty() => Err(no_text()),
                None => {
                    out.extend_from_slice(&telling.completes().await);
                    return Some((Ok(out.freeze()), None));
                }
            };
            if let Err(problem) = read {
                out.extend_from_slice(&telling.breaks_off(&problem).await);
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
        let draft = &mut self.stream.draft;
        let event = |content| encode(&MessageEvent::Delta(MessageDelta { content }));
        let (content, trace) = (&mut draft.content, &mut draft.trace);
        tell(&mut self.pieces, content, MAX_ANSWER, trace, out, event)?;
        draft.tokens = self.pieces.tokens();
        draft.finish_reason = self.pieces.finish_reason();
        Ok(())
    }

    async fn completes(self) -> Bytes {
        let Stream {
            request_path,
            request_id,
            draft,
            under_way: _under_way,
        } = self.stream;
        let event = match draft.ends(AnswerState::Complete, None).await {
            Ok((message, Kept::New)) => MessageEvent::Message(Box::new(message)),
            Ok((message, Kept::Old(old))) => {
                let kept = old.map_or(message, |old| *old);
                failure(&not_taken(), kept, &request_path, &request_id)
            }
            Err((message, error)) => {
                let problem = not_stored(&error);
                failure(&problem, message, &request_path, &request_id)
            }
        };
        encode(&event)
    }

    async fn breaks_off(self, problem: &ApiError) -> Bytes {
        // The connection to the backend is not needed any more.
        drop(self.gateway);
        let Stream {
            request_path,
            request_id,
            draft,
            under_way: _under_way,
        } = self.stream;
        tracing::warn!(request_id, %problem, "the answer in a dialog broke off");
        let message = match draft.ends(AnswerState::Interrupted, Some(problem)).await {
            Ok((_, Kept::Old(Some(old)))) => *old,
            Ok((message, Kept::New | Kept::Old(None))) => message,
            Err((message, _)) => message,
        };
        encode(&failure(problem, message, &request_path, &request_id))
    }
}

fn failure(problem: &ApiError, message: Message, path: &str, request_id: &str) -> MessageEvent {
    MessageEvent::Error(Box::new(MessageError {
        problem: problem.problem(path, request_id),
        message,
    }))
}

/// The model has ended its answer, and said nothing: it only thought, or it called tools.
pub(super) fn no_text() -> ApiError {
    interrupted("The model ended its answer without any text.")
}

/// The answer ended, and what was there is worth more.
pub(super) fn not_taken() -> ApiError {
    interrupted("The new answer was cut off before its end. The earlier one is whole, and stays.")
}

/// The answer is there, and cannot be written down.
pub(super) fn not_stored(error: &ApiError) -> ApiError {
    let detail = format!("The answer is complete, but it could not be stored. {error}");
    ApiError::new(error.code(), detail)
}

fn encode(event: &MessageEvent) -> Bytes {
    let data = event.data().unwrap_or_default();
    sse::encode(Some(event.name().as_bytes()), data.as_bytes())
}
