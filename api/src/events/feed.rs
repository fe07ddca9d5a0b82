//! The stream of one client: what it is told first, what it has missed, what comes, and a sign of life in between.

use std::convert::Infallible;
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use chrono::{DateTime, Utc};
use futures_util::{Stream, stream};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::{Start, Ticket};

/// How often something is sent even if nothing happens, so that neither side and nobody between them takes the other for dead.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a client waits before it connects again.
const RETRY: &[u8] = b"retry: 2000\n\n";
const SIGN_OF_LIFE: Bytes = Bytes::from_static(b": heartbeat\n\n");

/// The stream of one client.
#[derive(Debug)]
pub struct Feed {
    ticket: Ticket,
    first: Option<Bytes>,
    place: u64,
    head: watch::Receiver<u64>,
    beat: Interval,
    until: Option<Instant>,
}

impl Feed {
    /// Begins where the client left off. Ends with its credential.
    pub fn new(
        ticket: Ticket,
        start: Start,
        until: Option<DateTime<Utc>>,
        heartbeat: Duration,
    ) -> Self {
        let mut first = BytesMut::from(RETRY);
        first.put(start.first.unwrap_or_default());
        let mut beat = interval_at(Instant::now() + heartbeat, heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let left = |until: DateTime<Utc>| (until - Utc::now()).to_std().unwrap_or_default();
        Self {
            head: ticket.hub.head.subscribe(),
            ticket,
            first: Some(first.freeze()),
            place: start.place,
            beat,
            until: until.and_then(|until| Instant::now().checked_add(left(until))),
        }
    }

    /// The body of an answer.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(self, |mut feed| async {
            let piece = feed.next().await?;
            Some((Ok(piece), feed))
        })
    }

    /// The next piece; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let is_over = self.until.is_some_and(|until| until <= Instant::now());
            if is_over || *self.ticket.ended.borrow() {
                return None;
            }
            if let Some(first) = self.first.take() {
                return Some(first);
            }
            let Some(batch) = self.ticket.hub.after(self.place, self.ticket.sight) else {
                tracing::debug!("a client reads its events too slowly and is let go");
                return None;
            };
            self.place = batch.place;
            if !batch.frames.is_empty() {
                return Some(batch.frames);
            }
            let until = self.until;
            let its_time_is_up = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                // Both senders live in the hub, which the ticket keeps.
                _ = self.ticket.ended.changed() => {}
                () = its_time_is_up => {}
                _ = self.head.changed() => {}
                _ = self.beat.tick() => return Some(SIGN_OF_LIFE),
            }
        }
    }
}
