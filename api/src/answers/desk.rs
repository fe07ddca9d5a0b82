//! Renews the leases of answers that are being given, and writes them down when they end.
//!
//! It runs beside the workers, since these end before the last answers do. While the database is away it tries again for a while.

use std::time::Duration;

use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use tokio::sync::{mpsc, oneshot, watch};
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
/// An answer takes no longer than this, whoever reads it however slowly; its dialog is free then.
const LONGEST: Duration = Duration::from_secs(2 * 60 * 60);
/// How long an answer is offered to the database while somebody waits for its end.
const PATIENCE: Duration = Duration::from_secs(5);
/// And while nobody does.
const MORE_PATIENCE: Duration = Duration::from_secs(60);
/// Between two offers.
const RETRY: Duration = Duration::from_millis(250);
/// How long a service that stops waits for the last answers.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// An answer that is begun.
#[derive(Debug)]
pub struct Order {
    pub(super) dialog: Uuid,
    pub(super) id: Uuid,
    pub(super) ended: oneshot::Receiver<End>,
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
    } = order;
    let begun = Instant::now();
    let end = loop {
        let renewed = async {
            tokio::time::sleep(RENEW).await;
            if begun.elapsed() < LONGEST {
                renew(&pool, dialog, id).await;
            }
        };
        tokio::select! {
            end = &mut ended => break end.unwrap_or(End::Nothing),
            () = renewed => {}
        }
    };
    match end {
        End::Nothing => release(&pool, dialog, id).await,
        End::Store(message, asked, reply) => {
            let patience = if reply.is_some() {
                PATIENCE
            } else {
                MORE_PATIENCE
            };
            let kept = keep(&pool, dialog, &message, asked, patience).await;
            if let Err(error) = &kept {
                tracing::warn!(%dialog, answer = %id, %error, "an answer could not be stored");
            }
            if let Some(reply) = reply {
                // Whoever asked may be gone by now.
                let _ = reply.send(kept);
            }
        }
    }
}

async fn renew(pool: &Pool, dialog: Uuid, id: Uuid) {
    let renewed = async {
        let mut conn = pool.get().await?;
        Ok::<_, ApiError>(lease::renew(&mut conn, dialog, id).await?)
    };
    if let Err(error) = renewed.await {
        tracing::debug!(%dialog, answer = %id, %error, "the lease of an answer cannot be renewed");
    }
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

/// Writes an answer down, and tries again while the database is away.
async fn keep(
    pool: &Pool,
    dialog: Uuid,
    message: &Message,
    asked: Asked,
    patience: Duration,
) -> Result<Kept, ApiError> {
    let until = Instant::now() + patience;
    loop {
        let kept = async {
            let mut conn = pool.get().await?;
            store(&mut conn, dialog, message, asked).await
        };
        match kept.await {
            Err(error)
                if error.code() == ProblemCode::Unavailable && Instant::now() + RETRY < until => {}
            kept => return kept,
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn store(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    message: &Message,
    asked: Asked,
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
        if !asked.keeps.gives_way_to(message) {
            return Ok(Kept::Old(
                match messages::at(conn, dialog, position).await? {
                    Some(old) if old.role()? == MessageRole::Assistant => {
                        Some(Box::new(old.message(Some(asked.id))?))
                    }
                    _ => None,
                },
            ));
        }
        messages::remove_from(conn, dialog, position).await?;
        messages::insert(conn, &MessageRow::answer(dialog, position, message)?).await?;
        Ok(Kept::New)
    })
    .await
}

fn lost() -> ApiError {
    ApiError::new(
        ProblemCode::Conflict,
        "The dialog was deleted, or another answer was begun in it, while this one was given.",
    )
}
