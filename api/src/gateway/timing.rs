//! The time limits of one attempt.

use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

/// When an attempt began and how long its first byte may take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Begin of the attempt.
    pub started: Instant,
    /// Time for the first byte.
    pub limit: Duration,
}

impl Timing {
    /// When the first byte must be there.
    pub fn first_byte_by(&self) -> Instant {
        self.started + self.limit
    }
}

/// Lets what else came at the same time come as far as this before it goes on: what is written to other processes close together
/// wakes them once, and not once for each request. Alone it costs nothing.
pub async fn in_step() {
    let mut waited = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
