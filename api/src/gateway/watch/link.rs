//! Decides among replicas who makes the checks, and passes on what was found.
//!
//! Whoever holds the advisory lock of the database leads; the others ask for it every two seconds, so that one of them takes over when
//! the leader or its connection dies. While the database is away nobody can know who leads, and each replica makes its own checks: an
//! instance that is asked a few times more harms nobody, one that nobody looks at does.

use std::sync::Arc;
use std::time::Duration;

use actix_web::rt;
use futures_util::stream::poll_fn;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_postgres::{AsyncMessage, Client};
use understudy_shared::ModelInstanceId;

use super::desk::{Application, Desk, Permit, Role};
use super::schedule::DEAREST;
use crate::db::connect::{self, OpenError};
use crate::db::instance_checks;

/// Between two signs of life of the leader, and two tries of the others to lead.
const BEAT: Duration = Duration::from_secs(2);
/// Longest time for the database to answer.
const PATIENCE: Duration = Duration::from_secs(4);
/// Beats between two looks at what was found, in case that an announcement was lost.
const LOOK: u32 = 5;
/// How long what was found is gathered before it is written.
const GATHER: Duration = Duration::from_millis(100);
const FIRST_RETRY: Duration = Duration::from_millis(200);
const LONGEST_RETRY: Duration = Duration::from_secs(2);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("the database does not answer in time")]
    Silent,
    #[error("the connection ended")]
    Ended,
}

/// A connection, and the task that moves its bytes.
struct Link {
    client: Client,
    driver: JoinHandle<()>,
    /// Somebody wrote something.
    announced: Arc<Notify>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Keeps the link, for ever.
pub async fn run(desk: Arc<Desk>, url: String) {
    let mut seen = 0;
    let mut retry = FIRST_RETRY;
    loop {
        let lost = session(&desk, &url, &mut seen, &mut retry).await;
        if desk.become_(Role::Alone) != Role::Alone {
            tracing::warn!(error = %lost, "no connection to share checks over; this replica makes all of its own meanwhile");
        }
        sleep(retry).await;
        retry = (retry * 2).min(LONGEST_RETRY);
    }
}

async fn in_time<T, E: Into<OpenError>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Lost> {
    match timeout(PATIENCE, work).await {
        Ok(done) => Ok(done.map_err(Into::into)?),
        Err(_) => Err(Lost::Silent),
    }
}

async fn open(url: &str) -> Result<Link, Lost> {
    let (client, mut connection) = in_time(connect::open(url)).await?;
    let announced = Arc::<Notify>::default();
    let announce = Arc::clone(&announced);
    let driver = rt::spawn(async move {
        let mut messages = poll_fn(move |cx| connection.poll_message(cx));
        while let Some(Ok(message)) = messages.next().await {
            if let AsyncMessage::Notification(_) = message {
                announce.notify_one();
            }
        }
    });
    let link = Link {
        client,
        driver,
        announced,
    };
    in_time(instance_checks::prepare(&link.client)).await?;
    Ok(link)
}

async fn session(desk: &Desk, url: &str, seen: &mut i64, retry: &mut Duration) -> Lost {
    match open(url).await {
        Ok(mut link) => {
            *retry = FIRST_RETRY;
            match serve(desk, &mut link, seen).await {
                Ok(never) => match never {},
                Err(lost) => lost,
            }
        }
        Err(lost) => lost,
    }
}

enum Never {}

async fn serve(desk: &Desk, link: &mut Link, seen: &mut i64) -> Result<Never, Lost> {
    // What is known is known before anything is checked here.
    read(desk, link, seen).await?;
    let mut beats = 0_u32;
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let announced = Arc::clone(&link.announced);
    loop {
        let leads = desk.role() == Role::Leader;
        tokio::select! {
            _ = beat.tick() => {
                beats = beats.wrapping_add(1);
                if leads {
                    in_time(instance_checks::ping(&link.client)).await?;
                } else {
                    elect(desk, link, seen).await?;
                    if beats.is_multiple_of(LOOK) {
                        read(desk, link, seen).await?;
                    }
                }
            }
            () = announced.notified(), if !leads => read(desk, link, seen).await?,
            () = desk.told(), if leads => {
                for application in desk.applications() {
                    permit(link, application).await?;
                }
                sleep(GATHER).await;
                if let Some(news) = desk.send()
                    && let Err(error) = in_time(instance_checks::write(&link.client, &news)).await
                {
                    match error {
                        // An instance was deleted in the same moment, say: the next checks are told.
                        Lost::Database(OpenError::Database(error)) if error.as_db_error().is_some() => {
                            tracing::debug!(%error, "what checks found cannot be shared");
                        }
                        lost => return Err(lost),
                    }
                }
            }
            () = async { (&mut link.driver).map(drop).await } => return Err(Lost::Ended),
        }
    }
}

/// Decides whether a check may be paid for. If the database cannot say, whoever waits learns that by the end of its channel.
async fn permit(link: &Link, (id, answer): Application) -> Result<(), Lost> {
    let permit = match in_time(instance_checks::pay(&link.client, id.0, DEAREST)).await {
        Ok(None) => Permit::Granted,
        Ok(Some(left)) => Permit::In(left),
        // The instance was deleted in the same moment, say.
        Err(Lost::Database(OpenError::Database(error))) if error.as_db_error().is_some() => {
            tracing::debug!(%error, "a check cannot be paid for");
            Permit::In(DEAREST)
        }
        Err(lost) => return Err(lost),
    };
    // Whoever waited may have been stopped.
    let _ = answer.send(permit);
    Ok(())
}

/// Becomes the leader if nobody is.
async fn elect(desk: &Desk, link: &Link, seen: &mut i64) -> Result<(), Lost> {
    if in_time(instance_checks::try_to_lead(&link.client)).await? {
        // The last words of the one before.
        read(desk, link, seen).await?;
        desk.become_(Role::Leader);
        tracing::info!("this replica makes the checks");
    } else if desk.become_(Role::Follower) != Role::Follower {
        tracing::info!("another replica makes the checks");
    }
    Ok(())
}

async fn read(desk: &Desk, link: &Link, seen: &mut i64) -> Result<(), Lost> {
    for row in in_time(instance_checks::after(&link.client, *seen)).await? {
        desk.receive(ModelInstanceId(row.instance_id), &row.record);
        *seen = row.seq;
    }
    Ok(())
}
