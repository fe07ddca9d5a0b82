//! All that requests need, read in one transaction: what the gateway's snapshot is built from.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use understudy_shared::{ApiKeyId, ModelGroupId, UserId, Visibility};
use uuid::Uuid;

use super::api_keys::ApiKeyRow;
use super::assistants::AssistantRow;
use super::model_groups::StoredModelGroup;
use super::schema::{api_keys, config_revision, users};
use super::{model_groups, model_instances};
use crate::gateway::assistant::StoredAssistant;
use crate::gateway::snapshot::{
    KeyHash, Stored, StoredGroup, StoredInstance, StoredKey, StoredMember,
};
use crate::secrets::SecretCipher;

/// Counts the changes of the configuration.
///
/// # Errors
/// If the database fails.
pub async fn revision(conn: &mut AsyncPgConnection) -> QueryResult<i64> {
    config_revision::table
        .select(config_revision::revision)
        .first(conn)
        .await
}

/// The whole configuration, of one moment.
///
/// # Errors
/// If the database fails.
pub async fn load(conn: &mut AsyncPgConnection, cipher: &SecretCipher) -> QueryResult<Stored> {
    conn.build_transaction()
        .read_only()
        .repeatable_read()
        .run(async |conn| read(conn, cipher).await)
        .await
}

async fn read(conn: &mut AsyncPgConnection, cipher: &SecretCipher) -> QueryResult<Stored> {
    let revision = revision(conn).await?;
    let mut instances = Vec::new();
    let mut drills = model_instances::drills(conn).await?;
    for stored in model_instances::all(conn).await? {
        match stored.connection(cipher) {
            Ok(connection) => instances.push(StoredInstance {
                connection,
                enabled: stored.row.enabled,
                drill: drills.remove(&stored.row.id),
                version: stored.row.version,
            }),
            // One whose row cannot be read must not take the others down.
            Err(error) => {
                tracing::error!(instance = stored.row.name, %error, "an instance is left out")
            }
        }
    }
    let groups = model_groups::all(conn)
        .await?
        .into_iter()
        .map(group)
        .collect::<QueryResult<_>>()?;
    let assistants = super::assistants::all(conn)
        .await?
        .into_iter()
        .filter_map(assistant);
    Ok(Stored {
        revision,
        instances,
        groups,
        assistants: assistants.collect(),
        keys: keys(conn).await?,
    })
}

fn group(stored: StoredModelGroup) -> QueryResult<StoredGroup> {
    let row = &stored.row;
    let member = |member: understudy_shared::GroupMember| StoredMember {
        instance_id: member.instance_id,
        enabled: member.enabled,
        model: member.model,
        weight: member.weight,
    };
    Ok(StoredGroup {
        id: ModelGroupId(row.id),
        name: row.name.clone(),
        enabled: row.enabled,
        strategy: row.strategy()?,
        max_attempts: row.max_attempts()?,
        deadline_ms: row.deadline_ms()?,
        allowed_kinds: row.allowed_kinds()?,
        created_at: row.created_at,
        members: stored.members.into_iter().map(member).collect(),
    })
}

/// One whose row cannot be read must not take the others down.
fn assistant(row: AssistantRow) -> Option<StoredAssistant> {
    let parameters = match row.parameters() {
        Ok(parameters) => parameters,
        Err(error) => {
            tracing::error!(assistant = row.name, %error, "an assistant is left out");
            return None;
        }
    };
    let only_for = if row.is_shared() {
        None
    } else {
        Some(UserId(row.owner_id?))
    };
    Some(StoredAssistant {
        parameters,
        group_id: row.group(),
        only_for,
        name: row.name,
        system_prompt: row.system_prompt,
        created_at: row.created_at,
    })
}

/// Keys that are not revoked, and whose maker may still sign in.
async fn keys(conn: &mut AsyncPgConnection) -> QueryResult<Vec<(KeyHash, StoredKey)>> {
    let rows: Vec<(Vec<u8>, ApiKeyRow, Option<String>)> = api_keys::table
        .left_join(users::table)
        .filter(api_keys::revoked_at.is_null())
        .filter(
            users::enabled
                .is_null()
                .or(users::enabled.nullable().assume_not_null()),
        )
        .select((
            api_keys::key_hash,
            ApiKeyRow::as_select(),
            users::username.nullable(),
        ))
        .load(conn)
        .await?;
    let key = |(hash, row, maker): (Vec<u8>, ApiKeyRow, Option<String>)| {
        let hash = KeyHash::try_from(hash.as_slice()).ok()?;
        let key = StoredKey {
            id: ApiKeyId(row.id),
            scopes: row.scopes(),
            group_ids: row.group_ids(),
            limits: row.limits(),
            expires_at: row.expires_at,
            maker: row.created_by.map(UserId).zip(maker),
            name: row.name,
            prefix: row.prefix,
        };
        Some((hash, key))
    };
    Ok(rows.into_iter().filter_map(key).collect())
}

/// Ids and versions of every instance, group and shared assistant, sorted.
///
/// # Errors
/// If the database fails.
pub async fn versions(conn: &mut AsyncPgConnection) -> QueryResult<Vec<(Uuid, i64)>> {
    use super::schema::{assistants, model_groups, model_instances};
    let mut versions: Vec<(Uuid, i64)> = model_instances::table
        .select((model_instances::id, model_instances::version))
        .load(conn)
        .await?;
    let groups: Vec<(Uuid, i64)> = model_groups::table
        .select((model_groups::id, model_groups::version))
        .load(conn)
        .await?;
    versions.extend(groups);
    let shared: Vec<(Uuid, i64)> = assistants::table
        .filter(assistants::visibility.eq(Visibility::Shared.as_str()))
        .select((assistants::id, assistants::version))
        .load(conn)
        .await?;
    versions.extend(shared);
    versions.sort_unstable();
    Ok(versions)
}
