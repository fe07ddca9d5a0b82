//! Connection checks, of a stored instance and of a draft.

use actix_web::{HttpResponse, post, web};
use serde_json::Value;
use understudy_shared::{
    CheckModelInstance, CheckResult, CreateModelInstance, FieldRule, ModelInstanceId, ProxyId,
    TokenId,
};
use uuid::Uuid;

use super::not_found;
use super::validate::{Purpose, validate};
use crate::auth::{ManageWrite, Permitted};
use crate::db;
use crate::db::model_instances::StoredModelInstance;
use crate::domain::model_instance::{
    Connection, ConnectionHeader, ConnectionProxy, ConnectionToken, Opened, ValidHeader,
    ValidModelInstance, ValidProxy, ValidToken,
};
use crate::error::ApiError;
use crate::routes::extract::{JsonBody, PathId, read_as};
use crate::secrets::{Secret, SecretCipher, SecretError};
use crate::state::AppState;

/// Check a model instance now
///
/// Connects step by step, over the instance's own proxies and tokens. An instance that fails is still an answer of 200.
#[utoipa::path(
    tag = "model-instances",
    params(("id" = ModelInstanceId, Path, description = "Id of the instance")),
    responses((status = 200, description = "What the check found", body = CheckResult)),
)]
#[post("/api/v1/model-instances/{id}/check")]
pub async fn check_model_instance(
    state: web::Data<AppState>,
    call: Permitted<ManageWrite, PathId<ModelInstanceId>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(_, PathId(id)) = call;
    let stored = find(&state, id).await?.ok_or_else(not_found)?;
    let connection = stored.connection(&state.cipher)?;
    Ok(HttpResponse::Ok().json(state.gateway.check(&connection).await))
}

/// Check a draft of a model instance
///
/// The fields of an instance that need not be stored (`name` may be missing), through its own proxies and tokens. With
/// `from_instance_id`, items with an `id` and no secret use the stored one, as long as endpoint and proxies are unchanged.
#[utoipa::path(
    tag = "model-instances",
    request_body = CheckModelInstance,
    responses((status = 200, description = "What the check found", body = CheckResult)),
)]
#[post("/api/v1/model-instances/check")]
pub async fn check_model_instance_draft(
    state: web::Data<AppState>,
    call: Permitted<ManageWrite, JsonBody<Value>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(_, JsonBody(tree)) = call;
    let (input, from) = draft(tree)?;
    let stored = match from {
        Some(id) => Some(find(&state, id).await?.ok_or_else(unknown_source)?),
        None => None,
    };
    let valid = validate(&state, input, stored.as_ref(), Purpose::Check).await?;
    let connection = connection(&state, valid, stored.as_ref());
    Ok(HttpResponse::Ok().json(state.gateway.check(&connection).await))
}

async fn find(
    state: &AppState,
    id: ModelInstanceId,
) -> Result<Option<StoredModelInstance>, ApiError> {
    let mut conn = state.pool.get().await?;
    Ok(db::model_instances::get(&mut conn, id.0).await?)
}

fn unknown_source() -> ApiError {
    ApiError::field("/from_instance_id", FieldRule::UnknownInstance)
}

/// The draft, and the instance whose secrets it uses.
fn draft(mut tree: Value) -> Result<(CreateModelInstance, Option<ModelInstanceId>), ApiError> {
    let mut from = None;
    if let Value::Object(fields) = &mut tree {
        if let Some(id) = fields.remove("from_instance_id") {
            from = FromInstance::read(id)?;
        }
        fields.entry("name").or_insert_with(|| "draft".into());
    }
    Ok((read_as(tree)?, from))
}

/// Read as an object of its own, so that a fault points to the field.
#[derive(serde::Deserialize)]
struct FromInstance {
    from_instance_id: Option<ModelInstanceId>,
}

impl FromInstance {
    fn read(id: Value) -> Result<Option<ModelInstanceId>, ApiError> {
        let alone = serde_json::json!({"from_instance_id": id});
        read_as::<Self>(alone).map(|read| read.from_instance_id)
    }
}

/// A connection from a valid draft. Whatever it keeps comes from `stored`, as validation has made sure.
fn connection(
    state: &AppState,
    valid: ValidModelInstance,
    stored: Option<&StoredModelInstance>,
) -> Connection {
    let kept = Kept {
        stored,
        cipher: &state.cipher,
    };
    Connection {
        // The draft's own id, so that what is learnt of it is not taken for news of the stored instance.
        id: ModelInstanceId(Uuid::now_v7()),
        name: valid.name,
        kind: valid.kind,
        endpoint: valid.endpoint,
        model: valid.model,
        auth: valid.auth,
        tokens: valid
            .tokens
            .into_iter()
            .map(|token| kept.token(token))
            .collect(),
        headers: valid
            .headers
            .into_iter()
            .map(|header| kept.header(header))
            .collect(),
        proxies: valid
            .proxies
            .into_iter()
            .map(|proxy| kept.proxy(proxy))
            .collect(),
        tls: valid.tls,
        parameters: valid.parameters,
        limits: valid.limits,
        timeouts: valid.timeouts,
        health_check: valid.health_check,
        capabilities: valid.capabilities,
    }
}

/// Where the secrets are that a draft does not bring along.
struct Kept<'a> {
    stored: Option<&'a StoredModelInstance>,
    cipher: &'a SecretCipher,
}

impl Kept<'_> {
    fn token(&self, token: ValidToken) -> ConnectionToken {
        let row = token
            .id
            .and_then(|id| self.stored?.tokens.iter().find(|row| row.id == id.0));
        let kept = || row.map(|row| row.open(self.cipher).value);
        ConnectionToken {
            id: token.id.unwrap_or_else(|| TokenId(Uuid::now_v7())),
            value: opened(token.value, kept),
        }
    }

    fn header(&self, header: ValidHeader) -> ConnectionHeader {
        let row = header
            .id
            .and_then(|id| self.stored?.headers.iter().find(|row| row.id == id.0));
        let kept = || row.map(|row| row.open(self.cipher).value);
        ConnectionHeader {
            name: header.name,
            value: opened(header.value, kept),
        }
    }

    fn proxy(&self, proxy: ValidProxy) -> ConnectionProxy {
        let row = proxy
            .id
            .and_then(|id| self.stored?.proxies.iter().find(|row| row.id == id.0));
        // A password without a name means nothing.
        let row = row.filter(|_| proxy.username.is_some());
        let kept = || row.and_then(|row| row.open(self.cipher).password);
        ConnectionProxy {
            id: proxy.id.unwrap_or_else(|| ProxyId(Uuid::now_v7())),
            url: proxy.url.to_string(),
            username: proxy.username,
            password: proxy.password.map(Ok).or_else(kept),
        }
    }
}

/// A secret that the draft brings along, or the stored one. Validation has made sure that there is either.
fn opened(new: Option<Secret>, kept: impl FnOnce() -> Option<Opened>) -> Opened {
    match new {
        Some(value) => Ok(value),
        None => kept().unwrap_or(Err(SecretError::Damaged)),
    }
}
