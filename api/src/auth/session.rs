//! Sessions: opened by a sign-in, renewed by single-use refresh tokens, ended by signing out, by a stolen token or by their age.
//!
//! Using a refresh token a second time means that somebody else has it too, so it ends the session for both. Two tabs that
//! refresh at the very same moment are no theft, though: the second request *began* before the first one had used the token.
//! PostgreSQL's clock tells these apart (see [`db::sessions::RefreshTokenRow`]). The second tab then gets a 409 and tries
//! again with the cookie that the first one received; no second token is ever made from one. A tab that asks later with the
//! old cookie is indistinguishable from a thief, so pages take turns (the web application holds a lock while it refreshes).

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use understudy_shared::{ProblemCode, Session, User, UserId};
use uuid::Uuid;

use super::access_token::{Access, AccessTokens};
use super::{Author, TokenHash, random_token, token_hash};
use crate::db;
use crate::db::Change;
use crate::db::users::UserRow;
use crate::error::ApiError;

/// How long a session of a local user lives, however often it is renewed.
pub const LONGEST: TimeDelta = TimeDelta::days(30);

/// A session that was just opened or renewed.
pub struct Opened {
    /// What the answer carries.
    pub session: Session,
    /// What the cookie carries.
    pub refresh_token: String,
    /// When the session ends.
    pub ends: DateTime<Utc>,
}

/// Opens a session for a user who has proved who they are.
///
/// # Errors
/// If the database fails.
pub async fn open(
    conn: &mut AsyncPgConnection,
    tokens: &AccessTokens,
    author: &Author,
    user: Uuid,
    now: DateTime<Utc>,
    lifetime: TimeDelta,
) -> Result<Opened, ApiError> {
    let id = Uuid::now_v7();
    let ends = now + lifetime;
    let (refresh_token, hash) = fresh();
    let user = conn
        .transaction::<UserRow, ApiError, _>(async |conn| {
            db::sessions::forget_ended(conn, user, now).await?;
            let mut change = Change::within(conn, author)?;
            db::sessions::insert(&mut change, id, user, now, ends).await?;
            db::sessions::insert_refresh_token(&mut change, id, &hash).await?;
            Ok(db::users::signed_in(&mut change, user, now).await?)
        })
        .await?;
    Ok(Opened {
        session: answer(tokens, id, user, now, ends)?,
        refresh_token,
        ends,
    })
}

/// What became of a refresh token.
enum Rotation {
    Renewed(Box<UserRow>, Uuid, DateTime<Utc>),
    Refused,
    Concurrent,
}

/// Renews the session of a refresh token, which is used up by it. `author` is whoever has the token: a thief perhaps.
///
/// # Errors
/// 401 if the token is unknown, its session over, or it was used before, which ends the session; 409 if another request is
/// using it at this moment.
pub async fn renew(
    conn: &mut AsyncPgConnection,
    tokens: &AccessTokens,
    author: &Author,
    presented: &str,
    now: DateTime<Utc>,
) -> Result<Opened, ApiError> {
    let used = token_hash(presented);
    let (refresh_token, next) = fresh();
    // Ending the session must be committed, so it is an outcome and no error.
    let rotation = conn
        .transaction::<_, ApiError, _>(async |conn| rotate(conn, author, &used, &next, now).await)
        .await?;
    match rotation {
        Rotation::Renewed(user, session, ends) => Ok(Opened {
            session: answer(tokens, session, *user, now, ends)?,
            refresh_token,
            ends,
        }),
        Rotation::Refused => Err(ApiError::new(
            ProblemCode::Unauthenticated,
            "The session is over; sign in again.",
        )),
        Rotation::Concurrent => Err(ApiError::new(
            ProblemCode::Conflict,
            "Another request is renewing this session; try again with the cookie that it received.",
        )),
    }
}

async fn rotate(
    conn: &mut AsyncPgConnection,
    author: &Author,
    used: &TokenHash,
    next: &TokenHash,
    now: DateTime<Utc>,
) -> Result<Rotation, ApiError> {
    let Some(token) = db::sessions::lock_refresh_token(conn, used).await? else {
        return Ok(Rotation::Refused);
    };
    match token.used_at {
        Some(used_at) if token.asked_at <= used_at => return Ok(Rotation::Concurrent),
        Some(_) => {
            tracing::warn!(session = %token.session_id, "a refresh token was used twice; its session ends");
            let mut change = Change::within(conn, author)?;
            db::sessions::end_reused(&mut change, token.session_id, now).await?;
            return Ok(Rotation::Refused);
        }
        None => {}
    }
    let Some((user, ends)) = db::sessions::active(conn, token.session_id, now).await? else {
        return Ok(Rotation::Refused);
    };
    db::sessions::use_refresh_token(conn, used).await?;
    db::sessions::insert_refresh_token(conn, token.session_id, next).await?;
    Ok(Rotation::Renewed(Box::new(user), token.session_id, ends))
}

/// The session of a refresh token, used or not; an unknown one has none.
///
/// # Errors
/// If the database fails.
pub async fn of_refresh_token(
    conn: &mut AsyncPgConnection,
    presented: &str,
) -> Result<Option<Uuid>, ApiError> {
    Ok(db::sessions::of_refresh_token(conn, &token_hash(presented)).await?)
}

fn fresh() -> (String, TokenHash) {
    let token = random_token();
    let hash = token_hash(&token);
    (token, hash)
}

fn answer(
    tokens: &AccessTokens,
    session: Uuid,
    user: UserRow,
    now: DateTime<Utc>,
    ends: DateTime<Utc>,
) -> Result<Session, ApiError> {
    let access = Access {
        user: UserId(user.id),
        session,
    };
    let (access_token, expires_at) = tokens.sign(access, now, ends).map_err(ApiError::internal)?;
    Ok(Session {
        access_token,
        expires_at,
        user: User::from(user),
    })
}
