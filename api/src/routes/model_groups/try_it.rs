//! Trying a group out from the screen: one question, over the very path that callers of `/v1` take.
//!
//! The rule: nothing here decides who is asked, what counts as an answer, or what a failure means for an instance; the
//! gateway's loop does, with the same snapshot, parameters and commit. What is added is the account of it: who was skipped or
//! failed, and how long it took.

use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, post, web};
use bytes::Bytes;
use serde_json::json;
use tokio::time::Instant;
use understudy_shared::{
    AttemptOutcome, AttemptTrace, Capability, InstanceRef, ModelGroupId, Problem, ProblemCode,
    TryEvent, TryModelGroup,
};

use super::not_found;
use crate::auth::{ManageWrite, Permitted, Principal};
use crate::error::ApiError;
use crate::gateway::error::{GatewayError, GatewayErrorCode};
use crate::gateway::failover::{self, Answer, Ask, Trace};
use crate::gateway::question::Question;
use crate::gateway::snapshot::{Group, Snapshot};
use crate::request_id;
use crate::routes::extract::{JsonBody, PathId};
use crate::state::AppState;

mod limits;
mod stream;

pub use limits::TryLimits;
use stream::Asked;

/// Characters of a backend's own error that are shown.
const MAX_REFUSAL: usize = 1000;

/// Try a model group
///
/// Asks one question by the rules that requests to `/v1/chat/completions` follow, and streams the answer: events `delta`, then
/// one `message` with the whole answer, who gave it and what became of each instance, or one `error`. A failure before the
/// first content has its own status and `trace`. Four tries of one caller at a time. It counts as a request for the instances.
#[utoipa::path(
    tag = "model-groups",
    params(("id" = ModelGroupId, Path, description = "Id of the group")),
    request_body = TryModelGroup,
    responses(
        (status = 200, description = "The answer begins; server-sent events, of which each has the name and the data of a `TryEvent`", body = TryEvent, content_type = "text/event-stream"),
        (status = 429, description = "Too many tries of this caller are under way, or every instance asks for a pause (`rate_limited`)", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "Every instance that was asked failed (`all_instances_failed`); `trace` says how", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "No instance may be asked (`no_instance_available`; `trace` says why), or the database cannot be reached (`unavailable`)", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "The last instance did not answer in time (`upstream_timeout`)", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", description = "The backend refused the request itself (`upstream_refused`), with the backend's status", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/model-groups/{id}/try")]
pub async fn try_model_group(
    request: HttpRequest,
    state: web::Data<AppState>,
    call: Permitted<ManageWrite, (PathId<ModelGroupId>, JsonBody<TryModelGroup>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(principal, (PathId(id), JsonBody(input))) = call;
    ApiError::check(input.faults())?;
    let under_way = state.tries.begin(caller(&principal))?;
    let (snapshot, group) = find(&state, id).await?;
    let started = Instant::now();
    let request_id = request_id::of(&request);
    let mut trace = Trace::default();
    let answered = ask(&state, &snapshot, &group, &input, &request_id, &mut trace).await;
    log(&request_id, &principal, &group, &answered, &trace);
    let trace = trace.steps();
    let (committed, instance) = committed(answered, trace).map_err(|e| e.with_trace(trace))?;
    let asked = Asked {
        request_path: request.path().to_owned(),
        request_id,
        instance,
        trace: trace.to_vec(),
        started,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-cache, no-store"))
        // Reverse proxies hold back what they take for a page.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream::events(committed.into_bytes(None), asked, under_way)))
}

/// Who tries, as limits and log lines name them.
fn caller(principal: &Principal) -> uuid::Uuid {
    match principal {
        Principal::Person(person) => person.id.0,
        Principal::Program(program) => program.id.0,
    }
}

/// The group as requests find it. One that was made a moment ago by another replica may take a reload.
async fn find(state: &AppState, id: ModelGroupId) -> Result<(Arc<Snapshot>, Arc<Group>), ApiError> {
    let find = || {
        let snapshot = state.gateway.snapshot();
        let group = snapshot.groups().find(|group| group.id == id).cloned();
        group.map(|group| (snapshot, group))
    };
    if let Some(found) = find() {
        return Ok(found);
    }
    state.gateway.refreshed().await;
    find().ok_or_else(not_found)
}

type Answered = Result<failover::Answered, GatewayError>;

/// Asks as the gateway's handler does.
async fn ask(
    state: &AppState,
    snapshot: &Snapshot,
    group: &Arc<Group>,
    input: &TryModelGroup,
    request_id: &str,
    trace: &mut Trace,
) -> Answered {
    let body = json!({
        "model": group.name,
        "messages": [{"role": "user", "content": input.question}],
        "stream": true,
        "max_tokens": input.max_tokens,
    })
    .to_string();
    let body = Bytes::from(body);
    let question = Question::read(Capability::Chat, "application/json", &body)
        .map_err(|error| GatewayError::new(GatewayErrorCode::Internal, error.to_string()))?;
    let ask = Ask {
        gateway: &state.gateway,
        snapshot,
        group,
        question: &question,
        request_id,
        span: None,
        joins: &[],
    };
    failover::ask(&ask, trace).await
}

/// The stream that has begun and who gives it, or why there is none.
fn committed(
    answered: Answered,
    trace: &[AttemptTrace],
) -> Result<(Box<crate::gateway::stream::Committed>, InstanceRef), ApiError> {
    let answered = answered.map_err(told)?;
    match answered.answer {
        Answer::Stream(committed) => {
            let mut steps = trace.iter();
            let step = steps.find(|step| step.outcome == AttemptOutcome::Answered);
            let step = step.ok_or_else(|| ApiError::internal("an answer without an attempt"))?;
            let instance = InstanceRef {
                instance_id: step.instance_id,
                name: step.name.clone(),
            };
            Ok((committed, instance))
        }
        Answer::Original(status, body) => Err(refused(status.as_u16(), &body)),
        Answer::Complete(_) | Answer::Audio(_) => {
            Err(ApiError::internal("a stream was answered with a whole"))
        }
    }
}

/// What the gateway tells its callers, in the words of the management API.
fn told(error: GatewayError) -> ApiError {
    let code = match error.code {
        GatewayErrorCode::NoInstanceAvailable => ProblemCode::NoInstanceAvailable,
        GatewayErrorCode::AllInstancesFailed => ProblemCode::AllInstancesFailed,
        GatewayErrorCode::UpstreamTimeout => ProblemCode::UpstreamTimeout,
        GatewayErrorCode::RateLimited => {
            return ApiError::rate_limited(error.message, error.retry_after_s.unwrap_or(1));
        }
        GatewayErrorCode::ContextLengthExceeded => {
            return ApiError::refused_upstream(StatusCode::BAD_REQUEST, error.message);
        }
        // The others are about keys, bodies and paths, of which the gateway's loop knows nothing.
        _ => return ApiError::internal(error.message),
    };
    ApiError::new(code, error.message)
}

/// What a backend said of a question that it does not take. The gateway has taken secrets and hosts out of it.
fn refused(status: u16, body: &str) -> ApiError {
    let said: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let said = said["error"]["message"].as_str().unwrap_or_default();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    ApiError::refused_upstream(status, said.chars().take(MAX_REFUSAL).collect::<String>())
}

/// One line per try, like the gateway's, and who tried. No question and no answer.
fn log(request_id: &str, principal: &Principal, group: &Group, answered: &Answered, trace: &Trace) {
    let (kind, name) = match principal {
        Principal::Person(person) => ("user", &person.username),
        Principal::Program(program) => ("api_key", &program.name),
    };
    let trace = serde_json::to_string(trace.steps()).unwrap_or_default();
    match answered {
        Ok(answered) => tracing::info!(
            request_id,
            group = group.name,
            by = kind,
            name,
            instance = answered.instance,
            attempts = answered.attempts,
            trace,
            "answered a try"
        ),
        Err(error) => tracing::warn!(
            request_id,
            group = group.name,
            by = kind,
            name,
            code = error.code.parts().1,
            attempts = error.attempts,
            trace,
            "nobody answered a try"
        ),
    }
}
