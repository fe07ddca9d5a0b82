//! The audit log: records, the queries of its list and its export, and the removal of what is too old.
//!
//! The rule: records are written by [`super::Change`] alone and never changed; a trigger of the table refuses it.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use understudy_shared::{
    AuditAction, AuditActor, AuditOutcome, AuditRecord, AuditRecordId, AuditTarget,
};
use uuid::Uuid;

use super::change::Target;
use super::convert::{from_json, named, to_json};
use super::schema::audit_log;
use crate::auth::author::Author;
use crate::domain::changes::Changes;

mod prune;
mod query;

pub use prune::*;
pub use query::*;

/// A record as stored.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = audit_log, check_for_backend(Pg))]
pub struct RecordRow {
    /// Id.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_name: Option<String>,
    address: Option<String>,
    action: String,
    target_kind: String,
    target_id: Option<Uuid>,
    target_name: Option<String>,
    changes: Value,
    outcome: String,
    request_id: Option<String>,
}

impl TryFrom<RecordRow> for AuditRecord {
    type Error = diesel::result::Error;

    fn try_from(row: RecordRow) -> QueryResult<Self> {
        Ok(Self {
            id: AuditRecordId(row.id),
            at: row.at,
            actor: AuditActor {
                kind: named(&row.actor_kind)?,
                id: row.actor_id,
                name: row.actor_name,
            },
            address: row.address,
            action: row.action,
            target: AuditTarget {
                kind: row.target_kind,
                id: row.target_id,
                name: row.target_name,
            },
            changes: from_json(&row.changes)?,
            outcome: named(&row.outcome)?,
            request_id: row.request_id,
        })
    }
}

/// A record to be stored. The database says when.
#[derive(Insertable)]
#[diesel(table_name = audit_log)]
pub(super) struct NewRecord<'a> {
    id: Uuid,
    actor_kind: &'static str,
    actor_id: Option<Uuid>,
    actor_name: Option<&'a str>,
    actor_key: Option<String>,
    address: Option<String>,
    action: &'static str,
    target_kind: &'static str,
    target_id: Option<Uuid>,
    target_name: Option<&'a str>,
    changes: Value,
    outcome: &'static str,
    request_id: Option<&'a str>,
    search: String,
}

impl<'a> NewRecord<'a> {
    pub(super) fn new(
        author: &'a Author,
        action: AuditAction,
        target: Target<'a>,
        outcome: AuditOutcome,
        changes: &Changes,
    ) -> QueryResult<Self> {
        let (actor, origin) = (&author.actor, author.origin.as_ref());
        let actor_key = actor.name.as_deref().map(str::to_lowercase);
        let address = origin.map(|origin| origin.address.to_string());
        let request_id = origin.map(|origin| origin.request_id.as_str());
        let texts = [
            actor_key.as_deref(),
            target.name,
            address.as_deref(),
            request_id,
            Some(action.as_str()),
        ];
        let texts: Vec<String> = texts.into_iter().flatten().map(str::to_lowercase).collect();
        Ok(Self {
            id: Uuid::now_v7(),
            actor_kind: actor.kind.as_str(),
            actor_id: actor.id,
            actor_name: actor.name.as_deref(),
            action: action.as_str(),
            target_kind: target.kind.as_str(),
            target_id: target.id,
            target_name: target.name,
            changes: to_json(changes)?,
            outcome: outcome.as_str(),
            // A line break is in none of them, so nobody finds the end of one and the beginning of the next.
            search: texts.join("\n"),
            actor_key,
            address,
            request_id,
        })
    }
}

pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    record: &NewRecord<'_>,
) -> QueryResult<()> {
    diesel::insert_into(audit_log::table)
        .values(record)
        .execute(conn)
        .await?;
    Ok(())
}
