//! What there is: every instance, group and key with its version. What live events are made from.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use understudy_shared::ApiKey;
use uuid::Uuid;

use super::model_groups::StoredModelGroup;
use super::model_instances::MemberFacts;
use super::schema::model_instances as table;
use super::{api_keys, configuration, model_groups, model_instances};

/// An instance, as far as its status and its changes are concerned.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = table, check_for_backend(diesel::pg::Pg))]
pub struct CatalogInstance {
    /// Id.
    pub id: Uuid,
    /// Whether it is in use.
    pub enabled: bool,
    /// Counts the changes.
    pub version: i64,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

/// What there is, at one moment.
#[derive(Debug)]
pub struct Catalog {
    /// Counts the changes.
    pub revision: i64,
    /// Instances.
    pub instances: Vec<CatalogInstance>,
    /// Groups with their members.
    pub groups: Vec<StoredModelGroup>,
    /// What groups show of their members.
    pub facts: HashMap<Uuid, MemberFacts>,
    /// Keys, without when they were last used: that changes nothing.
    pub keys: Vec<ApiKey>,
}

/// Reads everything in one transaction.
///
/// # Errors
/// If the database fails.
pub async fn read(conn: &mut AsyncPgConnection) -> QueryResult<Catalog> {
    conn.build_transaction()
        .read_only()
        .repeatable_read()
        .run(async |conn| {
            let revision = configuration::revision(conn).await?;
            let instances: Vec<CatalogInstance> = table::table
                .order(table::id)
                .select(CatalogInstance::as_select())
                .load(conn)
                .await?;
            let ids: Vec<Uuid> = instances.iter().map(|instance| instance.id).collect();
            let keys = api_keys::list(conn, None).await?.into_iter();
            Ok(Catalog {
                revision,
                facts: model_instances::facts(conn, &ids).await?,
                groups: model_groups::all(conn).await?,
                keys: keys.map(without_use).collect(),
                instances,
            })
        })
        .await
}

fn without_use(row: api_keys::ApiKeyRow) -> ApiKey {
    ApiKey {
        last_used_at: None,
        ..ApiKey::from(row)
    }
}
