//! Messages of dialogs, in their order. Whose they are was looked at when their dialog was found.

use diesel::dsl::max;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use understudy_shared::{Message, MessageRole};
use uuid::Uuid;

use crate::db::schema::{dialog_messages, dialogs};
use crate::domain::dialog::title::title_of;

mod page;
mod row;

pub use page::{page, piece};
pub use row::{MessageRow, Said};

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

/// What was said before this place, at most so many messages, the latest first.
///
/// # Errors
/// If the database fails.
pub async fn before(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    position: i32,
    limit: i64,
) -> QueryResult<Vec<Said>> {
    dialog_messages::table
        .filter(dialog_messages::dialog_id.eq(dialog))
        .filter(dialog_messages::position.lt(position))
        .order(dialog_messages::position.desc())
        .limit(limit)
        .select(Said::as_select())
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

/// How many messages there are before this place of a dialog.
///
/// # Errors
/// If the database fails.
pub async fn count_before(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    position: i32,
) -> QueryResult<i64> {
    dialog_messages::table
        .filter(dialog_messages::dialog_id.eq(dialog))
        .filter(dialog_messages::position.lt(position))
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

/// Stores a question, which is the latest message of its dialog. The first one gives the dialog its title, unless somebody chose that.
///
/// # Errors
/// If the database fails.
pub async fn insert_question(conn: &mut AsyncPgConnection, row: &MessageRow) -> QueryResult<()> {
    insert(conn, row).await?;
    if row.position == 0 {
        let untitled = dialogs::table
            .find(row.dialog_id)
            .filter(dialogs::titled.eq(false));
        diesel::update(untitled)
            .set(dialogs::title.eq(title_of(&row.content)))
            .execute(conn)
            .await?;
    }
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
