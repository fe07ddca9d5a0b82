//! Whether those who were let in may still be there: for answers that last longer than a request.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use understudy_shared::{ApiKeyId, UserId};
use uuid::Uuid;

use super::principal::{Person, Principal, Program, effective_scopes};
use crate::db;

/// What somebody was let in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Credential {
    /// A session.
    Session(Uuid),
    /// An API key.
    Key(ApiKeyId),
}

impl Principal {
    /// What they were let in by.
    pub fn credential(&self) -> Credential {
        match self {
            Self::Person(person) => Credential::Session(person.session),
            Self::Program(program) => Credential::Key(program.id),
        }
    }

    /// Who it is, for counting: all sessions of a person are one, each key is its own.
    pub fn id(&self) -> Uuid {
        match self {
            Self::Person(person) => person.id.0,
            Self::Program(program) => program.id.0,
        }
    }

    /// When the credential ends by itself.
    pub fn until(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Person(person) => Some(person.until),
            Self::Program(program) => program.until,
        }
    }
}

/// Those of these credentials that are still valid, with the rights that they give now. Two queries, however many there are.
///
/// # Errors
/// If the database fails.
pub async fn still_valid(
    conn: &mut AsyncPgConnection,
    credentials: &[Credential],
    now: DateTime<Utc>,
) -> QueryResult<Vec<Principal>> {
    let (mut sessions, mut keys) = (Vec::new(), Vec::new());
    for credential in credentials {
        match credential {
            Credential::Session(id) => sessions.push(*id),
            Credential::Key(id) => keys.push(id.0),
        }
    }
    let mut valid = Vec::with_capacity(credentials.len());
    if !sessions.is_empty() {
        for (session, user, until) in db::sessions::active_among(conn, &sessions, now).await? {
            valid.push(Principal::Person(Person {
                id: UserId(user.id),
                role: user.role(),
                username: user.username,
                session,
                until,
            }));
        }
    }
    if !keys.is_empty() {
        for found in db::api_keys::valid_among(conn, &keys, now).await? {
            valid.push(Principal::Program(Program {
                id: ApiKeyId(found.row.id),
                scopes: effective_scopes(&found),
                until: found.row.expires_at,
                name: found.row.name,
            }));
        }
    }
    Ok(valid)
}
