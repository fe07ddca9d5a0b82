//! API keys: made by people for programs, shown once, revoked for good.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};

use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use understudy_shared::{
    ApiKey, ApiKeyId, CreateApiKey, CreatedApiKey, FieldError, FieldRule, ModelGroupId, Page,
    ProblemCode, Role,
};
use uuid::Uuid;

use super::answer::not_stored;
use super::extract::{JsonBody, PathId, Query};
use super::list::{Comparison, ListParams, ListQuery, Listed, with_items};
use crate::auth::api_key::NewKey;
use crate::auth::permission::may_grant;
use crate::auth::principal::Person;
use crate::auth::{Origin, OwnKeys, Permitted, Principal, denials};
use crate::db;
use crate::db::Change;
use crate::db::api_keys::{ApiKeyRow, NewApiKeyRow};
use crate::db::time::now;
use crate::error::ApiError;
use crate::state::AppState;

mod update;

pub use update::update_api_key;

impl Listed for ApiKeyRow {
    const SORT_KEYS: &'static [(&'static str, Comparison<Self>)] = &[
        ("name", |a, b| {
            a.name.to_lowercase().cmp(&b.name.to_lowercase())
        }),
        ("created_at", |a, b| a.created_at.cmp(&b.created_at)),
        ("last_used_at", |a, b| a.last_used_at.cmp(&b.last_used_at)),
        ("expires_at", |a, b| a.expires_at.cmp(&b.expires_at)),
    ];
    type Filters = ();

    fn id(&self) -> Uuid {
        self.id
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.name, &self.prefix]
    }
}

/// Whose keys a person may see: an administrator everybody's, others their own.
fn owner(person: &Person) -> Option<Uuid> {
    (person.role != Role::Admin).then_some(person.id.0)
}

/// List API keys
///
/// One's own; administrators see all. Sorted by `name`, `created_at`, `last_used_at` or `expires_at`; `q` looks into name and
/// prefix.
#[utoipa::path(
    tag = "api-keys",
    security(("access_token" = [])),
    params(ListParams),
    responses((status = 200, description = "A page of keys", body = Page<ApiKey>)),
)]
#[get("/api/v1/api-keys")]
pub async fn list_api_keys(
    state: web::Data<AppState>,
    call: Permitted<OwnKeys, Query<ListQuery<ApiKeyRow>>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, Query(query)) = call;
    let mut conn = state.pool.get().await?;
    let rows = db::api_keys::list(&mut conn, owner(&person)).await?;
    let mut page = query.page(rows);
    let items: Vec<ApiKey> = std::mem::take(&mut page.items)
        .into_iter()
        .map(ApiKey::from)
        .collect();
    Ok(HttpResponse::Ok().json(with_items(page, items)))
}

/// Make an API key
///
/// The answer alone carries the key; nothing can show it again. Nobody gives a key more than they have: a `user` makes keys
/// with the scope `gateway`, operators and administrators make all of them. A key never does more than its maker may do now.
#[utoipa::path(
    tag = "api-keys",
    security(("access_token" = [])),
    request_body = CreateApiKey,
    responses((status = 201, description = "The key, this once", body = CreatedApiKey, headers(
        ("location" = String, description = "Path of the key"),
    ))),
)]
#[post("/api/v1/api-keys")]
pub async fn create_api_key(
    request: HttpRequest,
    state: web::Data<AppState>,
    call: Permitted<OwnKeys, (Origin, JsonBody<CreateApiKey>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, (origin, JsonBody(input))) = call;
    let faults = input.faults(now());
    if !faults.is_empty() {
        return Err(ApiError::fields(faults));
    }
    if let Err(refused) = check_scopes(&person, &input) {
        denials::record(&request, &state, &Principal::Person(person)).await;
        return Err(refused);
    }
    let mut conn = state.pool.get().await?;
    check_groups(&mut conn, input.group_ids.as_deref()).await?;
    let new = NewKey::generate();
    let new_row = new_row(&person, input, &new)?;
    let author = origin.by(&person);
    let row = conn
        .transaction::<_, ApiError, _>(async |conn| {
            let mut change = Change::within(conn, &author)?;
            Ok(db::api_keys::insert(&mut change, &new_row).await?)
        })
        .await?;
    let location = format!("/api/v1/api-keys/{}", row.id);
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, location));
    Ok(not_stored(response.json(with_key(row.into(), new.key))))
}

fn check_scopes(person: &Person, input: &CreateApiKey) -> Result<(), ApiError> {
    let beyond = input
        .scopes
        .iter()
        .find(|scope| !may_grant(person.role, **scope));
    beyond.map_or(Ok(()), |scope| {
        let detail = format!(
            "Your role cannot give the scope {} to a key.",
            scope.as_str()
        );
        Err(ApiError::new(ProblemCode::Forbidden, detail))
    })
}

async fn check_groups(
    conn: &mut AsyncPgConnection,
    groups: Option<&[ModelGroupId]>,
) -> Result<(), ApiError> {
    let Some(groups) = groups else {
        return Ok(());
    };
    let ids: Vec<Uuid> = groups.iter().map(|id| id.0).collect();
    let existing = db::model_groups::existing(conn, &ids).await?;
    let unknown = ids
        .iter()
        .enumerate()
        .filter(|(_, id)| !existing.contains(id));
    let fault =
        |(index, _)| FieldError::new(format!("/group_ids/{index}"), FieldRule::UnknownGroup);
    let faults: Vec<FieldError> = unknown.map(fault).collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(ApiError::fields(faults))
    }
}

/// A limit as it is stored.
fn number(limit: Option<u32>) -> Result<Option<i32>, ApiError> {
    let number = limit.map(i32::try_from).transpose();
    number.map_err(ApiError::internal)
}

fn new_row(person: &Person, input: CreateApiKey, new: &NewKey) -> Result<NewApiKeyRow, ApiError> {
    Ok(NewApiKeyRow {
        id: Uuid::now_v7(),
        name: input.name,
        prefix: new.prefix.clone(),
        key_hash: new.hash.to_vec(),
        scopes: input.scopes.iter().map(|scope| scope.as_str()).collect(),
        group_ids: input
            .group_ids
            .map(|groups| groups.into_iter().map(|id| id.0).collect()),
        requests_per_minute: number(input.limits.requests_per_minute)?,
        max_concurrency: number(input.limits.max_concurrency)?,
        expires_at: input.expires_at,
        created_by: Some(person.id.0),
        created_at: now(),
    })
}

fn with_key(made: ApiKey, key: String) -> CreatedApiKey {
    CreatedApiKey {
        id: made.id,
        name: made.name,
        key,
        prefix: made.prefix,
        scopes: made.scopes,
        group_ids: made.group_ids,
        limits: made.limits,
        expires_at: made.expires_at,
        last_used_at: made.last_used_at,
        revoked_at: made.revoked_at,
        created_at: made.created_at,
    }
}

/// Get an API key
#[utoipa::path(
    tag = "api-keys",
    security(("access_token" = [])),
    params(("id" = ApiKeyId, Path, description = "Id of the key")),
    responses((status = 200, description = "The key, without its value", body = ApiKey)),
)]
#[get("/api/v1/api-keys/{id}")]
pub async fn get_api_key(
    state: web::Data<AppState>,
    call: Permitted<OwnKeys, PathId<ApiKeyId>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, PathId(id)) = call;
    let mut conn = state.pool.get().await?;
    let row = find(&mut conn, id, &person).await?;
    Ok(HttpResponse::Ok().json(ApiKey::from(row)))
}

/// Revoke an API key
///
/// At once and for good; it stays in the list. Revoking twice is no fault.
#[utoipa::path(
    tag = "api-keys",
    security(("access_token" = [])),
    params(("id" = ApiKeyId, Path, description = "Id of the key")),
    responses((status = 204, description = "Revoked")),
)]
#[delete("/api/v1/api-keys/{id}")]
pub async fn revoke_api_key(
    state: web::Data<AppState>,
    call: Permitted<OwnKeys, (Origin, PathId<ApiKeyId>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, (origin, PathId(id))) = call;
    let author = origin.by(&person);
    let mut conn = state.pool.get().await?;
    conn.transaction::<_, ApiError, _>(async |conn| {
        let row = find(conn, id, &person).await?;
        let mut change = Change::within(conn, &author)?;
        Ok(db::api_keys::revoke(&mut change, &row, now()).await?)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn find(
    conn: &mut AsyncPgConnection,
    id: ApiKeyId,
    person: &Person,
) -> Result<ApiKeyRow, ApiError> {
    let row = db::api_keys::get(conn, id.0, owner(person)).await?;
    row.ok_or_else(|| ApiError::not_found("key with this id"))
}
