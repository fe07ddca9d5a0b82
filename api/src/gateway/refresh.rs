//! Keeps the snapshot true: reloads it when a change is announced, and looks for itself now and then.
//!
//! Announcements arrive on a connection of their own and may get lost; the poll finds what they missed. While the database is
//! away the gateway goes on with what it knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::sync::{Notify, watch};
use tokio_postgres::AsyncMessage;

use super::Gateway;
use super::snapshot::Snapshot;
use crate::db::connect::{self, OpenError};
use crate::db::{self, Pool, Pulse};
use crate::secrets::SecretCipher;

/// How often the revision is looked up, in case that an announcement was lost.
const POLL: Duration = Duration::from_secs(10);
/// How long a management request waits for the snapshot that has its change.
const WAIT: Duration = Duration::from_secs(1);
/// Between two signs of life of the database. With [`PATIENCE`] it says how long a request may wait for a frozen one.
const BEAT: Duration = Duration::from_secs(1);
/// Longest time for a sign of life.
const PATIENCE: Duration = Duration::from_millis(2_500);
const FIRST_RETRY: Duration = Duration::from_millis(200);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// Wishes for a reload, numbered, so that each can wait for one that began after it.
pub struct Requests {
    asked: AtomicU64,
    wake: Notify,
    done: watch::Sender<u64>,
    loaded: watch::Sender<bool>,
    access: watch::Sender<u64>,
    /// When the configuration was last compared with the database, in milliseconds since 1970.
    confirmed_ms: AtomicI64,
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            asked: AtomicU64::new(0),
            wake: Notify::new(),
            done: watch::Sender::new(0),
            loaded: watch::Sender::new(false),
            access: watch::Sender::new(0),
            confirmed_ms: AtomicI64::new(0),
        }
    }
}

impl Requests {
    fn ask(&self) -> u64 {
        let number = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        self.wake.notify_one();
        number
    }

    pub(super) async fn ask_and_wait(&self) {
        let mut done = self.done.subscribe();
        let number = self.ask();
        // Without an answer in time the change still arrives, by announcement or poll.
        let _ = tokio::time::timeout(WAIT, done.wait_for(|done| *done >= number)).await;
    }

    pub(super) fn loaded(&self) -> watch::Receiver<bool> {
        self.loaded.subscribe()
    }
}

impl Gateway {
    /// When the configuration was last compared with the database, in seconds since 1970.
    pub fn confirmed_at(&self) -> f64 {
        self.refresh.confirmed_ms.load(Ordering::Relaxed) as f64 / 1e3
    }

    /// Wakes after each look at the configuration, changed or not.
    pub fn looked(&self) -> watch::Receiver<u64> {
        self.refresh.done.subscribe()
    }

    /// Wakes when somebody may have lost a right that a request of theirs still makes use of.
    pub fn access_changes(&self) -> watch::Receiver<u64> {
        self.refresh.access.subscribe()
    }
}

/// Reloads on demand, for ever.
pub async fn run(gateway: Arc<Gateway>, pool: Pool, cipher: SecretCipher) {
    let mut retry = FIRST_RETRY;
    loop {
        let asked = gateway.refresh.asked.load(Ordering::Acquire);
        match reload(&gateway, &pool, &cipher).await {
            Ok(()) => {
                retry = FIRST_RETRY;
                let now = chrono::Utc::now().timestamp_millis();
                gateway.refresh.confirmed_ms.store(now, Ordering::Relaxed);
                gateway.refresh.done.send_replace(asked);
                gateway.refresh.loaded.send_replace(true);
                let _ = tokio::time::timeout(POLL, gateway.refresh.wake.notified()).await;
            }
            Err(error) => {
                tracing::warn!(
                    error,
                    "the configuration cannot be reloaded; the gateway goes on with what it knows"
                );
                tokio::time::sleep(retry).await;
                retry = (retry * 2).min(LONGEST_RETRY);
            }
        }
    }
}

async fn reload(gateway: &Gateway, pool: &Pool, cipher: &SecretCipher) -> Result<(), String> {
    let mut conn = pool.get().await.map_err(|error| error.to_string())?;
    let known = gateway.snapshot().revision;
    let revision = db::configuration::revision(&mut conn)
        .await
        .map_err(|error| error.to_string())?;
    if revision == known {
        return Ok(());
    }
    let stored = db::configuration::load(&mut conn, cipher)
        .await
        .map_err(|error| error.to_string())?;
    let snapshot = Snapshot::build(stored, &gateway.board);
    tell_unreadable(&gateway.snapshot(), &snapshot);
    tracing::debug!(revision = snapshot.revision, "loaded the configuration");
    gateway.snapshot.store(Arc::new(snapshot));
    Ok(())
}

/// Says once which instances are not asked because a secret of theirs cannot be decrypted.
fn tell_unreadable(known: &Snapshot, new: &Snapshot) {
    for instance in new.instances() {
        let connection = &instance.connection;
        let before = known.instance(connection.id);
        let was = before.is_some_and(|before| before.connection.unreadable().is_some());
        match connection.unreadable() {
            Some(error) if !was => {
                tracing::warn!(instance = connection.name, %error, "an instance is down until its secret is entered again");
            }
            None if was => {
                tracing::info!(
                    instance = connection.name,
                    "all secrets of an instance can be decrypted again"
                );
            }
            _ => {}
        }
    }
}

/// Listens for announcements, for ever.
pub async fn listen(gateway: Arc<Gateway>, url: String, pulse: Pulse) {
    let mut retry = FIRST_RETRY;
    loop {
        match listen_once(&gateway, &url, &mut retry).await {
            Ok(()) => tracing::warn!("the connection for announcements of changes ended"),
            Err(error) => {
                if let Lost::Silent = error {
                    // What waits for an answer waits in vain.
                    pulse.stopped();
                }
                tracing::warn!(%error, "no connection for announcements of changes; polling meanwhile")
            }
        }
        tokio::time::sleep(retry).await;
        retry = (retry * 2).min(LONGEST_RETRY);
    }
}

/// Why nobody listens.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("the database does not answer in time")]
    Silent,
}

async fn in_time<T, E: Into<OpenError>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Lost> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => Ok(done.map_err(Into::into)?),
        Err(_) => Err(Lost::Silent),
    }
}

async fn listen_once(gateway: &Gateway, url: &str, retry: &mut Duration) -> Result<(), Lost> {
    let (client, mut connection) = in_time(connect::open(url)).await?;
    let mut messages = stream::poll_fn(move |cx| connection.poll_message(cx)).boxed_local();
    let listen =
        in_time(client.batch_execute("LISTEN understudy_config; LISTEN understudy_access"));
    let beat = async {
        loop {
            tokio::time::sleep(BEAT).await;
            if let Err(lost) = in_time(client.batch_execute("")).await {
                break lost;
            }
        }
    };
    tokio::pin!(listen, beat);
    let mut listening = false;
    loop {
        // The connection makes progress only while its messages are awaited.
        tokio::select! {
            result = &mut listen, if !listening => {
                result?;
                listening = true;
                *retry = FIRST_RETRY;
                // Whatever changed before is found by a look of our own.
                gateway.refresh.ask();
                gateway.refresh.access.send_modify(|count| *count += 1);
            }
            lost = &mut beat, if listening => return Err(lost),
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(note))) if note.channel() == "understudy_access" => {
                    gateway.refresh.access.send_modify(|count| *count += 1);
                }
                Some(Ok(AsyncMessage::Notification(_))) => {
                    gateway.refresh.ask();
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(OpenError::from(error).into()),
                None => return Ok(()),
            },
        }
    }
}
