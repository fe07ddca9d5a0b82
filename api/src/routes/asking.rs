//! Asking a group from the management API, over the very path that callers of `/v1` take: for a try, and in dialogs.
//!
//! The rule: nothing here decides who is asked, what counts as an answer, or what a failure means for an instance; the gateway's loop does,
//! with the same snapshot, parameters and commit.

use std::pin::pin;
use std::sync::Arc;

use actix_web::http::StatusCode;
use bytes::Bytes;
use understudy_shared::{
    AttemptOutcome, AttemptTrace, Capability, InstanceRef, ModelGroupId, ProblemCode,
};

use crate::error::ApiError;
use crate::gateway::ending;
use crate::gateway::error::{GatewayError, GatewayErrorCode};
use crate::gateway::failover::{self, Answered, Ask, Trace};
use crate::gateway::question::Question;
use crate::gateway::snapshot::{Group, Snapshot};
use crate::state::AppState;
use crate::telemetry::RequestSpan;

pub mod limits;
pub mod pieces;
pub mod telling;

/// Characters of a backend's own error that are shown.
const MAX_REFUSAL: usize = 1000;

/// A conversation for a group.
pub struct Conversation<'a> {
    /// The configuration that it works with.
    pub snapshot: &'a Snapshot,
    /// The group.
    pub group: &'a Arc<Group>,
    /// The request's body, as callers of `/v1/chat/completions` send it.
    pub body: &'a Bytes,
    /// Id of the request.
    pub request_id: &'a str,
    /// Its span, if requests are traced.
    pub span: Option<&'a RequestSpan>,
}

/// The group as requests find it. One that was made a moment ago by another replica may take a reload.
pub async fn find(state: &AppState, id: ModelGroupId) -> Option<(Arc<Snapshot>, Arc<Group>)> {
    if let Some(found) = known(state, id) {
        return Some(found);
    }
    state.gateway.refreshed().await;
    known(state, id)
}

/// The group, if requests find it already.
pub fn known(state: &AppState, id: ModelGroupId) -> Option<(Arc<Snapshot>, Arc<Group>)> {
    let snapshot = state.gateway.snapshot();
    let group = snapshot.groups().find(|group| group.id == id).cloned();
    group.map(|group| (snapshot, group))
}

/// Asks as the gateway's handler does.
///
/// # Errors
/// If nobody answered, with what callers of the gateway are told.
pub async fn ask(
    state: &AppState,
    conversation: &Conversation<'_>,
    trace: &mut Trace,
) -> Result<Answered, GatewayError> {
    let question = Question::read(Capability::Chat, "application/json", conversation.body)
        .map_err(|error| GatewayError::new(GatewayErrorCode::Internal, error.to_string()))?;
    let ask = Ask {
        gateway: &state.gateway,
        snapshot: conversation.snapshot,
        group: conversation.group,
        question: &question,
        request_id: conversation.request_id,
        span: conversation.span,
        joins: &[],
    };
    let asked = pin!(failover::ask(&ask, trace));
    // Until the first byte has gone to the caller, even the end of the service is an answer.
    ending::unless_first(asked).await.unwrap_or_else(|| {
        let code = GatewayErrorCode::NoInstanceAvailable;
        Err(GatewayError::new(code, "The service is stopping."))
    })
}

/// Who gives the answer that has begun.
///
/// # Errors
/// If nobody does, which must not be.
pub fn answering(trace: &[AttemptTrace]) -> Result<InstanceRef, ApiError> {
    let mut steps = trace.iter();
    let step = steps.find(|step| step.outcome == AttemptOutcome::Answered);
    let step = step.ok_or_else(|| ApiError::internal("an answer without an attempt"))?;
    Ok(InstanceRef {
        instance_id: step.instance_id,
        name: step.name.clone(),
    })
}

/// What the gateway tells its callers, in the words of the management API.
pub fn told(error: &GatewayError) -> ApiError {
    let message = &*error.message;
    let code = match error.code {
        GatewayErrorCode::NoInstanceAvailable => ProblemCode::NoInstanceAvailable,
        GatewayErrorCode::AllInstancesFailed => ProblemCode::AllInstancesFailed,
        GatewayErrorCode::UpstreamTimeout => ProblemCode::UpstreamTimeout,
        GatewayErrorCode::ContextLengthExceeded => ProblemCode::ContextLengthExceeded,
        GatewayErrorCode::RateLimited => {
            return ApiError::rate_limited(message, error.retry_after_s.unwrap_or(1));
        }
        // The others are about keys, bodies and paths, of which the gateway's loop knows nothing.
        _ => return ApiError::internal(message),
    };
    ApiError::new(code, message)
}

/// What a backend said of a question that it does not take. The gateway has taken secrets and hosts out of it.
pub fn refused(status: u16, body: &str) -> ApiError {
    let said: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let said = said["error"]["message"].as_str().unwrap_or_default();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    ApiError::refused_upstream(status, said.chars().take(MAX_REFUSAL).collect::<String>())
}
