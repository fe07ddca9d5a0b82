//! Who is asked under the name of an assistant, and why nobody is.
//!
//! A group that has had such a name since before there were assistants is found first, and so goes on as it was.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use understudy_shared::{Capability, assistant_of_model};

use super::shortened;
use crate::gateway::assistant::Assistant;
use crate::gateway::error::{GatewayError, GatewayErrorCode as Code};
use crate::gateway::snapshot::{Group, Key, Snapshot};

/// No group and no assistant of this name, or not for this key.
pub(super) fn not_found(model: &str) -> GatewayError {
    let message = format!(
        "The model `{}` does not exist, or this key may not ask it.",
        shortened(model)
    );
    GatewayError::new(Code::ModelNotFound, message).param("model")
}

/// The assistant of this name and its group. Whoever may not ask it learns nothing of it.
pub(super) fn find<'s>(
    snapshot: &'s Snapshot,
    key: &Key,
    model: &str,
    endpoint: Capability,
) -> Result<(&'s Arc<Assistant>, &'s Arc<Group>), GatewayError> {
    let assistant = assistant_of_model(model)
        .and_then(|name| snapshot.assistant(name))
        .filter(|assistant| assistant.is_for(key))
        .ok_or_else(|| not_found(model))?;
    let name = &assistant.model;
    let group = match &assistant.group {
        Some(group) if key.may_ask(group.id) => group,
        None if key.stored.group_ids.is_none() => {
            let message = format!("The model {name} cannot answer: its model group is deleted.");
            return Err(GatewayError::new(Code::NoInstanceAvailable, message));
        }
        _ => return Err(not_found(model)),
    };
    if endpoint != Capability::Chat {
        let message =
            format!("`{name}` is an assistant: it is asked at /v1/chat/completions alone.");
        return Err(GatewayError::new(Code::InvalidRequest, message).param("model"));
    }
    Ok((assistant, group))
}

/// The assistants that a key may ask, by name, with the groups that answer.
pub(super) fn listed<'s>(
    snapshot: &'s Snapshot,
    key: &Key,
) -> Vec<(&'s String, DateTime<Utc>, &'s Arc<Group>)> {
    let mut listed = Vec::new();
    for assistant in snapshot.assistants() {
        let group = assistant.group.as_ref();
        let group = group.filter(|group| group.enabled && key.may_ask(group.id));
        if let Some(group) = group
            && assistant.is_for(key)
            && snapshot.group(&assistant.model).is_none()
        {
            listed.push((&assistant.model, assistant.created_at, group));
        }
    }
    listed.sort_by(|a, b| a.0.cmp(b.0));
    listed
}
