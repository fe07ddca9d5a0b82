//! What was tried and what was skipped, why, and how long it took: one log line per request.

use std::time::Duration;

use serde::Serialize;
use understudy_shared::ModelInstanceId;

use crate::gateway::picker::{self, Facts};
use crate::gateway::snapshot::{Group, Member};

/// What became of an instance in one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It answered.
    Answered,
    /// It was asked and failed.
    Failed,
    /// It was not asked.
    Skipped,
}

/// One line of the trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The instance.
    pub instance_id: ModelInstanceId,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub reason: String,
    /// How long it took.
    pub duration_ms: u64,
}

/// The attempts of one request, in order.
#[derive(Clone, Debug, Default)]
pub struct Trace(Vec<Step>);

impl Trace {
    /// The steps so far.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Notes who is not asked, by the picker's rules.
    pub(super) fn skipped(&mut self, group: &Group) {
        for member in &group.members {
            if let Some(skip) = picker::skip(&Facts::of(group, member), &group.allowed_kinds) {
                self.skip(member, skip.code, &skip.reason);
            }
        }
    }

    pub(super) fn skip(&mut self, member: &Member, code: &str, reason: &str) {
        self.tried(member, Outcome::Skipped, code, reason, Duration::ZERO);
    }

    pub(super) fn tried(
        &mut self,
        member: &Member,
        outcome: Outcome,
        code: &str,
        reason: &str,
        took: Duration,
    ) {
        let connection = &member.instance.connection;
        self.0.push(Step {
            instance_id: connection.id,
            name: connection.name.clone(),
            outcome,
            code: code.to_owned(),
            reason: reason.to_owned(),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        });
    }
}
