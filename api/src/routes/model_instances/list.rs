//! `GET /api/v1/model-instances`
#![expect(
    unused_qualifications,
    reason = "the code that utoipa::path makes of `params` names their trait in full"
)]

use actix_web::{HttpResponse, get, web};
use understudy_shared::{InstanceKind, InstanceState, ModelInstance, ModelInstanceId, Page};
use utoipa::IntoParams;
use uuid::Uuid;

use super::describe;
use crate::auth::{ManageRead, Permitted};
use crate::db;
use crate::db::model_instances::ListedInstanceRow;
use crate::error::ApiError;
use crate::routes::extract::{FromParams, Params, Query};
use crate::routes::list::{Comparison, ListParams, ListQuery, Listed, with_items};
use crate::state::AppState;

const KINDS: [(&str, InstanceKind); 3] = [
    ("local", InstanceKind::Local),
    ("network", InstanceKind::Network),
    ("cloud", InstanceKind::Cloud),
];

const STATES: [(&str, InstanceState); 8] = [
    ("up", InstanceState::Up),
    ("down", InstanceState::Down),
    ("unknown", InstanceState::Unknown),
    ("cooling", InstanceState::Cooling),
    ("ejected", InstanceState::Ejected),
    ("auth_failed", InstanceState::AuthFailed),
    ("drilled", InstanceState::Drilled),
    ("disabled", InstanceState::Disabled),
];

/// Filters of the list of instances.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InstanceFilters {
    /// Only instances of this kind.
    kind: Option<InstanceKind>,
    /// Only enabled or only paused ones.
    enabled: Option<bool>,
    /// Only instances in this state.
    state: Option<InstanceState>,
    /// Only members of this group.
    group_id: Option<Uuid>,
}

impl FromParams for InstanceFilters {
    fn from_params(params: &mut Params) -> Result<Self, ApiError> {
        Ok(Self {
            kind: params.take_named("kind", &KINDS)?,
            enabled: params.take_bool("enabled")?,
            state: params.take_named("state", &STATES)?,
            group_id: params.take_as("group_id", "a UUID")?,
        })
    }
}

impl Listed for ListedInstanceRow {
    const SORT_KEYS: &'static [(&'static str, Comparison<Self>)] = &[
        ("name", |a, b| a.name_key.cmp(&b.name_key)),
        ("kind", |a, b| a.kind.cmp(&b.kind)),
        ("enabled", |a, b| a.enabled.cmp(&b.enabled)),
        ("host", |a, b| a.host.cmp(&b.host)),
        ("model", |a, b| a.model.cmp(&b.model)),
        ("created_at", |a, b| a.created_at.cmp(&b.created_at)),
        ("updated_at", |a, b| a.updated_at.cmp(&b.updated_at)),
    ];
    type Filters = InstanceFilters;

    fn id(&self) -> Uuid {
        self.id
    }

    fn texts(&self) -> Vec<&str> {
        let mut texts = vec![self.name.as_str(), &self.description, &self.host];
        texts.extend(self.model.as_deref());
        texts
    }
}

/// List model instances
///
/// Sorted by `name`, `kind`, `enabled`, `host`, `model`, `created_at` or `updated_at`; `q` looks into name, description, host
/// and model.
#[utoipa::path(
    tag = "model-instances",
    params(ListParams, InstanceFilters),
    responses((status = 200, description = "A page of instances", body = Page<ModelInstance>)),
)]
#[get("/api/v1/model-instances")]
pub async fn list_model_instances(
    state: web::Data<AppState>,
    call: Permitted<ManageRead, Query<ListQuery<ListedInstanceRow>>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(_, Query(query)) = call;
    let mut conn = state.pool.get().await?;
    let mut rows = db::model_instances::list(&mut conn).await?;
    rows.retain(|row| passes(row, &query.filters, &state));
    if let Some(group) = query.filters.group_id {
        let members = db::model_groups::member_ids(&mut conn, group).await?;
        rows.retain(|row| members.contains(&row.id));
    }
    let page = query.page(rows);
    let ids: Vec<Uuid> = page.items.iter().map(|row| row.id).collect();
    let stored = db::model_instances::get_many(&mut conn, &ids).await?;
    let items = stored.into_iter().map(|stored| describe(stored, &state));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    Ok(HttpResponse::Ok().json(with_items(page, items)))
}

fn passes(row: &ListedInstanceRow, filters: &InstanceFilters, state: &AppState) -> bool {
    let current = || {
        state
            .gateway
            .instance_status(ModelInstanceId(row.id), row.enabled, row.updated_at)
            .state
    };
    filters.kind.is_none_or(|kind| row.kind == kind.as_str())
        && filters.enabled.is_none_or(|enabled| row.enabled == enabled)
        && filters.state.is_none_or(|wanted| current() == wanted)
}
