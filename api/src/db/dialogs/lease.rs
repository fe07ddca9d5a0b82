//! Who gives the answer of a dialog: one at a time, over all replicas.
//!
//! The rule: the lease names the answer, not the replica. It is renewed while the answer is given, and ends by itself if nobody does: with
//! the process, or with its connection. What was begun before a lease that ran out is not stored any more, since another answer may be
//! there by now. All of it goes by the database's clock.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::db::schema::dialogs;

/// When a lease ends that is taken or renewed now and never again.
fn until() -> SqlLiteral<Nullable<Timestamptz>> {
    sql("clock_timestamp() + interval '30 seconds'")
}

/// Takes the lease for an answer. The dialog is locked, and nobody else has it.
///
/// # Errors
/// If the database fails.
pub async fn take(conn: &mut AsyncPgConnection, dialog: Uuid, answer: Uuid) -> QueryResult<()> {
    diesel::update(dialogs::table.find(dialog))
        .set((
            dialogs::answering_id.eq(Some(answer)),
            dialogs::answering_until.eq(until()),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Renews the lease of an answer: whether it still has it.
///
/// # Errors
/// If the database fails.
pub async fn renew(conn: &mut AsyncPgConnection, dialog: Uuid, answer: Uuid) -> QueryResult<bool> {
    let held = dialogs::table
        .find(dialog)
        .filter(dialogs::answering_id.eq(answer));
    let renewed = diesel::update(held)
        .set(dialogs::answering_until.eq(until()))
        .execute(conn)
        .await?;
    Ok(renewed > 0)
}

/// Locks the dialog of an answer that still has the lease: whether it does.
///
/// # Errors
/// If the database fails.
pub async fn lock(conn: &mut AsyncPgConnection, dialog: Uuid, answer: Uuid) -> QueryResult<bool> {
    let held = dialogs::table
        .find(dialog)
        .filter(dialogs::answering_id.eq(answer))
        .select(dialogs::id)
        .for_update();
    let held: Option<Uuid> = held.first(conn).await.optional()?;
    Ok(held.is_some())
}

/// Gives the lease back.
///
/// # Errors
/// If the database fails.
pub async fn release(conn: &mut AsyncPgConnection, dialog: Uuid, answer: Uuid) -> QueryResult<()> {
    let held = dialogs::table
        .find(dialog)
        .filter(dialogs::answering_id.eq(answer));
    diesel::update(held)
        .set((
            dialogs::answering_id.eq(None::<Uuid>),
            dialogs::answering_until.eq(None::<chrono::DateTime<chrono::Utc>>),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
