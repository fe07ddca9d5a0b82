//! Who calls the gateway: an API key with the scope `gateway`, found in memory by its hash.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use chrono::Utc;
use understudy_shared::ApiKeyScope;

use crate::auth::token_hash;
use crate::gateway::error::{GatewayError, GatewayErrorCode as Code};
use crate::gateway::snapshot::{Key, Snapshot};
use crate::state::AppState;

/// The key of the caller.
///
/// # Errors
/// 401 without a valid key; 403 for a valid credential of the other surface.
pub(super) fn caller(
    request: &HttpRequest,
    snapshot: &Snapshot,
    state: &AppState,
) -> Result<Arc<Key>, GatewayError> {
    let Some(credential) = bearer(request) else {
        let message = "An API key is needed: send it as `Authorization: Bearer us-…`.";
        return Err(GatewayError::new(Code::InvalidApiKey, message));
    };
    let Some(key) = snapshot.key(&token_hash(credential)) else {
        if state.access_tokens.verify(credential).is_some() {
            let message = "This is a person's access token. The gateway takes API keys with the scope `gateway`.";
            return Err(GatewayError::new(Code::Forbidden, message));
        }
        return Err(GatewayError::new(
            Code::InvalidApiKey,
            "The API key is not valid.",
        ));
    };
    if key.stored.expires_at.is_some_and(|at| at <= Utc::now()) {
        return Err(GatewayError::new(
            Code::InvalidApiKey,
            "The API key has expired.",
        ));
    }
    if !key.stored.scopes.contains(&ApiKeyScope::Gateway) {
        let message = "This API key does not have the scope `gateway`.";
        return Err(GatewayError::new(Code::Forbidden, message));
    }
    Ok(Arc::clone(key))
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credential) = value.split_once(' ')?;
    let credential = credential.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !credential.is_empty()).then_some(credential)
}
