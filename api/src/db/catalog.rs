//! What there is: every instance, group, assistant and key with its version. What live events are made from.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use understudy_shared::{ApiKey, Visibility};
use uuid::Uuid;

use super::model_groups::StoredModelGroup;
use super::model_instances::MemberFacts;
use super::schema::{assistants, model_instances as table};
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

/// An assistant, as far as its changes and those who see them are concerned.
#[derive(Clone, Debug)]
pub struct CatalogAssistant {
    /// Id.
    pub id: Uuid,
    /// Counts the changes.
    pub version: i64,
    /// Whose it is alone; none if everybody finds it.
    pub only_for: Option<Uuid>,
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
    /// Assistants.
    pub assistants: Vec<CatalogAssistant>,
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
                assistants: assistants_in_short(conn).await?,
                facts: model_instances::facts(conn, &ids).await?,
                groups: model_groups::all(conn).await?,
                keys: keys.map(without_use).collect(),
                instances,
            })
        })
        .await
}

/// What they say to models stays where it is: there may be megabytes of it.
async fn assistants_in_short(conn: &mut AsyncPgConnection) -> QueryResult<Vec<CatalogAssistant>> {
    let rows: Vec<(Uuid, i64, Option<Uuid>, String)> = assistants::table
        .order(assistants::name_key)
        .select((
            assistants::id,
            assistants::version,
            assistants::owner_id,
            assistants::visibility,
        ))
        .load(conn)
        .await?;
    let in_short =
        |(id, version, owner, visibility): (Uuid, i64, Option<Uuid>, String)| CatalogAssistant {
            id,
            version,
            only_for: owner.filter(|_| visibility != Visibility::Shared.as_str()),
        };
    Ok(rows.into_iter().map(in_short).collect())
}

fn without_use(row: api_keys::ApiKeyRow) -> ApiKey {
    ApiKey {
        last_used_at: None,
        ..ApiKey::from(row)
    }
}
