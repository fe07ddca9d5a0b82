//! Changing a key: its name, its limits, its groups, its end. The key itself and what it may do stay for good.

use actix_web::{HttpResponse, patch, web};
use diesel_async::AsyncConnection as _;
use serde_json::{Value, json};
use understudy_shared::{ApiKey, ApiKeyId, Problem, ProblemCode, UpdateApiKey, WritableApiKey};

use super::{check_groups, find, number};
use crate::auth::{Origin, OwnKeys, Permitted};
use crate::db;
use crate::db::Change;
use crate::db::api_keys::ChangedApiKeyRow;
use crate::db::time::now;
use crate::domain::merge_patch::merge;
use crate::error::ApiError;
use crate::routes::extract::{MergePatch, PathId, read_as};
use crate::state::AppState;

/// Change an API key
///
/// A merge patch (RFC 7396): fields left out stay, `null` brings the default back. The key itself and its scopes stay for good. Another
/// limit holds within two seconds on every replica; requests that are under way go on and count for it.
#[utoipa::path(
    tag = "api-keys",
    security(("access_token" = [])),
    params(("id" = ApiKeyId, Path, description = "Id of the key")),
    request_body(content(
        (UpdateApiKey = "application/merge-patch+json"),
        (UpdateApiKey = "application/json"),
    )),
    responses(
        (status = 200, description = "The key as it is now, without its value", body = ApiKey),
        (status = 409, description = "The key is revoked (`conflict`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[patch("/api/v1/api-keys/{id}")]
pub async fn update_api_key(
    state: web::Data<AppState>,
    call: Permitted<OwnKeys, (Origin, PathId<ApiKeyId>, MergePatch)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, (origin, PathId(id), MergePatch(patch))) = call;
    let author = origin.by(&person);
    let mut conn = state.pool.get().await?;
    let changed = conn
        .transaction::<_, ApiError, _>(async |conn| {
            db::api_keys::lock(conn, id.0).await?;
            let stored = find(conn, id, &person).await?;
            let current = ApiKey::from(stored.clone());
            if current.revoked_at.is_some() {
                let detail = "The key is revoked, for good. Make another one.";
                return Err(ApiError::new(ProblemCode::Conflict, detail));
            }
            let before = writable(&current);
            let wanted = patched(&before, patch)?;
            let faults = wanted.faults(&current.scopes, &before, now());
            if !faults.is_empty() {
                return Err(ApiError::fields(faults));
            }
            // Groups that were deleted since may stay named: they open nothing.
            if wanted.group_ids != before.group_ids {
                check_groups(conn, wanted.group_ids.as_deref()).await?;
            }
            let mut change = Change::within(conn, &author)?;
            Ok(db::api_keys::update(&mut change, &stored, &row(wanted)?).await?)
        })
        .await?;
    Ok(HttpResponse::Ok().json(ApiKey::from(changed)))
}

fn writable(key: &ApiKey) -> WritableApiKey {
    WritableApiKey {
        name: key.name.clone(),
        group_ids: key.group_ids.clone(),
        limits: key.limits,
        expires_at: key.expires_at,
    }
}

fn patched(before: &WritableApiKey, patch: Value) -> Result<WritableApiKey, ApiError> {
    read_as(merge(json!(before), patch, &[]).map_err(ApiError::fields)?)
}

fn row(key: WritableApiKey) -> Result<ChangedApiKeyRow, ApiError> {
    let ids =
        |groups: Vec<understudy_shared::ModelGroupId>| groups.into_iter().map(|id| id.0).collect();
    Ok(ChangedApiKeyRow {
        name: key.name,
        group_ids: key.group_ids.map(ids),
        requests_per_minute: number(key.limits.requests_per_minute)?,
        max_concurrency: number(key.limits.max_concurrency)?,
        expires_at: key.expires_at,
    })
}
