//! Decides when to look for news, and ends streams whose credential has ended. One task of a process.
//!
//! The database is asked when something was announced, and otherwise seldom: a second look comes from memory.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::Hub;
use super::observer::Observer;
use crate::auth::standing::still_valid;
use crate::db::Pool;
use crate::error::ApiError;
use crate::gateway::Gateway;

/// Between two looks.
const TICK: Duration = Duration::from_secs(1);
/// How long events are kept after the last client has left: most come back.
const LINGER: Duration = Duration::from_secs(300);
/// How often credentials are asked about, in case that an announcement was lost.
const POLL: Duration = Duration::from_secs(10);

/// Keeps the hub, for ever.
pub async fn run(hub: Arc<Hub>, gateway: Arc<Gateway>, pool: Pool) {
    tokio::join!(
        tell_news(&hub, &gateway, &pool),
        end_streams(&hub, &gateway, &pool)
    );
}

async fn tell_news(hub: &Hub, gateway: &Gateway, pool: &Pool) {
    let mut opened = hub.opened.subscribe();
    let mut looked = gateway.looked();
    loop {
        while !hub.has_clients() {
            // Both senders live as long as this process.
            let _ = opened.changed().await;
        }
        let mut observer = begin(gateway, pool).await;
        hub.wake();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last_client = Instant::now();
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                _ = looked.changed() => {}
            }
            hub.publish(observer.look(gateway, pool).await);
            if hub.has_clients() {
                last_client = Instant::now();
            } else if last_client.elapsed() >= LINGER && hub.sleep() {
                break;
            }
        }
    }
}

async fn begin(gateway: &Gateway, pool: &Pool) -> Observer {
    loop {
        match Observer::begin(gateway, pool).await {
            Ok(observer) => return observer,
            Err(error) => {
                tracing::warn!(%error, "live events cannot begin yet");
                sleep(TICK).await;
            }
        }
    }
}

async fn end_streams(hub: &Hub, gateway: &Gateway, pool: &Pool) {
    let mut opened = hub.opened.subscribe();
    let mut access = gateway.access_changes();
    let mut looked = gateway.looked();
    loop {
        // Between being let in and being counted, a client may have lost its right: each new one is asked about, too.
        let wait = async {
            tokio::select! {
                _ = opened.changed() => {}
                _ = access.changed() => {}
                // Keys are part of the configuration.
                _ = looked.changed() => {}
            }
        };
        let _ = tokio::time::timeout(POLL, wait).await;
        while hub.has_clients() {
            match ask(hub, pool).await {
                Ok(()) => break,
                Err(error) => {
                    tracing::debug!(%error, "credentials of open streams cannot be asked about");
                    sleep(TICK).await;
                }
            }
        }
    }
}

async fn ask(hub: &Hub, pool: &Pool) -> Result<(), ApiError> {
    let credentials = hub.credentials();
    let asked: Vec<_> = credentials.iter().copied().collect();
    let mut conn = pool.get().await?;
    hub.keep(
        &credentials,
        &still_valid(&mut conn, &asked, Utc::now()).await?,
    );
    Ok(())
}
