//! Model instances with their tokens, headers and proxies.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use understudy_shared::{AuditAction, AuditTargetKind, Capabilities, InstanceKind};
use uuid::Uuid;

use super::change::{Change, Target};
use super::convert::{from_json, named};
use super::schema::{
    instance_headers, instance_proxies, instance_tokens, model_group_members, model_groups,
    model_instances,
};
use crate::domain::changes::changes;

mod audited;
mod drills;
mod rows;
mod seal;

pub use drills::*;
pub use rows::*;

/// Key of the advisory lock that a transaction holds which changes instances or groups.
const CONFIG_LOCK: i64 = 0x756e_6465_7273_7466;

/// Lets one transaction at a time change instances and groups. Rules that span several rows hold (dimensions within a group,
/// an instance in use), and writers cannot wait for each other in a circle over the rows and the revision that they touch.
///
/// # Errors
/// If the database fails.
pub async fn lock_configuration(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
        .bind::<BigInt, _>(CONFIG_LOCK)
        .execute(conn)
        .await?;
    Ok(())
}

/// What lists are filtered and sorted by. Small, so that a list can be decided in memory, where the states are.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = model_instances, check_for_backend(diesel::pg::Pg))]
pub struct ListedInstanceRow {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// The name in lower case.
    pub name_key: String,
    /// What it is.
    pub description: String,
    /// Whether it is in use.
    pub enabled: bool,
    /// Where the backend runs.
    pub kind: String,
    /// Where it listens.
    pub host: String,
    /// The backend's name of the model.
    pub model: Option<String>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

/// What groups need to know of their members.
#[derive(Clone, Debug)]
pub struct MemberFacts {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Whether the instance is in use.
    pub enabled: bool,
    /// Where the backend runs.
    pub kind: InstanceKind,
    /// The backend's name of the model.
    pub model: Option<String>,
    /// What the backend can do.
    pub capabilities: Capabilities,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

/// All instances, as lists need them.
///
/// # Errors
/// If the database fails.
pub async fn list(conn: &mut AsyncPgConnection) -> QueryResult<Vec<ListedInstanceRow>> {
    model_instances::table
        .select(ListedInstanceRow::as_select())
        .load(conn)
        .await
}

/// The instances with these ids, in this order; those that do not exist are left out.
///
/// # Errors
/// If the database fails.
pub async fn get_many(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<Vec<StoredModelInstance>> {
    let rows = model_instances::table.filter(model_instances::id.eq_any(ids));
    let rows: Vec<ModelInstanceRow> = rows
        .select(ModelInstanceRow::as_select())
        .load(conn)
        .await?;
    let mut complete = complete(conn, rows).await?;
    complete.sort_by_key(|instance| ids.iter().position(|id| *id == instance.row.id));
    Ok(complete)
}

/// All instances with all that belongs to them.
///
/// # Errors
/// If the database fails.
pub async fn all(conn: &mut AsyncPgConnection) -> QueryResult<Vec<StoredModelInstance>> {
    let rows = model_instances::table
        .select(ModelInstanceRow::as_select())
        .load(conn)
        .await?;
    complete(conn, rows).await
}

/// The instance with this id.
///
/// # Errors
/// If the database fails.
pub async fn get(
    conn: &mut AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<StoredModelInstance>> {
    let row = model_instances::table
        .find(id)
        .select(ModelInstanceRow::as_select())
        .first(conn)
        .await
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    Ok(complete(conn, vec![row]).await?.pop())
}

/// The instance with this id, locked until the transaction ends.
///
/// # Errors
/// If the database fails.
pub async fn lock(
    conn: &mut AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<StoredModelInstance>> {
    let row = model_instances::table
        .find(id)
        .select(ModelInstanceRow::as_select())
        .for_update();
    let Some(row) = row.first(conn).await.optional()? else {
        return Ok(None);
    };
    Ok(complete(conn, vec![row]).await?.pop())
}

async fn complete(
    conn: &mut AsyncPgConnection,
    rows: Vec<ModelInstanceRow>,
) -> QueryResult<Vec<StoredModelInstance>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let tokens: Vec<InstanceTokenRow> = instance_tokens::table
        .filter(instance_tokens::instance_id.eq_any(&ids))
        .order(instance_tokens::position)
        .select(InstanceTokenRow::as_select())
        .load(conn)
        .await?;
    let headers: Vec<InstanceHeaderRow> = instance_headers::table
        .filter(instance_headers::instance_id.eq_any(&ids))
        .order(instance_headers::position)
        .select(InstanceHeaderRow::as_select())
        .load(conn)
        .await?;
    let proxies: Vec<InstanceProxyRow> = instance_proxies::table
        .filter(instance_proxies::instance_id.eq_any(&ids))
        .order(instance_proxies::position)
        .select(InstanceProxyRow::as_select())
        .load(conn)
        .await?;
    let mut tokens = by_instance(tokens, |token| token.instance_id);
    let mut headers = by_instance(headers, |header| header.instance_id);
    let mut proxies = by_instance(proxies, |proxy| proxy.instance_id);
    let complete = |row: ModelInstanceRow| StoredModelInstance {
        tokens: tokens.remove(&row.id).unwrap_or_default(),
        headers: headers.remove(&row.id).unwrap_or_default(),
        proxies: proxies.remove(&row.id).unwrap_or_default(),
        row,
    };
    Ok(rows.into_iter().map(complete).collect())
}

fn by_instance<T>(rows: Vec<T>, instance: impl Fn(&T) -> Uuid) -> HashMap<Uuid, Vec<T>> {
    let mut groups: HashMap<Uuid, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(instance(&row)).or_default().push(row);
    }
    groups
}

/// Stores a new instance.
///
/// # Errors
/// If its name is taken or the database fails.
pub async fn insert(change: &mut Change<'_>, instance: &StoredModelInstance) -> QueryResult<()> {
    insert_rows(change, instance).await?;
    let changes = changes(&Value::Null, &instance.audited(None)?);
    change
        .record(AuditAction::ModelInstanceCreate, target(instance), changes)
        .await
}

/// Stores a new instance that is the copy of another one.
///
/// # Errors
/// If its name is taken or the database fails.
pub async fn insert_copy(
    change: &mut Change<'_>,
    copy: &StoredModelInstance,
    original: &StoredModelInstance,
) -> QueryResult<()> {
    insert_rows(change, copy).await?;
    let mut fields = copy.audited(None)?;
    fields["copy_of"] = json!({"id": original.row.id, "name": original.row.name});
    let changes = changes(&Value::Null, &fields);
    change
        .record(AuditAction::ModelInstanceDuplicate, target(copy), changes)
        .await
}

/// What a record of the audit log is about.
fn target(instance: &StoredModelInstance) -> Target<'_> {
    let row = &instance.row;
    Target::new(AuditTargetKind::ModelInstance, row.id, &row.name)
}

async fn insert_rows(
    conn: &mut AsyncPgConnection,
    instance: &StoredModelInstance,
) -> QueryResult<()> {
    diesel::insert_into(model_instances::table)
        .values(&instance.row)
        .execute(conn)
        .await?;
    insert_parts(conn, instance).await
}

/// Stores a changed instance; tokens, headers and proxies are replaced as wholes.
///
/// # Errors
/// If its name is taken or the database fails.
pub async fn update(
    change: &mut Change<'_>,
    before: &StoredModelInstance,
    after: &StoredModelInstance,
) -> QueryResult<()> {
    update_rows(change, after).await?;
    let changes = changes(&before.audited(None)?, &after.audited(Some(before))?);
    change
        .record(AuditAction::ModelInstanceUpdate, target(after), changes)
        .await
}

async fn update_rows(
    conn: &mut AsyncPgConnection,
    instance: &StoredModelInstance,
) -> QueryResult<()> {
    let id = instance.row.id;
    diesel::update(model_instances::table.find(id))
        .set(&instance.row)
        .execute(conn)
        .await?;
    diesel::delete(instance_tokens::table.filter(instance_tokens::instance_id.eq(id)))
        .execute(conn)
        .await?;
    diesel::delete(instance_headers::table.filter(instance_headers::instance_id.eq(id)))
        .execute(conn)
        .await?;
    diesel::delete(instance_proxies::table.filter(instance_proxies::instance_id.eq(id)))
        .execute(conn)
        .await?;
    insert_parts(conn, instance).await
}

async fn insert_parts(
    conn: &mut AsyncPgConnection,
    instance: &StoredModelInstance,
) -> QueryResult<()> {
    diesel::insert_into(instance_tokens::table)
        .values(&instance.tokens)
        .execute(conn)
        .await?;
    diesel::insert_into(instance_headers::table)
        .values(&instance.headers)
        .execute(conn)
        .await?;
    diesel::insert_into(instance_proxies::table)
        .values(&instance.proxies)
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes an instance.
///
/// # Errors
/// If a group uses it or the database fails.
pub async fn delete(change: &mut Change<'_>, instance: &StoredModelInstance) -> QueryResult<()> {
    diesel::delete(model_instances::table.find(instance.row.id))
        .execute(&mut **change)
        .await?;
    let changes = changes(&instance.audited(None)?, &Value::Null);
    change
        .record(AuditAction::ModelInstanceDelete, target(instance), changes)
        .await
}

/// Names in lower case that begin with this one, for finding one that is free.
///
/// # Errors
/// If the database fails.
pub async fn name_keys(conn: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    model_instances::table
        .select(model_instances::name_key)
        .load(conn)
        .await
}

/// Groups that use an instance, by name.
///
/// # Errors
/// If the database fails.
pub async fn used_by(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Vec<(Uuid, String)>> {
    model_group_members::table
        .inner_join(model_groups::table)
        .filter(model_group_members::instance_id.eq(id))
        .order(model_groups::name_key)
        .select((model_groups::id, model_groups::name))
        .load(conn)
        .await
}

/// Declared dimensions of the other members of all groups that use an instance, each with the group's name.
///
/// # Errors
/// If the database fails.
pub async fn dimensions_beside(
    conn: &mut AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Vec<(String, u32)>> {
    let groups: Vec<Uuid> = model_group_members::table
        .filter(model_group_members::instance_id.eq(id))
        .select(model_group_members::group_id)
        .load(conn)
        .await?;
    let beside: Vec<(String, Value)> = model_group_members::table
        .inner_join(model_groups::table)
        .inner_join(model_instances::table)
        .filter(model_group_members::group_id.eq_any(groups))
        .filter(model_group_members::instance_id.ne(id))
        .order((model_groups::name_key, model_group_members::position))
        .select((model_groups::name, model_instances::capabilities))
        .load(conn)
        .await?;
    let mut declared = Vec::new();
    for (group, capabilities) in beside {
        let capabilities: Capabilities = from_json(&capabilities)?;
        declared.extend(
            capabilities
                .embedding_dimensions
                .map(|dimensions| (group, dimensions)),
        );
    }
    Ok(declared)
}

/// What groups need to know of these instances; those that do not exist are left out.
///
/// # Errors
/// If the database fails.
pub async fn facts(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<HashMap<Uuid, MemberFacts>> {
    type Row = (
        Uuid,
        String,
        bool,
        String,
        Option<String>,
        Value,
        DateTime<Utc>,
    );
    let rows: Vec<Row> = model_instances::table
        .filter(model_instances::id.eq_any(ids))
        .select((
            model_instances::id,
            model_instances::name,
            model_instances::enabled,
            model_instances::kind,
            model_instances::model,
            model_instances::capabilities,
            model_instances::updated_at,
        ))
        .load(conn)
        .await?;
    let mut facts = HashMap::with_capacity(rows.len());
    for (id, name, enabled, kind, model, capabilities, updated_at) in rows {
        let (kind, capabilities) = (named(&kind)?, from_json(&capabilities)?);
        facts.insert(
            id,
            MemberFacts {
                id,
                name,
                enabled,
                kind,
                model,
                capabilities,
                updated_at,
            },
        );
    }
    Ok(facts)
}
