//! Pages of messages, which end where they have enough text: an answer may be a mebibyte long, and a page two hundred messages.

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use understudy_shared::Message;
use uuid::Uuid;

use super::{MessageRow, after, described};
use crate::db::schema::dialog_messages;

/// Bytes of text that are read at once: beyond as many no further message is begun.
const MOST: i64 = 8 * 1024 * 1024;

#[diesel::declare_sql_function]
extern "SQL" {
    /// How many bytes a text has.
    fn octet_length(text: Text) -> Integer;
}

/// A page of a dialog's messages, and how many there are in all. It ends before its limit where it has `MOST` bytes.
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
        .select((
            dialog_messages::position,
            octet_length(dialog_messages::content),
        ))
        .limit(limit)
        .offset(offset)
        .into_boxed();
    query = if latest_first {
        query.order(dialog_messages::position.desc())
    } else {
        query.order(dialog_messages::position)
    };
    let places = fitting(query.load(conn).await?);
    let mut rows: Vec<MessageRow> = dialog_messages::table
        .filter(dialog_messages::dialog_id.eq(dialog))
        .filter(dialog_messages::position.eq_any(places))
        .order(dialog_messages::position)
        .select(MessageRow::as_select())
        .load(conn)
        .await?;
    if latest_first {
        rows.reverse();
    }
    Ok((described(conn, dialog, rows).await?, total))
}

/// Messages after this place in their order: at most so many, and about `MOST` bytes.
///
/// # Errors
/// If the database fails.
pub async fn piece(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    position: i32,
    limit: i64,
) -> QueryResult<Vec<MessageRow>> {
    let places = dialog_messages::table
        .filter(dialog_messages::dialog_id.eq(dialog))
        .filter(dialog_messages::position.gt(position))
        .order(dialog_messages::position)
        .limit(limit)
        .select((
            dialog_messages::position,
            octet_length(dialog_messages::content),
        ))
        .load(conn)
        .await?;
    let places = i64::try_from(fitting(places).len()).unwrap_or(limit);
    after(conn, dialog, position, places).await
}

/// The places of the messages that fit into `MOST` bytes, one in any case. How long each is the database knows without reading it.
fn fitting(messages: Vec<(i32, i32)>) -> Vec<i32> {
    let mut room = MOST;
    let mut fits = |length: i32| {
        let had_room = room > 0;
        room -= i64::from(length);
        had_room
    };
    let fitting = messages.into_iter().take_while(|(_, length)| fits(*length));
    fitting.map(|(position, _)| position).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_message_in_any_case_and_begins_none_beyond_its_bytes() {
        let most = i32::try_from(MOST).unwrap();
        let fitting = |lengths: &[i32]| {
            let messages = lengths.iter().enumerate();
            let messages = messages.map(|(at, length)| (i32::try_from(at).unwrap(), *length));
            fitting(messages.collect()).len()
        };
        assert_eq!(fitting(&[]), 0);
        assert_eq!(fitting(&[0; 200]), 200);
        assert_eq!(fitting(&[i32::MAX, 1]), 1);
        assert_eq!(fitting(&[most - 1, 9, 1]), 2);
        assert_eq!(fitting(&[most, 0]), 1);
    }
}
