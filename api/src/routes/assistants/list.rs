//! `GET /api/v1/assistants`: what a dialog begins with.
#![expect(
    unused_qualifications,
    reason = "the code that utoipa::path makes of `params` names their trait in full"
)]

use actix_web::{HttpResponse, get, web};
use understudy_shared::{Assistant, Page, Visibility};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Around, Viewer};
use crate::auth::{Permitted, ReadGroups};
use crate::db;
use crate::db::assistants::AssistantRow;
use crate::error::ApiError;
use crate::routes::extract::{FromParams, Params, Query};
use crate::routes::list::{Comparison, ListParams, ListQuery, Listed, with_items};
use crate::routes::model_groups::availability;
use crate::state::AppState;

/// Filters of the list of assistants.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AssistantFilters {
    /// Only one's own that nobody else finds, or only those that everybody finds.
    #[param(inline)]
    visibility: Option<Visibility>,
    /// Only assistants that would answer now, or only those that would not.
    available: Option<bool>,
    /// Only assistants that this group answers for.
    group_id: Option<Uuid>,
}

impl FromParams for AssistantFilters {
    fn from_params(params: &mut Params) -> Result<Self, ApiError> {
        Ok(Self {
            visibility: params
                .take_named("visibility", &Visibility::ALL.map(|v| (v.as_str(), v)))?,
            available: params.take_bool("available")?,
            group_id: params.take_as("group_id", "a UUID")?,
        })
    }
}

impl AssistantFilters {
    fn pass(&self, row: &AssistantRow) -> bool {
        let visibility = |wanted: Visibility| row.visibility_name() == wanted.as_str();
        self.visibility.is_none_or(visibility)
            && self.group_id.is_none_or(|id| row.group_id == Some(id))
    }
}

impl Listed for AssistantRow {
    const SORT_KEYS: &'static [(&'static str, Comparison<Self>)] = &[
        ("name", |a, b| a.name_key.cmp(&b.name_key)),
        ("title", |a, b| {
            a.title.to_lowercase().cmp(&b.title.to_lowercase())
        }),
        ("visibility", |a, b| {
            a.visibility_name().cmp(b.visibility_name())
        }),
        ("created_at", |a, b| a.created_at.cmp(&b.created_at)),
        ("updated_at", |a, b| a.updated_at.cmp(&b.updated_at)),
    ];
    type Filters = AssistantFilters;

    fn id(&self) -> Uuid {
        self.id
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.name, &self.title, &self.description]
    }
}

/// List assistants
///
/// One's own, and those that everybody finds; keys find the latter. `?available=true` gives those that would answer now. Sorted by
/// `name`, `title`, `visibility`, `created_at` or `updated_at`; `q` looks into name, title and description.
#[utoipa::path(
    tag = "assistants",
    params(ListParams, AssistantFilters),
    responses((status = 200, description = "A page of assistants", body = Page<Assistant>)),
)]
#[get("/api/v1/assistants")]
pub async fn list_assistants(
    state: web::Data<AppState>,
    call: Permitted<ReadGroups, Query<ListQuery<AssistantRow>>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, Query(query)) = call;
    let viewer = Viewer::of(&who);
    let mut conn = state.pool.get().await?;
    let mut rows = db::assistants::visible_to(&mut conn, viewer.person).await?;
    rows.retain(|row| query.filters.pass(row));
    let around = Around::of(&mut conn, &rows).await?;
    if let Some(wanted) = query.filters.available {
        let mut passing = Vec::with_capacity(rows.len());
        for row in rows {
            let found = availability(around.group(&row), &around.facts, &state.gateway)?;
            if found.is_available() == wanted {
                passing.push(row);
            }
        }
        rows = passing;
    }
    let mut page = query.page(rows);
    let items = std::mem::take(&mut page.items).into_iter();
    let items = items
        .map(|row| around.describe(row, viewer, &state.gateway))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(HttpResponse::Ok().json(with_items(page, items)))
}
