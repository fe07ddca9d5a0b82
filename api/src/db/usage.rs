//! Usage: one row for each request, and the same added up by hours.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{
    Array, BigInt, Bool, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::upsert::excluded;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::schema::{usage_hours, usage_losses};

pub mod report;

/// Rows that one statement removes: short enough to be in nobody's way.
const REMOVED_AT_ONCE: i64 = 5_000;
/// Key of the advisory lock of whoever removes what is too old: no other lock of the service may have it.
const RETENTION_LOCK: i64 = 0x756e_6465_7573_6167;

/// A request, as it is stored.
#[derive(Debug)]
pub struct RequestRow<'a> {
    /// Made by the writer.
    pub id: Uuid,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Its id.
    pub request_id: &'a str,
    /// Whose it was.
    pub key_id: Uuid,
    /// Name of the key.
    pub key_name: &'a str,
    /// Who made the key.
    pub user_id: Option<Uuid>,
    /// The user's name.
    pub user_name: Option<&'a str>,
    /// The group.
    pub group_id: Option<Uuid>,
    /// Its name.
    pub group_name: Option<&'a str>,
    /// Who answered.
    pub instance_id: Option<Uuid>,
    /// Its name.
    pub instance_name: Option<&'a str>,
    /// What was asked for.
    pub endpoint: &'static str,
    /// Whether as a stream.
    pub stream: bool,
    /// Status, if the caller got one.
    pub status: Option<i16>,
    /// How it ended.
    pub outcome: &'static str,
    /// Instances that were asked.
    pub attempts: i32,
    /// Whether more than one was.
    pub failover: bool,
    /// Milliseconds until the first byte, if it was answered.
    pub first_byte_ms: Option<i64>,
    /// Milliseconds until the end.
    pub duration_ms: i64,
    /// Tokens of the request, if the backend said so.
    pub prompt_tokens: Option<i64>,
    /// Tokens of the answer.
    pub completion_tokens: Option<i64>,
}

/// What is added to an hour.
#[derive(Debug, Insertable)]
#[diesel(table_name = usage_hours)]
pub struct HourRow<'a> {
    /// The hour.
    pub hour: DateTime<Utc>,
    /// Id of the group; zeros for none, as with the other ids.
    pub group_id: Uuid,
    /// Who answered.
    pub instance_id: Uuid,
    /// Whose requests.
    pub key_id: Uuid,
    /// Who made the key.
    pub user_id: Uuid,
    /// What was asked for.
    pub endpoint: &'static str,
    /// Name of the group; empty for none, as with the other names.
    pub group_name: &'a str,
    /// Name of the instance.
    pub instance_name: &'a str,
    /// Name of the key.
    pub key_name: &'a str,
    /// Name of the user.
    pub user_name: &'a str,
    /// Requests.
    pub requests: i64,
    /// Those that got an error or a broken stream.
    pub errors: i64,
    /// Those whose caller left.
    pub caller_left: i64,
    /// Those for which more than one instance was asked.
    pub failovers: i64,
    /// Those whose tokens are known.
    pub with_tokens: i64,
    /// Tokens of requests.
    pub prompt_tokens: i64,
    /// Tokens of answers.
    pub completion_tokens: i64,
    /// How long they took.
    pub times: Vec<i64>,
}

/// Writes requests, adds them to their hours and writes what was lost: all of it or nothing. A batch that was written before is written
/// no second time.
///
/// # Errors
/// If the database fails.
pub async fn record(
    conn: &mut AsyncPgConnection,
    requests: &[RequestRow<'_>],
    hours: &[HourRow<'_>],
    losses: &BTreeMap<DateTime<Utc>, u64>,
) -> QueryResult<()> {
    let written = conn
        .transaction::<_, Error, _>(async |conn| {
            if !requests.is_empty() {
                insert_requests(conn, requests).await?;
                add_to_hours(conn, hours).await?;
            }
            for (hour, lost) in losses {
                diesel::insert_into(usage_losses::table)
                    .values((
                        usage_losses::hour.eq(hour),
                        usage_losses::lost.eq(lost.cast_signed()),
                    ))
                    .on_conflict(usage_losses::hour)
                    .do_update()
                    .set(usage_losses::lost.eq(usage_losses::lost + excluded(usage_losses::lost)))
                    .execute(conn)
                    .await?;
            }
            Ok(())
        })
        .await;
    match written {
        // The ids are random: it is this very batch, whose confirmation got lost.
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(()),
        written => written,
    }
}

/// By columns: a statement with a parameter for each field of each row takes PostgreSQL several times as long to read.
async fn insert_requests(conn: &mut AsyncPgConnection, rows: &[RequestRow<'_>]) -> QueryResult<()> {
    fn column<'a, T>(
        rows: &'a [RequestRow<'_>],
        field: impl Fn(&'a RequestRow<'_>) -> T,
    ) -> Vec<T> {
        rows.iter().map(field).collect()
    }
    diesel::sql_query(
        "INSERT INTO usage_requests (id, at, request_id, key_id, key_name, user_id, user_name, group_id, group_name, instance_id,
             instance_name, endpoint, stream, status, outcome, attempts, failover, first_byte_ms, duration_ms, prompt_tokens,
             completion_tokens)
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
    )
    .bind::<Array<SqlUuid>, _>(column(rows, |row| row.id))
    .bind::<Array<Timestamptz>, _>(column(rows, |row| row.at))
    .bind::<Array<Text>, _>(column(rows, |row| row.request_id))
    .bind::<Array<SqlUuid>, _>(column(rows, |row| row.key_id))
    .bind::<Array<Text>, _>(column(rows, |row| row.key_name))
    .bind::<Array<Nullable<SqlUuid>>, _>(column(rows, |row| row.user_id))
    .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.user_name))
    .bind::<Array<Nullable<SqlUuid>>, _>(column(rows, |row| row.group_id))
    .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.group_name))
    .bind::<Array<Nullable<SqlUuid>>, _>(column(rows, |row| row.instance_id))
    .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.instance_name))
    .bind::<Array<Text>, _>(column(rows, |row| row.endpoint))
    .bind::<Array<Bool>, _>(column(rows, |row| row.stream))
    .bind::<Array<Nullable<SmallInt>>, _>(column(rows, |row| row.status))
    .bind::<Array<Text>, _>(column(rows, |row| row.outcome))
    .bind::<Array<Integer>, _>(column(rows, |row| row.attempts))
    .bind::<Array<Bool>, _>(column(rows, |row| row.failover))
    .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.first_byte_ms))
    .bind::<Array<BigInt>, _>(column(rows, |row| row.duration_ms))
    .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.prompt_tokens))
    .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.completion_tokens))
    .execute(conn)
    .await?;
    Ok(())
}

async fn add_to_hours(conn: &mut AsyncPgConnection, hours: &[HourRow<'_>]) -> QueryResult<()> {
    use usage_hours::dsl as u;
    diesel::insert_into(u::usage_hours)
        .values(hours)
        .on_conflict((
            u::hour,
            u::group_id,
            u::instance_id,
            u::key_id,
            u::user_id,
            u::endpoint,
        ))
        .do_update()
        .set((
            u::group_name.eq(excluded(u::group_name)),
            u::instance_name.eq(excluded(u::instance_name)),
            u::key_name.eq(excluded(u::key_name)),
            u::user_name.eq(excluded(u::user_name)),
            u::requests.eq(u::requests + excluded(u::requests)),
            u::errors.eq(u::errors + excluded(u::errors)),
            u::caller_left.eq(u::caller_left + excluded(u::caller_left)),
            u::failovers.eq(u::failovers + excluded(u::failovers)),
            u::with_tokens.eq(u::with_tokens + excluded(u::with_tokens)),
            u::prompt_tokens.eq(u::prompt_tokens + excluded(u::prompt_tokens)),
            u::completion_tokens.eq(u::completion_tokens + excluded(u::completion_tokens)),
            u::times.eq(sql::<Array<Nullable<BigInt>>>(
                "usage_times_add(usage_hours.times, excluded.times)",
            )),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes when keys were last used.
///
/// # Errors
/// If the database fails.
pub async fn note_uses(
    conn: &mut AsyncPgConnection,
    uses: &[(Uuid, DateTime<Utc>)],
) -> QueryResult<()> {
    let (ids, times): (Vec<Uuid>, Vec<DateTime<Utc>>) = uses.iter().copied().unzip();
    diesel::sql_query(
        "UPDATE api_keys SET last_used_at = used.at FROM unnest($1, $2) AS used (id, at)
         WHERE api_keys.id = used.id AND (last_used_at IS NULL OR last_used_at < used.at)",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Timestamptz>, _>(times)
    .execute(conn)
    .await?;
    Ok(())
}

/// Becomes the one that removes what is too old, for this transaction, unless another replica is.
///
/// # Errors
/// If the database fails.
pub async fn may_remove(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    diesel::select(sql::<Bool>(&format!(
        "pg_try_advisory_xact_lock({RETENTION_LOCK})"
    )))
    .get_result(conn)
    .await
}

/// Removes requests that came before this moment, but not all at once: whether there may be more.
///
/// # Errors
/// If the database fails.
pub async fn remove_requests(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<bool> {
    let removed = diesel::sql_query(
        "DELETE FROM usage_requests WHERE ctid = ANY (ARRAY (
             SELECT ctid FROM usage_requests WHERE at < $1 LIMIT $2
         ))",
    )
    .bind::<Timestamptz, _>(before)
    .bind::<BigInt, _>(REMOVED_AT_ONCE)
    .execute(conn)
    .await?;
    Ok(removed as i64 == REMOVED_AT_ONCE)
}

/// Removes hours before this moment, but not all at once: whether there may be more.
///
/// # Errors
/// If the database fails.
pub async fn remove_hours(
    conn: &mut AsyncPgConnection,
    before: DateTime<Utc>,
) -> QueryResult<bool> {
    diesel::delete(usage_losses::table.filter(usage_losses::hour.lt(before)))
        .execute(conn)
        .await?;
    let removed = diesel::sql_query(
        "DELETE FROM usage_hours WHERE ctid = ANY (ARRAY (
             SELECT ctid FROM usage_hours WHERE hour < $1 LIMIT $2
         ))",
    )
    .bind::<Timestamptz, _>(before)
    .bind::<BigInt, _>(REMOVED_AT_ONCE)
    .execute(conn)
    .await?;
    Ok(removed as i64 == REMOVED_AT_ONCE)
}
