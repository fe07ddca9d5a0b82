//! Dialogs, whom they are with, and the lease by which one answer at a time is given.
//!
//! The rule: every function takes the person's id and finds nothing of anybody else's. They are no configuration and private, so nothing of
//! them is recorded in the audit log, and they take a connection in place of a [`super::Change`].

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Map, Value};
use understudy_shared::TargetKind;
use uuid::Uuid;

use super::assistants::found_by;
use super::convert::{from_json, named};
use super::model_groups::{self, StoredModelGroup};
use super::model_instances::{self, MemberFacts};
use super::schema::{assistants, dialog_messages, dialogs};

pub mod lease;
pub mod messages;

/// A dialog as stored.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = dialogs, check_for_backend(Pg))]
pub struct DialogRow {
    /// Id.
    pub id: Uuid,
    /// Title.
    pub title: String,
    /// Whether somebody chose it.
    pub titled: bool,
    /// The group it is with.
    pub group_id: Option<Uuid>,
    /// The assistant it is with.
    pub assistant_id: Option<Uuid>,
    target_kind: String,
    /// The name that it was with.
    pub target_name: String,
    /// The title that it was with.
    pub target_title: String,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last message or change.
    pub updated_at: DateTime<Utc>,
}

impl DialogRow {
    /// Group or assistant.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn target_kind(&self) -> QueryResult<TargetKind> {
        named(&self.target_kind)
    }
}

/// A dialog, and whether an answer is being given.
#[derive(Clone, Debug)]
pub struct StoredDialog {
    /// The dialog.
    pub row: DialogRow,
    /// Whether an answer is being given.
    pub answering: bool,
}

/// What a dialog is with, when it is chosen.
#[derive(Clone, Debug, PartialEq, Eq, AsChangeset, Insertable)]
#[diesel(table_name = dialogs, treat_none_as_null = true)]
pub struct ChosenTarget {
    /// The group.
    pub group_id: Option<Uuid>,
    /// The assistant.
    pub assistant_id: Option<Uuid>,
    /// Group or assistant.
    pub target_kind: &'static str,
    /// Its name.
    pub target_name: String,
    /// Its title.
    pub target_title: String,
}

/// An assistant, as far as a dialog needs it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = assistants, check_for_backend(Pg))]
pub struct TargetAssistant {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Title.
    pub title: String,
    /// The group that answers.
    pub group_id: Option<Uuid>,
    /// What the model is told first.
    pub system_prompt: String,
    parameters: Value,
}

impl TargetAssistant {
    /// Fields of the request.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn parameters(&self) -> QueryResult<Map<String, Value>> {
        from_json(&self.parameters)
    }
}

/// What some dialogs are with.
#[derive(Debug, Default)]
pub struct Targets {
    /// Groups by id, those of the assistants included.
    pub groups: HashMap<Uuid, StoredModelGroup>,
    /// What is known of their members.
    pub facts: HashMap<Uuid, MemberFacts>,
    /// Assistants that the person may use, by id.
    pub assistants: HashMap<Uuid, TargetAssistant>,
}

type Condition = Box<dyn BoxableExpression<dialogs::table, Pg, SqlType = Bool>>;

fn of(person: Uuid) -> Condition {
    Box::new(dialogs::user_id.eq(person))
}

fn one(person: Uuid, id: Uuid) -> Condition {
    Box::new(dialogs::user_id.eq(person).and(dialogs::id.eq(id)))
}

const ANSWERING: &str = "coalesce(dialogs.answering_until > now(), false)";

/// All dialogs of a person.
///
/// # Errors
/// If the database fails.
pub async fn all(conn: &mut AsyncPgConnection, person: Uuid) -> QueryResult<Vec<StoredDialog>> {
    load(conn, of(person)).await
}

/// A person's dialog with this id.
///
/// # Errors
/// If the database fails.
pub async fn get(
    conn: &mut AsyncPgConnection,
    person: Uuid,
    id: Uuid,
) -> QueryResult<Option<StoredDialog>> {
    Ok(load(conn, one(person, id)).await?.pop())
}

async fn load(conn: &mut AsyncPgConnection, which: Condition) -> QueryResult<Vec<StoredDialog>> {
    let rows: Vec<(DialogRow, bool)> = dialogs::table
        .filter(which)
        .select((DialogRow::as_select(), sql::<Bool>(ANSWERING)))
        .load(conn)
        .await?;
    let stored = |(row, answering)| StoredDialog { row, answering };
    Ok(rows.into_iter().map(stored).collect())
}

/// A person's dialog, locked until the transaction ends.
///
/// # Errors
/// If the database fails.
pub async fn lock(
    conn: &mut AsyncPgConnection,
    person: Uuid,
    id: Uuid,
) -> QueryResult<Option<StoredDialog>> {
    let row: Option<(DialogRow, bool)> = dialogs::table
        .filter(one(person, id))
        .select((DialogRow::as_select(), sql::<Bool>(ANSWERING)))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(row, answering)| StoredDialog { row, answering }))
}

/// How many dialogs a person has.
///
/// # Errors
/// If the database fails.
pub async fn count(conn: &mut AsyncPgConnection, person: Uuid) -> QueryResult<i64> {
    dialogs::table
        .filter(of(person))
        .select(count_star())
        .first(conn)
        .await
}

/// How many messages these dialogs have.
///
/// # Errors
/// If the database fails.
pub async fn message_counts(
    conn: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> QueryResult<HashMap<Uuid, i64>> {
    let counts: Vec<(Uuid, i64)> = dialog_messages::table
        .filter(dialog_messages::dialog_id.eq_any(ids))
        .group_by(dialog_messages::dialog_id)
        .select((dialog_messages::dialog_id, count_star()))
        .load(conn)
        .await?;
    Ok(counts.into_iter().collect())
}

/// Stores a dialog.
///
/// # Errors
/// If the database fails.
pub async fn insert(
    conn: &mut AsyncPgConnection,
    person: Uuid,
    title: &str,
    target: &ChosenTarget,
    at: DateTime<Utc>,
) -> QueryResult<DialogRow> {
    diesel::insert_into(dialogs::table)
        .values((
            dialogs::id.eq(Uuid::now_v7()),
            dialogs::user_id.eq(person),
            dialogs::title.eq(title),
            dialogs::titled.eq(!title.is_empty()),
            target,
            dialogs::created_at.eq(at),
            dialogs::updated_at.eq(at),
        ))
        .returning(DialogRow::as_returning())
        .get_result(conn)
        .await
}

/// Changes the title of a dialog.
///
/// # Errors
/// If the database fails.
pub async fn set_title(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    title: &str,
    titled: bool,
    at: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(dialogs::table.find(id))
        .set((
            dialogs::title.eq(title),
            dialogs::titled.eq(titled),
            dialogs::updated_at.eq(at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Changes what a dialog is with.
///
/// # Errors
/// If the database fails.
pub async fn set_target(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    target: &ChosenTarget,
    at: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(dialogs::table.find(id))
        .set((target, dialogs::updated_at.eq(at)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes a person's dialog: whether there was one.
///
/// # Errors
/// If the database fails.
pub async fn delete(conn: &mut AsyncPgConnection, person: Uuid, id: Uuid) -> QueryResult<bool> {
    let removed = diesel::delete(dialogs::table.filter(one(person, id)))
        .execute(conn)
        .await?;
    Ok(removed > 0)
}

/// What these dialogs are with, as far as it still is there for this person.
///
/// # Errors
/// If the database fails.
pub async fn targets<'a>(
    conn: &mut AsyncPgConnection,
    person: Uuid,
    rows: impl Iterator<Item = &'a DialogRow>,
) -> QueryResult<Targets> {
    let (mut groups, mut assistants) = (Vec::new(), Vec::new());
    for row in rows {
        groups.extend(row.group_id);
        assistants.extend(row.assistant_id);
    }
    let assistants = assistants_of(conn, person, &assistants).await?;
    groups.extend(assistants.iter().filter_map(|assistant| assistant.group_id));
    let groups = model_groups::get_many(conn, &groups).await?;
    let members = groups.iter().flat_map(|group| &group.members);
    let members: Vec<Uuid> = members.map(|member| member.instance_id.0).collect();
    Ok(Targets {
        facts: model_instances::facts(conn, &members).await?,
        groups: groups
            .into_iter()
            .map(|group| (group.row.id, group))
            .collect(),
        assistants: assistants
            .into_iter()
            .map(|assistant| (assistant.id, assistant))
            .collect(),
    })
}

/// Those of these assistants that a person finds.
///
/// # Errors
/// If the database fails.
pub async fn assistants_of(
    conn: &mut AsyncPgConnection,
    person: Uuid,
    ids: &[Uuid],
) -> QueryResult<Vec<TargetAssistant>> {
    assistants::table
        .filter(assistants::id.eq_any(ids))
        .filter(found_by(Some(person)))
        .select(TargetAssistant::as_select())
        .load(conn)
        .await
}
