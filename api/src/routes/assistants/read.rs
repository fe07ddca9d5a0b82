//! One assistant.

use actix_web::{HttpResponse, get, web};
use understudy_shared::{Assistant, AssistantId};

use super::{Around, Viewer, not_found};
use crate::auth::{Permitted, ReadGroups};
use crate::db;
use crate::error::ApiError;
use crate::routes::answer::resource;
use crate::routes::extract::PathId;
use crate::state::AppState;

/// Get an assistant
///
/// A private one is 404 for everybody but its owner.
#[utoipa::path(
    tag = "assistants",
    params(("id" = AssistantId, Path, description = "Id of the assistant")),
    responses((status = 200, description = "The assistant", body = Assistant, headers(
        ("etag" = String, description = "The version, for If-Match"),
    ))),
)]
#[get("/api/v1/assistants/{id}")]
pub async fn get_assistant(
    state: web::Data<AppState>,
    call: Permitted<ReadGroups, PathId<AssistantId>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, PathId(id)) = call;
    let viewer = Viewer::of(&who);
    let mut conn = state.pool.get().await?;
    let row = db::assistants::get(&mut conn, id.0)
        .await?
        .filter(|row| viewer.sees(row))
        .ok_or_else(not_found)?;
    let version = row.version;
    let around = Around::of(&mut conn, std::slice::from_ref(&row)).await?;
    let assistant = around.describe(row, viewer, &state.gateway)?;
    Ok(resource(version, &assistant))
}
