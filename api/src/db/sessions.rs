//! Sessions and their refresh tokens.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use understudy_shared::{AuditAction, AuditOutcome};
use uuid::Uuid;

use super::change::Change;
use super::schema::{refresh_tokens, sessions, used_sign_ins, users};
use super::users::UserRow;
use crate::auth::TokenHash;
use crate::domain::changes::Changes;

/// A refresh token, locked for its use.
#[derive(Queryable)]
pub struct RefreshTokenRow {
    /// Its session.
    pub session_id: Uuid,
    /// When it was used.
    pub used_at: Option<DateTime<Utc>>,
    /// When this very query arrived, before it waited for the lock: earlier than `used_at` if two requests came at once.
    pub asked_at: DateTime<Utc>,
}

/// Stores a session. [`super::users::signed_in`] records it.
///
/// # Errors
/// If the database fails.
pub async fn insert(
    change: &mut Change<'_>,
    id: Uuid,
    user: Uuid,
    now: DateTime<Utc>,
    ends: DateTime<Utc>,
) -> QueryResult<()> {
    let values = (
        sessions::id.eq(id),
        sessions::user_id.eq(user),
        sessions::created_at.eq(now),
        sessions::expires_at.eq(ends),
    );
    diesel::insert_into(sessions::table)
        .values(values)
        .execute(&mut **change)
        .await?;
    Ok(())
}

/// Removes what is left of a user's sessions whose time is up.
///
/// # Errors
/// If the database fails.
pub async fn forget_ended(
    conn: &mut AsyncPgConnection,
    user: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let ended = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::expires_at.le(now));
    diesel::delete(ended).execute(conn).await?;
    Ok(())
}

/// The enabled user of a session that has not ended, and when it will.
///
/// # Errors
/// If the database fails.
pub async fn active(
    conn: &mut AsyncPgConnection,
    session: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<Option<(UserRow, DateTime<Utc>)>> {
    sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(session))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(users::enabled)
        .select((UserRow::as_select(), sessions::expires_at))
        .first(conn)
        .await
        .optional()
}

/// The enabled user of a session that has not ended.
///
/// # Errors
/// If the database fails.
pub async fn user_of(
    conn: &mut AsyncPgConnection,
    session: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<Option<UserRow>> {
    Ok(active(conn, session, now).await?.map(|(user, _)| user))
}

/// Those of these sessions that have not ended, each with its enabled user.
///
/// # Errors
/// If the database fails.
pub async fn active_among(
    conn: &mut AsyncPgConnection,
    sessions: &[Uuid],
    now: DateTime<Utc>,
) -> QueryResult<Vec<(Uuid, UserRow, DateTime<Utc>)>> {
    sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq_any(sessions))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(users::enabled)
        .select((sessions::id, UserRow::as_select(), sessions::expires_at))
        .load(conn)
        .await
}

/// Whose session it is, whether they may still sign in or not.
///
/// # Errors
/// If the database fails.
pub async fn owner(conn: &mut AsyncPgConnection, session: Uuid) -> QueryResult<Option<UserRow>> {
    sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(session))
        .select(UserRow::as_select())
        .first(conn)
        .await
        .optional()
}

/// Ends a session because its user signs out. One that has ended stays as it is.
///
/// # Errors
/// If the database fails.
pub async fn sign_out(
    change: &mut Change<'_>,
    session: Uuid,
    user: &UserRow,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if end(change, session, now).await? {
        change
            .record(AuditAction::SessionSignOut, user.target(), Changes::new())
            .await?;
    }
    Ok(())
}

/// Ends a session because one of its tokens was used a second time. One that has ended stays as it is.
///
/// # Errors
/// If the database fails.
pub async fn end_reused(
    change: &mut Change<'_>,
    session: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if end(change, session, now).await?
        && let Some(user) = owner(change, session).await?
    {
        let (action, target) = (AuditAction::SessionReuseDetected, user.target());
        change
            .record_as(AuditOutcome::Failure, action, target, Changes::new())
            .await?;
    }
    Ok(())
}

/// Ends a session, and says whether it was running.
async fn end(conn: &mut AsyncPgConnection, session: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let running = sessions::table
        .find(session)
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now));
    let ended = diesel::update(running)
        .set(sessions::revoked_at.eq(now))
        .execute(conn)
        .await?;
    Ok(ended == 1)
}

/// Ends all sessions of a user but one, as a part of the change that calls for it.
///
/// # Errors
/// If the database fails.
pub async fn end_others(
    change: &mut Change<'_>,
    user: Uuid,
    keep: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let others = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::id.ne(keep))
        .filter(sessions::revoked_at.is_null());
    diesel::update(others)
        .set(sessions::revoked_at.eq(now))
        .execute(&mut **change)
        .await?;
    Ok(())
}

/// Ends all sessions of a user, as a part of the change that calls for it.
///
/// # Errors
/// If the database fails.
pub async fn end_all(change: &mut Change<'_>, user: Uuid, now: DateTime<Utc>) -> QueryResult<()> {
    let running = sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::revoked_at.is_null());
    diesel::update(running)
        .set(sessions::revoked_at.eq(now))
        .execute(&mut **change)
        .await?;
    Ok(())
}

/// Stores a refresh token.
///
/// # Errors
/// If the database fails.
pub async fn insert_refresh_token(
    conn: &mut AsyncPgConnection,
    session: Uuid,
    hash: &TokenHash,
) -> QueryResult<()> {
    let values = (
        refresh_tokens::token_hash.eq(hash.as_slice()),
        refresh_tokens::session_id.eq(session),
    );
    diesel::insert_into(refresh_tokens::table)
        .values(values)
        .execute(conn)
        .await?;
    Ok(())
}

/// Finds a refresh token and locks it until the transaction ends.
///
/// # Errors
/// If the database fails.
pub async fn lock_refresh_token(
    conn: &mut AsyncPgConnection,
    hash: &TokenHash,
) -> QueryResult<Option<RefreshTokenRow>> {
    refresh_tokens::table
        .find(hash.as_slice())
        .select((
            refresh_tokens::session_id,
            refresh_tokens::used_at,
            sql::<Timestamptz>("statement_timestamp()"),
        ))
        .for_update()
        .first(conn)
        .await
        .optional()
}

/// Notes that a refresh token was used, by the same clock that [`RefreshTokenRow::asked_at`] shows.
///
/// # Errors
/// If the database fails.
pub async fn use_refresh_token(conn: &mut AsyncPgConnection, hash: &TokenHash) -> QueryResult<()> {
    diesel::update(refresh_tokens::table.find(hash.as_slice()))
        .set(refresh_tokens::used_at.eq(sql::<Timestamptz>("clock_timestamp()").nullable()))
        .execute(conn)
        .await?;
    Ok(())
}

/// The session of a refresh token.
///
/// # Errors
/// If the database fails.
pub async fn of_refresh_token(
    conn: &mut AsyncPgConnection,
    hash: &TokenHash,
) -> QueryResult<Option<Uuid>> {
    let token = refresh_tokens::table.find(hash.as_slice());
    token
        .select(refresh_tokens::session_id)
        .first(conn)
        .await
        .optional()
}

/// Uses up a sign-in with an identity provider; false if it was used before.
///
/// # Errors
/// If the database fails.
pub async fn use_sign_in(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    ends: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    // What is over is refused without being looked up here.
    diesel::delete(used_sign_ins::table.filter(used_sign_ins::expires_at.lt(now)))
        .execute(conn)
        .await?;
    let used = (used_sign_ins::id.eq(id), used_sign_ins::expires_at.eq(ends));
    let stored = diesel::insert_into(used_sign_ins::table)
        .values(used)
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(stored == 1)
}
