//! The time limits of one attempt.

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
