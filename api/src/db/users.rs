//! Users.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use understudy_shared::{
    AuditAction, AuditOutcome, AuditTargetKind, OidcFault, Role, SECRET_REPLACED, SECRET_SET,
    SignInMethod, User, UserId,
};
use uuid::Uuid;

use super::assistants;
use super::change::{Change, Target};
use super::schema::users;
use crate::domain::changes::{self, Changes, changes};

/// What is stored in place of the hash of a password for whoever has none: no hash is empty.
pub const NO_PASSWORD: &str = "";

/// A user as stored. No `Debug`: it carries the hash of a password.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub struct UserRow {
    /// Id.
    pub id: Uuid,
    /// Name to sign in with.
    pub username: String,
    /// Name to show.
    pub display_name: String,
    password_hash: String,
    oidc_issuer: Option<String>,
    role: String,
    /// Whether the person may sign in.
    pub enabled: bool,
    /// Counts the changes.
    pub version: i64,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last sign-in.
    pub last_sign_in_at: Option<DateTime<Utc>>,
}

impl UserRow {
    /// What the person may do.
    pub fn role(&self) -> Role {
        role(&self.role)
    }

    /// How the person proves who they are.
    pub fn sign_in(&self) -> SignInMethod {
        match self.oidc_issuer {
            Some(_) => SignInMethod::Oidc,
            None => SignInMethod::Local,
        }
    }

    /// PHC string of the password, if the user has one.
    pub fn password_hash(&self) -> Option<String> {
        (self.password_hash != NO_PASSWORD).then(|| self.password_hash.clone())
    }

    /// What the audit log shows of the user. `before` is what it was, if this is what a change made of it.
    fn audited(&self, before: Option<&Self>) -> Value {
        let password = self.password_hash().is_some();
        let replaced = before.is_some_and(|before| before.password_hash != self.password_hash);
        json!({
            "username": self.username,
            "display_name": self.display_name,
            "role": self.role,
            "enabled": self.enabled,
            "password": password.then_some(if replaced { SECRET_REPLACED } else { SECRET_SET }),
            "issuer": self.oidc_issuer,
        })
    }

    pub(super) fn target(&self) -> Target<'_> {
        Target::new(AuditTargetKind::User, self.id, &self.username)
    }
}

/// A role as stored. The table allows only known ones; anything else would have the least rights.
pub(super) fn role(text: &str) -> Role {
    match text {
        "admin" => Role::Admin,
        "operator" => Role::Operator,
        _ => Role::User,
    }
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: UserId(row.id),
            role: row.role(),
            sign_in: row.sign_in(),
            username: row.username,
            display_name: row.display_name,
            enabled: row.enabled,
            created_at: row.created_at,
            last_sign_in_at: row.last_sign_in_at,
            version: row.version,
        }
    }
}

/// A user to be stored.
#[derive(Insertable)]
#[diesel(table_name = users)]
pub struct NewUserRow<'a> {
    /// Id.
    pub id: Uuid,
    /// Name to sign in with.
    pub username: &'a str,
    /// The name in lower case.
    pub username_key: &'a str,
    /// Name to show.
    pub display_name: &'a str,
    /// PHC string.
    pub password_hash: &'a str,
    /// What the person may do.
    pub role: &'a str,
    /// Whether the person may sign in.
    pub enabled: bool,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Of whoever signs in with an identity provider: which one.
    pub oidc_issuer: Option<&'a str>,
    /// Their name there.
    pub oidc_subject: Option<&'a str>,
}

/// Whom an identity provider names.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// The name that it never gives to anybody else.
    pub subject: &'a str,
}

/// What is stored of a changed user.
#[derive(AsChangeset)]
#[diesel(table_name = users)]
pub struct ChangedUserRow<'a> {
    /// Name to sign in with.
    pub username: &'a str,
    /// The name in lower case.
    pub username_key: &'a str,
    /// Name to show.
    pub display_name: &'a str,
    /// What the person may do.
    pub role: &'a str,
    /// Whether the person may sign in.
    pub enabled: bool,
    /// PHC string; none leaves the password as it is.
    pub password_hash: Option<&'a str>,
    /// Counts the changes.
    pub version: i64,
    /// Time of the change.
    pub updated_at: DateTime<Utc>,
}

/// Whether there is any user at all.
///
/// # Errors
/// If the database fails.
pub async fn any(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    diesel::select(exists(users::table.select(users::id)))
        .get_result(conn)
        .await
}

/// The user with this name, regardless of case.
///
/// # Errors
/// If the database fails.
pub async fn by_username(
    conn: &mut AsyncPgConnection,
    username: &str,
) -> QueryResult<Option<UserRow>> {
    let named = users::username_key.eq(username.to_lowercase());
    users::table
        .filter(named)
        .select(UserRow::as_select())
        .first(conn)
        .await
        .optional()
}

/// The user with this id.
///
/// # Errors
/// If the database fails.
pub async fn by_id(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<UserRow>> {
    users::table
        .find(id)
        .select(UserRow::as_select())
        .first(conn)
        .await
        .optional()
}

/// The user whom an identity provider names so.
///
/// # Errors
/// If the database fails.
pub async fn by_subject(
    conn: &mut AsyncPgConnection,
    subject: &Subject<'_>,
) -> QueryResult<Option<UserRow>> {
    let named = users::oidc_subject.eq(subject.subject);
    users::table
        .filter(users::oidc_issuer.eq(subject.issuer).and(named))
        .select(UserRow::as_select())
        .first(conn)
        .await
        .optional()
}

/// Stores a user.
///
/// # Errors
/// If the name is taken or the database fails.
pub async fn insert(change: &mut Change<'_>, row: &NewUserRow<'_>) -> QueryResult<UserRow> {
    insert_as(change, AuditAction::UserCreate, row).await
}

/// Stores the first user, who ends the set-up.
///
/// # Errors
/// If the database fails.
pub async fn insert_first(change: &mut Change<'_>, row: &NewUserRow<'_>) -> QueryResult<UserRow> {
    insert_as(change, AuditAction::SetupFinish, row).await
}

async fn insert_as(
    change: &mut Change<'_>,
    action: AuditAction,
    row: &NewUserRow<'_>,
) -> QueryResult<UserRow> {
    let user: UserRow = diesel::insert_into(users::table)
        .values(row)
        .returning(UserRow::as_returning())
        .get_result(&mut **change)
        .await?;
    let changes = changes(&Value::Null, &user.audited(None));
    change.record(action, user.target(), changes).await?;
    Ok(user)
}

/// Every user.
///
/// # Errors
/// If the database fails.
pub async fn all(conn: &mut AsyncPgConnection) -> QueryResult<Vec<UserRow>> {
    users::table.select(UserRow::as_select()).load(conn).await
}

/// The user with this id, locked until the transaction ends. So are all administrators: whether one is the last cannot change
/// meanwhile. Always in the same order, so that two changes never wait for each other.
///
/// # Errors
/// If the database fails.
pub async fn lock_with_admins(
    conn: &mut AsyncPgConnection,
    id: Uuid,
) -> QueryResult<(Option<UserRow>, bool)> {
    let enabled_admin = users::role.eq(Role::Admin.as_str()).and(users::enabled);
    let locked: Vec<UserRow> = users::table
        .filter(users::id.eq(id).or(enabled_admin))
        .order(users::id)
        .select(UserRow::as_select())
        .for_update()
        .load(conn)
        .await?;
    let is_admin = |user: &&UserRow| user.enabled && user.role() == Role::Admin;
    let others = locked.iter().filter(is_admin).any(|user| user.id != id);
    Ok((locked.into_iter().find(|user| user.id == id), others))
}

/// Stores a changed user.
///
/// # Errors
/// If the name is taken or the database fails.
pub async fn update(
    change: &mut Change<'_>,
    before: &UserRow,
    row: &ChangedUserRow<'_>,
) -> QueryResult<UserRow> {
    let after: UserRow = diesel::update(users::table.find(before.id))
        .set(row)
        .returning(UserRow::as_returning())
        .get_result(&mut **change)
        .await?;
    let changes = changes(&before.audited(None), &after.audited(Some(before)));
    change
        .record(AuditAction::UserUpdate, after.target(), changes)
        .await?;
    Ok(after)
}

/// Removes a user, their sessions and their private assistants; shared ones stay without an owner.
///
/// # Errors
/// If the database fails.
pub async fn delete(change: &mut Change<'_>, user: &UserRow) -> QueryResult<()> {
    assistants::leave_owner(change, user.id).await?;
    // Dialogs go with their person, and there may be millions of messages.
    diesel::sql_query("SET LOCAL statement_timeout = '60s'")
        .execute(&mut **change)
        .await?;
    diesel::delete(users::table.find(user.id))
        .execute(&mut **change)
        .await?;
    let changes = changes(&user.audited(None), &Value::Null);
    change
        .record(AuditAction::UserDelete, user.target(), changes)
        .await
}

/// Notes that a user signed in.
///
/// # Errors
/// If there is no such user or the database fails.
pub async fn signed_in(
    change: &mut Change<'_>,
    id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<UserRow> {
    let user: UserRow = diesel::update(users::table.find(id))
        .set(users::last_sign_in_at.eq(now))
        .returning(UserRow::as_returning())
        .get_result(&mut **change)
        .await?;
    change
        .record(AuditAction::SessionSignIn, user.target(), Changes::new())
        .await?;
    Ok(user)
}

/// Records that somebody did not manage to sign in. A name that is nobody's is not recorded: people type passwords into the wrong
/// field. `fault` is the reason if it was at an identity provider.
///
/// # Errors
/// If the database fails.
pub async fn not_signed_in(
    change: &mut Change<'_>,
    user: Option<&UserRow>,
    fault: Option<OidcFault>,
) -> QueryResult<()> {
    let changes = fault.map_or_else(Changes::new, |fault| {
        changes::change("reason", Value::Null, json!(fault))
    });
    let target = user.map_or(Target::unnamed(AuditTargetKind::User), UserRow::target);
    let action = AuditAction::SessionSignInFailed;
    change
        .record_as(AuditOutcome::Failure, action, target, changes)
        .await
}

/// Records that somebody who wanted another password gave a wrong one as theirs.
///
/// # Errors
/// If the database fails.
pub async fn password_refused(change: &mut Change<'_>, user: &UserRow) -> QueryResult<()> {
    let (action, target) = (AuditAction::UserChangePassword, user.target());
    change
        .record_as(AuditOutcome::Failure, action, target, Changes::new())
        .await
}

/// Stores another password, if the one until now is still the same.
///
/// # Errors
/// If the database fails.
pub async fn set_password(
    change: &mut Change<'_>,
    before: &UserRow,
    password_hash: &str,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let user = users::table
        .find(before.id)
        .filter(users::password_hash.eq(&before.password_hash));
    let changed = diesel::update(user)
        .set((
            users::password_hash.eq(password_hash),
            users::version.eq(users::version + 1),
            users::updated_at.eq(now),
        ))
        .execute(&mut **change)
        .await?;
    if changed == 0 {
        return Ok(false);
    }
    let changes = changes::change("password", json!(SECRET_SET), json!(SECRET_REPLACED));
    change
        .record(AuditAction::UserChangePassword, before.target(), changes)
        .await?;
    Ok(true)
}
