//! `GET /api/v1/model-instances/{id}`

use actix_web::{HttpResponse, get, web};
use understudy_shared::{ModelInstance, ModelInstanceId};

use super::{describe, not_found};
use crate::auth::{ManageRead, Permitted};
use crate::db;
use crate::error::ApiError;
use crate::routes::answer::resource;
use crate::routes::extract::PathId;
use crate::state::AppState;

/// Get a model instance
#[utoipa::path(
    tag = "model-instances",
    params(("id" = ModelInstanceId, Path, description = "Id of the instance")),
    responses((status = 200, description = "The instance", body = ModelInstance, headers(
        ("etag" = String, description = "The version, for If-Match"),
    ))),
)]
#[get("/api/v1/model-instances/{id}")]
pub async fn get_model_instance(
    state: web::Data<AppState>,
    call: Permitted<ManageRead, PathId<ModelInstanceId>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(_, PathId(id)) = call;
    let mut conn = state.pool.get().await?;
    let stored = db::model_instances::get(&mut conn, id.0)
        .await?
        .ok_or_else(not_found)?;
    Ok(resource(stored.row.version, &describe(stored, &state)?))
}
