//! Who is asking, as the database knows them at this moment.

use actix_web::HttpRequest;
use actix_web::http::header;
use chrono::{DateTime, TimeDelta, Utc};
use understudy_shared::{ApiKeyId, ApiKeyScope, ProblemCode, Role, UserId};
use uuid::Uuid;

use super::api_key::looks_like_key;
use super::token_hash;
use crate::db;
use crate::db::api_keys::KeyCredential;
use crate::error::ApiError;
use crate::state::AppState;

/// How old `last_used_at` of a key may be.
const LAST_USED_PRECISION: TimeDelta = TimeDelta::minutes(1);

/// A person with a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The user.
    pub id: UserId,
    /// Name to sign in with.
    pub username: String,
    /// What the user may do.
    pub role: Role,
    /// The session.
    pub session: Uuid,
    /// When the credential that was presented ends by itself.
    pub until: DateTime<Utc>,
}

/// A program with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The key.
    pub id: ApiKeyId,
    /// Its name.
    pub name: String,
    /// What it may do here: never more than the person who made it may do now.
    pub scopes: Vec<ApiKeyScope>,
    /// When the key ends by itself.
    pub until: Option<DateTime<Utc>>,
}

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person with a session.
    Person(Person),
    /// A program with a key.
    Program(Program),
}

impl Principal {
    /// What a log calls the caller.
    pub fn name(&self) -> &str {
        match self {
            Self::Person(person) => &person.username,
            Self::Program(program) => &program.name,
        }
    }
}

/// Finds out who is asking.
///
/// # Errors
/// Without a credential, or with one that is not valid (any more): 401.
pub async fn authenticate(request: &HttpRequest, state: &AppState) -> Result<Principal, ApiError> {
    let credential = bearer(request)?;
    let principal = if looks_like_key(credential) {
        program(credential, state).await?.map(Principal::Program)
    } else {
        person(credential, state).await?.map(Principal::Person)
    };
    principal.ok_or_else(|| unauthenticated("The credential is not valid, or not any more."))
}

/// What a request carries as its bearer token.
///
/// # Errors
/// Without one, or with several: 401.
pub fn bearer(request: &HttpRequest) -> Result<&str, ApiError> {
    let mut headers = request.headers().get_all(header::AUTHORIZATION);
    let (Some(header), None) = (headers.next(), headers.next()) else {
        return Err(unauthenticated(
            "This needs one header `Authorization: Bearer …` with an access token or an API key.",
        ));
    };
    let credential = header.to_str().ok().and_then(|text| text.split_once(' '));
    match credential {
        Some((scheme, credential)) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(credential.trim())
        }
        _ => Err(unauthenticated(
            "The header Authorization must be of the form `Bearer …`.",
        )),
    }
}

fn unauthenticated(detail: &str) -> ApiError {
    ApiError::new(ProblemCode::Unauthenticated, detail)
}

async fn person(token: &str, state: &AppState) -> Result<Option<Person>, ApiError> {
    let Some((access, until)) = state.access_tokens.verify_until(token) else {
        return Ok(None);
    };
    let mut conn = state.pool.get().await?;
    let user = db::sessions::user_of(&mut conn, access.session, Utc::now()).await?;
    Ok(user
        .filter(|user| user.id == access.user.0)
        .map(|user| Person {
            id: access.user,
            role: user.role(),
            username: user.username,
            session: access.session,
            until,
        }))
}

async fn program(key: &str, state: &AppState) -> Result<Option<Program>, ApiError> {
    let now = Utc::now();
    let mut conn = state.pool.get().await?;
    let Some(found) = db::api_keys::by_hash(&mut conn, &token_hash(key), now).await? else {
        return Ok(None);
    };
    if found
        .row
        .last_used_at
        .is_none_or(|at| now - at >= LAST_USED_PRECISION)
    {
        db::api_keys::used(&mut conn, found.row.id, now, now - LAST_USED_PRECISION).await?;
    }
    Ok(Some(Program {
        id: ApiKeyId(found.row.id),
        scopes: effective_scopes(&found),
        until: found.row.expires_at,
        name: found.row.name,
    }))
}

/// A key outlives the demotion of the person who made it, its rights do not. One whose maker was deleted keeps them: whoever
/// deletes a user decides about the keys.
pub(super) fn effective_scopes(found: &KeyCredential) -> Vec<ApiKeyScope> {
    let scopes = found.row.scopes();
    let Some(maker) = &found.maker else {
        return scopes;
    };
    if !maker.enabled {
        return Vec::new();
    }
    scopes
        .into_iter()
        .filter(|scope| super::permission::may_grant(maker.role(), *scope))
        .collect()
}
