//! Making, changing and deleting groups.

use actix_web::{HttpResponse, delete, patch, post, web};

use diesel_async::AsyncConnection as _;
use serde_json::{Value, json};
use understudy_shared::{
    CreateModelGroup, FieldRule, ModelGroup, ModelGroupId, Problem, UpdateModelGroup,
    assistant_of_model,
};

use super::{checked_facts, describe, not_found};
use crate::auth::{ManageWrite, Origin, Permitted};
use crate::db;
use crate::db::Change;
use crate::db::model_groups::StoredModelGroup;
use crate::db::time::now;
use crate::domain::merge_patch::merge;
use crate::domain::model_group::ValidModelGroup;
use crate::error::ApiError;
use crate::routes::answer::{self, refused, resource};
use crate::routes::extract::{IfMatch, JsonBody, MergePatch, PathId, read_as};
use crate::state::AppState;

/// Make a model group
#[utoipa::path(
    tag = "model-groups",
    request_body = CreateModelGroup,
    responses(
        (status = 201, description = "Made", body = ModelGroup, headers(
            ("location" = String, description = "Path of the group"),
            ("etag" = String, description = "The version, for If-Match"),
        )),
        (status = 409, description = "The name is taken (`conflict`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/model-groups")]
pub async fn create_model_group(
    state: web::Data<AppState>,
    call: Permitted<ManageWrite, (Origin, JsonBody<CreateModelGroup>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, (origin, JsonBody(input))) = call;
    let author = origin.by(&who);
    let valid = ValidModelGroup::try_from(input).map_err(ApiError::fields)?;
    check_name(&valid.name, None)?;
    let new = StoredModelGroup::new(&valid, now())?;
    let mut conn = state.pool.get().await?;
    let facts = conn
        .transaction::<_, ApiError, _>(async |conn| {
            db::model_instances::lock_configuration(conn).await?;
            let facts = checked_facts(conn, &valid).await?;
            let mut change = Change::within(conn, &author)?;
            db::model_groups::insert(&mut change, &new)
                .await
                .map_err(refused)?;
            Ok(facts)
        })
        .await?;
    let (location, version) = (
        format!("/api/v1/model-groups/{}", new.row.id),
        new.row.version,
    );
    Ok(answer::created(
        &location,
        version,
        &describe(new, &facts, &state.gateway)?,
    ))
}

/// Change a model group
///
/// A merge patch (RFC 7396): fields left out stay, `null` brings the default back, `members` is replaced whole.
#[utoipa::path(
    tag = "model-groups",
    params(
        ("id" = ModelGroupId, Path, description = "Id of the group"),
        ("if-match" = String, Header, description = "The ETag of the version that was read, or `*`", example = "\"1\""),
    ),
    request_body(content(
        (UpdateModelGroup = "application/merge-patch+json"),
        (UpdateModelGroup = "application/json"),
    )),
    responses(
        (status = 200, description = "Changed", body = ModelGroup, headers(
            ("etag" = String, description = "The new version"),
        )),
        (status = 409, description = "The name is taken (`conflict`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[patch("/api/v1/model-groups/{id}")]
pub async fn update_model_group(
    state: web::Data<AppState>,
    call: Permitted<ManageWrite, (Origin, PathId<ModelGroupId>, IfMatch, MergePatch)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, (origin, PathId(id), if_match, MergePatch(patch))) = call;
    let author = origin.by(&who);
    let mut conn = state.pool.get().await?;
    let (changed, facts) = conn
        .transaction::<_, ApiError, _>(async |conn| {
            db::model_instances::lock_configuration(conn).await?;
            let current = db::model_groups::lock(conn, id.0)
                .await?
                .ok_or_else(not_found)?;
            if_match.check(current.row.version)?;
            let valid =
                ValidModelGroup::try_from(patched(&current, patch)?).map_err(ApiError::fields)?;
            check_name(&valid.name, Some(&current))?;
            let facts = checked_facts(conn, &valid).await?;
            let changed = current.changed(&valid, now())?;
            let mut change = Change::within(conn, &author)?;
            db::model_groups::update(&mut change, &current, &changed)
                .await
                .map_err(refused)?;
            Ok((changed, facts))
        })
        .await?;
    Ok(resource(
        changed.row.version,
        &describe(changed, &facts, &state.gateway)?,
    ))
}

/// Programs name assistants like this; a group that had such a name before there were any keeps it.
pub(crate) fn check_name(name: &str, current: Option<&StoredModelGroup>) -> Result<(), ApiError> {
    let kept = current.is_some_and(|current| current.row.name_key == name.to_lowercase());
    if kept || assistant_of_model(name).is_none() {
        return Ok(());
    }
    Err(ApiError::field("/name", FieldRule::GroupNameOfAssistant))
}

/// What a patch makes of a group.
fn patched(current: &StoredModelGroup, patch: Value) -> Result<CreateModelGroup, ApiError> {
    let row = &current.row;
    let writable = json!({
        "name": row.name,
        "title": row.title,
        "description": row.description,
        "enabled": row.enabled,
        "strategy": row.strategy()?,
        "members": current.members,
        "max_attempts": row.max_attempts()?,
        "deadline_ms": row.deadline_ms()?,
        "allowed_kinds": row.allowed_kinds()?,
    });
    read_as(merge(writable, patch, &[]).map_err(ApiError::fields)?)
}

/// Delete a model group
///
/// Refused while assistants use it that everybody finds. Those of single persons lose it, and they choose another one. Keys that may ask
/// it, among others or alone, stay; they cannot ask it any more.
#[utoipa::path(
    tag = "model-groups",
    params(
        ("id" = ModelGroupId, Path, description = "Id of the group"),
        ("if-match" = String, Header, description = "The ETag of the version that was read, or `*`", example = "\"1\""),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "Assistants use it that everybody finds (`in_use`); `used_by` names them", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[delete("/api/v1/model-groups/{id}")]
pub async fn delete_model_group(
    state: web::Data<AppState>,
    call: Permitted<ManageWrite, (Origin, PathId<ModelGroupId>, IfMatch)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, (origin, PathId(id), if_match)) = call;
    let author = origin.by(&who);
    let mut conn = state.pool.get().await?;
    conn.transaction::<_, ApiError, _>(async |conn| {
        db::model_instances::lock_configuration(conn).await?;
        let current = db::model_groups::lock(conn, id.0)
            .await?
            .ok_or_else(not_found)?;
        if_match.check(current.row.version)?;
        let users = db::assistants::shared_of_group(conn, id.0).await?;
        if !users.is_empty() {
            let way_out = "Give another group to these assistants first";
            return Err(ApiError::in_use(way_out, "assistant", users));
        }
        let mut change = Change::within(conn, &author)?;
        db::model_groups::delete(&mut change, &current)
            .await
            .map_err(refused)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
