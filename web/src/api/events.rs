//! Streams of events.

use std::time::Duration;

use super::transport::{Chunks, Request};
use super::{Api, ApiError};
use crate::sse::{SseEvent, SseParser};

impl Api {
    /// What changes on the service, from the event after `last_id` on.
    pub async fn live_events(self, last_id: Option<String>) -> Result<EventStream, ApiError> {
        let request = Request::get("/api/v1/events").after_event(last_id);
        Ok(EventStream::new(self.stream(request).await?))
    }
}

/// Events on their way. Dropping it ends the request.
pub struct EventStream {
    chunks: Chunks,
    parser: SseParser,
}

impl EventStream {
    /// The events in these bytes.
    pub fn new(chunks: Chunks) -> Self {
        Self {
            chunks,
            parser: SseParser::new(),
        }
    }

    /// What comes next, which may be no whole event yet, or only a sign of life. None at the end.
    ///
    /// # Errors
    /// If the connection breaks.
    pub async fn next(&mut self) -> Result<Option<Vec<SseEvent>>, ApiError> {
        let bytes = self.chunks.next().await?;
        Ok(bytes.map(|bytes| self.parser.feed(&bytes)))
    }

    /// After which pause the service wants a broken stream to be opened again, if it has said so.
    pub fn retry(&self) -> Option<Duration> {
        self.parser.retry()
    }
}
