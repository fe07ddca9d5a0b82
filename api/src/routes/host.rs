//! `GET /api/v1/host`: what the machine of the service has to run a model with.

use actix_web::{HttpResponse, get, web};
use understudy_shared::Host;

use crate::auth::{Caller, ManageRead};
use crate::error::ApiError;

/// Get the machine's resources
///
/// Memory, processors and graphics processors of the machine that answers, as they are now. Graphics processors are those of NVIDIA; without its driver
/// there are none. With several replicas each tells of its own machine.
#[utoipa::path(
    tag = "host",
    responses((status = 200, description = "The resources", body = Host)),
)]
#[get("/api/v1/host")]
pub async fn get_host(_caller: Caller<ManageRead>) -> Result<HttpResponse, ApiError> {
    let read = web::block(crate::host::read).await;
    let read = read.map_err(|_| ApiError::stopping())?;
    let host = read.map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(HttpResponse::Ok().json(host))
}
