//! Assistants.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Map, Value, json};
use understudy_shared::{
    ASSISTANT_PREFIX, AuditAction, AuditTargetKind, ModelGroupId, SECRET_REPLACED, SECRET_SET,
    Visibility,
};
use uuid::Uuid;

use super::change::{Change, Target};
use super::convert::{from_json, named};
use super::schema::{assistants, model_groups, users};
use crate::domain::assistant::ValidAssistant;
use crate::domain::changes::changes;

/// An assistant as stored.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = assistants, treat_none_as_null = true, check_for_backend(Pg))]
pub struct AssistantRow {
    /// Id.
    pub id: Uuid,
    /// What programs send as `model`, after `assistant/`.
    pub name: String,
    /// The name in lower case.
    pub name_key: String,
    /// Name for people.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// The group that answers; none once it is deleted.
    pub group_id: Option<Uuid>,
    /// What the model is told before every conversation.
    pub system_prompt: String,
    parameters: Value,
    visibility: String,
    /// Whoever made it; none if nobody did, or they are gone.
    pub owner_id: Option<Uuid>,
    /// Counts the changes.
    pub version: i64,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

impl AssistantRow {
    /// A new assistant.
    pub fn new(valid: ValidAssistant, owner: Option<Uuid>, now: DateTime<Utc>) -> Self {
        Self {
            id: Uuid::now_v7(),
            name_key: valid.name.to_lowercase(),
            name: valid.name,
            title: valid.title,
            description: valid.description,
            group_id: Some(valid.group_id.0),
            system_prompt: valid.system_prompt,
            parameters: Value::Object(valid.parameters),
            visibility: valid.visibility.as_str().to_owned(),
            owner_id: owner,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The assistant after a change.
    #[must_use]
    pub fn changed(&self, valid: ValidAssistant, owner: Option<Uuid>, now: DateTime<Utc>) -> Self {
        Self {
            id: self.id,
            version: self.version + 1,
            created_at: self.created_at,
            ..Self::new(valid, owner, now)
        }
    }

    /// Who finds it.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn visibility(&self) -> QueryResult<Visibility> {
        named(&self.visibility)
    }

    /// Whether everybody finds it. What cannot be read is nobody's but its owner's.
    pub fn is_shared(&self) -> bool {
        self.visibility == Visibility::Shared.as_str()
    }

    /// Who finds it, as stored.
    pub fn visibility_name(&self) -> &str {
        &self.visibility
    }

    /// Fields of the request for callers that do not set them.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn parameters(&self) -> QueryResult<Map<String, Value>> {
        from_json(&self.parameters)
    }

    /// The group that answers.
    pub fn group(&self) -> Option<ModelGroupId> {
        self.group_id.map(ModelGroupId)
    }

    /// What the audit log shows of it. What a private one says is its owner's: only that it is set, or was replaced. `before` is what it
    /// was, if this is what a change made of it.
    pub(crate) fn audited(&self, before: Option<&Self>, groups: &HashMap<Uuid, String>) -> Value {
        let said = |own: fn(&Self) -> Value| {
            let value = own(self);
            let is_empty = value == "" || value == json!({});
            match before {
                _ if self.is_shared() || is_empty => value,
                Some(before) if !before.is_shared() && own(before) != value => {
                    json!(SECRET_REPLACED)
                }
                _ => json!(SECRET_SET),
            }
        };
        json!({
            "name": self.name,
            "title": said(|row| json!(row.title)),
            "description": said(|row| json!(row.description)),
            "group_id": self.group_id,
            "group": self.group_id.and_then(|id| groups.get(&id)),
            "system_prompt": said(|row| json!(row.system_prompt)),
            "parameters": said(|row| row.parameters.clone()),
            "visibility": self.visibility,
            "owner_id": self.owner_id,
        })
    }

    fn target(&self) -> Target<'_> {
        Target::new(AuditTargetKind::Assistant, self.id, &self.name)
    }
}

type Condition = Box<dyn BoxableExpression<assistants::table, Pg, SqlType = Bool>>;

/// All assistants.
///
/// # Errors
/// If the database fails.
pub async fn all(conn: &mut AsyncPgConnection) -> QueryResult<Vec<AssistantRow>> {
    assistants::table
        .order(assistants::name_key)
        .select(AssistantRow::as_select())
        .load(conn)
        .await
}

/// Which assistants a person finds, or a program if there is none: their own, and shared ones.
pub(super) fn found_by(person: Option<Uuid>) -> Condition {
    let shared = assistants::visibility.eq(Visibility::Shared.as_str());
    // No private one is nobody's, so a program finds none of them.
    Box::new(shared.or(assistants::owner_id.is_not_distinct_from(person)))
}

/// The assistants that this person finds.
///
/// # Errors
/// If the database fails.
pub async fn visible_to(
    conn: &mut AsyncPgConnection,
    person: Option<Uuid>,
) -> QueryResult<Vec<AssistantRow>> {
    assistants::table
        .filter(found_by(person))
        .select(AssistantRow::as_select())
        .load(conn)
        .await
}

/// How many assistants a person owns.
///
/// # Errors
/// If the database fails.
pub async fn count_of(conn: &mut AsyncPgConnection, owner: Uuid) -> QueryResult<i64> {
    assistants::table
        .filter(assistants::owner_id.eq(owner))
        .count()
        .get_result(conn)
        .await
}

/// The assistant with this id, whoever asks.
///
/// # Errors
/// If the database fails.
pub async fn get(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<AssistantRow>> {
    assistants::table
        .find(id)
        .select(AssistantRow::as_select())
        .first(conn)
        .await
        .optional()
}

/// The assistant with this id, whoever asks, locked until the transaction ends.
///
/// # Errors
/// If the database fails.
pub async fn lock(conn: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<AssistantRow>> {
    assistants::table
        .find(id)
        .select(AssistantRow::as_select())
        .for_update()
        .first(conn)
        .await
        .optional()
}

/// The names to show of these users.
///
/// # Errors
/// If the database fails.
pub async fn owner_names(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<HashMap<Uuid, String>> {
    let rows: Vec<(Uuid, String, String)> = users::table
        .filter(users::id.eq_any(ids))
        .select((users::id, users::display_name, users::username))
        .load(conn)
        .await?;
    let name = |(id, shown, username): (Uuid, String, String)| {
        (id, if shown.is_empty() { username } else { shown })
    };
    Ok(rows.into_iter().map(name).collect())
}

/// Whether a group of former times has the name under which programs would ask this assistant.
///
/// # Errors
/// If the database fails.
pub async fn is_name_of_group(
    conn: &mut AsyncPgConnection,
    assistant: &AssistantRow,
) -> QueryResult<bool> {
    let name_key = format!("{ASSISTANT_PREFIX}{}", assistant.name_key);
    let groups = model_groups::table.filter(model_groups::name_key.eq(name_key));
    diesel::select(diesel::dsl::exists(groups))
        .get_result(conn)
        .await
}

/// Stores a new assistant.
///
/// # Errors
/// If its name is taken, the group or the owner does not exist, or the database fails.
pub async fn insert(change: &mut Change<'_>, assistant: &AssistantRow) -> QueryResult<()> {
    diesel::insert_into(assistants::table)
        .values(assistant)
        .execute(&mut **change)
        .await?;
    record(change, AuditAction::AssistantCreate, None, Some(assistant)).await
}

/// Stores a changed assistant.
///
/// # Errors
/// If its name is taken, the group or the owner does not exist, or the database fails.
pub async fn update(
    change: &mut Change<'_>,
    before: &AssistantRow,
    after: &AssistantRow,
) -> QueryResult<()> {
    diesel::update(assistants::table.find(after.id))
        .set(after)
        .execute(&mut **change)
        .await?;
    let action = AuditAction::AssistantUpdate;
    record(change, action, Some(before), Some(after)).await
}

/// Removes an assistant.
///
/// # Errors
/// If the database fails.
pub async fn delete(change: &mut Change<'_>, assistant: &AssistantRow) -> QueryResult<()> {
    diesel::delete(assistants::table.find(assistant.id))
        .execute(&mut **change)
        .await?;
    record(change, AuditAction::AssistantDelete, Some(assistant), None).await
}

/// Records a change of an assistant, with the names that its groups have at this moment.
async fn record(
    change: &mut Change<'_>,
    action: AuditAction,
    before: Option<&AssistantRow>,
    after: Option<&AssistantRow>,
) -> QueryResult<()> {
    let Some(assistant) = after.or(before) else {
        return Ok(());
    };
    let both = before.into_iter().chain(after);
    let ids: Vec<Uuid> = both.filter_map(|assistant| assistant.group_id).collect();
    let names: Vec<(Uuid, String)> = model_groups::table
        .filter(model_groups::id.eq_any(ids))
        .select((model_groups::id, model_groups::name))
        .load(&mut **change)
        .await?;
    let names: HashMap<Uuid, String> = names.into_iter().collect();
    let was = before.map_or(Value::Null, |before| before.audited(None, &names));
    let is = after.map_or(Value::Null, |after| after.audited(before, &names));
    change
        .record(action, assistant.target(), changes(&was, &is))
        .await
}

/// The assistants that everybody finds and that this group answers for, by name.
///
/// # Errors
/// If the database fails.
pub async fn shared_of_group(
    conn: &mut AsyncPgConnection,
    group: Uuid,
) -> QueryResult<Vec<(Uuid, String)>> {
    assistants::table
        .filter(assistants::group_id.eq(group))
        .filter(assistants::visibility.eq(Visibility::Shared.as_str()))
        .order(assistants::name_key)
        .select((assistants::id, assistants::name))
        .load(conn)
        .await
}

/// Takes a group that is about to be deleted from its assistants. That follows from the deletion and has no record of its own.
///
/// # Errors
/// If the database fails.
pub(super) async fn leave_group(conn: &mut AsyncPgConnection, group: Uuid) -> QueryResult<()> {
    diesel::update(assistants::table.filter(assistants::group_id.eq(group)))
        .set((
            assistants::group_id.eq(None::<Uuid>),
            assistants::version.eq(assistants::version + 1),
            assistants::updated_at.eq(super::time::now()),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// What becomes of the assistants of a user who is about to be deleted: nobody could reach the private ones any more, the shared ones
/// stay without an owner. That follows from the deletion and has no record of its own.
///
/// # Errors
/// If the database fails.
pub(super) async fn leave_owner(conn: &mut AsyncPgConnection, owner: Uuid) -> QueryResult<()> {
    let own = || assistants::table.filter(assistants::owner_id.eq(owner));
    let private = assistants::visibility.eq(Visibility::Private.as_str());
    diesel::delete(own().filter(private)).execute(conn).await?;
    diesel::update(own())
        .set((
            assistants::owner_id.eq(None::<Uuid>),
            assistants::version.eq(assistants::version + 1),
            assistants::updated_at.eq(super::time::now()),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
