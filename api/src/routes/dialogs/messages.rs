//! Messages of a dialog: reading them, and asking.
#![expect(
    unused_qualifications,
    reason = "the code that utoipa::path makes of `params` names their trait in full"
)]

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use understudy_shared::{
    Answered, CreateMessage, DialogId, Message, MessageEvent, MessageId, Page, Problem,
    RetryMessage,
};
use utoipa::IntoParams;

use super::ask::put;
use super::not_found;
use super::question::Question;
use crate::auth::{OwnDialogs, Permitted};
use crate::db;
use crate::error::ApiError;
use crate::routes::extract::{FromParams, JsonBody, Params, PathId, PathIds, Query};
use crate::routes::list::Window;
use crate::state::AppState;

/// The parameters of the list of messages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that MessageQuery reads")]
pub struct MessageParams {
    /// Items on a page, 1–200. A page that has 8 MiB of text ends earlier; the next one begins at `offset` and its number of items.
    #[param(minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<u32>,
    /// Messages before the page.
    #[param(minimum = 0, default = 0, example = 0)]
    offset: Option<u64>,
    /// `created_at`, the first message first, or `-created_at`, the last one first.
    #[param(default = "created_at", example = "-created_at")]
    sort: Option<String>,
}

/// Which messages are asked for.
pub struct MessageQuery {
    window: Window,
    latest_first: bool,
}

impl FromParams for MessageQuery {
    fn from_params(params: &mut Params) -> Result<Self, ApiError> {
        let orders = [("created_at", false), ("-created_at", true)];
        Ok(Self {
            window: Window::from_params(params)?,
            latest_first: params.take_named("sort", &orders)?.unwrap_or(false),
        })
    }
}

/// List messages
///
/// Questions and answers in their order, or the other way round.
#[utoipa::path(
    tag = "dialogs",
    security(("access_token" = [])),
    params(("id" = DialogId, Path, description = "Id of the dialog"), MessageParams),
    responses((status = 200, description = "A page of messages", body = Page<Message>)),
)]
#[get("/api/v1/dialogs/{id}/messages")]
pub async fn list_messages(
    state: web::Data<AppState>,
    call: Permitted<OwnDialogs, (PathId<DialogId>, Query<MessageQuery>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, (PathId(id), Query(query))) = call;
    let mut conn = state.pool.get().await?;
    let dialog = db::dialogs::get(&mut conn, person.id.0, id.0)
        .await?
        .ok_or_else(not_found)?;
    let Window { limit, offset } = query.window;
    let skipped = i64::try_from(offset).unwrap_or(i64::MAX);
    let (items, total) = db::dialogs::messages::page(
        &mut conn,
        dialog.row.id,
        query.latest_first,
        i64::from(limit),
        skipped,
    )
    .await?;
    Ok(HttpResponse::Ok().json(Page {
        items,
        total: u64::try_from(total).unwrap_or_default(),
        limit,
        offset,
    }))
}

/// Ask a question
///
/// Goes to the dialog's group with as much of the dialog as fits into its smallest context, by the rules that requests to
/// `/v1/chat/completions` follow. With `stream`, as events `delta`, then one `message` with the whole answer, or one `error`; a failure before
/// the first content has its own status and `trace`, and is kept as an answer with the state `failed`; of a question that `replaces` another one
/// with an answer nothing is kept then. Whoever closes the connection stops the answer; what had come by then is kept. One answer at a time in
/// a dialog, eight of one person.
#[utoipa::path(
    tag = "dialogs",
    security(("access_token" = [])),
    params(("id" = DialogId, Path, description = "Id of the dialog")),
    request_body = CreateMessage,
    responses(
        (status = 200, description = "The answer; as server-sent events each has the name and the data of a `MessageEvent`", content(
            (Answered = "application/json"),
            (MessageEvent = "text/event-stream"),
        )),
        (status = 400, description = "The body is not JSON (`invalid_json`), or the question is too long for every instance (`context_length_exceeded`)", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another answer is being given (`answer_under_way`), what the dialog is with is gone (`target_gone`), it is full (`limit_reached`), or it was deleted meanwhile (`conflict`)", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many answers of this person are under way, or every instance asks for a pause (`rate_limited`)", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "Every instance that was asked failed (`all_instances_failed`; `trace` says how), or the model said nothing (`stream_interrupted`)", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "No instance may be asked (`no_instance_available`; `trace` says why), or the database cannot be reached (`unavailable`)", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "The last instance did not answer in time (`upstream_timeout`)", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", description = "The backend refused the request itself (`upstream_refused`), with the backend's status", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/dialogs/{id}/messages")]
pub async fn create_message(
    request: HttpRequest,
    state: web::Data<AppState>,
    call: Permitted<OwnDialogs, (PathId<DialogId>, JsonBody<CreateMessage>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, (PathId(id), JsonBody(input))) = call;
    ApiError::check(input.faults())?;
    let question = Question::New {
        content: input.content,
        replaces: input.replaces.map(|message| message.0),
    };
    put(&request, &state, &person, id, question, input.stream).await
}

/// Answer a question again
///
/// `message_id` is a question, or its answer. As with a new question; the earlier answer and all that came after it give way to the new one
/// when that is there. They stay if nobody answers, or if the new answer breaks off and the earlier one was whole.
#[utoipa::path(
    tag = "dialogs",
    security(("access_token" = [])),
    params(
        ("id" = DialogId, Path, description = "Id of the dialog"),
        ("message_id" = MessageId, Path, description = "Id of a question, or of its answer"),
    ),
    request_body = RetryMessage,
    responses(
        (status = 200, description = "The answer; as server-sent events each has the name and the data of a `MessageEvent`", content(
            (Answered = "application/json"),
            (MessageEvent = "text/event-stream"),
        )),
        (status = 400, description = "The body is not JSON (`invalid_json`), or the question is too long for every instance (`context_length_exceeded`)", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another answer is being given (`answer_under_way`), what the dialog is with is gone (`target_gone`), or it was deleted meanwhile (`conflict`)", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many answers of this person are under way, or every instance asks for a pause (`rate_limited`)", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "Every instance that was asked failed (`all_instances_failed`; `trace` says how), or the model said nothing (`stream_interrupted`)", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "No instance may be asked (`no_instance_available`; `trace` says why), or the database cannot be reached (`unavailable`)", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "The last instance did not answer in time (`upstream_timeout`)", body = Problem, content_type = "application/problem+json"),
        (status = "4XX", description = "The backend refused the request itself (`upstream_refused`), with the backend's status", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/dialogs/{id}/messages/{message_id}/retry")]
pub async fn retry_message(
    request: HttpRequest,
    state: web::Data<AppState>,
    call: Permitted<OwnDialogs, (PathIds<DialogId, MessageId>, JsonBody<RetryMessage>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, (PathIds(id, message), JsonBody(input))) = call;
    let question = Question::Again(message.0);
    put(&request, &state, &person, id, question, input.stream).await
}
