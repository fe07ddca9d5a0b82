//! Streams: nothing goes to the caller before an instance has really begun to answer, and nothing is glossed over afterwards.
//!
//! *Before the commit* events are held: a role, an empty delta, a comment or a ping commits to nothing, and every failure may
//! still move on. *The commit* is the first event with content or a finish. *After it* a failure ends the stream with an error
//! event and without `[DONE]`, so that no caller takes a torn answer for a whole one.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream};
use reqwest::header::CONTENT_TYPE;
use tokio::time::Instant;
use understudy_shared::ReasonCode;

use super::breaker::Attempt;
use super::classify::{self, Failure};
use super::ending;
use super::record::Record;
use super::timing::Timing;
use super::upstream::Response;
use crate::domain::model_instance::Connection;

mod audio;
mod dialect;
mod event;
mod pile;
mod reader;
mod typed;

pub use audio::{BrokenOff, CommittedAudio, OpeningAudio, open as open_audio};
pub use dialect::Dialect;
pub use event::{Meaning, Reading};
use pile::Pile;
pub use reader::Reader;

/// Bytes of an answer that is no stream that are read to see whether it is an error.
const MAX_HELD: usize = 64 * 1024;
/// Largest event after the commit.
const MAX_EVENT: usize = 16 * 1024 * 1024;
/// Silence after which the caller gets a comment, so that nothing on the way takes the connection for dead.
const KEEP_ALIVE: Duration = ending::LOOK;
/// Time for a backend to end its answer properly after `[DONE]`, so that the connection can be used again.
const DRAIN: Duration = Duration::from_secs(1);

/// A stream whose instance has begun to answer.
#[derive(Debug)]
pub struct Opening {
    source: Source,
    held: BytesMut,
    progress: Progress,
    first_byte: Duration,
}

/// A stream that belongs to its caller.
#[derive(Debug)]
pub struct Committed {
    opening: Opening,
    attempt: Attempt,
}

/// The backend's side of a stream.
#[derive(Debug)]
struct Source {
    response: Response,
    reader: Reader,
    idle: Duration,
    total_by: Instant,
}

/// How far the stream has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    finished: bool,
    done: bool,
}

/// Reads a stream up to its first content.
///
/// # Errors
/// With every failure until then.
pub async fn open(
    mut response: Response,
    connection: &Connection,
    group: String,
    timing: Timing,
    dialect: Dialect,
) -> Result<Opening, Failure> {
    let kind = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if !kind.starts_with("text/event-stream") {
        return Err(not_a_stream(response, timing).await);
    }
    response.forget_headers();
    let mut source = Source {
        response,
        reader: Reader::new(dialect, group),
        idle: Duration::from_millis(connection.timeouts.idle_ms),
        total_by: timing.started + Duration::from_millis(connection.timeouts.total_ms),
    };
    let mut held = BytesMut::new();
    let mut progress = Progress::default();
    loop {
        while let Some(Reading { meaning, raw }) =
            source.reader.next_event().map_err(|_| too_much())?
        {
            match meaning {
                Meaning::Error(object) => return Err(classify::classify_error_object(&object)),
                Meaning::Done => {
                    return Err(Failure::sent(
                        ReasonCode::EmptyAnswer,
                        "its stream ended without an answer",
                    ));
                }
                Meaning::Comment => {}
                Meaning::Nothing => held.extend_from_slice(&raw),
                Meaning::Content | Meaning::Finish | Meaning::Complete => {
                    progress.note(&meaning);
                    held.extend_from_slice(&raw);
                    // What else has come already is read by the caller's side.
                    source
                        .reader
                        .set_limit(MAX_EVENT.max(dialect.largest_first()));
                    let first_byte = timing.started.elapsed();
                    return Ok(Opening {
                        source,
                        held,
                        progress,
                        first_byte,
                    });
                }
            }
            if held.len() > dialect.held()
                || held.len() + source.reader.held() > dialect.largest_first()
            {
                return Err(too_much());
            }
        }
        let chunk = tokio::time::timeout_at(timing.first_byte_by(), source.response.chunk())
            .await
            .map_err(|_| Failure::timeout("its stream did not begin in time"))?
            .map_err(|error| Failure::sent(ReasonCode::ConnectionLost, error.explain()))?;
        match chunk {
            Some(chunk) => source.reader.push(&chunk),
            None => {
                return Err(Failure::sent(
                    ReasonCode::Truncated,
                    "its stream ended before it began",
                ));
            }
        }
    }
}

fn too_much() -> Failure {
    Failure::sent(ReasonCode::NoContent, "it sent much and no content")
}

/// A backend that was asked for a stream and answers otherwise: an error with status 200, or it cannot stream.
async fn not_a_stream(mut response: Response, timing: Timing) -> Failure {
    let mut body = BytesMut::new();
    while let Ok(Ok(Some(chunk))) =
        tokio::time::timeout_at(timing.first_byte_by(), response.chunk()).await
    {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_HELD {
            break;
        }
    }
    let error = super::body::Object::scan(&body)
        .ok()
        .is_some_and(|object| object.get("error").is_some());
    if error {
        classify::classify_error_object(&body)
    } else {
        Failure::sent(ReasonCode::BadAnswer, "its answer is not a stream")
    }
}

impl Opening {
    /// The stream now belongs to its caller; its end is reported to this attempt.
    pub fn commit(self, mut attempt: Attempt) -> Committed {
        attempt.began(self.first_byte);
        Committed {
            opening: self,
            attempt,
        }
    }
}

impl Progress {
    fn note(&mut self, meaning: &Meaning) {
        match meaning {
            Meaning::Finish => self.finished = true,
            Meaning::Complete | Meaning::Done => self.done = true,
            _ => {}
        }
    }
}

/// What happens next on a committed stream.
enum Step {
    /// These bytes go to the caller.
    Send(Pile),
    /// The stream ended as it should.
    End(Pile),
    /// It broke; these bytes came before.
    Broken(Pile, &'static str),
    /// The service stops, which is nobody's fault.
    Stopped,
}

impl Committed {
    /// The caller's bytes. Dropping the stream closes the connection to the backend and counts against nobody.
    pub fn into_bytes(
        self,
        record: Option<Record>,
    ) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> {
        let Opening {
            source,
            held,
            progress,
            ..
        } = self.opening;
        let idle_by = Instant::now() + source.idle;
        let state = Some(Caller {
            source,
            progress,
            idle_by,
            attempt: self.attempt,
            record,
            held: Some(held),
        });
        stream::unfold(state, |state| async move {
            let mut caller = state?;
            let bytes = match caller.step().await {
                Step::Send(pile) => {
                    let bytes = Bytes::from(pile);
                    caller.sends(&bytes);
                    return Some((Ok(bytes), Some(caller)));
                }
                Step::End(pile) => {
                    let bytes = Bytes::from(pile);
                    caller.sends(&bytes);
                    if let Some(record) = &mut caller.record {
                        record.completed();
                    }
                    caller.attempt.succeeded(None);
                    drain(caller.source.response);
                    bytes
                }
                Step::Broken(before, why) => {
                    let bytes = caller.interrupted(before, why);
                    caller.attempt.failed(ReasonCode::StreamInterrupted, why);
                    bytes
                }
                Step::Stopped => caller.interrupted(Pile::default(), ending::WHY),
            };
            Some((Ok(bytes), None))
        })
    }
}

/// A committed stream on its way to the caller.
struct Caller {
    source: Source,
    progress: Progress,
    /// When the backend has been silent for too long.
    idle_by: Instant,
    attempt: Attempt,
    record: Option<Record>,
    /// The events that were held until the commit.
    held: Option<BytesMut>,
}

impl Caller {
    fn sends(&mut self, bytes: &Bytes) {
        if let Some(record) = &mut self.record {
            record.sends(bytes.len());
            record.reported(self.source.reader.tokens());
        }
    }

    /// What came before, and the error event that ends the stream.
    fn interrupted(&mut self, mut before: Pile, why: &'static str) -> Bytes {
        before.push(self.source.reader.interrupted());
        let bytes = Bytes::from(before);
        self.sends(&bytes);
        match &mut self.record {
            Some(record) => record.interrupted(why),
            None => tracing::warn!(
                group = self.source.reader.group(),
                why,
                "a stream was interrupted after its beginning was sent"
            ),
        }
        bytes
    }

    async fn step(&mut self) -> Step {
        if let Some(held) = self.held.take() {
            // The events that came together with the first content.
            return self.drain_events(held.freeze().into());
        }
        loop {
            if ending::has_come() {
                return Step::Stopped;
            }
            let by = self
                .idle_by
                .min(self.source.total_by)
                .min(Instant::now() + KEEP_ALIVE);
            let chunk = match tokio::time::timeout_at(ending::or(by), self.source.response.chunk())
                .await
            {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => return self.over("it ended its stream in the middle"),
                Ok(Err(_)) => return self.over("it lost the connection in the middle of a stream"),
                Err(_) if Instant::now() >= self.source.total_by => {
                    return self.over("its stream took longer than allowed");
                }
                Err(_) if Instant::now() >= self.idle_by => {
                    return self.over("its stream fell silent");
                }
                Err(_) if ending::has_come() => return Step::Stopped,
                // A comment that no SDK shows.
                Err(_) => return Step::Send(Bytes::from_static(b": keepalive\n\n").into()),
            };
            self.idle_by = Instant::now() + self.source.idle;
            self.source.reader.push(&chunk);
            match self.drain_events(Pile::default()) {
                // A part of an event: nothing to send yet.
                Step::Send(pile) if pile.is_empty() => {}
                step => return step,
            }
        }
    }

    /// No more comes. That is an interruption, unless the answer was complete.
    fn over(&self, why: &'static str) -> Step {
        if self.progress.finished {
            Step::End(Pile::default())
        } else {
            Step::Broken(Pile::default(), why)
        }
    }

    /// Everything that can be sent now, after what is in `out`.
    fn drain_events(&mut self, mut out: Pile) -> Step {
        if self.progress.done {
            return Step::End(out);
        }
        loop {
            match self.source.reader.next_event() {
                Ok(Some(Reading { meaning, raw })) => {
                    if let Meaning::Error(_) = meaning {
                        return Step::Broken(out, "it reported an error in the middle of a stream");
                    }
                    self.progress.note(&meaning);
                    out.push(raw);
                    if self.progress.done {
                        return Step::End(out);
                    }
                }
                Ok(None) => return Step::Send(out),
                Err(_) => return Step::Broken(out, "it sent an event that is too large"),
            }
        }
    }
}

/// Lets the backend finish, so that its connection can be used again; the caller does not wait for it.
fn drain(mut response: Response) {
    actix_web::rt::spawn(async move {
        let rest = async { while let Ok(Some(_)) = response.chunk().await {} };
        let _ = tokio::time::timeout(DRAIN, rest).await;
    });
}
