//! Going down in order: first nobody new, then the end of what is running, then the end.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;

use super::readiness::Readiness;
use crate::events::Hub;

/// After SIGTERM, load balancers need a moment to see that readiness is gone; requests are accepted meanwhile.
const STILL_ACCEPTING: Duration = Duration::from_secs(5);

/// Stops the server in order on the first signal. Ends at the second, when the caller must not wait for the server any longer:
/// a server that is stopping in order does not listen to anything else.
pub(super) async fn on_signal(server: ServerHandle, readiness: Readiness, events: Arc<Hub>) {
    let polite = signal().await;
    readiness.stop();
    // They never finish by themselves, and their clients find another replica at once.
    events.stop();
    tracing::info!("told to stop; finishing the requests that are running");
    let in_order = async {
        if polite {
            tokio::time::sleep(STILL_ACCEPTING).await;
        }
        server.stop(true).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = in_order => {}
        _ = signal() => tracing::warn!("told to stop again; stopping at once"),
    }
}

/// Waits for a signal; true for SIGTERM, which orchestrators send, false for the impatient SIGINT.
#[cfg(unix)]
async fn signal() -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = terminate.recv() => true,
            _ = tokio::signal::ctrl_c() => false,
        },
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be caught");
            let _ = tokio::signal::ctrl_c().await;
            false
        }
    }
}

#[cfg(not(unix))]
async fn signal() -> bool {
    let _ = tokio::signal::ctrl_c().await;
    false
}
