//! Everything that a new or changed instance must pass before it is stored or connected to.

use serde_json::{Value, json};
use understudy_shared::{CreateModelInstance, FieldError, ModelInstance, ProblemCode};

use super::stored_connection;
use crate::db::model_instances::StoredModelInstance;
use crate::domain::merge_patch::merge;
use crate::domain::model_instance::ValidModelInstance;
use crate::error::ApiError;
use crate::gateway::egress::EgressFault;
use crate::routes::extract::read_as;
use crate::state::AppState;

/// Objects whose members the client names itself.
const FREE: [&str; 3] = ["/labels", "/parameters/defaults", "/parameters/overrides"];

/// Checks the fields, the secrets that are kept from `stored`, and that the addresses may be reached.
pub(super) async fn validate(
    state: &AppState,
    input: CreateModelInstance,
    stored: Option<&StoredModelInstance>,
) -> Result<ValidModelInstance, ApiError> {
    let valid = ValidModelInstance::try_from(input).map_err(ApiError::fields)?;
    let stored = stored.map(stored_connection).transpose()?;
    let mut faults = valid.unknown_ids(stored.as_ref());
    if let Some(stored) = &stored {
        faults.extend(valid.secrets_to_reenter(stored));
    }
    if faults.is_empty() {
        faults = egress_faults(state, &valid).await;
    }
    if faults.is_empty() {
        Ok(valid)
    } else {
        Err(ApiError::fields(faults))
    }
}

async fn egress_faults(state: &AppState, valid: &ValidModelInstance) -> Vec<FieldError> {
    let egress = state.gateway.egress();
    let denied = |pointer: String, fault: &EgressFault| FieldError {
        pointer,
        code: ProblemCode::EgressDenied,
        detail: fault.to_string(),
    };
    let mut faults = Vec::new();
    let endpoint = &valid.endpoint;
    if let Err(fault) = egress
        .check_save(valid.kind, endpoint.scheme, &endpoint.host, endpoint.port)
        .await
    {
        faults.push(denied(format!("/endpoint/{}", fault.field()), &fault));
    }
    for (index, proxy) in valid.proxies.iter().enumerate() {
        if let Err(fault) = egress.check_proxy(&proxy.url.host, proxy.url.port).await {
            faults.push(denied(format!("/proxies/{index}/url"), &fault));
        }
    }
    faults
}

/// What a patch makes of an instance.
pub(super) fn patched(
    instance: ModelInstance,
    patch: Value,
) -> Result<CreateModelInstance, ApiError> {
    read_as(merge(writable(instance)?, patch, &FREE).map_err(ApiError::fields)?)
}

/// The instance as one could send it: without what is read-only, stored secrets by their ids.
fn writable(instance: ModelInstance) -> Result<Value, ApiError> {
    let tokens: Vec<Value> = instance
        .tokens
        .iter()
        .map(|t| json!({"id": t.id, "label": t.label}))
        .collect();
    let headers: Vec<Value> = instance
        .headers
        .iter()
        .map(|h| json!({"id": h.id, "name": h.name}))
        .collect();
    let proxies = instance
        .proxies
        .iter()
        .map(|p| json!({"id": p.id, "url": p.url, "username": p.username}));
    let proxies: Vec<Value> = proxies.collect();
    let mut json = serde_json::to_value(instance).map_err(ApiError::internal)?;
    if let Value::Object(fields) = &mut json {
        for name in understudy_shared::INSTANCE_READ_ONLY {
            fields.remove(name);
        }
        fields.insert("tokens".to_owned(), tokens.into());
        fields.insert("headers".to_owned(), headers.into());
        fields.insert("proxies".to_owned(), proxies.into());
    }
    Ok(json)
}
