//! Going down in order: first nobody new, then the end of what is running, then the end.

use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::readiness::Readiness;
use crate::events::Hub;
use crate::gateway::ending;

/// After SIGTERM, load balancers need a moment to see that readiness is gone; requests are accepted meanwhile.
const STILL_ACCEPTING: Duration = Duration::from_secs(5);

/// Stops the server in order on the first signal. Ends at the second, when the caller must not wait for the server any longer:
/// a server that is stopping in order does not listen to anything else.
pub(super) async fn on_signal(
    server: ServerHandle,
    readiness: Readiness,
    events: Arc<Hub>,
    drain: Duration,
) {
    let mut signals = Signals::listen();
    let polite = signals.next().await;
    readiness.stop();
    // They never finish by themselves, and their clients find another replica at once.
    events.stop();
    tracing::info!("told to stop; finishing the requests that are running");
    let in_order = async {
        if polite {
            tokio::time::sleep(STILL_ACCEPTING).await;
        }
        ending::set(tokio::time::Instant::now() + drain);
        server.stop(true).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = in_order => {}
        _ = signals.next() => tracing::warn!("told to stop again; stopping at once"),
    }
}

/// SIGTERM, which orchestrators send, and the impatient SIGINT. Listened to without a gap: one that comes right after another is
/// not lost.
#[cfg(unix)]
struct Signals {
    terminate: Option<Signal>,
    interrupt: Option<Signal>,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        let listen = |kind, name: &str| {
            signal(kind)
                .inspect_err(|error| tracing::warn!(%error, "{name} cannot be caught"))
                .ok()
        };
        Self {
            terminate: listen(SignalKind::terminate(), "SIGTERM"),
            interrupt: listen(SignalKind::interrupt(), "SIGINT"),
        }
    }

    /// Waits for the next one; true for SIGTERM.
    async fn next(&mut self) -> bool {
        async fn one(signal: &mut Option<Signal>) {
            match signal {
                Some(signal) => {
                    signal.recv().await;
                }
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = one(&mut self.terminate) => true,
            () = one(&mut self.interrupt) => false,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Self
    }

    async fn next(&mut self) -> bool {
        let _ = tokio::signal::ctrl_c().await;
        false
    }
}
