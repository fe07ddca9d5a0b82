//! What was tried and what was skipped, why, and how long it took: one log line per request.

use std::sync::Arc;
use std::time::Duration;

use understudy_shared::{AttemptTrace, ReasonCode};

use crate::gateway::picker::Hindrance;
use crate::gateway::snapshot::{Instance, Member};
use crate::telemetry::AttemptSpan;

pub use understudy_shared::AttemptOutcome as Outcome;

/// The attempts of one request, in order.
#[derive(Debug, Default)]
pub struct Trace {
    steps: Vec<AttemptTrace>,
    trying: Option<Arc<Instance>>,
    /// The span of the attempt whose stream goes on.
    pub streaming: Option<AttemptSpan>,
}

impl Trace {
    /// The steps so far.
    pub fn steps(&self) -> &[AttemptTrace] {
        &self.steps
    }

    /// The instance that is being asked, of which nothing has been noted yet.
    pub fn waiting_for(&self) -> Option<&Instance> {
        self.trying.as_deref()
    }

    /// Notes who is asked.
    pub(super) fn trying(&mut self, member: &Member) {
        self.trying = Some(Arc::clone(&member.instance));
    }

    /// Notes who is not asked, and why.
    pub(super) fn hindered(&mut self, member: &Member, why: Hindrance) {
        let reason = why.reason(Some(&member.instance.health));
        self.skip(member, why.code(), &reason);
    }

    pub(super) fn skip(&mut self, member: &Member, code: ReasonCode, reason: &str) {
        member.instance.counts.skipped.add(code);
        self.tried(member, Outcome::Skipped, code, reason, Duration::ZERO);
    }

    pub(super) fn tried(
        &mut self,
        member: &Member,
        outcome: Outcome,
        code: ReasonCode,
        reason: &str,
        took: Duration,
    ) {
        let connection = &member.instance.connection;
        self.trying = None;
        self.steps.push(AttemptTrace {
            instance_id: connection.id,
            name: connection.name.clone(),
            outcome,
            code: code.to_string(),
            reason: reason.to_owned(),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        });
    }
}
