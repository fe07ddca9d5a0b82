//! Waiting for a condition, with a bound: the only form of waiting that the tests use.

use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

/// Bound for what should happen at once, generous enough for a busy machine.
pub const SOON: Duration = Duration::from_secs(20);

/// Waits for a future, and panics with `what` when it takes longer than [`SOON`].
pub async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    within(SOON, what, future).await
}

/// Waits for a future, and panics with `what` when it takes longer than `bound`.
pub async fn within<F: Future>(bound: Duration, what: &str, future: F) -> F::Output {
    timeout(bound, future)
        .await
        .unwrap_or_else(|_| panic!("not within {bound:?}: {what}"))
}

/// Asks again and again until `probe` gives something, and tells how long that took.
pub async fn until<T>(
    bound: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> (T, Duration) {
    let start = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return (found, start.elapsed());
        }
        assert!(start.elapsed() < bound, "not within {bound:?}: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}
