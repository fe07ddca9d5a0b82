//! What a check found.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use understudy_shared::ReasonCode;

use crate::gateway::checks::Walked;
use crate::gateway::classify::Failure;

/// What a check found, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It answers.
    Passed,
    /// It can be reached; whether it would answer the check does not say.
    Unverified,
    /// It is there and refuses every token.
    Refused,
    /// It is not there, or not well.
    Failed,
}

/// What a check found.
#[derive(Debug)]
pub struct Finding {
    /// In one word.
    pub verdict: Verdict,
    /// Why, for programs.
    pub code: ReasonCode,
    /// Why, for people; names no host and no secret.
    pub reason: String,
    /// How long it took.
    pub took: Duration,
    /// Whether it passed because a token was accepted.
    pub with_token: bool,
    /// Its way through the pools.
    pub walked: Walked,
}

/// Why no step of the ladder gave more than this.
#[derive(Debug)]
pub(super) struct Answer {
    pub verdict: Verdict,
    pub code: ReasonCode,
    pub reason: String,
    pub with_token: bool,
}

impl Answer {
    pub fn passed(with_token: bool) -> Self {
        Self {
            verdict: Verdict::Passed,
            code: ReasonCode::CheckPassed,
            reason: String::new(),
            with_token,
        }
    }

    pub fn unverified() -> Self {
        Self {
            verdict: Verdict::Unverified,
            code: ReasonCode::Unverified,
            reason: String::new(),
            with_token: false,
        }
    }

    pub fn refused() -> Self {
        Self {
            verdict: Verdict::Refused,
            code: ReasonCode::AuthFailed,
            reason: "it refuses the token (HTTP 401)".to_owned(),
            with_token: false,
        }
    }

    pub fn failed(code: ReasonCode, reason: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Failed,
            code,
            reason: reason.into(),
            with_token: false,
        }
    }

    pub fn status(status: u16) -> Self {
        let reason = format!("it answered its check with HTTP {status}");
        Self::failed(ReasonCode::Http(status), reason)
    }

    pub fn late() -> Self {
        Self::failed(ReasonCode::Timeout, "it did not answer its check in time")
    }
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        Self::failed(failure.code, failure.reason)
    }
}
