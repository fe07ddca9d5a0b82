//! Drills of instances. Beside the rows of [`super::rows`], so that a change of an instance never touches its drill, and a drill
//! never its version: a form that somebody has open can still be saved.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use understudy_shared::{AuditAction, AuditTargetKind};
use uuid::Uuid;

use crate::db::change::{Change, Target};
use crate::db::schema::model_instances;
use crate::domain::changes;
use crate::domain::model_instance::Drill;

type Columns = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

fn drill((since, until): Columns) -> Option<Drill> {
    Some(Drill {
        since: since?,
        until: until?,
    })
}

/// The drills of all instances, those that are over included.
///
/// # Errors
/// If the database fails.
pub async fn drills(conn: &mut AsyncPgConnection) -> QueryResult<HashMap<Uuid, Drill>> {
    let rows: Vec<(Uuid, Columns)> = model_instances::table
        .filter(model_instances::drilled_until.is_not_null())
        .select((
            model_instances::id,
            (
                model_instances::drilled_since,
                model_instances::drilled_until,
            ),
        ))
        .load(conn)
        .await?;
    let drills = rows
        .into_iter()
        .filter_map(|(id, columns)| Some((id, drill(columns)?)));
    Ok(drills.collect())
}

/// Name and drill of an instance, locked until the transaction ends.
///
/// # Errors
/// If the database fails.
pub async fn lock_drill(
    conn: &mut AsyncPgConnection,
    id: Uuid,
) -> QueryResult<Option<(String, Option<Drill>)>> {
    let row: Option<(String, Columns)> = model_instances::table
        .find(id)
        .select((
            model_instances::name,
            (
                model_instances::drilled_since,
                model_instances::drilled_until,
            ),
        ))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(name, columns)| (name, drill(columns))))
}

/// Begins, changes or ends the drill of an instance. `before` is the one that goes on; where there is neither, nothing happens.
///
/// # Errors
/// If the database fails.
pub async fn set_drill(
    change: &mut Change<'_>,
    (id, name): (Uuid, &str),
    before: Option<Drill>,
    after: Option<Drill>,
) -> QueryResult<()> {
    let action = match (before, after) {
        (None, None) => return Ok(()),
        (_, Some(_)) => AuditAction::ModelInstanceStartDrill,
        (Some(_), None) => AuditAction::ModelInstanceEndDrill,
    };
    diesel::update(model_instances::table.find(id))
        .set((
            model_instances::drilled_since.eq(after.map(|drill| drill.since)),
            model_instances::drilled_until.eq(after.map(|drill| drill.until)),
        ))
        .execute(&mut **change)
        .await?;
    let until = |drill: Option<Drill>| json!(drill.map(|drill| drill.until));
    let changes = changes::change("drilled_until", until(before), until(after));
    let target = Target::new(AuditTargetKind::ModelInstance, id, name);
    change.record(action, target, changes).await
}
