//! Proving who one is with a password: limited, and the same answer and work whether the user exists or not.

use std::net::IpAddr;
use std::time::Instant;

use diesel_async::AsyncConnection as _;
use understudy_shared::{ProblemCode, SecretInput, rules};

use super::{Origin, password};
use crate::db;
use crate::db::Change;
use crate::db::users::UserRow;
use crate::error::ApiError;
use crate::state::AppState;

/// Characters of a user name that the limits remember; real ones are shorter.
const REMEMBERED_CHARS: usize = 100;

/// The user with this name, if the password is theirs.
///
/// # Errors
/// 401 if it is not or they may not sign in, 429 after too many failures.
pub async fn verify(
    state: &AppState,
    username: &str,
    given: &SecretInput,
    origin: &Origin,
) -> Result<UserRow, ApiError> {
    let user = limited(state, username, origin.address, async {
        let user = find(state, username).await?;
        let hash = user.as_ref().and_then(UserRow::password_hash);
        let fits = password::verify(given, hash).await?;
        let (welcome, others) = match user {
            Some(user) if fits && user.enabled => (Some(user), None),
            user => (None, Some(user)),
        };
        if let Some(user) = others {
            let author = origin.clone().anonymous();
            let mut conn = state.pool.get().await?;
            conn.transaction::<_, ApiError, _>(async |conn| {
                let mut change = Change::within(conn, &author)?;
                Ok(db::users::not_signed_in(&mut change, user.as_ref(), None).await?)
            })
            .await?;
        }
        Ok(welcome)
    })
    .await?;
    user.ok_or_else(|| {
        ApiError::new(
            ProblemCode::Unauthenticated,
            "The user name or the password is wrong.",
        )
    })
}

/// Whether a password is that of a user who is signed in already; counts towards the same limits.
///
/// # Errors
/// 429 after too many failures.
pub async fn is_password_of(
    state: &AppState,
    user: &UserRow,
    given: &SecretInput,
    origin: &Origin,
) -> Result<bool, ApiError> {
    let hash = user.password_hash();
    let fits = limited(state, &user.username, origin.address, async {
        let fits = password::verify(given, hash).await?;
        if !fits {
            let author = origin.clone().by(user);
            let mut conn = state.pool.get().await?;
            conn.transaction::<_, ApiError, _>(async |conn| {
                let mut change = Change::within(conn, &author)?;
                Ok(db::users::password_refused(&mut change, user).await?)
            })
            .await?;
        }
        Ok(fits.then_some(()))
    });
    Ok(fits.await?.is_some())
}

async fn limited<T>(
    state: &AppState,
    username: &str,
    address: IpAddr,
    attempt: impl Future<Output = Result<Option<T>, ApiError>>,
) -> Result<Option<T>, ApiError> {
    let account: String = username.chars().take(REMEMBERED_CHARS).collect();
    let limits = &state.sign_in_limits;
    if let Err(wait) = limits.attempt(&account, address, Instant::now()) {
        let seconds = wait.as_secs() + 1;
        tracing::warn!(%address, "too many failed sign-ins");
        return Err(ApiError::rate_limited(
            "There were too many failed sign-ins; wait before the next one.",
            seconds,
        ));
    }
    let outcome = attempt.await;
    match &outcome {
        Ok(Some(_)) => limits.succeeded(&account, address),
        Ok(None) => {}
        // A fault of ours is no failure of theirs.
        Err(_) => limits.withdrawn(&account, address),
    }
    outcome
}

/// A name that breaks the rules is nobody's, and the database need not be asked about it.
async fn find(state: &AppState, username: &str) -> Result<Option<UserRow>, ApiError> {
    let mut faults = Vec::new();
    rules::username(&mut faults, "", username);
    if !faults.is_empty() {
        return Ok(None);
    }
    let mut conn = state.pool.get().await?;
    Ok(db::users::by_username(&mut conn, username).await?)
}
