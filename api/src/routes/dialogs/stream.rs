//! The gateway's stream, retold as the events of a dialog's answer.
//!
//! Dropping it drops the gateway's stream, and with it the connection to the backend; what had come by then is kept as an answer that was
//! stopped. Its last event is sent when the answer is written down, so that whoever reads the dialog then finds it there.

use std::convert::Infallible;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, StreamExt as _};
use understudy_shared::{
    AnswerState, Message, MessageDelta, MessageError, MessageEvent, ProblemCode,
};

use crate::answers::{Draft, Kept};
use crate::error::ApiError;
use crate::gateway::record::CutOff;
use crate::gateway::sse;
use crate::routes::asking::limits::UnderWay;
use crate::routes::asking::pieces::Pieces;
use crate::routes::asking::telling::{BEGIN, interrupted, tell};

/// Largest answer that is kept, in bytes.
pub(super) const MAX_ANSWER: usize = 1024 * 1024;
/// Why the record says that a longer one ended.
const TOO_LARGE: &str = "its answer is larger than a dialog keeps";

/// An answer that has begun.
pub(super) struct Begun {
    /// Path of the request, for problems.
    pub request_path: String,
    /// Id of the request.
    pub request_id: String,
    /// The answer.
    pub draft: Draft,
    /// Its place among the person's answers, given back when the stream is dropped.
    pub under_way: UnderWay,
    /// Says in the record that the answer ends here.
    pub cut_off: CutOff,
}

/// An answer on its way to the person.
struct Telling<S> {
    gateway: Pin<Box<S>>,
    pieces: Pieces,
    answer: Begun,
}

/// The events of an answer.
pub(super) fn events<S>(gateway: S, answer: Begun) -> impl Stream<Item = Result<Bytes, Infallible>>
where
    S: Stream<Item = Result<Bytes, Infallible>>,
{
    let telling = Telling {
        gateway: Box::pin(gateway),
        pieces: Pieces::default(),
        answer,
    };
    let begin = stream::once(async { Ok(Bytes::from_static(BEGIN)) });
    begin.chain(stream::unfold(Some(telling), |telling| async move {
        let mut telling = telling?;
        let mut out = BytesMut::new();
        loop {
            let came = tokio::select! {
                came = telling.gateway.next() => Ok(came),
                lost = telling.answer.draft.loss.comes() => Err(lost),
            };
            let read = match came {
                Ok(Some(Ok(chunk))) => {
                    telling.pieces.push(&chunk);
                    telling.read(&mut out)
                }
                Ok(None) if telling.answer.draft.content.is_empty() => Err(no_text()),
                Ok(None) => {
                    out.extend_from_slice(&telling.completes().await);
                    return Some((Ok(out.freeze()), None));
                }
                Err(lost) => Err(lost),
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
        let draft = &mut self.answer.draft;
        let event = |content| encode(&MessageEvent::Delta(MessageDelta { content }));
        let (content, trace) = (&mut draft.content, &mut draft.trace);
        let told = tell(&mut self.pieces, content, MAX_ANSWER, trace, out, event);
        draft.tokens = self.pieces.tokens();
        draft.finish_reason = self.pieces.finish_reason();
        if told.is_err() {
            // Unless the gateway has said already how it ended.
            self.answer.cut_off.because(TOO_LARGE);
        }
        told
    }

    async fn completes(self) -> Bytes {
        let Begun {
            request_path,
            request_id,
            draft,
            under_way: _under_way,
            ..
        } = self.answer;
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
        let Begun {
            request_path,
            request_id,
            draft,
            under_way: _under_way,
            ..
        } = self.answer;
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
    let detail = match error.code() {
        ProblemCode::Unavailable => {
            "The answer is complete, but it could not be stored yet; that is still tried for a while."
        }
        _ => "The answer is complete, but it could not be stored.",
    };
    ApiError::new(error.code(), format!("{detail} {error}"))
}

fn encode(event: &MessageEvent) -> Bytes {
    let data = event.data().unwrap_or_default();
    sse::encode(Some(event.name().as_bytes()), data.as_bytes())
}
