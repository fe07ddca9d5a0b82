//! Removes what the settings do not keep any longer. One task of a process, and one process at a time.
//!
//! The rule: in batches, each a transaction of its own, so that nobody waits long for a lock and what was removed stays removed. Days
//! begin at midnight UTC, so that there is something to remove once a day.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel_async::AsyncConnection as _;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::timeout;
use understudy_shared::{AuditAction, AuditTargetKind};

use crate::auth::Author;
use crate::db::{self, Change, Pool, Target};
use crate::domain::changes;
use crate::error::ApiError;
use crate::usage;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(3600);
/// After a look that failed.
const AGAIN: Duration = Duration::from_secs(60);
/// Records that are removed at once.
const BATCH: usize = 1000;

/// Removes what is too old, for ever: every hour, and when the settings have changed.
pub async fn run(pool: Pool, changed: Arc<Notify>) {
    loop {
        let mut pause = EVERY;
        if let Err(error) = prune_audit_log(&pool).await {
            tracing::warn!(%error, "old records of the audit log cannot be removed");
            pause = AGAIN;
        }
        if let Err(error) = usage::retention::prune(&pool).await {
            tracing::warn!(%error, "old usage cannot be removed");
            pause = AGAIN;
        }
        let _ = timeout(pause, changed.notified()).await;
    }
}

/// What a batch has removed.
struct Batch {
    removed: usize,
    kept_from: DateTime<Utc>,
}

async fn prune_audit_log(pool: &Pool) -> Result<(), ApiError> {
    let mut removed = 0;
    loop {
        let Some(batch) = prune_batch(pool).await? else {
            return Ok(());
        };
        removed += batch.removed;
        if batch.removed < BATCH {
            if removed > 0 {
                tracing::info!(count = removed, kept_from = %batch.kept_from, "removed old records of the audit log");
            }
            return Ok(());
        }
    }
}

/// Removes a batch. None if another replica is at it, or all is kept.
async fn prune_batch(pool: &Pool) -> Result<Option<Batch>, ApiError> {
    let author = Author::service();
    let mut conn = pool.get().await?;
    conn.transaction::<_, ApiError, _>(async |conn| {
        if !db::audit_log::try_to_prune(conn).await? {
            return Ok(None);
        }
        let days = db::settings::get(conn).await?.audit_retention_days;
        let Some(kept_from) = db::audit_log::kept_from(conn, days).await? else {
            return Ok(None);
        };
        let removed = db::audit_log::remove_before(conn, kept_from, BATCH as i64).await?;
        let changes = changes::change("kept_from", Value::Null, json!(kept_from));
        // One record for all batches, whichever replicas remove them.
        if removed > 0 && !db::audit_log::is_last_pruning(conn, &changes).await? {
            let target = Target::unnamed(AuditTargetKind::AuditLog);
            let mut change = Change::within(conn, &author)?;
            change
                .record(AuditAction::AuditLogPrune, target, changes)
                .await?;
        }
        Ok(Some(Batch { removed, kept_from }))
    })
    .await
}
