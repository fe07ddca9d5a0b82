//! Model instances: one file per verb, and what they share.

mod check;
mod discover;
mod drill;
mod duplicate;
mod list;
mod read;
mod validate;
mod write;

pub use check::*;
pub use discover::*;
pub use drill::*;
pub use duplicate::*;
pub use list::*;
pub use read::*;
pub use write::*;

pub(crate) use validate::{Purpose, examine};

use actix_web::HttpResponse;
use understudy_shared::{
    HeaderId, ModelInstance, ModelInstanceId, ProblemCode, Proxy, ProxyId, SecretHeader, Token,
    TokenId,
};

use super::answer;
use crate::db::model_instances::{
    InstanceHeaderRow, InstanceProxyRow, InstanceTokenRow, StoredConnectionError,
    StoredModelInstance,
};
use crate::domain::model_instance::{StoredConnection, StoredProxy};
use crate::error::ApiError;
use crate::state::AppState;

impl From<StoredConnectionError> for ApiError {
    fn from(error: StoredConnectionError) -> Self {
        match error {
            StoredConnectionError::Row(error) => error.into(),
            StoredConnectionError::Secret(error) => {
                tracing::warn!(%error, "a stored secret cannot be copied");
                Self::new(
                    ProblemCode::SecretUnreadable,
                    "A stored secret of this instance cannot be decrypted; enter it again first.",
                )
            }
        }
    }
}

fn not_found() -> ApiError {
    ApiError::not_found("model instance with this id")
}

fn location(id: uuid::Uuid) -> String {
    format!("/api/v1/model-instances/{id}")
}

fn created(stored: StoredModelInstance, state: &AppState) -> Result<HttpResponse, ApiError> {
    let (location, version) = (location(stored.row.id), stored.row.version);
    Ok(answer::created(
        &location,
        version,
        &describe(stored, state)?,
    ))
}

/// The instance as an answer shows it: secrets as hints, and what is known of it at this moment.
fn describe(stored: StoredModelInstance, state: &AppState) -> Result<ModelInstance, ApiError> {
    let (gateway, cipher) = (&state.gateway, &state.cipher);
    let row = &stored.row;
    let (id, endpoint) = (ModelInstanceId(row.id), row.endpoint()?);
    let token = |token: InstanceTokenRow| Token {
        unreadable: token.open(cipher).value.is_err(),
        id: TokenId(token.id),
        label: token.label,
        hint: token.hint,
        state: gateway.token_state(TokenId(token.id)),
    };
    let header = |header: InstanceHeaderRow| SecretHeader {
        unreadable: header.open(cipher).value.is_err(),
        id: HeaderId(header.id),
        name: header.name,
        hint: header.hint,
    };
    let proxy = |proxy: InstanceProxyRow| Proxy {
        unreadable: matches!(proxy.open(cipher).password, Some(Err(_))),
        id: ProxyId(proxy.id),
        url: proxy.url,
        username: proxy.username,
        password_set: proxy.password_encrypted.is_some(),
        state: gateway.proxy_state(ProxyId(proxy.id)),
    };
    Ok(ModelInstance {
        id,
        name: row.name.clone(),
        description: row.description.clone(),
        labels: row.labels()?,
        enabled: row.enabled,
        kind: row.kind()?,
        protocol: row.protocol()?,
        base_url: endpoint.base_url(),
        endpoint,
        model: row.model.clone(),
        auth: row.auth()?,
        tokens: stored.tokens.into_iter().map(token).collect(),
        headers: stored.headers.into_iter().map(header).collect(),
        proxies: stored.proxies.into_iter().map(proxy).collect(),
        tls: row.tls(),
        parameters: row.parameters()?,
        limits: row.limits()?,
        timeouts: row.timeouts()?,
        health_check: row.health_check()?,
        capabilities: row.capabilities()?,
        status: gateway.instance_status(id, row.enabled, row.updated_at),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// What the rules about kept secrets need to know of what is stored.
fn stored_connection(stored: &StoredModelInstance) -> Result<StoredConnection, ApiError> {
    let proxy = |proxy: &InstanceProxyRow| StoredProxy {
        id: ProxyId(proxy.id),
        url: proxy.url.clone(),
        has_password: proxy.password_encrypted.is_some(),
    };
    Ok(StoredConnection {
        endpoint: stored.row.endpoint()?,
        tokens: stored
            .tokens
            .iter()
            .map(|token| TokenId(token.id))
            .collect(),
        headers: stored
            .headers
            .iter()
            .map(|header| HeaderId(header.id))
            .collect(),
        proxies: stored.proxies.iter().map(proxy).collect(),
    })
}
