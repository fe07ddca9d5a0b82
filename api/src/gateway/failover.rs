//! The loop: try, classify, go on or commit.
//!
//! Until something has been sent to the caller every failure may move on to the next instance; nobody but the trace notices.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tokio::time::Instant;
use understudy_shared::ReasonCode;

use super::Gateway;
use super::body::{Object, Question};
use super::breaker::Attempt;
use super::classify::{self, Blame, Effect, Failure, Verdict};
use super::error::{GatewayError, GatewayErrorCode};
use super::picker;
use super::snapshot::{Group, Member, Snapshot};
use super::stream::{self, Committed};
use super::timing::Timing;
use super::upstream::{self, Client};

mod answer;
mod trace;

pub use trace::{Outcome, Trace};

/// An answer that is given to the caller.
#[derive(Debug)]
pub enum Answer {
    /// A complete JSON body.
    Complete(Bytes),
    /// A stream that has begun with real content.
    Stream(Box<Committed>),
    /// What the backend said of a request that is at fault itself.
    Original(StatusCode, String),
}

/// An answer, and how it came about.
#[derive(Debug)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// Name of the instance that gave it.
    pub instance: String,
    /// Instances that were asked.
    pub attempts: u32,
}

/// A request on its way through a group.
pub struct Ask<'a> {
    /// The data plane.
    pub gateway: &'a Gateway,
    /// The configuration that this request works with.
    pub snapshot: &'a Snapshot,
    /// The group.
    pub group: &'a Arc<Group>,
    /// The request's body.
    pub question: &'a Question<'a>,
    /// Whether the answer is wanted as a stream.
    pub stream: bool,
    /// Path below the base path of every backend.
    pub path: &'static str,
    /// Id of the request.
    pub request_id: &'a str,
}

/// Why an attempt gave no answer.
enum Missed {
    Failed(Failure),
    /// The context is too small; the answer that says so, and what the instance declares.
    TooSmall(StatusCode, String),
}

impl From<Failure> for Missed {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Asks the group's instances in order until one answers.
///
/// # Errors
/// If nobody answered, with what the caller is told.
pub async fn ask(ask: &Ask<'_>, trace: &mut Trace) -> Result<Answered, GatewayError> {
    let group = ask.group;
    let now = Utc::now();
    trace.skipped(group, now);
    let candidates: Vec<&Member> = picker::candidates(group, now).collect();
    let deadline = Instant::now() + Duration::from_millis(group.deadline_ms);
    let mut failures: Vec<Failure> = Vec::new();
    let mut too_small: Option<(Answered, u32)> = None;
    let mut attempts = 0;
    let mut sent = 0;
    for (index, member) in candidates.iter().enumerate() {
        let instance = &member.instance;
        let declared = instance.connection.capabilities.context_length.unwrap_or(0);
        if too_small
            .as_ref()
            .is_some_and(|(_, largest)| declared <= *largest)
        {
            trace.skip(
                member,
                ReasonCode::ContextTooSmall,
                "its context is not larger than that of one that refused",
            );
            continue;
        }
        if sent >= group.max_attempts {
            trace.skip(
                member,
                ReasonCode::MaxAttempts,
                "enough instances were asked",
            );
            continue;
        }
        // The last one left keeps its own limits: giving up on it would help nobody.
        let last = index + 1 == candidates.len() || sent + 1 == group.max_attempts;
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() && !last {
            trace.skip(
                member,
                ReasonCode::Deadline,
                "the group's time for all attempts is over",
            );
            continue;
        }
        let first_byte = Duration::from_millis(instance.connection.timeouts.first_byte_ms);
        let limit = if last {
            first_byte
        } else {
            first_byte.min(left)
        };
        attempts += 1;
        let started = Instant::now();
        let attempt = instance.health.begin();
        let failure = match try_one(ask, member, attempt, limit).await {
            Ok(answer) => {
                trace.tried(
                    member,
                    Outcome::Answered,
                    ReasonCode::Answered,
                    "",
                    started.elapsed(),
                );
                return Ok(Answered {
                    answer,
                    instance: instance.connection.name.clone(),
                    attempts,
                });
            }
            Err(Missed::TooSmall(status, body)) => {
                trace.tried(
                    member,
                    Outcome::Failed,
                    ReasonCode::ContextTooSmall,
                    "the request is too long for it",
                    started.elapsed(),
                );
                let answer = Answer::Original(status, body);
                too_small = Some((
                    Answered {
                        answer,
                        instance: instance.connection.name.clone(),
                        attempts,
                    },
                    declared,
                ));
                continue;
            }
            Err(Missed::Failed(failure)) => failure,
        };
        trace.tried(
            member,
            Outcome::Failed,
            failure.code,
            &failure.reason,
            started.elapsed(),
        );
        sent += u32::from(failure.sent);
        failures.push(failure);
    }
    match too_small {
        Some((answered, _)) => Ok(Answered {
            attempts,
            ..answered
        }),
        None => Err(nobody(group, &failures, attempts)),
    }
}

/// What the caller is told when nobody answered.
fn nobody(group: &Group, failures: &[Failure], attempts: u32) -> GatewayError {
    let error = |code, message: String| GatewayError {
        group: Some(group.name.clone()),
        attempts,
        ..GatewayError::new(code, message)
    };
    let Some(last) = failures.last() else {
        let why = match (group.enabled, group.members.is_empty()) {
            (false, _) => "it is disabled",
            (true, true) => "it has no instances",
            (true, false) => "none of its instances may be asked",
        };
        return error(
            GatewayErrorCode::NoInstanceAvailable,
            format!(
                "The model {} cannot answer at the moment: {why}.",
                group.name
            ),
        );
    };
    let asked = if attempts == 1 {
        "The one instance asked".to_owned()
    } else {
        format!("All {attempts} instances asked")
    };
    if failures.iter().all(|failure| failure.blame == Blame::Busy) {
        let pause = failures
            .iter()
            .filter_map(|failure| match failure.effect {
                Effect::Cooling(pause) => Some(pause),
                _ => None,
            })
            .min()
            .unwrap_or(classify::DEFAULT_COOLING);
        let message = format!("{asked} for the model {} asked for a pause.", group.name);
        let seconds = pause.as_millis().div_ceil(1000);
        return GatewayError {
            retry_after_s: u64::try_from(seconds).ok(),
            ..error(GatewayErrorCode::RateLimited, message)
        };
    }
    let code = if last.blame == Blame::TimedOut {
        GatewayErrorCode::UpstreamTimeout
    } else {
        GatewayErrorCode::AllInstancesFailed
    };
    error(
        code,
        format!(
            "{asked} for the model {} failed; the last one: {}.",
            group.name, last.reason
        ),
    )
}

/// One attempt at one instance. What it means for the instance is reported exactly once.
async fn try_one(
    ask: &Ask<'_>,
    member: &Member,
    attempt: Attempt,
    limit: Duration,
) -> Result<Answer, Missed> {
    let started = Instant::now();
    let client = match upstream::client(ask.snapshot, &member.instance, ask.gateway.egress()) {
        Ok(client) => client,
        Err(failure) => return Err(report(attempt, failure)),
    };
    let timing = Timing { started, limit };
    let response = match send(ask, member, &client, timing).await {
        Ok(response) => response,
        Err(failure) => return Err(report(attempt, failure)),
    };
    let status = response.status();
    if !status.is_success() {
        return Err(match refused(member, &client, response, timing).await {
            // The request is at fault: that says nothing of the instance.
            Refusal::Final(body) => return Ok(Answer::Original(status, body)),
            Refusal::TooSmall(body) => Missed::TooSmall(status, body),
            Refusal::Failed(failure) => report(attempt, failure),
        });
    }
    if ask.stream {
        let opened = stream::open(
            response,
            &member.instance.connection,
            ask.group.name.clone(),
            timing,
        )
        .await;
        return match opened {
            Ok(opening) => Ok(Answer::Stream(Box::new(opening.commit(attempt)))),
            Err(failure) => Err(report(attempt, failure)),
        };
    }
    match answer::complete(response, &member.instance.connection, timing).await {
        Ok((body, first_byte)) => match named(&body, &ask.group.name) {
            Ok(body) => {
                attempt.succeeded(first_byte);
                Ok(Answer::Complete(body))
            }
            Err(failure) => Err(report(attempt, failure)),
        },
        Err(failure) => Err(report(attempt, failure)),
    }
}

/// Sends the request and waits for the head of the answer.
async fn send(
    ask: &Ask<'_>,
    member: &Member,
    client: &Client,
    timing: Timing,
) -> Result<Response, Failure> {
    let connection = &member.instance.connection;
    let exchange = async {
        let listed;
        let model = match (&member.model, &connection.model) {
            (Some(model), _) | (None, Some(model)) => model.as_str(),
            (None, None) => {
                listed = client.only_model(timing.limit).await?;
                listed.as_deref().unwrap_or(&ask.group.name)
            }
        };
        let body = ask
            .question
            .object
            .for_instance(model, &connection.parameters);
        client.post(ask.path, body, ask.request_id).await
    };
    match tokio::time::timeout_at(timing.first_byte_by(), exchange).await {
        Ok(answered) => answered,
        Err(_) => Err(Failure::timeout("it did not begin to answer in time")),
    }
}

enum Refusal {
    Final(String),
    TooSmall(String),
    Failed(Failure),
}

/// Reads and classifies an answer whose status is an error.
async fn refused(member: &Member, client: &Client, response: Response, timing: Timing) -> Refusal {
    let status = response.status();
    let headers = response.headers().clone();
    let connection = &member.instance.connection;
    let body = answer::error_body(response, timing).await;
    if matches!(status.as_u16(), 400 | 404) && connection.model.is_none() {
        client.forget_model();
    }
    match classify::classify(status, &headers, &body) {
        Verdict::Next(failure) => Refusal::Failed(failure),
        Verdict::ContextTooSmall => Refusal::TooSmall(answer::scrub(status, &body, connection)),
        Verdict::Final => Refusal::Final(answer::scrub(status, &body, connection)),
    }
}

/// The answer under the group's name, if it is one.
fn named(body: &Bytes, group: &str) -> Result<Bytes, Failure> {
    let object = Object::scan(body)
        .map_err(|_| Failure::sent(ReasonCode::BadAnswer, "its answer is not a JSON object"))?;
    if object.get("error").is_some_and(|error| error != "null") {
        return Err(classify::classify_error_object(body));
    }
    Ok(if object.get("model").is_some() {
        object.with("model", &Value::from(group))
    } else {
        body.clone()
    })
}

/// Tells the breaker what happened; its one report.
fn report(attempt: Attempt, failure: Failure) -> Missed {
    match failure.effect {
        Effect::Failure => attempt.failed(failure.code, &failure.reason),
        Effect::TokenInvalid => attempt.refused_token(&failure.reason),
        Effect::Cooling(_) | Effect::TokenExhausted | Effect::Note => {
            attempt.declined(&failure.reason)
        }
        Effect::None => drop(attempt),
    }
    Missed::Failed(failure)
}
