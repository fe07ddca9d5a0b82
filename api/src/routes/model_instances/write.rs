//! Making, changing and deleting instances.

use actix_web::{HttpResponse, delete, patch, post, web};

use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use serde_json::Value;
use understudy_shared::{
    CreateModelInstance, FieldRule, ModelInstance, ModelInstanceId, Problem, ProblemCode,
    UpdateModelInstance,
};
use uuid::Uuid;

use super::validate::{Purpose, patched, validate};
use super::{created, describe, not_found};
use crate::auth::{Author, ManageWrite, Origin, Permitted};
use crate::db;
use crate::db::Change;
use crate::db::model_instances::StoredModelInstance;
use crate::db::time::now;
use crate::domain::model_instance::ValidModelInstance;
use crate::error::ApiError;
use crate::routes::answer::{refused, resource};
use crate::routes::extract::{IfMatch, JsonBody, MergePatch, PathId};
use crate::state::AppState;

/// How often a forced change starts again because somebody else changes the same instance.
const FORCED_TRIES: usize = 5;

/// Make a model instance
#[utoipa::path(
    tag = "model-instances",
    request_body = CreateModelInstance,
    responses(
        (status = 201, description = "Made", body = ModelInstance, headers(
            ("location" = String, description = "Path of the instance"),
            ("etag" = String, description = "The version, for If-Match"),
        )),
        (status = 409, description = "The name is taken (`conflict`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/model-instances")]
pub async fn create_model_instance(
    state: web::Data<AppState>,
    call: Permitted<ManageWrite, (Origin, JsonBody<CreateModelInstance>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, (origin, JsonBody(input))) = call;
    let author = origin.by(&who);
    let valid = validate(&state, input, None, Purpose::Save).await?;
    let new = StoredModelInstance::new(&valid, &state.cipher, now())?;
    let mut conn = state.pool.get().await?;
    conn.transaction::<_, ApiError, _>(async |conn| {
        db::model_instances::lock_configuration(conn).await?;
        let mut change = Change::within(conn, &author)?;
        db::model_instances::insert(&mut change, &new)
            .await
            .map_err(refused)
    })
    .await?;
    created(new, &state)
}

/// Change a model instance
///
/// A merge patch (RFC 7396): fields left out stay, `null` brings the default back, lists are replaced whole. An item of `tokens`,
/// `headers` or `proxies` with an `id` and no secret keeps the stored one, unless scheme, host, port or proxies change: then every
/// secret must be entered again (`secrets_required`).
#[utoipa::path(
    tag = "model-instances",
    params(
        ("id" = ModelInstanceId, Path, description = "Id of the instance"),
        ("if-match" = String, Header, description = "The ETag of the version that was read, or `*`", example = "\"1\""),
    ),
    request_body(content(
        (UpdateModelInstance = "application/merge-patch+json"),
        (UpdateModelInstance = "application/json"),
    )),
    responses(
        (status = 200, description = "Changed", body = ModelInstance, headers(
            ("etag" = String, description = "The new version"),
        )),
        (status = 409, description = "The name is taken (`conflict`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[patch("/api/v1/model-instances/{id}")]
pub async fn update_model_instance(
    state: web::Data<AppState>,
    call: Permitted<ManageWrite, (Origin, PathId<ModelInstanceId>, IfMatch, MergePatch)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, (origin, PathId(id), if_match, MergePatch(patch))) = call;
    let author = origin.by(&who);
    for _ in 0..FORCED_TRIES {
        if let Some(changed) = try_update(&state, &author, id.0, &if_match, patch.clone()).await? {
            return Ok(resource(changed.row.version, &describe(changed, &state)?));
        }
    }
    Err(ApiError::new(
        ProblemCode::Conflict,
        "Others keep changing this instance; try again.",
    ))
}

/// Changes the version that it reads. None if somebody else changed it in between and the change is forced: then it starts
/// again. Names are resolved between the two, so the row is not locked for so long.
async fn try_update(
    state: &AppState,
    author: &Author,
    id: Uuid,
    if_match: &IfMatch,
    patch: Value,
) -> Result<Option<StoredModelInstance>, ApiError> {
    let mut conn = state.pool.get().await?;
    let stored = db::model_instances::get(&mut conn, id)
        .await?
        .ok_or_else(not_found)?;
    drop(conn);
    if_match.check(stored.row.version)?;
    let input = patched(describe(stored.clone(), state)?, patch)?;
    let valid = validate(state, input, Some(&stored), Purpose::Save).await?;
    let mut conn = state.pool.get().await?;
    conn.transaction::<_, ApiError, _>(async |conn| {
        db::model_instances::lock_configuration(conn).await?;
        let current = db::model_instances::lock(conn, id)
            .await?
            .ok_or_else(not_found)?;
        if current.row.version != stored.row.version {
            return if_match.check(current.row.version).map(|()| None);
        }
        check_dimensions(conn, id, &valid).await?;
        // From what is stored at this moment: kept secrets may have been encrypted anew, which changes no version.
        let changed = current.changed(&valid, &state.cipher, now())?;
        let mut change = Change::within(conn, author)?;
        db::model_instances::update(&mut change, &current, &changed)
            .await
            .map_err(refused)?;
        Ok(Some(changed))
    })
    .await
}

/// Groups refuse embeddings of different lengths, so a member must not change its own behind their back.
async fn check_dimensions(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    valid: &ValidModelInstance,
) -> Result<(), ApiError> {
    let Some(dimensions) = valid.capabilities.embedding_dimensions else {
        return Ok(());
    };
    let beside = db::model_instances::dimensions_beside(conn, id).await?;
    let Some((group, other)) = beside.into_iter().find(|(_, other)| *other != dimensions) else {
        return Ok(());
    };
    Err(ApiError::field(
        "/capabilities/embedding_dimensions",
        FieldRule::EmbeddingDimensionsInGroup {
            group,
            other: other.into(),
        },
    ))
}

/// Delete a model instance
///
/// Refused while a group uses it; the answer names the groups.
#[utoipa::path(
    tag = "model-instances",
    params(
        ("id" = ModelInstanceId, Path, description = "Id of the instance"),
        ("if-match" = String, Header, description = "The ETag of the version that was read, or `*`", example = "\"1\""),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "Groups use it (`in_use`); `used_by` names them", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[delete("/api/v1/model-instances/{id}")]
pub async fn delete_model_instance(
    state: web::Data<AppState>,
    call: Permitted<ManageWrite, (Origin, PathId<ModelInstanceId>, IfMatch)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, (origin, PathId(id), if_match)) = call;
    let author = origin.by(&who);
    let mut conn = state.pool.get().await?;
    conn.transaction::<_, ApiError, _>(async |conn| {
        db::model_instances::lock_configuration(conn).await?;
        let current = db::model_instances::lock(conn, id.0)
            .await?
            .ok_or_else(not_found)?;
        if_match.check(current.row.version)?;
        let used_by = db::model_instances::used_by(conn, id.0).await?;
        if !used_by.is_empty() {
            let way_out = "Remove it from these groups first";
            return Err(ApiError::in_use(way_out, "model_group", used_by));
        }
        let mut change = Change::within(conn, &author)?;
        db::model_instances::delete(&mut change, &current)
            .await
            .map_err(refused)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
