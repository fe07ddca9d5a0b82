//! Why a step of a check failed: a code for programs and a sentence for people, always together.

use std::error::Error;

use understudy_shared::CheckCode;

use crate::gateway::classify::Failure;
use crate::gateway::upstream::{Cause, explain};

/// Why a step failed.
#[derive(Debug)]
pub(super) struct Fault {
    /// For programs.
    pub code: CheckCode,
    /// For people; names no secret.
    pub why: String,
}

impl Fault {
    pub fn new(code: CheckCode, why: impl Into<String>) -> Self {
        Self {
            code,
            why: why.into(),
        }
    }

    /// A connection that was not made.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        Self::new(cause_code(Cause::of(error)), explain(error))
    }

    /// What the client of requests reports. Its codes are those of attempts, so what is finer comes from the cause.
    pub fn caused(failure: Failure, cause: Cause) -> Self {
        let code = match failure.code.to_string().as_str() {
            "egress_denied" => CheckCode::Denied,
            "timeout" => CheckCode::Timeout,
            "bad_http" => CheckCode::NotHttp,
            "bad_answer" => CheckCode::BadAnswer,
            "misconfigured" => CheckCode::Misconfigured,
            "secret_unreadable" => CheckCode::SecretUnreadable,
            "connection_lost" => CheckCode::ConnectionLost,
            // A proxy that refuses is not the backend that refuses.
            "proxy_failed" if cause != Cause::Tls => CheckCode::ProxyFailed,
            _ => cause_code(cause),
        };
        Self::new(code, failure.reason)
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::caused(failure, Cause::Other)
    }
}

fn cause_code(cause: Cause) -> CheckCode {
    match cause {
        Cause::Egress => CheckCode::Denied,
        Cause::Tls => CheckCode::TlsFailed,
        Cause::NotHttp => CheckCode::NotHttp,
        Cause::NameUnknown => CheckCode::NameUnknown,
        Cause::Refused => CheckCode::ConnectRefused,
        Cause::Unreachable => CheckCode::HostUnreachable,
        Cause::TimedOut => CheckCode::Timeout,
        Cause::Closed => CheckCode::ConnectionLost,
        Cause::Other => CheckCode::ConnectFailed,
    }
}
