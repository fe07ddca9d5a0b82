//! Messages of dialogs, in their order. Whose they are was looked at when their dialog was found.

use chrono::{DateTime, Utc};
use diesel::dsl::max;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use understudy_shared::{
    AnswerProblem, AnswerState, AttemptTrace, FinishReason, InstanceRef, Message, MessageId,
    MessageRole, ModelInstanceId,
};
use uuid::Uuid;

use crate::db::convert::{from_json, named, number, to_json};
use crate::db::schema::{dialog_messages, dialogs};

/// A message as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = dialog_messages, check_for_backend(Pg))]
pub struct MessageRow {
    /// Id.
    pub id: Uuid,
    /// The dialog.
    pub dialog_id: Uuid,
    /// Its place in the dialog.
    pub position: i32,
    role: String,
    /// What is said.
    pub content: String,
    state: Option<String>,
    problem_code: Option<String>,
    problem_detail: Option<String>,
    instance_id: Option<Uuid>,
    instance_name: Option<String>,
    trace: Value,
    left_out: i32,
    first_byte_ms: Option<i64>,
    duration_ms: Option<i64>,
    prompt_tokens: Option<i64>,
    completion_tokens: Option<i64>,
    /// When.
    pub created_at: DateTime<Utc>,
    finish_reason: Option<String>,
}

/// PostgreSQL keeps no zero characters, and a model may say them.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl MessageRow {
    /// A question.
    pub fn question(dialog_id: Uuid, position: i32, content: &str, at: DateTime<Utc>) -> Self {
        Self {
            id: Uuid::now_v7(),
            dialog_id,
            position,
            role: MessageRole::User.as_str().to_owned(),
            content: content.to_owned(),
            state: None,
            problem_code: None,
            problem_detail: None,
            instance_id: None,
            instance_name: None,
            trace: Value::Array(Vec::new()),
            left_out: 0,
            first_byte_ms: None,
            duration_ms: None,
            prompt_tokens: None,
            completion_tokens: None,
            created_at: at,
            finish_reason: None,
        }
    }

    /// An answer.
    ///
    /// # Errors
    /// Only if a number does not fit.
    pub fn answer(dialog_id: Uuid, position: i32, message: &Message) -> QueryResult<Self> {
        let wide = |value: Option<u64>| value.map(number).transpose();
        let problem = message.problem.as_ref();
        let code = problem.map(|problem| to_json(&problem.code)).transpose()?;
        let trace = message.trace.iter().map(|step| AttemptTrace {
            reason: storable(&step.reason),
            ..step.clone()
        });
        Ok(Self {
            id: message.id.0,
            dialog_id,
            position,
            role: message.role.as_str().to_owned(),
            content: storable(&message.content),
            state: message.state.map(|state| state.as_str().to_owned()),
            problem_code: code.and_then(|code| code.as_str().map(str::to_owned)),
            problem_detail: problem.map(|problem| storable(&problem.detail)),
            instance_id: message.instance.as_ref().map(|one| one.instance_id.0),
            instance_name: message.instance.as_ref().map(|one| one.name.clone()),
            trace: to_json(&trace.collect::<Vec<_>>())?,
            left_out: number(message.left_out)?,
            first_byte_ms: wide(message.first_byte_ms)?,
            duration_ms: wide(message.duration_ms)?,
            prompt_tokens: wide(message.prompt_tokens)?,
            completion_tokens: wide(message.completion_tokens)?,
            created_at: message.created_at,
            finish_reason: message
                .finish_reason
                .map(|reason| reason.as_str().to_owned()),
        })
    }

    /// Who says it.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn role(&self) -> QueryResult<MessageRole> {
        named(&self.role)
    }

    /// What became of the answer.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn state(&self) -> QueryResult<Option<AnswerState>> {
        self.state.as_deref().map(named).transpose()
    }

    /// What the answer was cut off by.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn finish_reason(&self) -> QueryResult<Option<FinishReason>> {
        self.finish_reason.as_deref().map(named).transpose()
    }

    /// The message as an answer shows it. `in_reply_to` is the question before it.
    ///
    /// # Errors
    /// If a column holds something else.
    pub fn message(self, in_reply_to: Option<Uuid>) -> QueryResult<Message> {
        let wide = |value: Option<i64>| value.map(number).transpose();
        let problem = match (&self.problem_code, self.problem_detail.clone()) {
            (Some(code), Some(detail)) => Some(AnswerProblem {
                code: named(code)?,
                detail,
            }),
            _ => None,
        };
        let instance = self.instance_id.zip(self.instance_name.clone());
        let role = self.role()?;
        Ok(Message {
            id: MessageId(self.id),
            role,
            state: self.state()?,
            finish_reason: self.finish_reason()?,
            problem,
            in_reply_to: in_reply_to
                .filter(|_| role == MessageRole::Assistant)
                .map(MessageId),
            instance: instance.map(|(id, name)| InstanceRef {
                instance_id: ModelInstanceId(id),
                name,
            }),
            trace: from_json(&self.trace)?,
            left_out: number(self.left_out)?,
            first_byte_ms: wide(self.first_byte_ms)?,
            duration_ms: wide(self.duration_ms)?,
            prompt_tokens: wide(self.prompt_tokens)?,
            completion_tokens: wide(self.completion_tokens)?,
            content: self.content,
            created_at: self.created_at,
        })
    }
}

/// A page of a dialog's messages, and how many there are.
///
/// # Errors
/// If the database fails.
pub async fn page(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    latest_first: bool,
    limit: i64,
    offset: i64,
) -> QueryResult<(Vec<Message>, i64)> {
    let total: i64 = dialog_messages::table
        .filter(dialog_messages::dialog_id.eq(dialog))
        .count()
        .get_result(conn)
        .await?;
    let mut query = dialog_messages::table
        .filter(dialog_messages::dialog_id.eq(dialog))
        .select(MessageRow::as_select())
        .limit(limit)
        .offset(offset)
        .into_boxed();
    query = if latest_first {
        query.order(dialog_messages::position.desc())
    } else {
        query.order(dialog_messages::position)
    };
    let rows: Vec<MessageRow> = query.load(conn).await?;
    Ok((described(conn, dialog, rows).await?, total))
}

/// Messages after this place, at most so many, in their order.
///
/// # Errors
/// If the database fails.
pub async fn after(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    position: i32,
    limit: i64,
) -> QueryResult<Vec<MessageRow>> {
    dialog_messages::table
        .filter(dialog_messages::dialog_id.eq(dialog))
        .filter(dialog_messages::position.gt(position))
        .order(dialog_messages::position)
        .limit(limit)
        .select(MessageRow::as_select())
        .load(conn)
        .await
}

/// Messages before this place, at most so many, the latest first.
///
/// # Errors
/// If the database fails.
pub async fn before(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    position: i32,
    limit: i64,
) -> QueryResult<Vec<MessageRow>> {
    dialog_messages::table
        .filter(dialog_messages::dialog_id.eq(dialog))
        .filter(dialog_messages::position.lt(position))
        .order(dialog_messages::position.desc())
        .limit(limit)
        .select(MessageRow::as_select())
        .load(conn)
        .await
}

/// How many answers with a text there are before this place.
///
/// # Errors
/// If the database fails.
pub async fn answers_before(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    position: i32,
) -> QueryResult<i64> {
    dialog_messages::table
        .filter(dialog_messages::dialog_id.eq(dialog))
        .filter(dialog_messages::position.lt(position))
        .filter(dialog_messages::role.eq(MessageRole::Assistant.as_str()))
        .filter(dialog_messages::content.ne(""))
        .count()
        .get_result(conn)
        .await
}

/// Rows as messages, each answer with the question that it answers: the one right before it.
async fn described(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    rows: Vec<MessageRow>,
) -> QueryResult<Vec<Message>> {
    let places: Vec<i32> = rows.iter().map(|row| row.position - 1).collect();
    let questions: Vec<(i32, Uuid)> = dialog_messages::table
        .filter(dialog_messages::dialog_id.eq(dialog))
        .filter(dialog_messages::position.eq_any(places))
        .select((dialog_messages::position, dialog_messages::id))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|row| {
            let place = row.position - 1;
            let question = questions.iter().find(|(position, _)| *position == place);
            row.message(question.map(|(_, id)| *id))
        })
        .collect()
}

/// A message of a dialog.
///
/// # Errors
/// If the database fails.
pub async fn get(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    id: Uuid,
) -> QueryResult<Option<MessageRow>> {
    dialog_messages::table
        .find(id)
        .filter(dialog_messages::dialog_id.eq(dialog))
        .select(MessageRow::as_select())
        .first(conn)
        .await
        .optional()
}

/// The message at a place of a dialog.
///
/// # Errors
/// If the database fails.
pub async fn at(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    position: i32,
) -> QueryResult<Option<MessageRow>> {
    dialog_messages::table
        .filter(dialog_messages::dialog_id.eq(dialog))
        .filter(dialog_messages::position.eq(position))
        .select(MessageRow::as_select())
        .first(conn)
        .await
        .optional()
}

/// The place after the last message.
///
/// # Errors
/// If the database fails.
pub async fn next_position(conn: &mut AsyncPgConnection, dialog: Uuid) -> QueryResult<i32> {
    let last: Option<i32> = dialog_messages::table
        .filter(dialog_messages::dialog_id.eq(dialog))
        .select(max(dialog_messages::position))
        .first(conn)
        .await?;
    Ok(last.map_or(0, |last| last + 1))
}

/// How many messages a dialog has.
///
/// # Errors
/// If the database fails.
pub async fn count(conn: &mut AsyncPgConnection, dialog: Uuid) -> QueryResult<i64> {
    dialog_messages::table
        .filter(dialog_messages::dialog_id.eq(dialog))
        .count()
        .get_result(conn)
        .await
}

/// Removes the message at this place and all after it.
///
/// # Errors
/// If the database fails.
pub async fn remove_from(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    position: i32,
) -> QueryResult<()> {
    diesel::delete(
        dialog_messages::table
            .filter(dialog_messages::dialog_id.eq(dialog))
            .filter(dialog_messages::position.ge(position)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores a message, which is the latest of its dialog.
///
/// # Errors
/// If the database fails.
pub async fn insert(conn: &mut AsyncPgConnection, row: &MessageRow) -> QueryResult<()> {
    diesel::insert_into(dialog_messages::table)
        .values(row)
        .execute(conn)
        .await?;
    diesel::update(dialogs::table.find(row.dialog_id))
        .set(dialogs::updated_at.eq(row.created_at))
        .execute(conn)
        .await?;
    Ok(())
}
