//! Users.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use understudy_shared::{Role, User, UserId};
use uuid::Uuid;

use super::schema::users;

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
    /// PHC string.
    pub password_hash: String,
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

/// Stores a user and gives the id back.
///
/// # Errors
/// If the name is taken or the database fails.
pub async fn insert(conn: &mut AsyncPgConnection, row: &NewUserRow<'_>) -> QueryResult<Uuid> {
    diesel::insert_into(users::table)
        .values(row)
        .returning(users::id)
        .get_result(conn)
        .await
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
    conn: &mut AsyncPgConnection,
    id: Uuid,
    row: &ChangedUserRow<'_>,
) -> QueryResult<UserRow> {
    diesel::update(users::table.find(id))
        .set(row)
        .returning(UserRow::as_returning())
        .get_result(conn)
        .await
}

/// Removes a user and their sessions.
///
/// # Errors
/// If the database fails.
pub async fn delete(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<()> {
    diesel::delete(users::table.find(id)).execute(conn).await?;
    Ok(())
}

/// Notes that a user signed in.
///
/// # Errors
/// If there is no such user or the database fails.
pub async fn signed_in(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<UserRow> {
    diesel::update(users::table.find(id))
        .set(users::last_sign_in_at.eq(now))
        .returning(UserRow::as_returning())
        .get_result(conn)
        .await
}

/// Stores another password, if the one until now is still the same.
///
/// # Errors
/// If the database fails.
pub async fn set_password(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    until_now: &str,
    password_hash: &str,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let user = users::table
        .find(id)
        .filter(users::password_hash.eq(until_now));
    let changed = diesel::update(user)
        .set((
            users::password_hash.eq(password_hash),
            users::version.eq(users::version + 1),
            users::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(changed == 1)
}
