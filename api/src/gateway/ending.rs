//! When the service stops, requests may go on for a while, and what is left of them then is ended with an error: an end that says what it is,
//! in place of a connection that breaks.
//!
//! The rule: a process goes down once, so there is one such moment. Requests look at it whenever they wait, which costs them nothing, and
//! wait for no longer than [`LOOK`], so that each knows of it in time.

use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;

/// Longest wait of a request until it looks whether there is an end. Nobody may set the end sooner than this from then on.
pub const LOOK: Duration = Duration::from_secs(15);

/// Why a request was ended.
pub const WHY: &str = "the service stopped";

static AT: OnceLock<Instant> = OnceLock::new();

/// Sets the end, once.
pub fn set(at: Instant) {
    // A second one would be of the same going down.
    let _ = AT.set(at);
}

/// The earlier of a moment and the end.
pub fn or(by: Instant) -> Instant {
    AT.get().map_or(by, |at| by.min(*at))
}

/// Whether the end is here.
pub fn has_come() -> bool {
    AT.get().is_some_and(|at| Instant::now() >= *at)
}

/// What comes of a future, unless the end comes first. It is lent, since it may be large: moved in, it would be held twice.
pub async fn unless_first<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    loop {
        let look = or(Instant::now() + LOOK);
        match tokio::time::timeout_at(look, future.as_mut()).await {
            Ok(came) => return Some(came),
            Err(_) if has_come() => return None,
            Err(_) => {}
        }
    }
}
