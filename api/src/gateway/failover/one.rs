//! One attempt at one instance: its tokens and proxies in order, and what the answer means. What it means for the instance is reported
//! exactly once.

use std::time::Duration;

use reqwest::StatusCode;
use tokio::time::Instant;
use understudy_shared::ReasonCode;

use super::{Answer, Ask, Missed, Whole, answer, kind};
use crate::gateway::breaker::Attempt;
use crate::gateway::breaker::attempt::Lane;
use crate::gateway::classify::{self, Effect, Failure, Verdict};
use crate::gateway::question::Expected;
use crate::gateway::snapshot::Member;
use crate::gateway::stream::{self, Dialect};
use crate::gateway::timing::{Timing, in_step};
use crate::gateway::upstream::{self, Client, Response};

/// What came of one token and one proxy.
enum Came {
    /// An answer; of a stream, its beginning.
    Whole(Whole, Duration),
    Begun(Box<stream::Opening>),
    BegunAudio(Box<stream::OpeningAudio>),
    /// The request is at fault: that says nothing of the instance.
    Final(StatusCode, String),
}

/// One attempt.
pub(super) async fn attempt(
    ask: &Ask<'_>,
    member: &Member,
    mut attempt: Attempt,
    limit: Duration,
) -> Result<Answer, Missed> {
    let timing = Timing {
        started: Instant::now(),
        limit,
    };
    let client = match upstream::client(ask.snapshot, &member.instance, ask.gateway.egress()) {
        Ok(client) => client,
        Err(failure) => return Err(report(attempt, failure)),
    };
    loop {
        let failure = match exchange(ask, member, &client, attempt.lane(), timing).await {
            Ok(Came::Whole(body, first_byte)) => {
                attempt.succeeded(Some(first_byte));
                return Ok(Answer::Complete(body));
            }
            Ok(Came::Begun(opening)) => {
                return Ok(Answer::Stream(Box::new(opening.commit(attempt))));
            }
            Ok(Came::BegunAudio(opening)) => {
                return Ok(Answer::Audio(Box::new(opening.commit(attempt))));
            }
            Ok(Came::Final(status, body)) => return Ok(Answer::Original(status, body)),
            Err(Missed::Failed(failure)) => failure,
            Err(too_small) => return Err(too_small),
        };
        // Another token or proxy of the same instance comes before another instance.
        let again = match failure.effect {
            Effect::TokenInvalid => attempt.token_refused(&failure.reason),
            Effect::TokenExhausted => attempt.token_exhausted(&failure.reason),
            _ if failure.code == ReasonCode::ProxyFailed => attempt.proxy_failed(&failure.reason),
            _ => false,
        };
        if !again || timing.started.elapsed() >= timing.limit {
            return Err(report(attempt, failure));
        }
    }
}

/// One request with one token through one proxy.
async fn exchange(
    ask: &Ask<'_>,
    member: &Member,
    client: &Client,
    lane: Lane,
    timing: Timing,
) -> Result<Came, Missed> {
    let connection = &member.instance.connection;
    let response = send(ask, member, client, lane, timing).await?;
    let status = response.status();
    if !status.is_success() {
        return refused(member, client, response, timing).await;
    }
    let question = ask.question;
    let model = question.answers_as.unwrap_or(&ask.group.name);
    let expected = question.expected(&connection.parameters);
    match expected {
        Expected::Events => {
            let dialect = Dialect::of(question.endpoint, question.length);
            let opened =
                stream::open(response, connection, model.to_owned(), timing, dialect).await?;
            Ok(Came::Begun(Box::new(opened)))
        }
        Expected::AudioStream if kind::is_audio(&response) => {
            let kind = kind::of_audio(&response);
            let opened = stream::open_audio(response, kind, connection, timing).await?;
            Ok(Came::BegunAudio(Box::new(opened)))
        }
        // What is no sound is an error, or will be one.
        Expected::Json | Expected::Text | Expected::Audio | Expected::AudioStream => {
            let kind = kind::whole(&response)?;
            let (body, first_byte) = answer::complete(response, connection, timing).await?;
            let whole = kind::checked(expected, kind, body, model)?;
            Ok(Came::Whole(whole, first_byte))
        }
    }
}

/// Sends the request and waits for the head of the answer.
async fn send(
    ask: &Ask<'_>,
    member: &Member,
    client: &Client,
    lane: Lane,
    timing: Timing,
) -> Result<Response, Failure> {
    let connection = &member.instance.connection;
    let exchange = async {
        let listed;
        let model = match (&member.model, &connection.model) {
            (Some(model), _) | (None, Some(model)) => model.as_str(),
            (None, None) => {
                listed = client.only_model(lane, timing.limit).await?;
                listed.as_deref().unwrap_or(&ask.group.name)
            }
        };
        let question = ask.question;
        let body = question.for_instance(model, &connection.parameters)?;
        let path = question.endpoint.path();
        // The first word of a stream waits for nobody.
        if !question.is_streamed() {
            in_step().await;
        }
        client
            .post(lane, path, body, ask.request_id, ask.joins)
            .await
    };
    match tokio::time::timeout_at(timing.first_byte_by(), exchange).await {
        Ok(answered) => answered,
        Err(_) => Err(Failure::timeout("it did not begin to answer in time")),
    }
}

/// Reads and classifies an answer whose status is an error.
async fn refused(
    member: &Member,
    client: &Client,
    response: Response,
    timing: Timing,
) -> Result<Came, Missed> {
    let status = response.status();
    let headers = response.headers().clone();
    let connection = &member.instance.connection;
    let body = answer::error_body(response, timing).await;
    if matches!(status.as_u16(), 400 | 404) && connection.model.is_none() {
        client.forget_model();
    }
    match classify::classify(status, &headers, &body) {
        Verdict::Next(failure) => Err(Missed::Failed(failure)),
        Verdict::ContextTooSmall => {
            let said = answer::scrub(status, &body, connection);
            Err(Missed::TooSmall(status, said))
        }
        Verdict::Final => Ok(Came::Final(
            status,
            answer::scrub(status, &body, connection),
        )),
    }
}

/// Tells the breaker what happened; its one report.
fn report(attempt: Attempt, failure: Failure) -> Missed {
    match failure.effect {
        Effect::Failure => attempt.failed(failure.code, &failure.reason),
        Effect::Cooling(pause) => attempt.cooled(pause, &failure.reason),
        Effect::TokenInvalid | Effect::TokenExhausted | Effect::Note => {
            attempt.declined(&failure.reason);
        }
        Effect::None => drop(attempt),
    }
    Missed::Failed(failure)
}
