//! Making, changing and deleting assistants.

use actix_web::{HttpRequest, HttpResponse, delete, patch, post, web};
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use serde_json::{Value, json};
use understudy_shared::{
    Assistant, AssistantId, CreateAssistant, FieldRule, Problem, ProblemCode, UpdateAssistant,
    Visibility,
};
use uuid::Uuid;

use super::{Around, Viewer, not_found};
use crate::auth::{Origin, Permitted, Principal, WriteAssistants, denials};
use crate::db;
use crate::db::Change;
use crate::db::assistants::AssistantRow;
use crate::db::time::now;
use crate::domain::assistant::ValidAssistant;
use crate::domain::merge_patch::merge;
use crate::error::ApiError;
use crate::routes::answer::{self, refused, resource};
use crate::routes::extract::{IfMatch, JsonBody, MergePatch, PathId, read_as};
use crate::state::AppState;

/// Assistants that one person may own: every replica keeps all of them at hand.
const MAX_OF_ONE: i64 = 200;

/// Make an assistant
///
/// A person's own unless it is `shared`, which takes the role `operator`. What a key makes must be `shared`. A person owns at most 200.
#[utoipa::path(
    tag = "assistants",
    request_body = CreateAssistant,
    responses(
        (status = 201, description = "Made", body = Assistant, headers(
            ("location" = String, description = "Path of the assistant"),
            ("etag" = String, description = "The version, for If-Match"),
        )),
        (status = 409, description = "The name is taken (`conflict`), perhaps by an assistant that the caller does not find, or there are as many as there may be (`limit_reached`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/assistants")]
pub async fn create_assistant(
    request: HttpRequest,
    state: web::Data<AppState>,
    call: Permitted<WriteAssistants, (Origin, JsonBody<CreateAssistant>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, (origin, JsonBody(input))) = call;
    let (viewer, author) = (Viewer::of(&who), origin.by(&who));
    let valid = ValidAssistant::try_from(input).map_err(ApiError::fields)?;
    let owner = told(check_sharing(viewer, None, &valid), &request, &state, &who).await?;
    let new = AssistantRow::new(valid, owner, now());
    let mut conn = state.pool.get().await?;
    let around = conn
        .transaction::<_, ApiError, _>(async |conn| {
            db::model_instances::lock_configuration(conn).await?;
            check_room(conn, new.owner_id).await?;
            check_references(conn, &new).await?;
            let mut change = Change::within(conn, &author)?;
            db::assistants::insert(&mut change, &new)
                .await
                .map_err(refused)?;
            Around::of(conn, std::slice::from_ref(&new)).await
        })
        .await?;
    let (location, version) = (format!("/api/v1/assistants/{}", new.id), new.version);
    let assistant = around.describe(new, viewer, &state.gateway)?;
    Ok(answer::created(&location, version, &assistant))
}

/// Change an assistant
///
/// A merge patch (RFC 7396): fields left out stay, `null` brings the default back or removes a parameter. Sharing one, and changing a
/// shared one, takes the role `operator`. One that is made private is its owner's; without an owner it becomes that of the person who
/// does it.
#[utoipa::path(
    tag = "assistants",
    params(
        ("id" = AssistantId, Path, description = "Id of the assistant"),
        ("if-match" = String, Header, description = "The ETag of the version that was read, or `*`", example = "\"1\""),
    ),
    request_body(content(
        (UpdateAssistant = "application/merge-patch+json"),
        (UpdateAssistant = "application/json"),
    )),
    responses(
        (status = 200, description = "Changed", body = Assistant, headers(
            ("etag" = String, description = "The new version"),
        )),
        (status = 409, description = "The name is taken (`conflict`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[patch("/api/v1/assistants/{id}")]
pub async fn update_assistant(
    request: HttpRequest,
    state: web::Data<AppState>,
    call: Permitted<WriteAssistants, (Origin, PathId<AssistantId>, IfMatch, MergePatch)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, (origin, PathId(id), if_match, MergePatch(patch))) = call;
    let (viewer, author) = (Viewer::of(&who), origin.by(&who));
    let mut conn = state.pool.get().await?;
    let written = conn
        .transaction::<_, ApiError, _>(async |conn| {
            db::model_instances::lock_configuration(conn).await?;
            let current = find(conn, id, viewer, &if_match).await?;
            let valid =
                ValidAssistant::try_from(patched(&current, patch)?).map_err(ApiError::fields)?;
            let owner = check_sharing(viewer, Some(&current), &valid)?;
            let changed = current.changed(valid, owner, now());
            check_references(conn, &changed).await?;
            let mut change = Change::within(conn, &author)?;
            db::assistants::update(&mut change, &current, &changed)
                .await
                .map_err(refused)?;
            let around = Around::of(conn, std::slice::from_ref(&changed)).await?;
            Ok((changed, around))
        })
        .await;
    drop(conn);
    let (changed, around) = told(written, &request, &state, &who).await?;
    let version = changed.version;
    let assistant = around.describe(changed, viewer, &state.gateway)?;
    Ok(resource(version, &assistant))
}

/// Delete an assistant
///
/// Dialogs with it stay; another assistant or a group has to be chosen for them. A shared one takes the role `operator`.
#[utoipa::path(
    tag = "assistants",
    params(
        ("id" = AssistantId, Path, description = "Id of the assistant"),
        ("if-match" = String, Header, description = "The ETag of the version that was read, or `*`", example = "\"1\""),
    ),
    responses((status = 204, description = "Deleted")),
)]
#[delete("/api/v1/assistants/{id}")]
pub async fn delete_assistant(
    request: HttpRequest,
    state: web::Data<AppState>,
    call: Permitted<WriteAssistants, (Origin, PathId<AssistantId>, IfMatch)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, (origin, PathId(id), if_match)) = call;
    let (viewer, author) = (Viewer::of(&who), origin.by(&who));
    let mut conn = state.pool.get().await?;
    let deleted = conn
        .transaction::<_, ApiError, _>(async |conn| {
            db::model_instances::lock_configuration(conn).await?;
            let current = find(conn, id, viewer, &if_match).await?;
            let mut change = Change::within(conn, &author)?;
            Ok(db::assistants::delete(&mut change, &current).await?)
        })
        .await;
    drop(conn);
    told(deleted, &request, &state, &who).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// An assistant that the caller may change, locked until the transaction ends.
async fn find(
    conn: &mut AsyncPgConnection,
    id: AssistantId,
    viewer: Viewer,
    if_match: &IfMatch,
) -> Result<AssistantRow, ApiError> {
    let current = db::assistants::lock(conn, id.0)
        .await?
        .filter(|row| viewer.sees(row))
        .ok_or_else(not_found)?;
    if !viewer.may_change(&current) {
        let detail = "This assistant is shared; changing it needs the role operator, or a key with the scope manage:write.";
        return Err(ApiError::new(ProblemCode::Forbidden, detail));
    }
    if_match.check(current.version)?;
    Ok(current)
}

/// What a patch makes of an assistant. One whose group is deleted needs another.
fn patched(current: &AssistantRow, patch: Value) -> Result<CreateAssistant, ApiError> {
    let mut writable = json!({
        "name": current.name,
        "title": current.title,
        "description": current.description,
        "system_prompt": current.system_prompt,
        "parameters": current.parameters()?,
        "visibility": current.visibility()?,
    });
    if let Some(group) = current.group_id {
        writable["group_id"] = json!(group);
    }
    read_as(merge(writable, patch, &["/parameters"]).map_err(ApiError::fields)?)
}

/// Whether the caller may make it as visible as this, and whose it is then.
fn check_sharing(
    viewer: Viewer,
    current: Option<&AssistantRow>,
    valid: &ValidAssistant,
) -> Result<Option<Uuid>, ApiError> {
    let owner = match current {
        Some(current) => current.owner_id,
        None => viewer.person,
    };
    match valid.visibility {
        Visibility::Shared if viewer.manages => Ok(owner),
        Visibility::Shared => {
            let detail = "Sharing an assistant with everybody needs the role operator.";
            Err(ApiError::new(ProblemCode::Forbidden, detail))
        }
        Visibility::Private => {
            let owner = owner.or(viewer.person);
            let nobodys = || ApiError::field("/visibility", FieldRule::PrivateWithoutOwner);
            owner.map(Some).ok_or_else(nobodys)
        }
    }
}

/// Whether a person may have one more.
async fn check_room(conn: &mut AsyncPgConnection, owner: Option<Uuid>) -> Result<(), ApiError> {
    let Some(owner) = owner else { return Ok(()) };
    if db::assistants::count_of(conn, owner).await? < MAX_OF_ONE {
        return Ok(());
    }
    let detail = format!("You have {MAX_OF_ONE} assistants already; delete some first.");
    Err(ApiError::new(ProblemCode::LimitReached, detail))
}

/// What needs a look at other resources: the group must exist, and none may have the name under which programs ask the assistant.
async fn check_references(
    conn: &mut AsyncPgConnection,
    assistant: &AssistantRow,
) -> Result<(), ApiError> {
    if let Some(group) = assistant.group_id
        && db::model_groups::existing(conn, &[group]).await?.is_empty()
    {
        return Err(ApiError::field("/group_id", FieldRule::UnknownGroup));
    }
    if db::assistants::is_name_of_group(conn, assistant).await? {
        return Err(ApiError::field("/name", FieldRule::Taken));
    }
    Ok(())
}

/// Records it if somebody tried what they have no right to.
async fn told<T>(
    tried: Result<T, ApiError>,
    request: &HttpRequest,
    state: &AppState,
    who: &Principal,
) -> Result<T, ApiError> {
    if let Err(error) = &tried
        && error.code() == ProblemCode::Forbidden
    {
        denials::record(request, state, who).await;
    }
    tried
}
