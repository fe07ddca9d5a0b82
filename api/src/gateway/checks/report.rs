//! The steps of a check as they come, and the sentence that sums them up.

use std::time::Duration;

use tokio::time::Instant;
use understudy_shared::{CheckCode, CheckResult, CheckStep, CheckStepResult};

use super::fault::Fault;

const ORDER: [CheckStep; 6] = [
    CheckStep::Resolve,
    CheckStep::Connect,
    CheckStep::Tls,
    CheckStep::Authenticate,
    CheckStep::ListModels,
    CheckStep::ModelListed,
];

/// A check on its way.
#[derive(Debug)]
pub(super) struct Report {
    started: Instant,
    tls: bool,
    steps: Vec<CheckStepResult>,
    /// What the backend lists.
    pub models: Vec<String>,
}

impl Report {
    /// A check that begins now.
    pub fn new(tls: bool) -> Self {
        Self {
            started: Instant::now(),
            tls,
            steps: Vec::new(),
            models: Vec::new(),
        }
    }

    /// A step passed.
    pub fn passed(
        &mut self,
        step: CheckStep,
        took: Duration,
        code: CheckCode,
        detail: impl Into<String>,
    ) {
        self.steps.push(CheckStepResult {
            step,
            ok: true,
            skipped: false,
            duration_ms: millis(took),
            detail: detail.into(),
            code,
        });
    }

    /// A step passed, and what it found speaks for itself.
    pub fn found(&mut self, step: CheckStep, took: Duration, what: String) {
        let found = Some(what.clone());
        self.passed(step, took, CheckCode::Ok { found }, what);
    }

    /// A step was not made.
    pub fn skipped(&mut self, step: CheckStep, code: CheckCode, detail: &str) {
        self.steps.push(CheckStepResult {
            step,
            ok: false,
            skipped: true,
            duration_ms: 0,
            detail: detail.to_owned(),
            code,
        });
    }

    /// The connection stands, so TCP (or the proxy) and TLS did their part of `connecting`.
    pub fn connected(&mut self, through: Option<String>, connecting: Duration, whole: Duration) {
        let direct = through.is_none();
        let tcp = self
            .steps
            .iter()
            .find(|step| step.step == CheckStep::Connect)
            .map_or(0, |step| step.duration_ms);
        if let Some(through) = through {
            self.passed(
                CheckStep::Connect,
                connecting.min(whole),
                CheckCode::ThroughProxy,
                through,
            );
        }
        if self.tls {
            let handshake = if direct {
                connecting.saturating_sub(Duration::from_millis(tcp))
            } else {
                Duration::ZERO
            };
            let (code, detail) = if direct {
                (CheckCode::Ok { found: None }, "the certificate is trusted")
            } else {
                (
                    CheckCode::ThroughProxy,
                    "the certificate is trusted; part of the connection through the proxy",
                )
            };
            self.passed(CheckStep::Tls, handshake, code, detail);
        } else {
            self.skipped(CheckStep::Tls, CheckCode::NotApplicable, "plain http");
        }
    }

    /// A step failed; those after it were not made.
    pub fn failed(mut self, step: CheckStep, took: Duration, fault: Fault) -> CheckResult {
        // What passed by itself and failed in the request after all is told once, by what failed.
        self.steps.retain(|made| {
            ORDER
                .into_iter()
                .take_while(|earlier| *earlier != step)
                .any(|earlier| earlier == made.step)
        });
        for earlier in ORDER.into_iter().take_while(|earlier| *earlier != step) {
            if !self.steps.iter().any(|made| made.step == earlier) {
                if earlier == CheckStep::Tls && !self.tls {
                    self.skipped(earlier, CheckCode::NotApplicable, "plain http");
                } else {
                    self.skipped(earlier, CheckCode::NotReached, "not reached");
                }
            }
        }
        let reason = sentence(&fault.why);
        let code = fault.code.clone();
        self.steps.push(CheckStepResult {
            step,
            ok: false,
            skipped: false,
            duration_ms: millis(took),
            detail: fault.why,
            code: fault.code,
        });
        for later in ORDER.into_iter().skip_while(|later| *later != step).skip(1) {
            self.skipped(later, CheckCode::NotReached, "not reached");
        }
        self.result(false, code, reason)
    }

    /// Every step passed or did not apply.
    pub fn done(self, code: CheckCode, reason: &str) -> CheckResult {
        self.result(true, code, reason.to_owned())
    }

    fn result(mut self, ok: bool, code: CheckCode, reason: String) -> CheckResult {
        self.steps
            .sort_by_key(|made| ORDER.iter().position(|step| *step == made.step));
        CheckResult {
            ok,
            reason,
            code,
            duration_ms: millis(self.started.elapsed()),
            steps: self.steps,
            models: self.models,
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars
        .next()
        .map(|first| first.to_uppercase().collect::<String>())
        .unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
