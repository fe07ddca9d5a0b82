//! `GET` and `PATCH /api/v1/settings`: what administrators change while the service runs.

use actix_web::{HttpResponse, get, patch, web};
use diesel_async::AsyncConnection as _;
use serde_json::json;
use understudy_shared::{Settings, UpdateSettings};

use super::answer::resource;
use super::extract::{IfMatch, MergePatch, read_as};
use crate::auth::{Admin, Caller, Origin, Permitted};
use crate::db;
use crate::db::Change;
use crate::db::time::now;
use crate::domain::merge_patch::merge;
use crate::error::ApiError;
use crate::state::AppState;

/// Get the settings
#[utoipa::path(
    tag = "settings",
    security(("access_token" = [])),
    responses((status = 200, description = "The settings", body = Settings, headers(
        ("etag" = String, description = "The version, for If-Match"),
    ))),
)]
#[get("/api/v1/settings")]
pub async fn get_settings(
    state: web::Data<AppState>,
    _caller: Caller<Admin>,
) -> Result<HttpResponse, ApiError> {
    let mut conn = state.pool.get().await?;
    let settings = db::settings::get(&mut conn).await?;
    Ok(resource(settings.version, &settings.shown()?))
}

/// Change the settings
///
/// A merge patch (RFC 7396): fields left out stay, `null` brings the default back. What a shorter time does not keep is removed soon
/// after.
#[utoipa::path(
    tag = "settings",
    security(("access_token" = [])),
    params(
        ("if-match" = String, Header, description = "The ETag of the version that was read, or `*`", example = "\"1\""),
    ),
    request_body(content(
        (UpdateSettings = "application/merge-patch+json"),
        (UpdateSettings = "application/json"),
    )),
    responses((status = 200, description = "Changed", body = Settings, headers(
        ("etag" = String, description = "The new version"),
    ))),
)]
#[patch("/api/v1/settings")]
pub async fn update_settings(
    state: web::Data<AppState>,
    call: Permitted<Admin, (Origin, IfMatch, MergePatch)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(caller, (origin, if_match, MergePatch(patch))) = call;
    let author = origin.by(&caller);
    let mut conn = state.pool.get().await?;
    let changed = conn
        .transaction::<_, ApiError, _>(async |conn| {
            let current = db::settings::lock(conn).await?;
            if_match.check(current.version)?;
            let merged = merge(json!(current.writable()?), patch, &[]);
            let wanted: UpdateSettings = read_as(merged.map_err(ApiError::fields)?)?;
            ApiError::check(wanted.faults())?;
            let changed = current.changed(&wanted, now())?;
            let mut change = Change::within(conn, &author)?;
            db::settings::update(&mut change, &current, &changed).await?;
            Ok(changed)
        })
        .await?;
    state.retention.notify_one();
    Ok(resource(changed.version, &changed.shown()?))
}
