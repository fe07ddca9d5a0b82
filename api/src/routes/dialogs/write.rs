//! Beginning, changing and removing dialogs.

use actix_web::http::header;
use actix_web::{HttpResponse, delete, patch, post, web};
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use serde_json::{Value, json};
use understudy_shared::{CreateDialog, Dialog, DialogId, Problem, ProblemCode, UpdateDialog};

use super::target::chosen;
use super::{described, not_found};
use crate::auth::{OwnDialogs, Permitted};
use crate::db;
use crate::db::dialogs::{DialogRow, StoredDialog};
use crate::db::time::now;
use crate::domain::dialog::title::title_of;
use crate::domain::merge_patch::merge;
use crate::error::ApiError;
use crate::routes::answer::refused;
use crate::routes::extract::{JsonBody, MergePatch, PathId, read_as};
use crate::state::AppState;

/// Dialogs that one person may have: lists are sorted in memory.
const MAX_DIALOGS: i64 = 10_000;

/// Begin a dialog
///
/// With exactly one of a group and an assistant, which need not be available at this moment.
#[utoipa::path(
    tag = "dialogs",
    security(("access_token" = [])),
    request_body = CreateDialog,
    responses(
        (status = 201, description = "Made", body = Dialog, headers(
            ("location" = String, description = "Path of the dialog"),
        )),
        (status = 409, description = "There are as many dialogs as there may be (`limit_reached`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/dialogs")]
pub async fn create_dialog(
    state: web::Data<AppState>,
    call: Permitted<OwnDialogs, JsonBody<CreateDialog>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, JsonBody(input)) = call;
    ApiError::check(input.faults())?;
    let mut conn = state.pool.get().await?;
    let person = person.id.0;
    let target = chosen(&mut conn, person, input.group_id, input.assistant_id).await?;
    if db::dialogs::count(&mut conn, person).await? >= MAX_DIALOGS {
        let detail = format!("There are {MAX_DIALOGS} dialogs already; delete some first.");
        return Err(ApiError::new(ProblemCode::LimitReached, detail));
    }
    let title = input.title.trim();
    let row = db::dialogs::insert(&mut conn, person, title, &target, now())
        .await
        .map_err(refused)?;
    let location = format!("/api/v1/dialogs/{}", row.id);
    let stored = StoredDialog {
        row,
        answering: false,
    };
    let dialog = described(&mut conn, person, stored, &state.gateway).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, location))
        .json(dialog))
}

/// Change a dialog
///
/// A merge patch (RFC 7396): its title, or whom it is with. A group takes the place of an assistant, and the other way round; an empty
/// title or `null` is made from the first question again. No `If-Match`: nobody else changes it.
#[utoipa::path(
    tag = "dialogs",
    security(("access_token" = [])),
    params(("id" = DialogId, Path, description = "Id of the dialog")),
    request_body(content(
        (UpdateDialog = "application/merge-patch+json"),
        (UpdateDialog = "application/json"),
    )),
    responses((status = 200, description = "Changed", body = Dialog)),
)]
#[patch("/api/v1/dialogs/{id}")]
pub async fn update_dialog(
    state: web::Data<AppState>,
    call: Permitted<OwnDialogs, (PathId<DialogId>, MergePatch)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, (PathId(id), MergePatch(patch))) = call;
    let person = person.id.0;
    let mut conn = state.pool.get().await?;
    let stored = conn
        .transaction::<_, ApiError, _>(async |conn| {
            let stored = db::dialogs::lock(conn, person, id.0)
                .await?
                .ok_or_else(not_found)?;
            let changed = patched(&stored.row, patch)?;
            ApiError::check(changed.faults())?;
            change(conn, person, &stored.row, &changed).await?;
            db::dialogs::get(conn, person, id.0)
                .await?
                .ok_or_else(not_found)
        })
        .await?;
    let dialog = described(&mut conn, person, stored, &state.gateway).await?;
    Ok(HttpResponse::Ok().json(dialog))
}

async fn change(
    conn: &mut AsyncPgConnection,
    person: uuid::Uuid,
    row: &DialogRow,
    changed: &CreateDialog,
) -> Result<(), ApiError> {
    let before = (row.group_id, row.assistant_id);
    let after = (
        changed.group_id.map(|id| id.0),
        changed.assistant_id.map(|id| id.0),
    );
    // What is gone already may stay so while something else is changed.
    if after != before {
        let target = chosen(conn, person, changed.group_id, changed.assistant_id).await?;
        db::dialogs::set_target(conn, row.id, &target, now())
            .await
            .map_err(refused)?;
    }
    let title = changed.title.trim();
    let own = if row.titled { &*row.title } else { "" };
    if title != own {
        let made = match title {
            "" => first_title(conn, row).await?,
            title => title.to_owned(),
        };
        db::dialogs::set_title(conn, row.id, &made, !title.is_empty(), now()).await?;
    }
    Ok(())
}

/// The title that the first question gives.
async fn first_title(conn: &mut AsyncPgConnection, row: &DialogRow) -> Result<String, ApiError> {
    let first = db::dialogs::messages::after(conn, row.id, -1, 1).await?;
    let first = first.first();
    Ok(first.map_or_else(String::new, |question| title_of(&question.content)))
}

/// What a patch makes of a dialog.
fn patched(row: &DialogRow, patch: Value) -> Result<CreateDialog, ApiError> {
    let mut writable = json!({
        "title": if row.titled { &*row.title } else { "" },
        "group_id": row.group_id,
        "assistant_id": row.assistant_id,
    });
    // One takes the place of the other.
    for (name, other) in [("group_id", "assistant_id"), ("assistant_id", "group_id")] {
        let named = patch.get(name).is_some_and(|value| !value.is_null());
        if named && patch.get(other).is_none_or(Value::is_null) {
            writable[other] = Value::Null;
        }
    }
    read_as(merge(writable, patch, &[]).map_err(ApiError::fields)?)
}

/// Delete a dialog
///
/// With all its messages, for good. An answer that is being given in it ends.
#[utoipa::path(
    tag = "dialogs",
    security(("access_token" = [])),
    params(("id" = DialogId, Path, description = "Id of the dialog")),
    responses((status = 204, description = "Deleted")),
)]
#[delete("/api/v1/dialogs/{id}")]
pub async fn delete_dialog(
    state: web::Data<AppState>,
    call: Permitted<OwnDialogs, PathId<DialogId>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, PathId(id)) = call;
    let mut conn = state.pool.get().await?;
    if !db::dialogs::delete(&mut conn, person.id.0, id.0).await? {
        return Err(not_found());
    }
    state.answers.deleted(id.0);
    Ok(HttpResponse::NoContent().finish())
}
