//! Makes what a file says: planned, and then written in one transaction, with a record of each change in the audit log.

use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use understudy_shared::{ConfigPlan, ProblemCode};

use super::plan::{Context, Planned, Stored, plan};
use super::read::ConfigFile;
use crate::auth::Author;
use crate::db;
use crate::db::time::now;
use crate::db::{Change, Pool};
use crate::error::ApiError;
use crate::routes::answer::refused;

/// How often planning starts again because somebody else has changed something in between.
const TRIES: usize = 5;

/// What is to be done with a file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only say what would be done.
    pub dry_run: bool,
    /// Remove what the file's sections do not have.
    pub prune: bool,
    /// The plan that somebody has looked at.
    pub fingerprint: Option<String>,
}

/// Applies a file, or only plans it. Names are resolved while nothing is locked, so the plan is made before the transaction and holds in it
/// if nothing has changed since.
///
/// # Errors
/// With every fault of the file; if the fingerprint is of another plan; or if the database fails. Then nothing is changed.
pub async fn apply(
    pool: &Pool,
    file: &ConfigFile,
    context: Context<'_>,
    options: &Options,
    author: &Author,
) -> Result<ConfigPlan, ApiError> {
    for _ in 0..TRIES {
        let mut conn = pool.get().await?;
        let stored = Stored::read(&mut conn).await?;
        drop(conn);
        let mut planned = plan(file, &stored, context, options).await?;
        let looked_at = options.fingerprint.as_ref();
        if looked_at.is_some_and(|fingerprint| *fingerprint != planned.plan.fingerprint) {
            return Err(ApiError::new(
                ProblemCode::PreconditionFailed,
                "The configuration, the file or the options are not those of the plan that was looked at; look at the new plan.",
            ));
        }
        if options.dry_run {
            return Ok(planned.plan);
        }
        planned.plan.applied = true;
        if planned.plan.is_empty() {
            return Ok(planned.plan);
        }
        let mut conn = pool.get().await?;
        let written = conn.transaction::<_, ApiError, _>(async |conn| {
            db::model_instances::lock_configuration(conn).await?;
            if db::configuration::versions(conn).await? != stored.versions() {
                return Ok(false);
            }
            write(conn, &planned, context, author).await?;
            Ok(true)
        });
        if written.await? {
            return Ok(planned.plan);
        }
    }
    Err(ApiError::new(
        ProblemCode::Conflict,
        "Others keep changing the configuration; try again.",
    ))
}

/// In an order in which every reference holds: what refers to something is there after it, and gone before it.
async fn write(
    conn: &mut AsyncPgConnection,
    planned: &Planned,
    context: Context<'_>,
    author: &Author,
) -> Result<(), ApiError> {
    let mut change = Change::within(conn, author)?;
    for write in &planned.instances {
        let Some(before) = &write.before else {
            continue;
        };
        // From what is stored at this moment: kept secrets may have been encrypted anew, which changes no version.
        let id = before.row.id;
        let current = db::model_instances::lock(&mut change, id).await?;
        let current = current.ok_or_else(|| ApiError::internal("an instance is gone"))?;
        let after = current.changed(&write.valid, context.cipher, now())?;
        db::model_instances::update(&mut change, &current, &after)
            .await
            .map_err(refused)?;
    }
    let written: QueryResult<()> = async {
        for assistant in &planned.deleted_assistants {
            db::assistants::delete(&mut change, assistant).await?;
        }
        for write in planned
            .instances
            .iter()
            .filter(|write| write.before.is_none())
        {
            db::model_instances::insert(&mut change, &write.after).await?;
        }
        for write in &planned.groups {
            match &write.before {
                Some(before) => {
                    db::model_groups::update(&mut change, before, &write.after).await?;
                }
                None => db::model_groups::insert(&mut change, &write.after).await?,
            }
        }
        for write in &planned.assistants {
            match &write.before {
                Some(before) => {
                    db::assistants::update(&mut change, before, &write.after).await?;
                }
                None => db::assistants::insert(&mut change, &write.after).await?,
            }
        }
        for group in &planned.deleted_groups {
            db::model_groups::delete(&mut change, group).await?;
        }
        for instance in &planned.deleted_instances {
            db::model_instances::delete(&mut change, instance).await?;
        }
        Ok(())
    }
    .await;
    written.map_err(refused)
}
