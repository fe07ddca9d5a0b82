//! The loop: try, classify, go on or commit.
//!
//! Until something has been sent to the caller every failure may move on to the next instance; nobody but the trace notices.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{HeaderName, HeaderValue};
use tokio::time::Instant;
use understudy_shared::ReasonCode;

use super::Gateway;
use super::breaker::Attempt;
use super::classify::Failure;
use super::error::GatewayError;
use super::picker::{Candidates, Hindrance, Rules, Wanted};
use super::question::Question;
use super::size::least_tokens;
use super::snapshot::{Group, Member, Snapshot};
use super::stream::{Committed, CommittedAudio};
use super::surroundings::Moment;
use super::tokens::Tokens;
use crate::telemetry::{AttemptSpan, RequestSpan};

mod answer;
mod kind;
mod nobody;
mod one;
mod trace;

pub use trace::{Outcome, Trace};

/// An answer that is given to the caller.
#[derive(Debug)]
pub enum Answer {
    /// A complete body.
    Complete(Whole),
    /// A stream that has begun with real content.
    Stream(Box<Committed>),
    /// Sound that has begun.
    Audio(Box<CommittedAudio>),
    /// What the backend said of a request that is at fault itself.
    Original(StatusCode, String),
}

/// A complete answer.
#[derive(Debug)]
pub struct Whole {
    /// Its `Content-Type`.
    pub kind: Cow<'static, str>,
    /// Its body.
    pub body: Bytes,
    /// How many tokens it says that it took.
    pub tokens: Option<Tokens>,
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
    /// Whether it says that the request is too long for whoever gave it.
    pub too_long: bool,
}

/// A request on its way through a group.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// The data plane.
    pub gateway: &'a Gateway,
    /// The configuration that this request works with.
    pub snapshot: &'a Snapshot,
    /// The group.
    pub group: &'a Arc<Group>,
    /// The request's body.
    pub question: &'a Question<'a>,
    /// Id of the request.
    pub request_id: &'a str,
    /// Its span, if requests are traced.
    pub span: Option<&'a RequestSpan>,
    /// The headers by which a backend joins the trace.
    pub joins: &'a [(HeaderName, HeaderValue)],
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

/// What happened so far.
#[derive(Default)]
struct So {
    failures: Vec<Failure>,
    /// The answer of the last one whose context was too small, and the largest context that was.
    too_small: Option<(Answered, u32)>,
    /// Instances that were asked.
    attempts: u32,
    /// Of those, the ones that may have worked on the request.
    sent: u32,
}

/// Asks the group's instances by its strategy until one answers.
///
/// # Errors
/// If nobody answered, with what the caller is told.
pub async fn ask(ask: &Ask<'_>, trace: &mut Trace) -> Result<Answered, GatewayError> {
    let group = &**ask.group;
    let surroundings = &**ask.gateway.surroundings();
    let begun = surroundings.now();
    group.budget.request(begun);
    let deadline = Instant::now() + Duration::from_millis(group.deadline_ms);
    let mut candidates = Candidates::new(Rules::from(group), wanted(ask), &group.members);
    let mut so = So::default();
    loop {
        // The time of the beginning will do until something took time.
        let now = if so.attempts == 0 {
            begun
        } else {
            surroundings.now()
        };
        let next = candidates.next(now, Some(surroundings), |place, why| {
            trace.hindered(&group.members[place], why);
        });
        let Some(candidate) = next else { break };
        let member = &group.members[candidate.place];
        let left = deadline.saturating_duration_since(Instant::now());
        let own = Duration::from_millis(member.instance.connection.timeouts.first_byte_ms);
        // The last one left keeps its own limits: giving up on it would help nobody. Nobody has to look who else is left while there is
        // time enough.
        let last = own <= left || so.sent + 1 >= group.max_attempts || !candidates.has_more(now);
        if let Some((code, reason)) = so.pass_over(group, member, left, last, now) {
            // Of one that was to be asked as a last resort the trace says already why it was not asked before.
            if !candidate.forced {
                trace.skip(member, code, reason);
            }
            continue;
        }
        let attempt = match Attempt::begin(ask.group, candidate.place, candidate.forced) {
            Ok(attempt) => attempt,
            // Another request was faster.
            Err(block) => {
                candidates.was_hindered(candidate.place, Hindrance::Blocked(block));
                continue;
            }
        };
        let limit = if last { own } else { own.min(left) };
        if let Some(answered) = so.attempt(ask, member, attempt, limit, trace).await {
            return Ok(answered);
        }
    }
    match so.too_small {
        Some((answered, _)) => Ok(Answered {
            attempts: so.attempts,
            ..answered
        }),
        None => {
            let now = surroundings.now();
            Err(nobody::error(
                group,
                &so.failures,
                so.attempts,
                candidates.hindered(),
                now,
            ))
        }
    }
}

impl So {
    /// Why a candidate is passed over in this request, if so.
    fn pass_over(
        &self,
        group: &Group,
        member: &Member,
        left: Duration,
        last: bool,
        now: Moment,
    ) -> Option<(ReasonCode, &'static str)> {
        let largest = self.too_small.as_ref().map(|(_, largest)| *largest);
        if largest.is_some_and(|largest| declared(member) <= largest) {
            let reason = "its context is not larger than that of one that refused";
            return Some((ReasonCode::ContextTooSmall, reason));
        }
        if self.sent >= group.max_attempts {
            return Some((ReasonCode::MaxAttempts, "enough instances were asked"));
        }
        if left.is_zero() && !last {
            let reason = "the group's time for all attempts is over";
            return Some((ReasonCode::Deadline, reason));
        }
        // Whoever failed last may have worked on the request: another one costs.
        let costs = self.failures.last().is_some_and(|failure| failure.sent);
        if costs && !group.budget.retry(now) {
            group.counts.budget_exhausted.add();
            let reason = "too many requests of the group are tried again at the moment";
            return Some((ReasonCode::RetryBudget, reason));
        }
        None
    }

    /// One attempt; the answer, if it gave one.
    async fn attempt(
        &mut self,
        ask: &Ask<'_>,
        member: &Member,
        attempt: Attempt,
        limit: Duration,
        trace: &mut Trace,
    ) -> Option<Answered> {
        if self.attempts > 0 {
            ask.group.counts.failovers.add();
        }
        self.attempts += 1;
        trace.trying(member);
        let trying = member.instance.counts.attempt();
        let started = Instant::now();
        let answered = |answer| Answered {
            answer,
            instance: member.instance.connection.name.clone(),
            attempts: self.attempts,
            too_long: false,
        };
        let span = ask
            .span
            .map(|span| span.attempt(&member.instance, self.attempts));
        let joins = span.as_ref().map(AttemptSpan::headers).unwrap_or_default();
        let ask = &Ask {
            joins: &joins,
            ..*ask
        };
        match one::attempt(ask, member, attempt, limit).await {
            Ok(answer) => {
                let took = started.elapsed();
                match answer {
                    Answer::Stream(_) | Answer::Audio(_) => {
                        trying.began(took);
                        trace.streaming = span;
                    }
                    _ => {
                        trying.answered(took);
                        if let Some(span) = span {
                            span.answered();
                        }
                    }
                }
                trace.tried(member, Outcome::Answered, ReasonCode::Answered, "", took);
                return Some(answered(answer));
            }
            Err(Missed::TooSmall(status, body)) => {
                let reason = "the request is too long for it";
                let took = started.elapsed();
                trying.failed(ReasonCode::ContextTooSmall, took);
                if let Some(span) = span {
                    span.failed(ReasonCode::ContextTooSmall, reason);
                }
                trace.tried(
                    member,
                    Outcome::Failed,
                    ReasonCode::ContextTooSmall,
                    reason,
                    took,
                );
                let largest = self.too_small.as_ref().map_or(0, |(_, largest)| *largest);
                let largest = largest.max(declared(member));
                let answered = Answered {
                    too_long: true,
                    ..answered(Answer::Original(status, body))
                };
                self.too_small = Some((answered, largest));
            }
            Err(Missed::Failed(failure)) => {
                let took = started.elapsed();
                trying.failed(failure.code, took);
                if let Some(span) = span {
                    span.failed(failure.code, &failure.reason);
                }
                trace.tried(member, Outcome::Failed, failure.code, &failure.reason, took);
                self.sent += u32::from(failure.sent);
                self.failures.push(failure);
            }
        }
        None
    }
}

/// The context that a member declares; one that declares none has none to offer.
fn declared(member: &Member) -> u32 {
    let capabilities = &member.instance.connection.capabilities;
    capabilities.context_length.unwrap_or(0)
}

/// What the request asks for, as far as it decides who can answer.
fn wanted(ask: &Ask<'_>) -> Wanted {
    Wanted {
        endpoint: Some(ask.question.endpoint),
        tokens: match (ask.group.smallest_context, ask.question.object()) {
            (Some(smallest), Some(object)) => least_tokens(object, smallest.into()),
            _ => 0,
        },
    }
}
