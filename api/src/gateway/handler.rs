//! The gateway's endpoints: authenticate, read the body once, ask the group, answer.

use std::pin::pin;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::Utc;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use understudy_shared::Capability;

use super::body::BodyError;
use super::ending;
use super::error::{self, GatewayError, GatewayErrorCode as Code, INSTANCE};
use super::failover::{self, Answer, Answered, Ask};
use super::key_use::Limited;
use super::question::{self, Question, Refused};
use super::record::Record;
use super::snapshot::{Group, Key};
use super::timing::in_step;
use crate::routes::RouteTable;
use crate::state::AppState;
use crate::usage::By;

mod assistant;
mod credential;
mod read;
mod shapes;

use credential::caller;
use shapes::{GatewayErrorBody, GatewayForm, GatewayModels, GatewayRequest};

/// Unreserved characters of a URI stay readable in `x-understudy-instance`.
const NAME: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

macro_rules! endpoint {
    ($(#[$doc:meta])* $name:ident, $route:literal, $endpoint:ident, $body:ty as $kind:literal, $answer:literal $(, $more:literal)?) => {
        $(#[$doc])*
        #[utoipa::path(
            tag = "gateway",
            security(("gateway_key" = [])),
            request_body(content = $body, content_type = $kind, description = concat!("The body of the OpenAI API. Only `model` is replaced and the instance's `parameters` applied; unknown fields go through untouched." $(, $more)?)),
            responses(
                (status = 200, description = $answer, headers(
                    ("x-request-id" = String, description = "Id of the request"),
                    ("x-understudy-group" = String, description = "Name of the group"),
                    ("x-understudy-instance" = String, description = "Name of the instance that answered, percent-encoded"),
                    ("x-understudy-attempts" = u32, description = "Instances that were asked"),
                )),
                (status = 400, description = "The request is at fault (`invalid_json`, `invalid_multipart`, `invalid_request`, `context_length_exceeded`, or the backend's own code)", body = GatewayErrorBody),
                (status = 401, description = "No valid key (`invalid_api_key`)", body = GatewayErrorBody),
                (status = 403, description = "The credential is valid, but not for the gateway (`forbidden`)", body = GatewayErrorBody),
                (status = 404, description = "No such group, or not for this key (`model_not_found`)", body = GatewayErrorBody),
                (status = 408, description = "The body did not arrive in time (`request_timeout`)", body = GatewayErrorBody),
                (status = 413, description = "The body is larger than 32 MiB (`body_too_large`)", body = GatewayErrorBody),
                (status = 415, description = "The body is not declared as what the endpoint takes (`unsupported_media_type`)", body = GatewayErrorBody),
                (status = 422, description = "The backend refused the request", body = GatewayErrorBody),
                (status = 429, description = "The key is at one of its limits, or every instance asks for a pause (`rate_limited`); `Retry-After` says how long", body = GatewayErrorBody),
                (status = 502, description = "Every instance that was asked failed (`all_instances_failed`)", body = GatewayErrorBody),
                (status = 503, description = "No instance may be asked (`no_instance_available`)", body = GatewayErrorBody),
                (status = 504, description = "The last instance did not answer in time (`upstream_timeout`)", body = GatewayErrorBody),
            ),
        )]
        #[post($route)]
        pub async fn $name(request: HttpRequest, payload: web::Payload, state: web::Data<AppState>) -> HttpResponse {
            answer(&request, payload, &state, Capability::$endpoint).await
        }
    };
}

endpoint!(
    /// Answer a conversation
    ///
    /// Asks the instances of the group in order until one answers; with `stream`, as server-sent events. With `assistant/<name>` as
    /// `model` the assistant's system prompt is put before the messages, and its parameters apply where the caller sets none.
    create_chat_completion,
    "/v1/chat/completions",
    Chat,
    GatewayRequest as "application/json",
    "The answer of the first available instance, as the OpenAI API gives it"
);
endpoint!(
    /// Complete a text
    ///
    /// Asks the instances of the group in order until one answers; with `stream`, as server-sent events.
    create_completion,
    "/v1/completions",
    Completions,
    GatewayRequest as "application/json",
    "The answer of the first available instance, as the OpenAI API gives it"
);
endpoint!(
    /// Embed texts
    ///
    /// Asks the instances of the group in order until one answers.
    create_embedding,
    "/v1/embeddings",
    Embeddings,
    GatewayRequest as "application/json",
    "The embeddings of the first available instance, as the OpenAI API gives them"
);
endpoint!(
    /// Create a response
    ///
    /// Asks the instances of the group in order until one answers; with `stream`, as server-sent events. After a stream has begun
    /// its instance is not changed: one that breaks off ends with an event `error`. What a backend keeps (`previous_response_id`)
    /// it alone knows.
    create_response,
    "/v1/responses",
    Responses,
    GatewayRequest as "application/json",
    "The answer of the first available instance, as the OpenAI API gives it"
);
endpoint!(
    /// Rank documents
    ///
    /// Asks the instances of the group in order until one answers.
    create_rerank,
    "/v1/rerank",
    Rerank,
    GatewayRequest as "application/json",
    "The ranks of the first available instance, as it gives them"
);
endpoint!(
    /// Judge texts
    ///
    /// Asks the instances of the group in order until one answers.
    create_moderation,
    "/v1/moderations",
    Moderations,
    GatewayRequest as "application/json",
    "The judgement of the first available instance, as the OpenAI API gives it"
);
endpoint!(
    /// Make images
    ///
    /// Asks the instances of the group in order until one answers; with `stream`, as server-sent events.
    create_image,
    "/v1/images/generations",
    Images,
    GatewayRequest as "application/json",
    "The images of the first available instance, as the OpenAI API gives them"
);
endpoint!(
    /// Speak a text
    ///
    /// Asks the instances of the group in order until one answers. The sound is held until it is whole, so that another instance can
    /// take over at any time; with `stream_format: "audio"` or `stream: true` it is passed on as it comes, and breaks off without the
    /// end of the body if its instance fails; with `stream_format: "sse"` it comes as server-sent events.
    create_speech,
    "/v1/audio/speech",
    Speech,
    GatewayRequest as "application/json",
    "The sound of the first available instance, with the `Content-Type` that it gives"
);
endpoint!(
    /// Transcribe speech
    ///
    /// Asks the instances of the group in order until one answers; with `stream`, as server-sent events. With a `response_format` of
    /// `text`, `srt` or `vtt` the answer is text.
    create_transcription,
    "/v1/audio/transcriptions",
    Transcriptions,
    GatewayForm as "multipart/form-data",
    "The transcription of the first available instance, as the OpenAI API gives it",
    " A parameter is a field of the form, each element of a list a field `name[]`. Forms that readers could read differently are refused."
);

/// List the models
///
/// The enabled model groups that the key may ask, and the assistants whose groups these are, in the form of the OpenAI API, each with
/// `available`. A private assistant is listed for keys of its owner.
#[utoipa::path(
    tag = "gateway",
    security(("gateway_key" = [])),
    responses(
        (status = 200, description = "The groups by name, then the assistants", body = GatewayModels),
        (status = 401, description = "No valid key (`invalid_api_key`)", body = GatewayErrorBody),
        (status = 403, description = "The credential is valid, but not for the gateway (`forbidden`)", body = GatewayErrorBody),
    ),
)]
#[get("/v1/models")]
pub async fn list_models(request: HttpRequest, state: web::Data<AppState>) -> HttpResponse {
    let snapshot = state.gateway.snapshot();
    let key = match caller(&request, &snapshot, &state) {
        Ok(key) => key,
        Err(error) => return error.response(),
    };
    key.uses.touch(Utc::now().timestamp());
    let mut groups: Vec<_> = snapshot
        .groups()
        .filter(|group| group.enabled && key.may_ask(group.id))
        .collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    let groups = groups
        .into_iter()
        .map(|group| (&group.name, group.created_at, group, None));
    // An assistant only talks; a group does whatever one of its instances does.
    let assistants = assistant::listed(&snapshot, &key).into_iter();
    let assistants = assistants.map(|(id, made, group)| (id, made, group, Some(Capability::Chat)));
    let models: Vec<_> = groups
        .chain(assistants)
        .map(|(id, created_at, group, endpoint)| {
            json!({
                "id": id,
                "object": "model",
                "created": created_at.timestamp(),
                "owned_by": "understudy",
                "available": state.gateway.is_available(group, endpoint),
            })
        })
        .collect();
    HttpResponse::Ok().json(json!({"object": "list", "data": models}))
}

/// The path of every question.
async fn answer(
    request: &HttpRequest,
    payload: web::Payload,
    state: &AppState,
    endpoint: Capability,
) -> HttpResponse {
    let mut record = Record::begin(request, endpoint, &state.gateway);
    match put(request, payload, state, endpoint, &mut record).await {
        Ok((group, answered)) => respond(&group, answered, record),
        Err(error) => {
            record.failed(&error, &state.gateway);
            error.response()
        }
    }
}

async fn put(
    request: &HttpRequest,
    payload: web::Payload,
    state: &AppState,
    endpoint: Capability,
    record: &mut Record,
) -> Result<(Arc<Group>, Answered), GatewayError> {
    let snapshot = state.gateway.snapshot();
    let key = caller(request, &snapshot, state)?;
    record.caller(By::Key(Arc::clone(&key)));
    record
        .enter(&key)
        .map_err(|limited| at_limit(&key, limited, state))?;
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !question::is_declared(endpoint, kind) {
        return Err(refused(Refused::MediaType(question::media_type(endpoint))));
    }
    let body = read::body(request, payload).await?;
    record.received(body.len());
    let prompted;
    let mut question = Question::read(endpoint, kind, &body).map_err(refused)?;
    let group = match snapshot.group(&question.model) {
        Some(group) if key.may_ask(group.id) => group,
        Some(_) => return Err(assistant::not_found(&question.model)),
        None => {
            let (assistant, group) = assistant::find(&snapshot, &key, &question.model, endpoint)?;
            record.asks_assistant(assistant);
            if let Some(conversation) = question.object() {
                let applied = assistant.applied(conversation);
                prompted = applied.map_err(|fault| refused(fault.into()))?;
                question = Question::read(endpoint, kind, &prompted).map_err(refused)?;
            }
            question.answers_as = Some(&assistant.model);
            group
        }
    };
    record.asks(group, question.is_streamed());
    let id = record.request_id().to_owned();
    let ask = Ask {
        gateway: &state.gateway,
        snapshot: &snapshot,
        group,
        question: &question,
        request_id: &id,
        span: record.span.as_deref(),
        joins: &[],
    };
    let asked = pin!(failover::ask(&ask, &mut record.trace));
    // Until the first byte has gone to the caller, even the end of the service is an answer.
    let answered = ending::unless_first(asked)
        .await
        .ok_or_else(|| stopped(group))??;
    if !question.is_streamed() {
        in_step().await;
    }
    Ok((Arc::clone(group), answered))
}

/// The service has stopped before anybody answered.
fn stopped(group: &Group) -> GatewayError {
    GatewayError {
        group: Some(group.name.clone()),
        ..GatewayError::new(Code::NoInstanceAvailable, "The service is stopping.")
    }
}

/// The key asks too much, which is said before anything else of the request is looked at.
fn at_limit(key: &Key, limited: Limited, state: &AppState) -> GatewayError {
    state.gateway.counts().limited[limited.place()].add();
    let limits = &key.stored.limits;
    let message = match limited {
        Limited::Concurrency => format!(
            "This API key may have {} requests under way at the same time, and has.",
            limits.max_concurrency.unwrap_or_default()
        ),
        Limited::Rate(_) => format!(
            "This API key may make {} requests a minute, and has made them.",
            limits.requests_per_minute.unwrap_or_default()
        ),
    };
    GatewayError {
        retry_after_s: Some(limited.retry_after_s()),
        ..GatewayError::new(Code::RateLimited, message)
    }
}

fn refused(why: Refused) -> GatewayError {
    let message = why.to_string();
    let code = match why {
        Refused::MediaType(_) => Code::UnsupportedMediaType,
        Refused::Form(_) => Code::InvalidMultipart,
        Refused::Body(BodyError::NotJson(_)) => Code::InvalidJson,
        Refused::Body(BodyError::NotAnObject) => Code::InvalidRequest,
        Refused::Body(BodyError::Field(field, _)) => {
            return GatewayError::new(Code::InvalidRequest, message).param(field);
        }
    };
    GatewayError::new(code, message)
}

/// A name in a message: whatever the caller sent, but not all of a megabyte.
fn shortened(name: &str) -> String {
    if name.chars().count() <= 64 {
        name.to_owned()
    } else {
        name.chars().take(64).chain(['…']).collect()
    }
}

fn respond(group: &Group, answered: Answered, mut record: Record) -> HttpResponse {
    let status = match &answered.answer {
        Answer::Original(status, _) => {
            StatusCode::from_u16(status.as_u16()).unwrap_or(StatusCode::BAD_GATEWAY)
        }
        Answer::Complete(_) | Answer::Stream(_) | Answer::Audio(_) => StatusCode::OK,
    };
    let mut response = HttpResponse::build(status);
    error::headers(&mut response, Some(&group.name), answered.attempts);
    let instance = utf8_percent_encode(&answered.instance, NAME).to_string();
    response.insert_header((INSTANCE, instance));
    record.answered(answered.instance, answered.attempts, status.as_u16());
    match answered.answer {
        Answer::Complete(answer) => {
            record.reported(answer.tokens);
            record.whole(answer.body.len());
            response.content_type(&*answer.kind).body(answer.body)
        }
        Answer::Original(_, body) => {
            record.whole(body.len());
            response.content_type("application/json").body(body)
        }
        Answer::Stream(committed) => response
            .content_type("text/event-stream")
            .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-cache")))
            // Reverse proxies hold back what they take for a page.
            .insert_header(("x-accel-buffering", "no"))
            .streaming(committed.into_bytes(Some(record))),
        Answer::Audio(committed) => response
            .content_type(committed.kind())
            .insert_header(("x-accel-buffering", "no"))
            .streaming(committed.into_bytes(record)),
    }
}

/// The gateway's routes.
pub fn configure(table: &mut impl RouteTable) {
    table
        .service(create_chat_completion)
        .service(create_completion)
        .service(create_embedding)
        .service(create_response)
        .service(create_rerank)
        .service(create_moderation)
        .service(create_image)
        .service(create_speech)
        .service(create_transcription)
        .service(list_models);
}
