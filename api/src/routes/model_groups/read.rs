//! One group, and who would answer for it.

use actix_web::{HttpResponse, get, post, web};
use serde_json::Value;
use understudy_shared::{
    CreateModelGroup, GroupPreview, ModelGroup, ModelGroupId, PreviewModelGroup,
};

use super::{Facts, checked_facts, describe, facts, not_found, traits, verdicts, would_answer};
use crate::auth::{ManageRead, Permitted, ReadGroups};
use crate::db;
use crate::db::model_groups::StoredModelGroup;
use crate::db::time::now;
use crate::domain::model_group::{ValidModelGroup, warnings};
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::routes::answer::resource;
use crate::routes::extract::{JsonBody, PathId, read_as};
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
    let (stored, facts) = find(&state, id).await?;
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
    let (stored, facts) = find(&state, id).await?;
    Ok(HttpResponse::Ok().json(preview(&stored, &facts, &state.gateway)?))
}

/// Say who would answer for a draft
///
/// The fields of a group that need not be stored (`name` may be missing), by the rules of stored groups.
#[utoipa::path(
    tag = "model-groups",
    request_body = PreviewModelGroup,
    responses((status = 200, description = "Who would answer, and why", body = GroupPreview)),
)]
#[post("/api/v1/model-groups/preview")]
pub async fn preview_model_group_draft(
    state: web::Data<AppState>,
    call: Permitted<ManageRead, JsonBody<Value>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(_, JsonBody(tree)) = call;
    let valid = ValidModelGroup::try_from(draft(tree)?).map_err(ApiError::fields)?;
    let mut conn = state.pool.get().await?;
    let facts = checked_facts(&mut conn, &valid).await?;
    let stored = StoredModelGroup::new(&valid, now())?;
    Ok(HttpResponse::Ok().json(preview(&stored, &facts, &state.gateway)?))
}

/// What is stored of a group, and what is known of its members.
async fn find(state: &AppState, id: ModelGroupId) -> Result<(StoredModelGroup, Facts), ApiError> {
    let mut conn = state.pool.get().await?;
    let stored = db::model_groups::get(&mut conn, id.0)
        .await?
        .ok_or_else(not_found)?;
    let facts = facts(&mut conn, &stored.members).await?;
    Ok((stored, facts))
}

/// The draft, under a name of its own if it has none.
fn draft(mut tree: Value) -> Result<CreateModelGroup, ApiError> {
    if let Value::Object(fields) = &mut tree {
        fields.entry("name").or_insert_with(|| "draft".into());
    }
    read_as(tree)
}

fn preview(
    stored: &StoredModelGroup,
    facts: &Facts,
    gateway: &Gateway,
) -> Result<GroupPreview, ApiError> {
    let members = verdicts(stored, facts, gateway)?;
    Ok(GroupPreview {
        would_answer: would_answer(&members),
        members,
        warnings: warnings(&stored.members, |id| traits(facts, id)),
    })
}
