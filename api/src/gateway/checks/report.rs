//! The steps of a check as they come, and the sentence that sums them up.

use std::time::Duration;

use tokio::time::Instant;
use understudy_shared::{CheckResult, CheckStep, CheckStepResult};

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

    pub fn passed(&mut self, step: CheckStep, took: Duration, detail: impl Into<String>) {
        self.steps.push(CheckStepResult {
            step,
            ok: true,
            skipped: false,
            duration_ms: millis(took),
            detail: detail.into(),
        });
    }

    pub fn skipped(&mut self, step: CheckStep, detail: &str) {
        let detail = detail.to_owned();
        self.steps.push(CheckStepResult {
            step,
            ok: false,
            skipped: true,
            duration_ms: 0,
            detail,
        });
    }

    /// The connection stands, so TCP (or the proxy) and TLS did their part of `connecting`.
    pub fn connected(&mut self, direct: bool, connecting: Duration, whole: Duration) {
        let tcp = self
            .steps
            .iter()
            .find(|step| step.step == CheckStep::Connect)
            .map_or(0, |step| step.duration_ms);
        if !direct {
            self.passed(
                CheckStep::Connect,
                connecting.min(whole),
                "through the proxy",
            );
        }
        if self.tls {
            let handshake = if direct {
                connecting.saturating_sub(Duration::from_millis(tcp))
            } else {
                Duration::ZERO
            };
            let detail = if direct {
                "the certificate is trusted"
            } else {
                "the certificate is trusted; part of the connection through the proxy"
            };
            self.passed(CheckStep::Tls, handshake, detail);
        } else {
            self.skipped(CheckStep::Tls, "plain http");
        }
    }

    /// A step failed; those after it were not made.
    pub fn failed(mut self, step: CheckStep, took: Duration, why: String) -> CheckResult {
        for earlier in ORDER.into_iter().take_while(|earlier| *earlier != step) {
            if !self.steps.iter().any(|made| made.step == earlier) {
                let detail = if earlier == CheckStep::Tls && !self.tls {
                    "plain http"
                } else {
                    "not reached"
                };
                self.skipped(earlier, detail);
            }
        }
        let reason = sentence(&why);
        self.steps.push(CheckStepResult {
            step,
            ok: false,
            skipped: false,
            duration_ms: millis(took),
            detail: why,
        });
        for later in ORDER.into_iter().skip_while(|later| *later != step).skip(1) {
            self.skipped(later, "not reached");
        }
        self.result(false, reason)
    }

    /// Every step passed or did not apply.
    pub fn done(self, reason: &str) -> CheckResult {
        self.result(true, reason.to_owned())
    }

    fn result(mut self, ok: bool, reason: String) -> CheckResult {
        self.steps
            .sort_by_key(|made| ORDER.iter().position(|step| *step == made.step));
        CheckResult {
            ok,
            reason,
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
