//! Everything that a new or changed instance must pass before it is stored or connected to.

use serde_json::{Value, json};
use understudy_shared::{CreateModelInstance, FieldError, ModelInstance};

use super::stored_connection;
use crate::db::model_instances::StoredModelInstance;
use crate::domain::merge_patch::merge;
use crate::domain::model_instance::{ProxyUrl, ValidModelInstance};
use crate::error::ApiError;
use crate::gateway::egress::{EgressFault, EgressPolicy};
use crate::routes::extract::read_as;
use crate::state::AppState;

/// Objects whose members the client names itself.
const FREE: [&str; 3] = ["/labels", "/parameters/defaults", "/parameters/overrides"];

/// What a valid instance is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be stored. What is stored already and stays is not resolved again: an address that is denied by now must not stop
    /// anybody from pausing or renaming its instance, and it is refused when a connection is made.
    Save,
    /// To be connected to at once.
    Check,
}

/// Checks the fields, the secrets that are kept from `stored`, and that the addresses may be reached.
pub(super) async fn validate(
    state: &AppState,
    input: CreateModelInstance,
    stored: Option<&StoredModelInstance>,
    purpose: Purpose,
) -> Result<ValidModelInstance, ApiError> {
    let examined = examine(state.gateway.egress(), input, stored, purpose).await?;
    examined.map_err(ApiError::fields)
}

/// The same, with the faults of the fields apart from failures.
pub(crate) async fn examine(
    egress: &EgressPolicy,
    input: CreateModelInstance,
    stored: Option<&StoredModelInstance>,
    purpose: Purpose,
) -> Result<Result<ValidModelInstance, Vec<FieldError>>, ApiError> {
    let valid = match ValidModelInstance::try_from(input) {
        Ok(valid) => valid,
        Err(faults) => return Ok(Err(faults)),
    };
    let connection = stored.map(stored_connection).transpose()?;
    let mut faults = valid.unknown_ids(connection.as_ref());
    if let Some(connection) = &connection {
        faults.extend(valid.secrets_to_reenter(connection));
    }
    if faults.is_empty() {
        let known = stored.filter(|_| purpose == Purpose::Save);
        faults = endpoint_fault(egress, &valid, known).await?;
        faults.extend(proxy_faults(egress, &valid, known).await);
    }
    Ok(if faults.is_empty() {
        Ok(valid)
    } else {
        Err(faults)
    })
}

async fn endpoint_fault(
    egress: &EgressPolicy,
    valid: &ValidModelInstance,
    known: Option<&StoredModelInstance>,
) -> Result<Vec<FieldError>, ApiError> {
    let new = &valid.endpoint;
    if let Some(known) = known {
        let (kind, old) = (known.row.kind()?, known.row.endpoint()?);
        if (kind, old.scheme, &old.host, old.port) == (valid.kind, new.scheme, &new.host, new.port)
        {
            return Ok(Vec::new());
        }
    }
    let checked = egress
        .check_save(valid.kind, new.scheme, &new.host, new.port)
        .await;
    let fault =
        |fault: EgressFault| FieldError::new(format!("/endpoint/{}", fault.field()), fault.rule());
    Ok(checked.err().map(fault).into_iter().collect())
}

async fn proxy_faults(
    egress: &EgressPolicy,
    valid: &ValidModelInstance,
    known: Option<&StoredModelInstance>,
) -> Vec<FieldError> {
    let is_known = |url: &ProxyUrl| {
        known.is_some_and(|known| known.proxies.iter().any(|row| row.url == url.to_string()))
    };
    let mut faults = Vec::new();
    for (index, proxy) in valid.proxies.iter().enumerate() {
        if is_known(&proxy.url) {
            continue;
        }
        let checked = egress.check_proxy(&proxy.url.host, proxy.url.port).await;
        faults.extend(
            checked
                .err()
                .map(|fault| FieldError::new(format!("/proxies/{index}/url"), fault.rule())),
        );
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
