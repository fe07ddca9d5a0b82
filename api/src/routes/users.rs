//! Users: for administrators alone, and never less than one of them.

use actix_web::{HttpResponse, delete, get, patch, post, web};
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::AsyncConnection as _;
use serde_json::{Value, json};
use understudy_shared::{
    CreateUser, FieldError, FieldRule, Page, Problem, ProblemCode, Role, SecretInput, SignInMethod,
    UpdateUser, User, UserId, WritableUser,
};
use uuid::Uuid;

use super::answer::{created, resource};
use super::extract::{IfMatch, JsonBody, MergePatch, PathId, Query, read_as};
use super::list::{ListParams, ListQuery, with_items};
use crate::auth::{Admin, Origin, Permitted, password};
use crate::db;
use crate::db::Change;
use crate::db::time::now;
use crate::db::users::{ChangedUserRow, NewUserRow, UserRow};
use crate::domain::merge_patch::merge;
use crate::domain::user::password_faults;
use crate::error::ApiError;
use crate::state::AppState;

mod filters;

use filters::UserFilters;

/// List users
///
/// Sorted by `username`, `role`, `created_at` or `last_sign_in_at`; `q` looks into both names.
#[utoipa::path(
    tag = "users",
    security(("access_token" = [])),
    params(ListParams, UserFilters),
    responses((status = 200, description = "A page of users", body = Page<User>)),
)]
#[get("/api/v1/users")]
pub async fn list_users(
    state: web::Data<AppState>,
    call: Permitted<Admin, Query<ListQuery<UserRow>>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(_, Query(query)) = call;
    let mut conn = state.pool.get().await?;
    let mut rows = db::users::all(&mut conn).await?;
    rows.retain(|row| query.filters.pass(row));
    let mut page = query.page(rows);
    let items: Vec<User> = std::mem::take(&mut page.items)
        .into_iter()
        .map(User::from)
        .collect();
    Ok(HttpResponse::Ok().json(with_items(page, items)))
}

/// Make a user
#[utoipa::path(
    tag = "users",
    security(("access_token" = [])),
    request_body = CreateUser,
    responses(
        (status = 201, description = "Made", body = User, headers(
            ("location" = String, description = "Path of the user"),
            ("etag" = String, description = "The version, for If-Match"),
        )),
        (status = 409, description = "The name is taken (`conflict`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/users")]
pub async fn create_user(
    state: web::Data<AppState>,
    call: Permitted<Admin, (Origin, JsonBody<CreateUser>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(caller, (origin, JsonBody(input))) = call;
    let user = WritableUser {
        username: input.username,
        display_name: input.display_name,
        role: input.role,
        enabled: input.enabled,
    };
    check(&user, Some(&input.password))?;
    let hash = password::hash(&input.password).await?;
    let row = NewUserRow {
        id: Uuid::now_v7(),
        username: &user.username,
        username_key: &user.username.to_lowercase(),
        display_name: &user.display_name,
        password_hash: &hash,
        role: user.role.as_str(),
        enabled: user.enabled,
        created_at: now(),
        oidc_issuer: None,
        oidc_subject: None,
    };
    let author = origin.by(&caller);
    let mut conn = state.pool.get().await?;
    let made = conn
        .transaction::<_, ApiError, _>(async |conn| {
            let mut change = Change::within(conn, &author)?;
            db::users::insert(&mut change, &row).await.map_err(refused)
        })
        .await?;
    let made = User::from(made);
    let location = format!("/api/v1/users/{}", made.id);
    Ok(created(&location, made.version, &made))
}

/// Get a user
#[utoipa::path(
    tag = "users",
    security(("access_token" = [])),
    params(("id" = UserId, Path, description = "Id of the user")),
    responses((status = 200, description = "The user", body = User, headers(
        ("etag" = String, description = "The version, for If-Match"),
    ))),
)]
#[get("/api/v1/users/{id}")]
pub async fn get_user(
    state: web::Data<AppState>,
    call: Permitted<Admin, PathId<UserId>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(_, PathId(id)) = call;
    let mut conn = state.pool.get().await?;
    let row = db::users::by_id(&mut conn, id.0)
        .await?
        .ok_or_else(not_found)?;
    Ok(resource(row.version, &User::from(row)))
}

/// Change a user
///
/// A merge patch (RFC 7396): fields left out stay, `null` brings the default back. Another password, and disabling, end the user's
/// sessions; another role holds from their next request on. The keys of a disabled user open nothing until the user is enabled again.
#[utoipa::path(
    tag = "users",
    security(("access_token" = [])),
    params(
        ("id" = UserId, Path, description = "Id of the user"),
        ("if-match" = String, Header, description = "The ETag of the version that was read, or `*`", example = "\"1\""),
    ),
    request_body(content(
        (UpdateUser = "application/merge-patch+json"),
        (UpdateUser = "application/json"),
    )),
    responses(
        (status = 200, description = "Changed", body = User, headers(
            ("etag" = String, description = "The new version"),
        )),
        (status = 409, description = "The name is taken, or it is the last administrator (`conflict`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[patch("/api/v1/users/{id}")]
pub async fn update_user(
    state: web::Data<AppState>,
    call: Permitted<Admin, (Origin, PathId<UserId>, IfMatch, MergePatch)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(caller, (origin, PathId(id), if_match, MergePatch(mut patch))) = call;
    let author = origin.by(&caller);
    let new_password = take_password(&mut patch)?;
    // Before the transaction: hashing takes a moment, in which nobody should wait for a lock.
    let hash = match &new_password {
        Some(new) => {
            let mut conn = state.pool.get().await?;
            let current = db::users::by_id(&mut conn, id.0)
                .await?
                .ok_or_else(not_found)?;
            drop(conn);
            if_match.check(current.version)?;
            check(&patched(&current, patch.clone())?, Some(new))?;
            Some(password::hash(new).await?)
        }
        None => None,
    };
    let mut conn = state.pool.get().await?;
    let changed = conn
        .transaction::<_, ApiError, _>(async |conn| {
            let (current, has_others) = db::users::lock_with_admins(conn, id.0).await?;
            let current = current.ok_or_else(not_found)?;
            if_match.check(current.version)?;
            let user = patched(&current, patch)?;
            check(&user, new_password.as_ref())?;
            check_provider(&current, user.role, new_password.is_some())?;
            if !has_others && is_admin(&current) && (!user.enabled || user.role != Role::Admin) {
                return Err(last_admin());
            }
            let at = now();
            let row = ChangedUserRow {
                username: &user.username,
                username_key: &user.username.to_lowercase(),
                display_name: &user.display_name,
                role: user.role.as_str(),
                enabled: user.enabled,
                password_hash: hash.as_deref(),
                version: current.version + 1,
                updated_at: at,
            };
            let mut change = Change::within(conn, &author)?;
            let changed = db::users::update(&mut change, &current, &row)
                .await
                .map_err(refused)?;
            if hash.is_some() && caller.id == id {
                db::sessions::end_others(&mut change, id.0, caller.session, at).await?;
            } else if hash.is_some() || (current.enabled && !user.enabled) {
                db::sessions::end_all(&mut change, id.0, at).await?;
            }
            Ok(changed)
        })
        .await?;
    Ok(resource(changed.version, &User::from(changed)))
}

/// Delete a user
///
/// Refused while keys that the user made open something: revoke them first, or disable the user instead. Private assistants of the
/// user are deleted, too; shared ones stay.
#[utoipa::path(
    tag = "users",
    security(("access_token" = [])),
    params(
        ("id" = UserId, Path, description = "Id of the user"),
        ("if-match" = String, Header, description = "The ETag of the version that was read, or `*`", example = "\"1\""),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 409, description = "It is the last administrator (`conflict`), or has keys (`in_use`); `used_by` names them", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[delete("/api/v1/users/{id}")]
pub async fn delete_user(
    state: web::Data<AppState>,
    call: Permitted<Admin, (Origin, PathId<UserId>, IfMatch)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(caller, (origin, PathId(id), if_match)) = call;
    let author = origin.by(&caller);
    let mut conn = state.pool.get().await?;
    conn.transaction::<_, ApiError, _>(async |conn| {
        // Their assistants are configuration.
        db::model_instances::lock_configuration(conn).await?;
        let (current, has_others) = db::users::lock_with_admins(conn, id.0).await?;
        let current = current.ok_or_else(not_found)?;
        if_match.check(current.version)?;
        if !has_others && is_admin(&current) {
            return Err(last_admin());
        }
        let keys = db::api_keys::valid_of(conn, id.0, now()).await?;
        if !keys.is_empty() {
            let way_out = "Revoke the user's keys first, or disable the user";
            return Err(ApiError::in_use(way_out, "api_key", keys));
        }
        let mut change = Change::within(conn, &author)?;
        Ok(db::users::delete(&mut change, &current).await?)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes the password out of a patch, so that it is in nothing that is passed on.
fn take_password(patch: &mut Value) -> Result<Option<SecretInput>, ApiError> {
    let taken = patch
        .as_object_mut()
        .and_then(|fields| fields.remove("password"));
    let Some(value) = taken else {
        return Ok(None);
    };
    let only: UpdateUser = read_as(json!({"password": value}))?;
    only.password
        .map(Some)
        // A user always has a password; there is no default to go back to.
        .ok_or_else(|| ApiError::field("/password", FieldRule::Required))
}

/// What a patch makes of a user.
fn patched(current: &UserRow, patch: Value) -> Result<WritableUser, ApiError> {
    let writable = json!({
        "username": current.username,
        "display_name": current.display_name,
        "role": current.role(),
        "enabled": current.enabled,
    });
    read_as(merge(writable, patch, &[]).map_err(ApiError::fields)?)
}

fn check(user: &WritableUser, new_password: Option<&SecretInput>) -> Result<(), ApiError> {
    let mut faults = user.faults();
    if let Some(new) = new_password {
        password_faults(&mut faults, "/password", &user.username, new.expose());
    }
    ApiError::check(faults)
}

/// Role and password of somebody who signs in with the identity provider are its to decide.
fn check_provider(user: &UserRow, role: Role, new_password: bool) -> Result<(), ApiError> {
    if user.sign_in() == SignInMethod::Local {
        return Ok(());
    }
    let wrong = [("/role", role != user.role()), ("/password", new_password)];
    let wrong = wrong.into_iter().filter(|(_, changed)| *changed);
    ApiError::check(
        wrong
            .map(|(pointer, _)| FieldError::new(pointer, FieldRule::OfIdentityProvider))
            .collect(),
    )
}

fn is_admin(user: &UserRow) -> bool {
    user.enabled && user.role() == Role::Admin
}

fn not_found() -> ApiError {
    ApiError::not_found("user with this id")
}

fn last_admin() -> ApiError {
    ApiError::new(
        ProblemCode::Conflict,
        "This is the last administrator who can sign in; make another one first.",
    )
}

/// A write that the database refused: the one unique value of users is their name.
fn refused(error: Error) -> ApiError {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            ApiError::field("/username", FieldRule::Taken)
        }
        error => error.into(),
    }
}
