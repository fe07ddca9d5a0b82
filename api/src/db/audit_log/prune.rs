//! The removal of records that the settings do not keep any longer. The trigger of the table lets no others go.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use understudy_shared::AuditAction;

use crate::db::convert::to_json;
use crate::db::schema::audit_log;
use crate::domain::changes::Changes;

/// Key of the advisory lock that the replica holds which removes old records.
const PRUNE_LOCK: i64 = 0x756e_6465_7072_756e;

/// Lets one replica at a time remove old records; ends with the transaction.
///
/// # Errors
/// If the database fails.
pub async fn try_to_prune(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    let lock = sql::<Bool>("pg_try_advisory_xact_lock(")
        .bind::<BigInt, _>(PRUNE_LOCK)
        .sql(")");
    diesel::select(lock).get_result(conn).await
}

/// The beginning of the first day (UTC) whose records are kept; none if all are.
///
/// # Errors
/// If the database fails.
pub async fn kept_from(
    conn: &mut AsyncPgConnection,
    days: Option<i32>,
) -> QueryResult<Option<DateTime<Utc>>> {
    let begin = sql::<Nullable<Timestamptz>>("date_trunc('day', now() - make_interval(days => ")
        .bind::<Nullable<Integer>, _>(days)
        .sql("), 'UTC')");
    diesel::select(begin).get_result(conn).await
}

/// Whether the last removal that was recorded is this one.
///
/// # Errors
/// If the database fails.
pub async fn is_last_pruning(conn: &mut AsyncPgConnection, changes: &Changes) -> QueryResult<bool> {
    let last: Option<Value> = audit_log::table
        .filter(audit_log::action.eq(AuditAction::AuditLogPrune.as_str()))
        .order((audit_log::at.desc(), audit_log::id.desc()))
        .select(audit_log::changes)
        .first(conn)
        .await
        .optional()?;
    Ok(last == Some(to_json(changes)?))
}

/// Removes some of the oldest records of those before this moment, and says how many.
///
/// # Errors
/// If the settings keep them, or the database fails.
pub async fn remove_before(
    conn: &mut AsyncPgConnection,
    moment: DateTime<Utc>,
    limit: i64,
) -> QueryResult<usize> {
    let statement = "DELETE FROM audit_log WHERE id IN
         (SELECT id FROM audit_log WHERE at < $1 ORDER BY at, id LIMIT $2)";
    diesel::sql_query(statement)
        .bind::<Timestamptz, _>(moment)
        .bind::<BigInt, _>(limit)
        .execute(conn)
        .await
}
