//! One group, and who would answer for it.

use actix_web::{HttpResponse, get, web};
use understudy_shared::{GroupPreview, ModelGroup, ModelGroupId};

use super::{describe, facts, not_found, traits, verdicts, would_answer};
use crate::auth::{Permitted, ReadGroups};
use crate::db;
use crate::domain::model_group::warnings;
use crate::error::ApiError;
use crate::routes::answer::resource;
use crate::routes::extract::PathId;
use crate::state::AppState;

/// Get a model group
#[utoipa::path(
    tag = "model-groups",
    params(("id" = ModelGroupId, Path, description = "Id of the group")),
    responses((status = 200, description = "The group", body = ModelGroup, headers(
        ("etag" = String, description = "The version, for If-Match"),
    ))),
)]
#[get("/api/v1/model-groups/{id}")]
pub async fn get_model_group(
    state: web::Data<AppState>,
    call: Permitted<ReadGroups, PathId<ModelGroupId>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(_, PathId(id)) = call;
    let mut conn = state.pool.get().await?;
    let stored = db::model_groups::get(&mut conn, id.0)
        .await?
        .ok_or_else(not_found)?;
    let facts = facts(&mut conn, &stored.members).await?;
    Ok(resource(
        stored.row.version,
        &describe(stored, &facts, &state.gateway)?,
    ))
}

/// Say who would answer now
///
/// Every member in order with its verdict and the reason, by the rules that requests follow.
#[utoipa::path(
    tag = "model-groups",
    params(("id" = ModelGroupId, Path, description = "Id of the group")),
    responses((status = 200, description = "Who would answer, and why", body = GroupPreview)),
)]
#[get("/api/v1/model-groups/{id}/preview")]
pub async fn preview_model_group(
    state: web::Data<AppState>,
    call: Permitted<ReadGroups, PathId<ModelGroupId>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(_, PathId(id)) = call;
    let mut conn = state.pool.get().await?;
    let stored = db::model_groups::get(&mut conn, id.0)
        .await?
        .ok_or_else(not_found)?;
    let facts = facts(&mut conn, &stored.members).await?;
    let members = verdicts(&stored, &facts, &state.gateway)?;
    Ok(HttpResponse::Ok().json(GroupPreview {
        would_answer: would_answer(&members),
        members,
        warnings: warnings(&stored.members, |id| traits(&facts, id)),
    }))
}
