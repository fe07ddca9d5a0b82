//! `POST` and `DELETE /api/v1/model-instances/{id}/drill`: pretend that an instance is down.

use actix_web::{HttpResponse, delete, post, web};
use chrono::TimeDelta;
use diesel_async::AsyncConnection as _;
use understudy_shared::{ModelInstance, ModelInstanceId, StartDrill};

use super::{describe, not_found};
use crate::auth::{Author, ManageWrite, Origin, Permitted, Principal};
use crate::db;
use crate::db::Change;
use crate::db::time::now;
use crate::domain::model_instance::Drill;
use crate::error::ApiError;
use crate::routes::answer::resource;
use crate::routes::extract::{JsonBody, PathId};
use crate::state::AppState;

/// Pretend that a model instance is down
///
/// For so many seconds every replica skips the instance, with the state and the code `drilled`; then the drill ends by itself. Asked
/// again, it ends so many seconds from now. The version of the instance stays, so that a form that is open can be saved.
#[utoipa::path(
    tag = "model-instances",
    params(("id" = ModelInstanceId, Path, description = "Id of the instance")),
    request_body = StartDrill,
    responses((status = 200, description = "The instance, drilled", body = ModelInstance, headers(
        ("etag" = String, description = "The version, for If-Match"),
    ))),
)]
#[post("/api/v1/model-instances/{id}/drill")]
pub async fn start_model_instance_drill(
    state: web::Data<AppState>,
    call: Permitted<ManageWrite, (Origin, PathId<ModelInstanceId>, JsonBody<StartDrill>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, (origin, PathId(id), JsonBody(input))) = call;
    ApiError::check(input.faults())?;
    let length = TimeDelta::seconds(input.seconds.into());
    set(&state, id, &who, &origin.by(&who), Some(length)).await
}

/// End the drill of a model instance
///
/// The instance is asked again at once. Without a drill nothing happens.
#[utoipa::path(
    tag = "model-instances",
    params(("id" = ModelInstanceId, Path, description = "Id of the instance")),
    responses((status = 200, description = "The instance, not drilled", body = ModelInstance, headers(
        ("etag" = String, description = "The version, for If-Match"),
    ))),
)]
#[delete("/api/v1/model-instances/{id}/drill")]
pub async fn end_model_instance_drill(
    state: web::Data<AppState>,
    call: Permitted<ManageWrite, (Origin, PathId<ModelInstanceId>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, (origin, PathId(id))) = call;
    set(&state, id, &who, &origin.by(&who), None).await
}

/// Sets the end of the drill to so long from now, or ends it.
async fn set(
    state: &AppState,
    id: ModelInstanceId,
    who: &Principal,
    author: &Author,
    length: Option<TimeDelta>,
) -> Result<HttpResponse, ApiError> {
    let now = now();
    let mut conn = state.pool.get().await?;
    let (name, drill) = conn
        .transaction::<_, ApiError, _>(async |conn| {
            db::model_instances::lock_configuration(conn).await?;
            let (name, before) = db::model_instances::lock_drill(conn, id.0)
                .await?
                .ok_or_else(not_found)?;
            let going_on = before.filter(|drill| drill.is_on(now));
            let drill = length.map(|length| Drill {
                since: going_on.map_or(now, |drill| drill.since),
                until: now + length,
            });
            let mut change = Change::within(conn, author)?;
            let instance = (id.0, name.as_str());
            db::model_instances::set_drill(&mut change, instance, going_on, drill).await?;
            Ok((name, drill))
        })
        .await?;
    match drill {
        Some(Drill { until, .. }) => {
            tracing::info!(instance = name, by = who.name(), %until, "a drill: the instance is treated as down");
        }
        None => tracing::info!(instance = name, by = who.name(), "the drill was ended"),
    }
    // The status comes from what the gateway works with, so the answer waits for it.
    state.gateway.refreshed().await;
    let stored = db::model_instances::get(&mut conn, id.0)
        .await?
        .ok_or_else(not_found)?;
    Ok(resource(stored.row.version, &describe(stored, state)?))
}
