//! Trying a group out from the screen: one question, over the very path that callers of `/v1` take.
//!
//! The rule: asking is [`asking`]'s, so that a try finds what callers would find. What is added is the account of it: who was skipped or
//! failed, and how long it took.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, post, web};
use bytes::Bytes;
use serde_json::json;
use tokio::time::Instant;
use understudy_shared::{
    AttemptTrace, InstanceRef, ModelGroupId, Problem, TryEvent, TryModelGroup,
};

use super::not_found;
use crate::auth::{ManageWrite, Permitted, Principal};
use crate::error::ApiError;
use crate::gateway::error::GatewayError;
use crate::gateway::failover::{self, Answer, Trace};
use crate::gateway::snapshot::{Group, Snapshot};
use crate::gateway::stream::Committed;
use crate::request_id;
use crate::routes::answer;
use crate::routes::asking::{self, Conversation};
use crate::routes::extract::{JsonBody, PathId};
use crate::state::AppState;

mod stream;

use stream::Asked;

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
        (status = 400, description = "The body is not JSON (`invalid_json`), or the question is too long for every instance (`context_length_exceeded`)", body = Problem, content_type = "application/problem+json"),
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
    let found = asking::find(&state, id).await;
    let (snapshot, group) = found.ok_or_else(not_found)?;
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
    let events = stream::events(committed.into_bytes(None), asked, under_way);
    Ok(answer::events(HttpResponse::Ok(), events))
}

/// Who tries, as limits and log lines name them.
fn caller(principal: &Principal) -> uuid::Uuid {
    match principal {
        Principal::Person(person) => person.id.0,
        Principal::Program(program) => program.id.0,
    }
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
    });
    let conversation = Conversation {
        snapshot,
        group,
        body: &Bytes::from(body.to_string()),
        request_id,
        span: None,
    };
    asking::ask(state, &conversation, trace).await
}

/// The stream that has begun and who gives it, or why there is none.
fn committed(
    answered: Answered,
    trace: &[AttemptTrace],
) -> Result<(Box<Committed>, InstanceRef), ApiError> {
    let answered = answered.map_err(|error| asking::told(&error))?;
    match answered.answer {
        Answer::Stream(committed) => Ok((committed, asking::answering(trace)?)),
        Answer::Original(status, body) => Err(asking::refused(status.as_u16(), &body)),
        Answer::Complete(_) | Answer::Audio(_) => {
            Err(ApiError::internal("a stream was answered with a whole"))
        }
    }
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
