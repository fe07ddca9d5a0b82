//! Dialogs: reading and changing them, and what their answers have in common.
//!
//! The rule: every query takes the person's id, so that other people's dialogs do not exist (404), for administrators as well.

mod ask;
mod export;
mod list;
mod messages;
mod question;
mod stream;
mod target;
mod write;

pub use export::*;
pub use list::*;
pub use messages::*;
pub use write::*;

use std::collections::HashMap;

use diesel_async::AsyncPgConnection;
use understudy_shared::{AssistantId, Dialog, DialogId, ModelGroupId};
use uuid::Uuid;

use crate::db;
use crate::db::dialogs::{StoredDialog, Targets};
use crate::error::ApiError;
use crate::gateway::Gateway;

fn not_found() -> ApiError {
    ApiError::not_found("dialog with this id")
}

/// A person's dialog as an answer shows it.
async fn described(
    conn: &mut AsyncPgConnection,
    person: Uuid,
    stored: StoredDialog,
    gateway: &Gateway,
) -> Result<Dialog, ApiError> {
    let targets = db::dialogs::targets(conn, person, std::iter::once(&stored.row)).await?;
    let counts = db::dialogs::message_counts(conn, &[stored.row.id]).await?;
    describe(stored, &targets, &counts, gateway)
}

fn describe(
    stored: StoredDialog,
    targets: &Targets,
    counts: &HashMap<Uuid, i64>,
    gateway: &Gateway,
) -> Result<Dialog, ApiError> {
    let StoredDialog { row, answering } = stored;
    let messages = counts.get(&row.id).copied().unwrap_or_default();
    Ok(Dialog {
        id: DialogId(row.id),
        target: target::describe(&row, targets, gateway)?,
        title: row.title,
        group_id: row.group_id.map(ModelGroupId),
        assistant_id: row.assistant_id.map(AssistantId),
        messages: u64::try_from(messages).unwrap_or_default(),
        answering,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
