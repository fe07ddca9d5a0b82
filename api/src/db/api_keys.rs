//! API keys.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use understudy_shared::{
    ApiKey, ApiKeyId, ApiKeyLimits, ApiKeyScope, AuditAction, AuditTargetKind, ModelGroupId, Role,
};
use uuid::Uuid;

use super::change::{Change, Target};
use super::schema::{api_keys, users};
use crate::auth::TokenHash;
use crate::domain::changes::{self, changes};

/// A key as stored, without its hash.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = api_keys, check_for_backend(diesel::pg::Pg))]
pub struct ApiKeyRow {
    /// Id.
    pub id: Uuid,
    /// What the key is for.
    pub name: String,
    /// Beginning of the key.
    pub prefix: String,
    scopes: Vec<Option<String>>,
    group_ids: Option<Vec<Option<Uuid>>>,
    requests_per_minute: Option<i32>,
    max_concurrency: Option<i32>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to about a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Who made it.
    pub created_by: Option<Uuid>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
}

impl ApiKeyRow {
    /// What the key may do. A scope that this version does not know grants nothing.
    pub fn scopes(&self) -> Vec<ApiKeyScope> {
        let known = |text: &str| {
            ApiKeyScope::ALL
                .into_iter()
                .find(|scope| scope.as_str() == text)
        };
        self.scopes
            .iter()
            .flatten()
            .filter_map(|text| known(text))
            .collect()
    }

    /// Groups that the key may ask; none = all.
    pub fn group_ids(&self) -> Option<Vec<ModelGroupId>> {
        let ids = self.group_ids.as_ref()?;
        Some(ids.iter().flatten().copied().map(ModelGroupId).collect())
    }

    /// What the audit log shows of it: nothing of the key itself but its beginning.
    fn audited(&self) -> Value {
        json!({
            "name": self.name,
            "prefix": self.prefix,
            "scopes": self.scopes,
            "group_ids": self.group_ids,
            "limits": {
                "requests_per_minute": self.requests_per_minute,
                "max_concurrency": self.max_concurrency,
            },
            "expires_at": self.expires_at,
        })
    }

    fn target(&self) -> Target<'_> {
        Target::new(AuditTargetKind::ApiKey, self.id, &self.name)
    }

    /// How much the key may ask for.
    pub fn limits(&self) -> ApiKeyLimits {
        ApiKeyLimits {
            requests_per_minute: self.requests_per_minute.and_then(|n| n.try_into().ok()),
            max_concurrency: self.max_concurrency.and_then(|n| n.try_into().ok()),
        }
    }
}

impl From<ApiKeyRow> for ApiKey {
    fn from(row: ApiKeyRow) -> Self {
        Self {
            id: ApiKeyId(row.id),
            scopes: row.scopes(),
            group_ids: row.group_ids(),
            limits: row.limits(),
            name: row.name,
            prefix: row.prefix,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
            created_at: row.created_at,
        }
    }
}

/// The person who made a key, as they are now.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub struct MakerRow {
    role: String,
    /// Whether the person may sign in.
    pub enabled: bool,
}

impl MakerRow {
    /// What the person may do.
    pub fn role(&self) -> Role {
        super::users::role(&self.role)
    }
}

/// A key that was presented, and who made it.
#[derive(Clone, Debug)]
pub struct KeyCredential {
    /// The key.
    pub row: ApiKeyRow,
    /// Who made it, if they still exist.
    pub maker: Option<MakerRow>,
}

/// A key to be stored.
#[derive(Insertable)]
#[diesel(table_name = api_keys)]
pub struct NewApiKeyRow {
    /// Id.
    pub id: Uuid,
    /// What the key is for.
    pub name: String,
    /// Beginning of the key.
    pub prefix: String,
    /// SHA-256 of the key.
    pub key_hash: Vec<u8>,
    /// What the key may do.
    pub scopes: Vec<&'static str>,
    /// Groups that the key may ask.
    pub group_ids: Option<Vec<Uuid>>,
    /// Requests a minute.
    pub requests_per_minute: Option<i32>,
    /// Requests at the same time.
    pub max_concurrency: Option<i32>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who made it.
    pub created_by: Option<Uuid>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
}

/// What a change stores.
#[derive(AsChangeset)]
#[diesel(table_name = api_keys, treat_none_as_null = true)]
pub struct ChangedApiKeyRow {
    /// What the key is for.
    pub name: String,
    /// Groups that the key may ask.
    pub group_ids: Option<Vec<Uuid>>,
    /// Requests a minute.
    pub requests_per_minute: Option<i32>,
    /// Requests at the same time.
    pub max_concurrency: Option<i32>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Keys of this person, or all.
///
/// # Errors
/// If the database fails.
pub async fn list(
    conn: &mut AsyncPgConnection,
    owner: Option<Uuid>,
) -> QueryResult<Vec<ApiKeyRow>> {
    let mut query = api_keys::table.select(ApiKeyRow::as_select()).into_boxed();
    if let Some(owner) = owner {
        query = query.filter(api_keys::created_by.eq(owner));
    }
    query.load(conn).await
}

/// The key with this id, if it is this person's or anybody's may be seen.
///
/// # Errors
/// If the database fails.
pub async fn get(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    owner: Option<Uuid>,
) -> QueryResult<Option<ApiKeyRow>> {
    let mut query = api_keys::table
        .filter(api_keys::id.eq(id))
        .select(ApiKeyRow::as_select())
        .into_boxed();
    if let Some(owner) = owner {
        query = query.filter(api_keys::created_by.eq(owner));
    }
    query.first(conn).await.optional()
}

/// Locks a key until the end of the transaction.
///
/// # Errors
/// If the database fails.
pub async fn lock(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<()> {
    api_keys::table
        .find(id)
        .select(api_keys::id)
        .for_update()
        .execute(conn)
        .await?;
    Ok(())
}

/// Stores a key.
///
/// # Errors
/// If the database fails.
pub async fn insert(change: &mut Change<'_>, row: &NewApiKeyRow) -> QueryResult<ApiKeyRow> {
    let row: ApiKeyRow = diesel::insert_into(api_keys::table)
        .values(row)
        .returning(ApiKeyRow::as_returning())
        .get_result(&mut **change)
        .await?;
    let changes = changes(&Value::Null, &row.audited());
    change
        .record(AuditAction::ApiKeyCreate, row.target(), changes)
        .await?;
    Ok(row)
}

/// Changes a key.
///
/// # Errors
/// If the database fails.
pub async fn update(
    change: &mut Change<'_>,
    before: &ApiKeyRow,
    row: &ChangedApiKeyRow,
) -> QueryResult<ApiKeyRow> {
    let after: ApiKeyRow = diesel::update(api_keys::table.find(before.id))
        .set(row)
        .returning(ApiKeyRow::as_returning())
        .get_result(&mut **change)
        .await?;
    let changes = changes(&before.audited(), &after.audited());
    change
        .record(AuditAction::ApiKeyUpdate, after.target(), changes)
        .await?;
    Ok(after)
}

/// Revokes a key; one that is revoked already stays as it is.
///
/// # Errors
/// If the database fails.
pub async fn revoke(
    change: &mut Change<'_>,
    key: &ApiKeyRow,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let valid = api_keys::table
        .find(key.id)
        .filter(api_keys::revoked_at.is_null());
    let revoked = diesel::update(valid)
        .set(api_keys::revoked_at.eq(now))
        .execute(&mut **change)
        .await?;
    if revoked == 0 {
        return Ok(());
    }
    let changes = changes::change("revoked_at", Value::Null, json!(now));
    change
        .record(AuditAction::ApiKeyRevoke, key.target(), changes)
        .await
}

/// The valid key with this hash, and who made it.
///
/// # Errors
/// If the database fails.
pub async fn by_hash(
    conn: &mut AsyncPgConnection,
    hash: &TokenHash,
    now: DateTime<Utc>,
) -> QueryResult<Option<KeyCredential>> {
    let found: Option<(ApiKeyRow, Option<MakerRow>)> = api_keys::table
        .left_join(users::table)
        .filter(api_keys::key_hash.eq(hash.as_slice()))
        .filter(api_keys::revoked_at.is_null())
        .filter(
            api_keys::expires_at
                .is_null()
                .or(api_keys::expires_at.gt(now)),
        )
        .select((ApiKeyRow::as_select(), Option::<MakerRow>::as_select()))
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(|(row, maker)| KeyCredential { row, maker }))
}

/// Those of these keys that are valid, each with who made it.
///
/// # Errors
/// If the database fails.
pub async fn valid_among(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
    now: DateTime<Utc>,
) -> QueryResult<Vec<KeyCredential>> {
    let found: Vec<(ApiKeyRow, Option<MakerRow>)> = api_keys::table
        .left_join(users::table)
        .filter(api_keys::id.eq_any(ids))
        .filter(api_keys::revoked_at.is_null())
        .filter(
            api_keys::expires_at
                .is_null()
                .or(api_keys::expires_at.gt(now)),
        )
        .select((ApiKeyRow::as_select(), Option::<MakerRow>::as_select()))
        .load(conn)
        .await?;
    let credential = |(row, maker)| KeyCredential { row, maker };
    Ok(found.into_iter().map(credential).collect())
}

/// Id and name of the keys that a user made and that still open something.
///
/// # Errors
/// If the database fails.
pub async fn valid_of(
    conn: &mut AsyncPgConnection,
    user: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<Vec<(Uuid, String)>> {
    api_keys::table
        .filter(api_keys::created_by.eq(user))
        .filter(api_keys::revoked_at.is_null())
        .filter(
            api_keys::expires_at
                .is_null()
                .or(api_keys::expires_at.gt(now)),
        )
        .order((api_keys::name, api_keys::id))
        .select((api_keys::id, api_keys::name))
        .load(conn)
        .await
}

/// Notes that a key was used, unless somebody noted it a moment ago.
///
/// # Errors
/// If the database fails.
pub async fn used(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    now: DateTime<Utc>,
    stale: DateTime<Utc>,
) -> QueryResult<()> {
    let noted_long_ago = api_keys::last_used_at
        .is_null()
        .or(api_keys::last_used_at.le(stale));
    diesel::update(api_keys::table.find(id).filter(noted_long_ago))
        .set(api_keys::last_used_at.eq(now))
        .execute(conn)
        .await?;
    Ok(())
}
