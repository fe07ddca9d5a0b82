//! Model groups and their ordered members.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use understudy_shared::{
    AuditAction, AuditTargetKind, GroupMember, InstanceKind, ModelInstanceId, Strategy,
};
use uuid::Uuid;

use super::assistants;
use super::change::{Change, Target};
use super::convert::{named, number};
use super::schema::{model_group_members, model_groups, model_instances};
use crate::domain::changes::changes;
use crate::domain::model_group::ValidModelGroup;

/// A group as stored, without its members.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = model_groups, check_for_backend(diesel::pg::Pg))]
pub struct ModelGroupRow {
    /// Id.
    pub id: Uuid,
    /// What callers send as `model`.
    pub name: String,
    /// The name in lower case.
    pub name_key: String,
    /// Name for people.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Whether callers may ask it.
    pub enabled: bool,
    strategy: String,
    max_attempts: i32,
    deadline_ms: i64,
    allowed_kinds: Vec<Option<String>>,
    /// Counts the changes.
    pub version: i64,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

/// A member as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = model_group_members, check_for_backend(diesel::pg::Pg))]
pub struct GroupMemberRow {
    group_id: Uuid,
    instance_id: Uuid,
    position: i32,
    weight: i32,
    enabled: bool,
    model: Option<String>,
}

/// A group with its members in order.
#[derive(Clone, Debug)]
pub struct StoredModelGroup {
    /// The group.
    pub row: ModelGroupRow,
    /// Its members.
    pub members: Vec<GroupMember>,
}

impl ModelGroupRow {
    /// How the instance that answers is chosen.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn strategy(&self) -> QueryResult<Strategy> {
        named(&self.strategy)
    }

    /// How the instance that answers is chosen, as stored.
    pub fn strategy_name(&self) -> &str {
        &self.strategy
    }

    /// Instances that one request may be sent to.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn max_attempts(&self) -> QueryResult<u32> {
        number(self.max_attempts)
    }

    /// Time for all attempts before the first byte, in milliseconds.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn deadline_ms(&self) -> QueryResult<u64> {
        number(self.deadline_ms)
    }

    /// Kinds of instances that may answer.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn allowed_kinds(&self) -> QueryResult<Vec<InstanceKind>> {
        self.allowed_kinds
            .iter()
            .flatten()
            .map(|kind| named(kind))
            .collect()
    }
}

impl StoredModelGroup {
    /// A new group.
    ///
    /// # Errors
    /// Only if a number does not fit, which validation excludes.
    pub fn new(valid: &ValidModelGroup, now: DateTime<Utc>) -> QueryResult<Self> {
        let row = ModelGroupRow {
            id: Uuid::now_v7(),
            name: valid.name.clone(),
            name_key: valid.name.to_lowercase(),
            title: valid.title.clone(),
            description: valid.description.clone(),
            enabled: valid.enabled,
            strategy: valid.strategy.as_str().to_owned(),
            max_attempts: number(valid.max_attempts)?,
            deadline_ms: number(valid.deadline_ms)?,
            allowed_kinds: valid
                .allowed_kinds
                .iter()
                .map(|kind| Some(kind.as_str().to_owned()))
                .collect(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        Ok(Self {
            row,
            members: valid.members.clone(),
        })
    }

    /// The group after a change.
    ///
    /// # Errors
    /// Only if a number does not fit, which validation excludes.
    pub fn changed(&self, valid: &ValidModelGroup, now: DateTime<Utc>) -> QueryResult<Self> {
        let mut changed = Self::new(valid, now)?;
        changed.row.id = self.row.id;
        changed.row.version = self.row.version + 1;
        changed.row.created_at = self.row.created_at;
        Ok(changed)
    }

    /// What the audit log shows of it.
    pub(crate) fn audited(&self, names: &HashMap<Uuid, String>) -> QueryResult<Value> {
        let row = &self.row;
        let member = |member: &GroupMember| {
            json!({
                "instance_id": member.instance_id,
                "name": names.get(&member.instance_id.0),
                "weight": member.weight,
                "enabled": member.enabled,
                "model": member.model,
            })
        };
        Ok(json!({
            "name": row.name,
            "title": row.title,
            "description": row.description,
            "enabled": row.enabled,
            "strategy": row.strategy,
            "members": self.members.iter().map(member).collect::<Vec<_>>(),
            "max_attempts": row.max_attempts()?,
            "deadline_ms": row.deadline_ms()?,
            "allowed_kinds": row.allowed_kinds()?,
        }))
    }
}

impl GroupMemberRow {
    fn new(group_id: Uuid, position: i32, member: &GroupMember) -> QueryResult<Self> {
        Ok(Self {
            group_id,
            instance_id: member.instance_id.0,
            position,
            weight: number(member.weight)?,
            enabled: member.enabled,
            model: member.model.clone(),
        })
    }

    fn member(self) -> QueryResult<GroupMember> {
        Ok(GroupMember {
            instance_id: ModelInstanceId(self.instance_id),
            weight: number(self.weight)?,
            enabled: self.enabled,
            model: self.model,
        })
    }
}

/// All groups with their members.
///
/// # Errors
/// If the database fails.
pub async fn all(conn: &mut AsyncPgConnection) -> QueryResult<Vec<StoredModelGroup>> {
    let rows = model_groups::table
        .select(ModelGroupRow::as_select())
        .load(conn)
        .await?;
    complete(conn, rows).await
}

/// The group with this id.
///
/// # Errors
/// If the database fails.
pub async fn get(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<StoredModelGroup>> {
    let row = model_groups::table
        .find(id)
        .select(ModelGroupRow::as_select())
        .first(conn)
        .await
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    Ok(complete(conn, vec![row]).await?.pop())
}

/// The groups with these ids; those that do not exist are left out.
///
/// # Errors
/// If the database fails.
pub async fn get_many(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<Vec<StoredModelGroup>> {
    let rows = model_groups::table
        .filter(model_groups::id.eq_any(ids))
        .select(ModelGroupRow::as_select())
        .load(conn)
        .await?;
    complete(conn, rows).await
}

/// The group with this id, locked until the transaction ends.
///
/// # Errors
/// If the database fails.
pub async fn lock(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<StoredModelGroup>> {
    let row = model_groups::table
        .find(id)
        .select(ModelGroupRow::as_select())
        .for_update();
    let Some(row) = row.first(conn).await.optional()? else {
        return Ok(None);
    };
    Ok(complete(conn, vec![row]).await?.pop())
}

async fn complete(
    conn: &mut AsyncPgConnection,
    rows: Vec<ModelGroupRow>,
) -> QueryResult<Vec<StoredModelGroup>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let member_rows: Vec<GroupMemberRow> = model_group_members::table
        .filter(model_group_members::group_id.eq_any(ids))
        .order(model_group_members::position)
        .select(GroupMemberRow::as_select())
        .load(conn)
        .await?;
    let mut members: HashMap<Uuid, Vec<GroupMember>> = HashMap::new();
    for row in member_rows {
        members.entry(row.group_id).or_default().push(row.member()?);
    }
    let complete = |row: ModelGroupRow| StoredModelGroup {
        members: members.remove(&row.id).unwrap_or_default(),
        row,
    };
    Ok(rows.into_iter().map(complete).collect())
}

/// Stores a new group.
///
/// # Errors
/// If its name is taken, a member does not exist, or the database fails.
pub async fn insert(change: &mut Change<'_>, group: &StoredModelGroup) -> QueryResult<()> {
    diesel::insert_into(model_groups::table)
        .values(&group.row)
        .execute(&mut **change)
        .await?;
    insert_members(change, group).await?;
    record(change, AuditAction::ModelGroupCreate, None, Some(group)).await
}

/// Stores a changed group; the members are replaced as a whole.
///
/// # Errors
/// If its name is taken, a member does not exist, or the database fails.
pub async fn update(
    change: &mut Change<'_>,
    before: &StoredModelGroup,
    after: &StoredModelGroup,
) -> QueryResult<()> {
    let id = after.row.id;
    diesel::update(model_groups::table.find(id))
        .set(&after.row)
        .execute(&mut **change)
        .await?;
    diesel::delete(model_group_members::table.filter(model_group_members::group_id.eq(id)))
        .execute(&mut **change)
        .await?;
    insert_members(change, after).await?;
    let action = AuditAction::ModelGroupUpdate;
    record(change, action, Some(before), Some(after)).await
}

/// Records a change of a group, with the names that its members have at this moment.
async fn record(
    change: &mut Change<'_>,
    action: AuditAction,
    before: Option<&StoredModelGroup>,
    after: Option<&StoredModelGroup>,
) -> QueryResult<()> {
    let Some(group) = after.or(before) else {
        return Ok(());
    };
    let members = before
        .into_iter()
        .chain(after)
        .flat_map(|group| &group.members);
    let ids: Vec<Uuid> = members.map(|member| member.instance_id.0).collect();
    let names: Vec<(Uuid, String)> = model_instances::table
        .filter(model_instances::id.eq_any(ids))
        .select((model_instances::id, model_instances::name))
        .load(&mut **change)
        .await?;
    let names: HashMap<Uuid, String> = names.into_iter().collect();
    let shown = |group: Option<&StoredModelGroup>| match group {
        Some(group) => group.audited(&names),
        None => Ok(Value::Null),
    };
    let changes = changes(&shown(before)?, &shown(after)?);
    let target = Target::new(AuditTargetKind::ModelGroup, group.row.id, &group.row.name);
    change.record(action, target, changes).await
}

async fn insert_members(conn: &mut AsyncPgConnection, group: &StoredModelGroup) -> QueryResult<()> {
    let numbered = (0..).zip(&group.members);
    let rows =
        numbered.map(|(position, member)| GroupMemberRow::new(group.row.id, position, member));
    let rows = rows.collect::<QueryResult<Vec<_>>>()?;
    diesel::insert_into(model_group_members::table)
        .values(&rows)
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes a group. Its assistants have none any more.
///
/// # Errors
/// If the database fails.
pub async fn delete(change: &mut Change<'_>, group: &StoredModelGroup) -> QueryResult<()> {
    assistants::leave_group(change, group.row.id).await?;
    diesel::delete(model_groups::table.find(group.row.id))
        .execute(&mut **change)
        .await?;
    record(change, AuditAction::ModelGroupDelete, Some(group), None).await
}

/// The instances that are members of a group; none of a group that there is not.
///
/// # Errors
/// If the database fails.
pub async fn member_ids(conn: &mut AsyncPgConnection, group: Uuid) -> QueryResult<HashSet<Uuid>> {
    let ids: Vec<Uuid> = model_group_members::table
        .filter(model_group_members::group_id.eq(group))
        .select(model_group_members::instance_id)
        .load(conn)
        .await?;
    Ok(ids.into_iter().collect())
}

/// Those of these ids that are groups.
///
/// # Errors
/// If the database fails.
pub async fn existing(conn: &mut AsyncPgConnection, ids: &[Uuid]) -> QueryResult<Vec<Uuid>> {
    model_groups::table
        .filter(model_groups::id.eq_any(ids))
        .select(model_groups::id)
        .load(conn)
        .await
}
