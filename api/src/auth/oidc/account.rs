//! Who somebody is here whom the identity provider has named, and with which role.
//!
//! Whoever comes for the first time becomes a user. A name that is taken, by a local user or another of the provider's, is never joined with:
//! the new user gets the provider's host behind the name. The role is that of the claim, at each sign-in; the last administrator is not
//! demoted by it, but does not get in either, so that nobody keeps a right that the provider took.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use serde_json::Value;
use understudy_shared::{OidcFault, Role, rules};
use url::Url;
use uuid::Uuid;

use super::{Attempt, Identity};
use crate::auth::session::{self, Opened};
use crate::auth::{AccessTokens, Origin};
use crate::config::oidc::Roles;
use crate::db::users::{ChangedUserRow, NO_PASSWORD, NewUserRow, Subject, UserRow};
use crate::db::{self, Change};
use crate::error::ApiError;

/// How long such a session lives: after that the provider is asked again whether the person still has the role.
const LIFETIME: TimeDelta = TimeDelta::hours(12);
/// Characters of the provider's name for somebody that a user name takes over, and of its host if the name is taken.
const NAME_CHARS: usize = 60;
const HOST_CHARS: usize = 30;

/// Why somebody whom the provider has named is not signed in.
pub enum Refusal {
    /// They may not be.
    Fault(OidcFault, Option<Box<UserRow>>),
    /// The service cannot do it.
    Failed(ApiError),
}

impl From<diesel::result::Error> for Refusal {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

/// Opens a session for whom the provider has named.
///
/// # Errors
/// If they may not be signed in, or the database fails.
pub async fn sign_in(
    conn: &mut AsyncPgConnection,
    tokens: &AccessTokens,
    roles: &Roles,
    attempt: &Attempt,
    identity: &Identity,
    origin: &Origin,
) -> Result<Opened, Refusal> {
    let now = Utc::now();
    conn.transaction::<_, Refusal, _>(async |conn| {
        let ends = attempt.ends().unwrap_or(now);
        if !db::sessions::use_sign_in(conn, attempt.id, ends, now).await? {
            return Err(Refusal::Fault(OidcFault::AttemptOver, None));
        }
        let user = user(conn, roles, identity, origin, now).await?;
        let author = origin.clone().by(&user);
        Ok(session::open(conn, tokens, &author, user.id, now, LIFETIME).await?)
    })
    .await
}

async fn user(
    conn: &mut AsyncPgConnection,
    roles: &Roles,
    identity: &Identity,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<UserRow, Refusal> {
    let role = roles.of(&identity.claims);
    let subject = Subject {
        issuer: &identity.issuer,
        subject: &identity.subject,
    };
    if let Some(user) = db::users::by_subject(conn, &subject).await? {
        return follow(conn, user, role, origin, now).await;
    }
    let Some(role) = role else {
        return Err(Refusal::Fault(OidcFault::NoRole, None));
    };
    // One at a time: the first user is one, and the same person may come twice at once.
    db::setup_tokens::lock(conn).await?;
    match db::users::by_subject(conn, &subject).await? {
        Some(user) => follow(conn, user, Some(role), origin, now).await,
        None => make(conn, identity, &subject, role, origin, now).await,
    }
}

/// Gives a user the role of the claim.
async fn follow(
    conn: &mut AsyncPgConnection,
    user: UserRow,
    role: Option<Role>,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<UserRow, Refusal> {
    let (current, has_others) = db::users::lock_with_admins(conn, user.id).await?;
    let current = current.unwrap_or(user);
    let refused = |fault, user| Err(Refusal::Fault(fault, Some(Box::new(user))));
    let Some(role) = role else {
        return refused(OidcFault::NoRole, current);
    };
    if !current.enabled {
        return refused(OidcFault::UserDisabled, current);
    }
    if role == current.role() {
        return Ok(current);
    }
    if current.role() == Role::Admin && !has_others {
        return refused(OidcFault::LastAdministrator, current);
    }
    let row = ChangedUserRow {
        username: &current.username,
        username_key: &current.username.to_lowercase(),
        display_name: &current.display_name,
        role: role.as_str(),
        enabled: current.enabled,
        password_hash: None,
        version: current.version + 1,
        updated_at: now,
    };
    let author = origin.clone().service();
    let mut change = Change::within(conn, &author)?;
    Ok(db::users::update(&mut change, &current, &row).await?)
}

async fn make(
    conn: &mut AsyncPgConnection,
    identity: &Identity,
    subject: &Subject<'_>,
    role: Role,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<UserRow, Refusal> {
    let is_first = !db::users::any(conn).await?;
    // Set-up ends with the first user: without an administrator nobody could make another one.
    if is_first && role != Role::Admin {
        return Err(Refusal::Fault(OidcFault::SetupOpen, None));
    }
    let username = free_name(conn, identity).await?;
    let display_name = text(identity, "name").unwrap_or_default();
    let row = NewUserRow {
        id: Uuid::now_v7(),
        username: &username,
        username_key: &username.to_lowercase(),
        display_name: &display_name,
        password_hash: NO_PASSWORD,
        role: role.as_str(),
        enabled: true,
        created_at: now,
        oidc_issuer: Some(subject.issuer),
        oidc_subject: Some(subject.subject),
    };
    let author = origin.clone().service();
    let mut change = Change::within(conn, &author)?;
    if !is_first {
        return Ok(db::users::insert(&mut change, &row).await?);
    }
    let user = db::users::insert_first(&mut change, &row).await?;
    db::setup_tokens::remove_all(&mut change).await?;
    Ok(user)
}

async fn free_name(conn: &mut AsyncPgConnection, identity: &Identity) -> Result<String, Refusal> {
    for number in 0u32..1000 {
        let name = name(identity, number);
        if db::users::by_username(conn, &name).await?.is_none() {
            return Ok(name);
        }
    }
    Err(Refusal::Failed(ApiError::internal(
        "no name is free for a user of the identity provider",
    )))
}

/// What a user is called if so many names were taken.
fn name(identity: &Identity, taken: u32) -> String {
    let wished = ["preferred_username", "email"];
    let wished = wished.into_iter().find_map(|claim| text(identity, claim));
    let wished = wished.unwrap_or_else(|| clean(&identity.subject, NAME_CHARS));
    let host = Url::parse(&identity.issuer).ok();
    let host = host.as_ref().and_then(Url::host_str).unwrap_or_default();
    let host: String = host.chars().take(HOST_CHARS).collect();
    match taken {
        0 => wished,
        1 => format!("{wished} ({host})"),
        number => format!("{wished} ({host}) {number}"),
    }
}

/// A claim, if it is a text of which a name can be made.
fn text(identity: &Identity, claim: &str) -> Option<String> {
    let text = identity.claims.get(claim).and_then(Value::as_str)?;
    let text = clean(text, NAME_CHARS);
    let mut faults = Vec::new();
    rules::username(&mut faults, "", &text);
    faults.is_empty().then_some(text)
}

fn clean(text: &str, chars: usize) -> String {
    let printable: String = text.chars().filter(|c| !c.is_control()).collect();
    let short: String = printable.trim().chars().take(chars).collect();
    short.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn identity(claims: &Value) -> Identity {
        Identity {
            issuer: "https://id.example/realms/main".to_owned(),
            subject: "7c1e".to_owned(),
            claims: claims.as_object().unwrap().clone(),
        }
    }

    #[test]
    fn names_are_the_providers_and_never_break_the_rules() {
        for (claims, expected) in [
            (json!({"preferred_username": "ada", "email": "a@x"}), "ada"),
            (
                json!({"preferred_username": " \u{7}", "email": "a@x"}),
                "a@x",
            ),
            (json!({"preferred_username": 7}), "7c1e"),
            (json!({"preferred_username": " a\nda "}), "ada"),
        ] {
            assert_eq!(name(&identity(&claims), 0), expected);
        }
        let long = identity(&json!({"preferred_username": "ü".repeat(500)}));
        let mut faults = Vec::new();
        for taken in [0, 1, 999] {
            rules::username(&mut faults, "", &name(&long, taken));
        }
        assert!(faults.is_empty(), "{faults:?}");
        let ada = identity(&json!({"preferred_username": "ada"}));
        assert_eq!(name(&ada, 1), "ada (id.example)");
        assert_eq!(name(&ada, 2), "ada (id.example) 2");
    }
}
