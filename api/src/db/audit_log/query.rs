//! The list and the export. Filtered, ordered and cut by the database, unlike other lists, since the log only grows: each filter has an
//! index in the order of the list.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use understudy_shared::{AuditActorKind, AuditOutcome};
use uuid::Uuid;

use super::RecordRow;
use crate::db::schema::audit_log;

/// Who is asked for.
#[derive(Clone, Debug)]
pub enum ActorFilter {
    /// By id.
    Id(Uuid),
    /// By name, in lower case.
    Name(String),
}

/// Which actions are asked for.
#[derive(Clone, Debug)]
pub enum ActionFilter {
    /// This one.
    One(String),
    /// All of a noun.
    Noun(String),
}

/// Which records are asked for.
#[derive(Clone, Debug, Default)]
pub struct RecordFilter {
    /// By whom.
    pub actor: Option<ActorFilter>,
    /// By what sort of actor.
    pub actor_kind: Option<AuditActorKind>,
    /// What was done.
    pub action: Option<ActionFilter>,
    /// Kind of what it was done to.
    pub target_kind: Option<String>,
    /// Id of what it was done to.
    pub target_id: Option<Uuid>,
    /// What came of it.
    pub outcome: Option<AuditOutcome>,
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub to: Option<DateTime<Utc>>,
    /// From this address.
    pub address: Option<String>,
    /// A text in lower case that is in a name, the action, the address or the id of the request.
    pub q: Option<String>,
}

/// The place of a record in the order of the log.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// When.
    pub at: DateTime<Utc>,
    /// Decides among equals.
    pub id: Uuid,
}

impl RecordFilter {
    fn rows(&self) -> audit_log::BoxedQuery<'_, Pg> {
        let mut rows = audit_log::table.into_boxed();
        match &self.actor {
            Some(ActorFilter::Id(id)) => rows = rows.filter(audit_log::actor_id.eq(id)),
            Some(ActorFilter::Name(name)) => rows = rows.filter(audit_log::actor_key.eq(name)),
            None => {}
        }
        if let Some(kind) = self.actor_kind {
            rows = rows.filter(audit_log::actor_kind.eq(kind.as_str()));
        }
        match &self.action {
            Some(ActionFilter::One(action)) => rows = rows.filter(audit_log::action.eq(action)),
            Some(ActionFilter::Noun(noun)) => rows = rows.filter(audit_log::noun.eq(noun)),
            None => {}
        }
        if let Some(kind) = &self.target_kind {
            rows = rows.filter(audit_log::target_kind.eq(kind));
        }
        if let Some(id) = self.target_id {
            rows = rows.filter(audit_log::target_id.eq(id));
        }
        if let Some(outcome) = self.outcome {
            rows = rows.filter(audit_log::outcome.eq(outcome.as_str()));
        }
        if let Some(from) = self.from {
            rows = rows.filter(audit_log::at.ge(from));
        }
        if let Some(to) = self.to {
            rows = rows.filter(audit_log::at.lt(to));
        }
        if let Some(address) = &self.address {
            rows = rows.filter(audit_log::address.eq(address));
        }
        if let Some(q) = &self.q {
            // No pattern: `%` and `_` have no meaning.
            let found = sql::<Bool>("strpos(search, ")
                .bind::<Text, _>(q)
                .sql(") > 0");
            rows = rows.filter(found);
        }
        rows
    }
}

/// How many records there are.
///
/// # Errors
/// If the database fails.
pub async fn count(conn: &mut AsyncPgConnection, filter: &RecordFilter) -> QueryResult<i64> {
    filter.rows().count().get_result(conn).await
}

/// A page of records, the latest or the oldest first.
///
/// # Errors
/// If the database fails.
pub async fn page(
    conn: &mut AsyncPgConnection,
    filter: &RecordFilter,
    latest_first: bool,
    limit: u32,
    offset: i64,
) -> QueryResult<Vec<RecordRow>> {
    let rows = filter.rows().select(RecordRow::as_select());
    let rows = if latest_first {
        rows.order((audit_log::at.desc(), audit_log::id.desc()))
    } else {
        rows.order((audit_log::at.asc(), audit_log::id.asc()))
    };
    rows.limit(limit.into()).offset(offset).load(conn).await
}

/// The records before this place, the latest first.
///
/// # Errors
/// If the database fails.
pub async fn before(
    conn: &mut AsyncPgConnection,
    filter: &RecordFilter,
    place: Place,
    limit: i64,
) -> QueryResult<Vec<RecordRow>> {
    let earlier = sql::<Bool>("(at, id) < (")
        .bind::<Timestamptz, _>(place.at)
        .sql(", ")
        .bind::<diesel::sql_types::Uuid, _>(place.id)
        .sql(")");
    let rows = filter.rows().filter(earlier);
    rows.select(RecordRow::as_select())
        .order((audit_log::at.desc(), audit_log::id.desc()))
        .limit(limit)
        .load(conn)
        .await
}

/// The place behind all records that there are.
///
/// # Errors
/// If the database fails.
pub async fn end(conn: &mut AsyncPgConnection) -> QueryResult<Place> {
    let at = diesel::select(sql::<Timestamptz>("clock_timestamp()"));
    Ok(Place {
        at: at.get_result(conn).await?,
        id: Uuid::max(),
    })
}
