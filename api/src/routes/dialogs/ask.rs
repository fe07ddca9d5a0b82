//! Asking the question of a dialog, and what comes of it: an answer, a stream that has begun, or a problem that is kept as an answer, too.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use understudy_shared::{AnswerProblem, AnswerState, Answered, Capability, DialogId, ProblemCode};

use super::question::{Prepared, Question, prepare};
use super::stream::{self, Begun, MAX_ANSWER};
use crate::answers::{Draft, Kept};
use crate::auth::principal::Person;
use crate::error::ApiError;
use crate::gateway::error::{GatewayError, GatewayErrorCode};
use crate::gateway::failover::{self, Answer};
use crate::gateway::record::Record;
use crate::request_id;
use crate::routes::answer;
use crate::routes::asking::telling::too_long;
use crate::routes::asking::{self, Conversation, pieces};
use crate::state::AppState;
use crate::usage::{Asker, By};

/// How often what goes along is halved, for backends that find it too long. After that the question goes alone.
const HALVINGS: u32 = 4;

/// Asks a question in a person's dialog.
pub(super) async fn put(
    request: &HttpRequest,
    state: &AppState,
    person: &Person,
    dialog: DialogId,
    question: Question,
    stream: bool,
) -> Result<HttpResponse, ApiError> {
    let under_way = state.asking.begin(person.id.0)?;
    let mut draft = state.answers.begin(dialog.0);
    let (mut prepared, asked) = prepare(state, person.id.0, dialog.0, &question, draft.id).await?;
    draft.answers(asked);
    let mut record = Record::begin(request, Capability::Chat, &state.gateway);
    record.caller(By::Person(Asker {
        id: person.id,
        name: person.username.clone(),
        ledger: Arc::clone(state.gateway.ledger()),
    }));
    record.asks(&prepared.group, stream);
    let mut loss = draft.loss.clone();
    let answered = Box::pin(converse(
        state,
        &mut prepared,
        stream,
        &mut record,
        &mut draft,
    ));
    let answered = tokio::select! {
        answered = answered => answered,
        lost = loss.comes() => {
            drop(record);
            return Err(failed(draft, lost).await);
        }
    };
    let answered = match answered {
        Ok(answered) => answered,
        Err(error) => {
            record.failed(&error, &state.gateway);
            drop(record);
            return Err(failed(draft, asking::told(&error)).await);
        }
    };
    let attempts = answered.attempts;
    match answered.answer {
        Answer::Original(status, body) => {
            record.answered(answered.instance, attempts, status.as_u16());
            record.whole(body.len());
            let refused = if answered.too_long {
                let detail =
                    "The question is too long for the model, even without what came before it.";
                ApiError::new(ProblemCode::ContextLengthExceeded, detail)
            } else {
                asking::refused(status.as_u16(), &body)
            };
            drop(record);
            Err(failed(draft, refused).await)
        }
        Answer::Complete(whole) => {
            record.reported(whole.tokens);
            record.answered(answered.instance, attempts, StatusCode::OK.as_u16());
            record.whole(whole.body.len());
            drop(record);
            draft.begins();
            draft.tokens = whole.tokens;
            draft.instance = Some(asking::answering(&draft.trace)?);
            (draft.content, draft.finish_reason) =
                pieces::of_whole(&whole.body).unwrap_or_default();
            complete(draft).await
        }
        Answer::Stream(committed) => {
            record.answered(answered.instance, attempts, StatusCode::OK.as_u16());
            draft.begins();
            draft.instance = Some(asking::answering(&draft.trace)?);
            let begun = Begun {
                request_path: request.path().to_owned(),
                request_id: request_id::of(request),
                draft,
                under_way,
                cut_off: record.cut_off(),
            };
            let gateway = committed.into_bytes(Some(record));
            let events = stream::events(gateway, begun);
            Ok(answer::events(HttpResponse::Ok(), events))
        }
        Answer::Audio(_) => Err(ApiError::internal("a chat was answered with sound")),
    }
}

/// Asks; and if it is too long for everybody, with less of what came before.
async fn converse(
    state: &AppState,
    prepared: &mut Prepared,
    stream: bool,
    record: &mut Record,
    draft: &mut Draft,
) -> Result<failover::Answered, GatewayError> {
    let request_id = record.request_id().to_owned();
    let asking = Traced { record, draft };
    let mut halvings = 0;
    loop {
        asking.draft.left_out = prepared.left_out;
        let body = prepared.body(stream);
        let record = &mut *asking.record;
        record.received(body.len());
        let conversation = Conversation {
            snapshot: &prepared.snapshot,
            group: &prepared.group,
            body: &body,
            request_id: &request_id,
            span: record.span.as_deref(),
        };
        let answered = asking::ask(state, &conversation, &mut record.trace).await;
        let too_long = match &answered {
            Ok(answered) => answered.too_long,
            Err(error) => error.code == GatewayErrorCode::ContextLengthExceeded,
        };
        if !too_long || !prepared.shorten(halvings == HALVINGS) {
            return answered;
        }
        halvings += 1;
    }
}

/// An answer that is being asked for. When that is over, its draft knows what was tried, be it that somebody answered, that nobody did, or
/// that whoever asked has left.
struct Traced<'a> {
    record: &'a mut Record,
    draft: &'a mut Draft,
}

impl Drop for Traced<'_> {
    fn drop(&mut self) {
        self.draft.trace = self.record.trace.steps().to_vec();
    }
}

/// Nobody answered: that is kept, so that it is still there when the dialog is opened again.
async fn failed(draft: Draft, problem: ApiError) -> ApiError {
    let trace = draft.trace.clone();
    // The desk has said in the log if it could not be stored; what went wrong first is what counts.
    let _ = draft.ends(AnswerState::Failed, Some(&problem)).await;
    problem.with_trace(&trace)
}

/// A whole answer.
async fn complete(mut draft: Draft) -> Result<HttpResponse, ApiError> {
    let problem = match draft.content.len() {
        0 => Some(stream::no_text()),
        length if length > MAX_ANSWER => {
            let end = draft.content.floor_char_boundary(MAX_ANSWER);
            draft.content.truncate(end);
            draft.content.shrink_to_fit();
            Some(too_long())
        }
        _ => None,
    };
    if let Some(problem) = problem {
        let trace = draft.trace.clone();
        let _ = draft.ends(AnswerState::Interrupted, Some(&problem)).await;
        return Err(problem.with_trace(&trace));
    }
    let message = match draft.ends(AnswerState::Complete, None).await {
        Ok((message, Kept::New)) => message,
        Ok((message, Kept::Old(_))) => {
            return Err(stream::not_taken().with_trace(&message.trace));
        }
        // Better an answer that is not kept than none.
        Err((mut message, error)) => {
            let unsaved = stream::not_stored(&error);
            message.problem = Some(AnswerProblem {
                code: unsaved.code(),
                detail: unsaved.to_string(),
            });
            message
        }
    };
    Ok(HttpResponse::Ok().json(Answered { message }))
}
