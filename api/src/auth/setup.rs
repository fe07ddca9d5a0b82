//! The first administrator: from the environment, or through a one-time link.
//!
//! Open only as long as there is no user at all; a lock makes sure that two requests, or two replicas, do not make two.

use chrono::Utc;
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use understudy_shared::{ProblemCode, Role, SecretInput};
use uuid::Uuid;

use super::{Author, password, random_token, token_hash};
use crate::config::FirstAdmin;
use crate::db;
use crate::db::users::{NewUserRow, UserRow};
use crate::db::{Change, Pool};
use crate::error::ApiError;

/// Makes the token of a set-up link, or nothing if there is a user already. Each start of a replica has a link of its own.
///
/// # Errors
/// If the database fails.
pub async fn open_link(pool: &Pool) -> Result<Option<String>, ApiError> {
    let mut conn = pool.get().await?;
    let token = random_token();
    let hash = token_hash(&token);
    conn.transaction::<_, ApiError, _>(async |conn| {
        if !lock_if_open(conn).await? {
            return Ok(None);
        }
        db::setup_tokens::insert(conn, &hash).await?;
        Ok(Some(token))
    })
    .await
}

/// Makes the administrator that the environment names, unless there is a user already.
///
/// # Errors
/// If the database fails.
pub async fn ensure_first_admin(pool: &Pool, admin: &FirstAdmin) -> Result<(), ApiError> {
    let mut conn = pool.get().await?;
    // Hashing takes a moment that every later start can save.
    if db::users::any(&mut conn).await? {
        return Ok(());
    }
    let hash = password::hash(&SecretInput::new(admin.password.as_str())).await?;
    conn.transaction::<_, ApiError, _>(async |conn| {
        if lock_if_open(conn).await? {
            let author = Author::service();
            insert_admin(conn, &author, &admin.username, &hash).await?;
            tracing::info!(username = %admin.username, "made the first administrator");
        }
        Ok(())
    })
    .await
}

/// Checks the token of a set-up link, before the work of hashing a password is done for it.
///
/// # Errors
/// 409 once there is a user, 401 if the token is not one of the links.
pub async fn check_token(
    conn: &mut AsyncPgConnection,
    token: &SecretInput,
) -> Result<(), ApiError> {
    if db::users::any(conn).await? {
        return Err(closed());
    }
    if db::setup_tokens::exists(conn, &token_hash(token.expose())).await? {
        return Ok(());
    }
    Err(ApiError::new(
        ProblemCode::Unauthenticated,
        "This set-up link is not valid; the log of the service has the one of its last start.",
    ))
}

/// Makes the first administrator and ends the set-up.
///
/// # Errors
/// 409 if somebody else was faster.
pub async fn finish(
    conn: &mut AsyncPgConnection,
    author: &Author,
    username: &str,
    password_hash: &str,
) -> Result<UserRow, ApiError> {
    conn.transaction::<_, ApiError, _>(async |conn| {
        if lock_if_open(conn).await? {
            insert_admin(conn, author, username, password_hash).await
        } else {
            Err(closed())
        }
    })
    .await
}

async fn lock_if_open(conn: &mut AsyncPgConnection) -> Result<bool, ApiError> {
    db::setup_tokens::lock(conn).await?;
    Ok(!db::users::any(conn).await?)
}

async fn insert_admin(
    conn: &mut AsyncPgConnection,
    author: &Author,
    username: &str,
    password_hash: &str,
) -> Result<UserRow, ApiError> {
    let row = NewUserRow {
        id: Uuid::now_v7(),
        username,
        username_key: &username.to_lowercase(),
        display_name: "",
        password_hash,
        role: Role::Admin.as_str(),
        enabled: true,
        created_at: Utc::now(),
        oidc_issuer: None,
        oidc_subject: None,
    };
    let mut change = Change::within(conn, author)?;
    let user = db::users::insert_first(&mut change, &row).await?;
    db::setup_tokens::remove_all(&mut change).await?;
    Ok(user)
}

fn closed() -> ApiError {
    ApiError::new(
        ProblemCode::SetupClosed,
        "A user exists, so the set-up is over; sign in instead.",
    )
}
