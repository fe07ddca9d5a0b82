//! Renews the leases of answers that are being given, and writes them down when they end.
//!
//! It runs beside the workers, since these end before the last answers do. While the database is away it tries again for a while. If a lease
//! is lost, the draft is told, so that nobody pays for an answer that nobody can read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use understudy_shared::{Message, MessageRole, ProblemCode};
use uuid::Uuid;

use super::{Asked, Kept};
use crate::db::Pool;
use crate::db::dialogs::messages::MessageRow;
use crate::db::dialogs::{lease, messages};
use crate::error::ApiError;

/// Between two renewals of a lease: a third of it.
const RENEW: Duration = Duration::from_secs(10);
/// For how long a lease is renewed, whoever reads the answer however slowly. After that another answer may be begun, and then this one is
/// not stored any more.
const LONGEST: Duration = Duration::from_secs(2 * 60 * 60);
/// How long somebody who waits for the end of an answer waits for the database.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer is offered to the database in all.
const MORE_PATIENCE: Duration = Duration::from_secs(60);
/// Between the first two offers; then twice as long each time.
const RETRY: Duration = Duration::from_millis(250);
/// And at the most.
const LONGEST_RETRY: Duration = Duration::from_secs(2);
/// How long a service that stops waits for the last answers.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// An answer that is begun.
#[derive(Debug)]
pub struct Order {
    pub(super) dialog: Uuid,
    pub(super) id: Uuid,
    pub(super) ended: oneshot::Receiver<End>,
    /// Whether there is a lease to be renewed: before that, none is lost.
    pub(super) has_lease: Arc<AtomicBool>,
    pub(super) deleted: broadcast::Receiver<Uuid>,
    pub(super) lost: watch::Sender<bool>,
}

/// How an answer ended.
#[derive(Debug)]
pub enum End {
    /// It is to be written down as the answer to a question; and who waits for that, if somebody does.
    Store(
        Box<Message>,
        Asked,
        Option<oneshot::Sender<Result<Kept, ApiError>>>,
    ),
    /// There is nothing to be written down.
    Nothing,
}

/// The desk, while it works.
#[derive(Debug)]
pub struct Desk {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Desk {
    pub(super) fn open(pool: Pool, mut orders: mpsc::UnboundedReceiver<Order>) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let task = actix_web::rt::spawn(async move {
            let mut answers = JoinSet::new();
            loop {
                tokio::select! {
                    order = orders.recv() => match order {
                        Some(order) => { answers.spawn_local(attend(pool.clone(), order)); }
                        None => break,
                    },
                    _ = answers.join_next(), if !answers.is_empty() => {}
                    _ = stopped.wait_for(|stopped| *stopped) => break,
                }
            }
            while let Ok(order) = orders.try_recv() {
                answers.spawn_local(attend(pool.clone(), order));
            }
            while answers.join_next().await.is_some() {}
        });
        Self { stop, task }
    }

    /// Writes down what is left, as far as the database takes it in time. No request is running any more.
    pub async fn close(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(LAST_WORDS, &mut self.task)
            .await
            .is_err()
        {
            self.abandon();
            tracing::warn!("the last answers of dialogs could not be stored in time");
        }
    }

    /// Stops at once.
    pub fn abandon(&self) {
        self.task.abort();
    }
}

/// One answer, from its beginning to its end.
async fn attend(pool: Pool, order: Order) {
    let Order {
        dialog,
        id,
        mut ended,
        has_lease,
        mut deleted,
        lost: tell,
    } = order;
    let begun = Instant::now();
    let mut is_lost = false;
    let end = loop {
        let still_held = async {
            tokio::select! {
                () = tokio::time::sleep(RENEW) => {}
                () = is_deleted(&mut deleted, dialog) => {}
            }
            let renews = has_lease.load(Ordering::Acquire) && begun.elapsed() < LONGEST;
            !renews || renew(&pool, dialog, id).await
        };
        tokio::select! {
            end = &mut ended => break end,
            held = still_held => if !held {
                is_lost = true;
                tell.send_replace(true);
                break ended.await;
            },
        }
    };
    match end.unwrap_or(End::Nothing) {
        End::Nothing => release(&pool, dialog, id).await,
        End::Store(_, _, reply) if is_lost => {
            if let Some(reply) = reply {
                let _ = reply.send(Err(lost()));
            }
        }
        End::Store(message, asked, reply) => keep(&pool, dialog, &message, &asked, reply).await,
    }
}

/// Waits until this dialog is deleted, or may be.
async fn is_deleted(deleted: &mut broadcast::Receiver<Uuid>, dialog: Uuid) {
    loop {
        match deleted.recv().await {
            Ok(other) if other != dialog => {}
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Renews a lease: whether it is still held. While the database is away it is.
async fn renew(pool: &Pool, dialog: Uuid, id: Uuid) -> bool {
    let renewed = async {
        let mut conn = pool.get().await?;
        Ok::<_, ApiError>(lease::renew(&mut conn, dialog, id).await?)
    };
    renewed.await.unwrap_or_else(|error| {
        tracing::debug!(%dialog, answer = %id, %error, "the lease of an answer cannot be renewed");
        true
    })
}

async fn release(pool: &Pool, dialog: Uuid, id: Uuid) {
    let released = async {
        let mut conn = pool.get().await?;
        Ok::<_, ApiError>(lease::release(&mut conn, dialog, id).await?)
    };
    if let Err(error) = released.await {
        // It ends by itself.
        tracing::debug!(%dialog, answer = %id, %error, "the lease of an answer cannot be given back");
    }
}

/// Writes an answer down, and tries again while the database is away. Whoever waits for it is told after a while that it is not there yet;
/// it is still tried, since the lease says whether it may be.
async fn keep(
    pool: &Pool,
    dialog: Uuid,
    message: &Message,
    asked: &Asked,
    mut reply: Option<oneshot::Sender<Result<Kept, ApiError>>>,
) {
    let (begun, answer) = (Instant::now(), message.id);
    let mut pause = RETRY;
    let mut is_late = false;
    let kept = loop {
        let kept = async {
            let mut conn = pool.get().await?;
            store(&mut conn, dialog, message, asked).await
        };
        let error = match kept.await {
            Err(error) if error.code() == ProblemCode::Unavailable => error,
            kept => break kept,
        };
        let next = begun.elapsed() + pause;
        if next >= MORE_PATIENCE {
            break Err(error);
        }
        if next >= PATIENCE
            && let Some(reply) = reply.take()
        {
            tracing::warn!(%dialog, %answer, %error, "an answer is not stored yet");
            is_late = true;
            // Whoever asked may be gone by now.
            let _ = reply.send(Err(error));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_RETRY);
    };
    match &kept {
        Ok(_) if is_late => tracing::info!(%dialog, %answer, "the answer is stored after all"),
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(%dialog, %answer, %error, "an answer could not be stored");
        }
    }
    if let Some(reply) = reply {
        let _ = reply.send(kept);
    }
}

async fn store(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    message: &Message,
    asked: &Asked,
) -> Result<Kept, ApiError> {
    let id = message.id.0;
    conn.transaction::<_, ApiError, _>(async |conn| {
        if !lease::lock(conn, dialog, id).await? {
            // The confirmation of an earlier offer got lost.
            return match messages::get(conn, dialog, id).await? {
                Some(_) => Ok(Kept::New),
                None => Err(lost()),
            };
        }
        lease::release(conn, dialog, id).await?;
        let position = asked.position + 1;
        if !asked.gives_way_to(message) {
            return Ok(Kept::Old(standing(conn, dialog, asked.position).await?));
        }
        if let Some(question) = &asked.edit {
            messages::remove_from(conn, dialog, asked.position).await?;
            messages::insert_question(conn, question).await?;
        } else {
            messages::remove_from(conn, dialog, position).await?;
        }
        messages::insert(conn, &MessageRow::answer(dialog, position, message)?).await?;
        Ok(Kept::New)
    })
    .await
}

/// The answer that there is to the question at this place.
async fn standing(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    position: i32,
) -> Result<Option<Box<Message>>, ApiError> {
    let question = messages::at(conn, dialog, position).await?;
    Ok(match messages::at(conn, dialog, position + 1).await? {
        Some(old) if old.role()? == MessageRole::Assistant => {
            let question = question.map(|question| question.id);
            Some(Box::new(old.message(question)?))
        }
        _ => None,
    })
}

/// Said of an answer that nobody wants any more.
pub(super) fn lost() -> ApiError {
    ApiError::new(
        ProblemCode::Conflict,
        "The dialog was deleted, or another answer was begun in it, while this one was given.",
    )
}
