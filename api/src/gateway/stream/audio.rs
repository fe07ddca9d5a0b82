//! Sound as it comes: committed with its first bytes, and broken off where it breaks off.
//!
//! There is no event that could say that it is not whole, so after a failure the connection to the caller ends without the end of
//! its body, which every HTTP client takes for an error.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::time::Instant;
use understudy_shared::ReasonCode;

use crate::domain::model_instance::Connection;
use crate::gateway::breaker::Attempt;
use crate::gateway::classify::Failure;
use crate::gateway::ending;
use crate::gateway::record::Record;
use crate::gateway::timing::Timing;
use crate::gateway::upstream::Response;

/// Sound whose instance has begun to send it.
#[derive(Debug)]
pub struct OpeningAudio {
    response: Response,
    kind: String,
    begin: Bytes,
    first_byte: Duration,
    idle: Duration,
    total_by: Instant,
}

/// Sound that belongs to its caller.
#[derive(Debug)]
pub struct CommittedAudio {
    opening: OpeningAudio,
    attempt: Attempt,
}

/// The sound broke off after its beginning was sent.
#[derive(Debug, thiserror::Error)]
#[error("the instance broke off in the middle of its answer")]
pub struct BrokenOff;

/// Reads up to the first bytes.
///
/// # Errors
/// With every failure until then.
pub async fn open(
    mut response: Response,
    kind: String,
    connection: &Connection,
    timing: Timing,
) -> Result<OpeningAudio, Failure> {
    response.forget_headers();
    loop {
        let chunk = tokio::time::timeout_at(timing.first_byte_by(), response.chunk())
            .await
            .map_err(|_| Failure::timeout("its answer did not begin in time"))?
            .map_err(|error| Failure::sent(ReasonCode::ConnectionLost, error.explain()))?;
        match chunk {
            Some(chunk) if chunk.is_empty() => {}
            Some(begin) => {
                return Ok(OpeningAudio {
                    response,
                    kind,
                    begin,
                    first_byte: timing.started.elapsed(),
                    idle: Duration::from_millis(connection.timeouts.idle_ms),
                    total_by: timing.started + Duration::from_millis(connection.timeouts.total_ms),
                });
            }
            None => {
                return Err(Failure::sent(
                    ReasonCode::EmptyAnswer,
                    "its answer is empty",
                ));
            }
        }
    }
}

impl OpeningAudio {
    /// The sound now belongs to its caller; its end is reported to this attempt.
    pub fn commit(self, mut attempt: Attempt) -> CommittedAudio {
        attempt.began(self.first_byte);
        CommittedAudio {
            opening: self,
            attempt,
        }
    }
}

impl CommittedAudio {
    /// What kind of sound it is.
    pub fn kind(&self) -> &str {
        &self.opening.kind
    }

    /// The caller's bytes, as fast as the caller takes them. Dropping the stream closes the connection to the backend and counts
    /// against nobody.
    pub fn into_bytes(self, record: Record) -> impl Stream<Item = Result<Bytes, BrokenOff>> {
        let OpeningAudio {
            response,
            begin,
            idle,
            total_by,
            ..
        } = self.opening;
        let state = Some(Caller {
            response,
            begin: Some(begin),
            attempt: self.attempt,
            record,
        });
        stream::unfold(state, move |state| async move {
            let mut caller = state?;
            if let Some(begin) = caller.begin.take() {
                return Some(caller.sends(begin));
            }
            let idle_by = Instant::now() + idle;
            let why = loop {
                if ending::has_come() {
                    break None;
                }
                let by = idle_by.min(total_by).min(Instant::now() + ending::LOOK);
                match tokio::time::timeout_at(ending::or(by), caller.response.chunk()).await {
                    Ok(Ok(Some(chunk))) => return Some(caller.sends(chunk)),
                    Ok(Ok(None)) => {
                        caller.record.completed();
                        caller.attempt.succeeded(None);
                        return None;
                    }
                    Ok(Err(_)) => break Some("it lost the connection in the middle of its answer"),
                    Err(_) if Instant::now() >= total_by => {
                        break Some("its answer took longer than allowed");
                    }
                    Err(_) if Instant::now() >= idle_by => {
                        break Some("it fell silent in the middle of its answer");
                    }
                    Err(_) => {}
                }
            };
            caller.record.interrupted(why.unwrap_or(ending::WHY));
            if let Some(why) = why {
                caller.attempt.failed(ReasonCode::StreamInterrupted, why);
            }
            // Lets the server write what it has: an error that comes with the first bytes would take the head away.
            tokio::task::yield_now().await;
            Some((Err(BrokenOff), None))
        })
    }
}

/// Sound on its way to the caller.
struct Caller {
    response: Response,
    begin: Option<Bytes>,
    attempt: Attempt,
    record: Record,
}

impl Caller {
    fn sends(mut self, bytes: Bytes) -> (Result<Bytes, BrokenOff>, Option<Self>) {
        self.record.sends(bytes.len());
        (Ok(bytes), Some(self))
    }
}
