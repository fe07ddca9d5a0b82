//! `GET /api/v1/dialogs`, and one of them.
#![expect(
    unused_qualifications,
    reason = "the code that utoipa::path makes of `params` names their trait in full"
)]

use actix_web::{HttpResponse, get, web};
use understudy_shared::{Dialog, DialogId, Page};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{describe, described, not_found};
use crate::auth::{OwnDialogs, Permitted};
use crate::db;
use crate::db::dialogs::StoredDialog;
use crate::error::ApiError;
use crate::routes::extract::{FromParams, Params, PathId, Query};
use crate::routes::list::{Comparison, ListParams, ListQuery, Listed, with_items};
use crate::state::AppState;

/// Filters of the list of dialogs.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DialogFilters {
    /// Only dialogs with this group.
    group_id: Option<Uuid>,
    /// Only dialogs with this assistant.
    assistant_id: Option<Uuid>,
}

impl FromParams for DialogFilters {
    fn from_params(params: &mut Params) -> Result<Self, ApiError> {
        Ok(Self {
            group_id: params.take_as("group_id", "a UUID")?,
            assistant_id: params.take_as("assistant_id", "a UUID")?,
        })
    }
}

impl DialogFilters {
    fn pass(&self, dialog: &StoredDialog) -> bool {
        let row = &dialog.row;
        self.group_id.is_none_or(|id| row.group_id == Some(id))
            && self
                .assistant_id
                .is_none_or(|id| row.assistant_id == Some(id))
    }
}

impl Listed for StoredDialog {
    const SORT_KEYS: &'static [(&'static str, Comparison<Self>)] = &[
        ("updated_at", |a, b| a.row.updated_at.cmp(&b.row.updated_at)),
        ("created_at", |a, b| a.row.created_at.cmp(&b.row.created_at)),
        ("title", |a, b| {
            a.row.title.to_lowercase().cmp(&b.row.title.to_lowercase())
        }),
    ];
    const LATEST_FIRST: bool = true;
    type Filters = DialogFilters;

    fn id(&self) -> Uuid {
        self.row.id
    }

    fn texts(&self) -> Vec<&str> {
        vec![
            &self.row.title,
            &self.row.target_name,
            &self.row.target_title,
        ]
    }
}

/// List dialogs
///
/// One's own, those with the latest messages first. Sorted by `updated_at`, `created_at` or `title`; `q` looks into the title and the names
/// of what they are with, not into messages.
#[utoipa::path(
    tag = "dialogs",
    security(("access_token" = [])),
    params(ListParams, DialogFilters),
    responses((status = 200, description = "A page of dialogs", body = Page<Dialog>)),
)]
#[get("/api/v1/dialogs")]
pub async fn list_dialogs(
    state: web::Data<AppState>,
    call: Permitted<OwnDialogs, Query<ListQuery<StoredDialog>>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, Query(query)) = call;
    let mut conn = state.pool.get().await?;
    let dialogs = db::dialogs::all(&mut conn, person.id.0).await?;
    let passing = dialogs.into_iter();
    let passing = passing
        .filter(|dialog| query.filters.pass(dialog))
        .collect();
    let mut page = query.page(passing);
    let items = std::mem::take(&mut page.items);
    let rows = items.iter().map(|dialog| &dialog.row);
    let targets = db::dialogs::targets(&mut conn, person.id.0, rows).await?;
    let ids: Vec<Uuid> = items.iter().map(|dialog| dialog.row.id).collect();
    let counts = db::dialogs::message_counts(&mut conn, &ids).await?;
    let items = items
        .into_iter()
        .map(|dialog| describe(dialog, &targets, &counts, &state.gateway))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(HttpResponse::Ok().json(with_items(page, items)))
}

/// Get a dialog
#[utoipa::path(
    tag = "dialogs",
    security(("access_token" = [])),
    params(("id" = DialogId, Path, description = "Id of the dialog")),
    responses((status = 200, description = "The dialog", body = Dialog)),
)]
#[get("/api/v1/dialogs/{id}")]
pub async fn get_dialog(
    state: web::Data<AppState>,
    call: Permitted<OwnDialogs, PathId<DialogId>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, PathId(id)) = call;
    let mut conn = state.pool.get().await?;
    let stored = db::dialogs::get(&mut conn, person.id.0, id.0)
        .await?
        .ok_or_else(not_found)?;
    let dialog = described(&mut conn, person.id.0, stored, &state.gateway).await?;
    Ok(HttpResponse::Ok().json(dialog))
}
