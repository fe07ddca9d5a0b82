//! Takes requests from the ledger into the database, in batches.
//!
//! It looks twice a second and not at each request, so that telling one wakes nobody. While the database is away it keeps one batch and
//! tries again, ever less often; meanwhile the ledger fills, and then loses. So a process that is killed loses what came in the last half
//! second, and one that stops in order writes down everything.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound as _, Utc};
use diesel::result::{DatabaseErrorKind, Error};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use understudy_shared::ApiKeyId;
use uuid::Uuid;

use super::times::Times;
use super::{Entry, Ledger, hour};
use crate::db::usage::{HourRow, RequestRow};
use crate::db::{self, Pool};
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::gateway::counts::End;

/// Between two looks.
const TICK: Duration = Duration::from_millis(500);
/// Requests that are written together.
const BATCH: usize = 1_000;
/// Requests of one look that get a row of their own; all are added to their hours. So a service that is asked tens of thousands of times
/// a second does not spend more on writing about that than on answering.
const DETAIL: usize = 1_000;
/// Between two looks at which keys were used.
const USES: Duration = Duration::from_secs(5);
/// How old the noted use of a key may be, in seconds.
const USE_PRECISION_S: i64 = 60;
/// How often a batch is offered that the database refuses without being away.
const OFFERS: u32 = 5;
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(10);
/// How long a service that stops waits for the last batches.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The writer, while it works.
#[derive(Debug)]
pub struct Writer {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    ledger: Arc<Ledger>,
}

/// Begins to write.
pub fn start(gateway: Arc<Gateway>, pool: Pool) -> Option<Writer> {
    let ledger = Arc::clone(gateway.ledger());
    let receiver = ledger.take_receiver()?;
    let (stop, stopped) = watch::channel(false);
    let writing = Writing {
        gateway,
        ledger: Arc::clone(&ledger),
        receiver,
        pool,
        stopped,
        noted: HashMap::new(),
    };
    Some(Writer {
        stop,
        task: actix_web::rt::spawn(writing.run()),
        ledger,
    })
}

impl Writer {
    /// Writes down what is left, as far as the database takes it in time.
    pub async fn finish(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(LAST_WORDS, &mut self.task)
            .await
            .is_err()
        {
            self.abandon();
            let waiting = self.ledger.waiting();
            tracing::warn!(
                waiting,
                "the usage of the last requests could not be recorded in time"
            );
        }
    }

    /// Stops at once.
    pub fn abandon(&self) {
        self.task.abort();
    }
}

struct Writing {
    gateway: Arc<Gateway>,
    ledger: Arc<Ledger>,
    receiver: mpsc::Receiver<Entry>,
    pool: Pool,
    stopped: watch::Receiver<bool>,
    /// Which use of each key is noted.
    noted: HashMap<ApiKeyId, i64>,
}

impl Writing {
    async fn run(mut self) {
        let mut uses_at = Instant::now() + USES;
        loop {
            let stopping = self.wait(TICK).await;
            self.write_all().await;
            if stopping || Instant::now() >= uses_at {
                uses_at = Instant::now() + USES;
                if let Err(error) = self.note_uses().await {
                    tracing::debug!(%error, "the last uses of keys cannot be noted");
                }
            }
            if stopping {
                return;
            }
        }
    }

    /// Waits, but no longer than until the service stops: whether it does. Nobody being left who could say so counts as well.
    async fn wait(&mut self, time: Duration) -> bool {
        let stopped = self.stopped.wait_for(|stopped| *stopped);
        tokio::time::timeout(time, stopped).await.is_ok()
    }

    /// Writes everything that waits.
    async fn write_all(&mut self) {
        let mut detail = DETAIL;
        loop {
            let mut batch = Vec::new();
            while batch.len() < BATCH
                && let Ok(entry) = self.receiver.try_recv()
            {
                batch.push(Numbered::from(entry));
            }
            let losses = self.ledger.take_losses();
            if batch.is_empty() && losses.is_empty() {
                return;
            }
            let rows = rows_of(batch.len(), &mut detail);
            self.write(&batch, rows, losses).await;
        }
    }

    /// Writes a batch, however long that takes, unless the database refuses it for good. The first `rows` get a row of their own.
    async fn write(
        &mut self,
        batch: &[Numbered],
        rows: usize,
        losses: BTreeMap<DateTime<Utc>, u64>,
    ) {
        let mut retry = FIRST_RETRY;
        let mut refused = 0;
        let mut failed = false;
        loop {
            let error = match self.try_to_write(batch, rows, &losses).await {
                Ok(()) => {
                    self.ledger.recorded.add_many(batch.len() as u64);
                    if failed {
                        tracing::info!("usage is recorded again");
                    }
                    return;
                }
                Err(error) => error,
            };
            refused += u32::from(is_refusal(&error));
            if refused == OFFERS {
                tracing::error!(
                    requests = batch.len(),
                    %error,
                    "the database refuses the usage of these requests; it is lost"
                );
                self.ledger.put_back(losses);
                for Numbered { entry, .. } in batch {
                    self.ledger.lose(entry.at.into(), 1);
                }
                // What was lost is written with the next batch: at once it might be refused as well.
                return;
            }
            if !failed {
                failed = true;
                tracing::warn!(%error, "usage cannot be recorded; it waits for the database");
            }
            if self.wait(retry).await {
                // Whoever stops the service has set a time for it.
                tokio::time::sleep(FIRST_RETRY).await;
            }
            retry = (retry * 2).min(LONGEST_RETRY);
        }
    }

    async fn try_to_write(
        &self,
        batch: &[Numbered],
        rows: usize,
        losses: &BTreeMap<DateTime<Utc>, u64>,
    ) -> Result<(), Failed> {
        let mut conn = self.pool.get().await.map_err(|_| Failed::NoConnection)?;
        let requests: Vec<RequestRow<'_>> = batch.iter().take(rows).map(request).collect();
        let written = db::usage::record(&mut conn, &requests, &hours(batch), losses).await;
        Ok(written?)
    }

    /// Notes when keys were last used, those that were not noted a moment ago.
    async fn note_uses(&mut self) -> Result<(), ApiError> {
        let snapshot = self.gateway.snapshot();
        let used = snapshot.keys().filter_map(|key| {
            let (id, second) = (key.stored.id, key.uses.used_at()?);
            let noted = self.noted.get(&id).copied().unwrap_or(0);
            (second >= noted + USE_PRECISION_S).then_some((id, second))
        });
        let used: Vec<(ApiKeyId, i64)> = used.collect();
        if used.is_empty() {
            return Ok(());
        }
        let time = |second| DateTime::from_timestamp(second, 0).unwrap_or_default();
        let uses: Vec<(Uuid, DateTime<Utc>)> =
            used.iter().map(|(id, at)| (id.0, time(*at))).collect();
        let mut conn = self.pool.get().await?;
        db::usage::note_uses(&mut conn, &uses).await?;
        self.noted.extend(used);
        let known: HashSet<ApiKeyId> = snapshot.keys().map(|key| key.stored.id).collect();
        self.noted.retain(|id, _| known.contains(id));
        Ok(())
    }
}

/// How many of a batch get a row of their own. At least one: a batch whose confirmation got lost is known by its rows.
fn rows_of(batch: usize, detail: &mut usize) -> usize {
    let rows = batch.min((*detail).max(1));
    *detail = detail.saturating_sub(rows);
    rows
}

/// Why a batch is not in the database.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("there is no connection")]
    NoConnection,
    #[error(transparent)]
    Database(#[from] Error),
}

/// Whether the database was there, and would not take it.
fn is_refusal(failed: &Failed) -> bool {
    use DatabaseErrorKind as Kind;
    match failed {
        Failed::NoConnection => false,
        Failed::Database(Error::DatabaseError(kind, _)) => !matches!(
            kind,
            Kind::ClosedConnection | Kind::UnableToSendCommand | Kind::SerializationFailure
        ),
        Failed::Database(_) => true,
    }
}

/// A request with the id of its row.
struct Numbered {
    id: Uuid,
    entry: Entry,
}

impl From<Entry> for Numbered {
    fn from(entry: Entry) -> Self {
        let id = Uuid::now_v7();
        Self { id, entry }
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn request(Numbered { id, entry }: &Numbered) -> RequestRow<'_> {
    // A question in a dialog belongs to no key.
    let key = entry.by.key().map(|key| &key.stored);
    let person = entry.by.person();
    let tokens = entry.tokens;
    RequestRow {
        id: *id,
        at: DateTime::<Utc>::from(entry.at).trunc_subsecs(6),
        request_id: &entry.request_id,
        key_id: key.map(|key| key.id.0).unwrap_or_default(),
        key_name: key.map(|key| key.name.as_str()).unwrap_or_default(),
        user_id: person.map(|(id, _)| id.0),
        user_name: person.map(|(_, name)| name),
        group_id: entry.group.as_ref().map(|group| group.id.0),
        group_name: entry.group.as_ref().map(|group| group.name.as_str()),
        instance_id: entry.instance.as_ref().map(|(id, _)| id.0),
        instance_name: entry.instance.as_ref().map(|(_, name)| name.as_str()),
        endpoint: entry.endpoint.name(),
        stream: entry.stream,
        status: entry.status.map(u16::cast_signed),
        outcome: entry.end.name(),
        attempts: i32::try_from(entry.attempts).unwrap_or(i32::MAX),
        failover: entry.attempts > 1,
        first_byte_ms: entry.first_byte.map(millis),
        duration_ms: millis(entry.duration),
        prompt_tokens: tokens.map(|tokens| tokens.prompt.into()),
        completion_tokens: tokens.map(|tokens| tokens.completion.into()),
    }
}

/// The same requests added up, in an order that is the same for every replica, so that two of them never wait for each other.
fn hours(batch: &[Numbered]) -> Vec<HourRow<'_>> {
    let mut hours: BTreeMap<_, (HourRow<'_>, Times)> = BTreeMap::new();
    for numbered in batch {
        let row = request(numbered);
        let cell = (
            hour(row.at),
            row.group_id.unwrap_or_default(),
            row.instance_id.unwrap_or_default(),
            row.key_id,
            row.user_id.unwrap_or_default(),
            row.endpoint,
        );
        let (sum, times) = hours.entry(cell).or_insert_with(|| {
            let sum = HourRow {
                hour: cell.0,
                group_id: cell.1,
                instance_id: cell.2,
                key_id: cell.3,
                user_id: cell.4,
                endpoint: cell.5,
                group_name: "",
                instance_name: "",
                key_name: "",
                user_name: "",
                requests: 0,
                errors: 0,
                caller_left: 0,
                failovers: 0,
                with_tokens: 0,
                prompt_tokens: 0,
                completion_tokens: 0,
                times: Vec::new(),
            };
            (sum, Times::default())
        });
        // The latest names are the ones to show.
        sum.group_name = row.group_name.unwrap_or_default();
        sum.instance_name = row.instance_name.unwrap_or_default();
        sum.key_name = row.key_name;
        sum.user_name = row.user_name.unwrap_or_default();
        let failed = matches!(
            numbered.entry.end,
            End::Class4 | End::Class5 | End::Interrupted
        );
        sum.requests += 1;
        sum.errors += i64::from(failed);
        sum.caller_left += i64::from(numbered.entry.end == End::CallerLeft);
        sum.failovers += i64::from(row.failover);
        sum.with_tokens += i64::from(row.prompt_tokens.is_some());
        sum.prompt_tokens += row.prompt_tokens.unwrap_or(0);
        sum.completion_tokens += row.completion_tokens.unwrap_or(0);
        times.observe(numbered.entry.first_byte, numbered.entry.duration);
    }
    fn stored((sum, times): (HourRow<'_>, Times)) -> HourRow<'_> {
        HourRow {
            times: times.stored(),
            ..sum
        }
    }
    hours.into_values().map(stored).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::egress::EgressPolicy;
    use crate::gateway::tokens::Tokens;
    use crate::usage::tests::entry;

    #[actix_web::test]
    async fn a_writer_that_nobody_can_stop_any_more_ends() {
        let egress = EgressPolicy::new(Vec::new(), Vec::new(), Vec::new());
        let gateway = Arc::new(Gateway::new(egress));
        let pool = db::pool("postgres://127.0.0.1:1/none", &db::Pulse::default()).unwrap();
        let Writer { stop, task, .. } = start(Arc::clone(&gateway), pool.clone()).unwrap();
        assert!(start(gateway, pool).is_none(), "one is enough");
        drop(stop);
        let ended = tokio::time::timeout(Duration::from_secs(20), task).await;
        ended.expect("it ends").expect("and does not panic");
    }

    #[test]
    fn rows_are_few_when_requests_are_many_and_each_batch_has_one() {
        let mut detail = 1_500;
        let rows: Vec<usize> = [1_000, 1_000, 1_000, 7, 0]
            .map(|batch| rows_of(batch, &mut detail))
            .into();
        assert_eq!(rows, [1_000, 500, 1, 1, 0]);
    }

    #[test]
    fn requests_of_one_hour_and_subject_are_one_row() {
        let ledger = Arc::default();
        let mut requests: Vec<Entry> = (0..5).map(|_| entry(&ledger)).collect();
        requests[1].end = End::Class5;
        requests[1].attempts = 3;
        requests[2].end = End::CallerLeft;
        requests[3].tokens = Some(Tokens {
            prompt: 3,
            completion: 4,
        });
        requests[4].endpoint = understudy_shared::Capability::Embeddings;
        let at = requests[0].at;
        for request in &mut requests {
            request.at = at;
        }
        let batch: Vec<Numbered> = requests.into_iter().map(Numbered::from).collect();
        let hours = hours(&batch);
        assert_eq!(hours.len(), 2);
        let chat = &hours[0];
        assert_eq!((chat.endpoint, chat.key_name), ("chat", "key"));
        assert_eq!((chat.requests, chat.errors, chat.caller_left), (4, 1, 1));
        assert_eq!((chat.failovers, chat.with_tokens), (1, 1));
        assert_eq!((chat.prompt_tokens, chat.completion_tokens), (3, 4));
        assert_eq!(chat.group_id, Uuid::nil(), "it came to no group");
        assert_eq!(hours[1].requests, 1);
        let rows: Vec<RequestRow<'_>> = batch.iter().map(request).collect();
        assert!(rows[1].failover && !rows[0].failover);
        assert_eq!((rows[1].outcome, rows[0].group_name), ("5xx", None));
    }
}
