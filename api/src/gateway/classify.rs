//! The table of failures: what an instance's answer means before anything was sent to the caller.
//!
//! Pure: status, headers and body in, verdict out. `docs/FAILOVER.md` shows the table; the tests follow it row by row.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;
use understudy_shared::ReasonCode;

mod retry_after;

pub use retry_after::retry_after;

/// How long an instance that says 429 and no more is left alone.
pub const DEFAULT_COOLING: Duration = Duration::from_secs(5);

/// What a failure means for the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It counts against the instance.
    Failure,
    /// The instance asked for a pause.
    Cooling(Duration),
    /// The token's quota is used up.
    TokenExhausted,
    /// The token is refused.
    TokenInvalid,
    /// It is noted, and no more.
    Note,
    /// It is the request's own fault.
    None,
}

/// What the caller gets when nobody answers and this was the last failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// 502
    Failed,
    /// 504
    TimedOut,
    /// 429
    Busy,
}

/// Why an attempt did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For programs: `connect_failed`, `timeout`, `http_503`, …
    pub code: ReasonCode,
    /// For people; names no host and no secret.
    pub reason: String,
    /// What it means for the instance.
    pub effect: Effect,
    /// What the caller gets when everybody fails like this.
    pub blame: Blame,
    /// Whether the backend may have begun to work on the request, so that another attempt may be billed twice.
    pub sent: bool,
}

impl Failure {
    /// A failure before the request can have been executed.
    pub fn unsent(code: ReasonCode, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
            effect: Effect::Failure,
            blame: Blame::Failed,
            sent: false,
        }
    }

    /// A failure after the request was sent.
    pub fn sent(code: ReasonCode, reason: impl Into<String>) -> Self {
        Self {
            sent: true,
            ..Self::unsent(code, reason)
        }
    }

    /// No answer within a time limit.
    pub fn timeout(reason: impl Into<String>) -> Self {
        Self {
            blame: Blame::TimedOut,
            ..Self::sent(ReasonCode::Timeout, reason)
        }
    }
}

/// What a complete answer with an error status means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Try the next instance.
    Next(Failure),
    /// The context is too small: an instance that declares a larger one may answer, otherwise the caller gets the original.
    ContextTooSmall,
    /// The caller's own fault: the original answer, at once.
    Final,
}

/// Classifies an answer whose status is not 200–299.
pub fn classify(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Verdict {
    let code = ReasonCode::Http(status.as_u16());
    let error = UpstreamError::read(body);
    let next = |effect, blame, reason: String| {
        Verdict::Next(Failure {
            code,
            reason,
            effect,
            blame,
            sent: true,
        })
    };
    let said = |what: &str| format!("{what} (HTTP {})", status.as_u16());
    if error.is_quota() && status.is_client_error() {
        return next(
            Effect::TokenExhausted,
            Blame::Busy,
            said("the quota of its token is used up"),
        );
    }
    match status.as_u16() {
        429 => {
            let pause = retry_after(headers).unwrap_or(DEFAULT_COOLING);
            next(
                Effect::Cooling(pause),
                Blame::Busy,
                said("it is over its rate limit"),
            )
        }
        503 => match retry_after(headers) {
            Some(pause) => next(
                Effect::Cooling(pause),
                Blame::Busy,
                said("it asks for a pause"),
            ),
            None => next(Effect::Failure, Blame::Failed, said("it is unavailable")),
        },
        402 => next(
            Effect::TokenExhausted,
            Blame::Busy,
            said("the quota of its token is used up"),
        ),
        401 => next(
            Effect::TokenInvalid,
            Blame::Failed,
            said("it refuses its token"),
        ),
        403 => next(Effect::Note, Blame::Failed, said("it forbids the request")),
        404 | 405 => next(
            Effect::Note,
            Blame::Failed,
            said("it does not have this endpoint or model"),
        ),
        // Only a proxy says so, and it has not passed the request on.
        407 => Verdict::Next(Failure::unsent(
            ReasonCode::ProxyFailed,
            said("its proxy refuses the credential"),
        )),
        408 => next(Effect::Failure, Blame::Failed, said("it gave up waiting")),
        409 | 425 => next(
            Effect::Note,
            Blame::Failed,
            said("it is not ready for the request"),
        ),
        400 | 413 if error.is_context_length() => Verdict::ContextTooSmall,
        400..=499 => Verdict::Final,
        300..=399 => next(
            Effect::Failure,
            Blame::Failed,
            said("it redirects, which is never followed"),
        ),
        _ => next(Effect::Failure, Blame::Failed, said("it failed")),
    }
}

/// Classifies an error object inside an answer with status 200, or inside a stream before its first content.
pub fn classify_error_object(body: &[u8]) -> Failure {
    let error = UpstreamError::read(body);
    let quota = error.is_quota();
    Failure {
        effect: if quota {
            Effect::TokenExhausted
        } else {
            Effect::Failure
        },
        blame: if quota { Blame::Busy } else { Blame::Failed },
        ..Failure::sent(ReasonCode::ErrorInAnswer, "it answered with an error")
    }
}

/// What is read of an error body, in whichever of the usual forms it is.
#[derive(Debug, Default)]
struct UpstreamError {
    message: String,
    code: String,
    kind: String,
}

impl UpstreamError {
    fn read(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Envelope {
            #[serde(default)]
            error: Value,
            #[serde(default)]
            message: Value,
            #[serde(default)]
            code: Value,
            #[serde(default, rename = "type")]
            kind: Value,
        }

        let Ok(envelope) = serde_json::from_slice::<Envelope>(body) else {
            return Self::default();
        };
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        match &envelope.error {
            Value::Object(error) => {
                let field = |name: &str| error.get(name).map(text).unwrap_or_default();
                Self {
                    message: field("message"),
                    code: field("code"),
                    kind: field("type"),
                }
            }
            Value::String(message) => Self {
                message: message.clone(),
                ..Self::default()
            },
            _ => Self {
                message: text(&envelope.message),
                code: text(&envelope.code),
                kind: text(&envelope.kind),
            },
        }
    }

    fn is_quota(&self) -> bool {
        self.code == "insufficient_quota" || self.kind == "insufficient_quota"
    }

    /// OpenAI has a code for it; llama.cpp a type; vLLM, SGLang, TGI and others say it in words.
    fn is_context_length(&self) -> bool {
        const WORDS: [&str; 7] = [
            "maximum context length",
            "context length exceeded",
            "exceeds the context",
            "exceeds the available context",
            "exceed context window",
            "longer than the model's context",
            "context window",
        ];
        let message = self.message.to_ascii_lowercase();
        self.code == "context_length_exceeded"
            || self.kind == "exceed_context_size_error"
            || WORDS.iter().any(|words| message.contains(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Verdict {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect::<HeaderMap>();
        classify(
            StatusCode::from_u16(status).unwrap(),
            &headers,
            body.as_bytes(),
        )
    }

    fn next(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> (Effect, Blame) {
        match verdict(status, headers, body) {
            Verdict::Next(failure) => {
                assert!(failure.sent);
                assert_eq!(failure.code, ReasonCode::Http(status));
                (failure.effect, failure.blame)
            }
            other => panic!("{status}: {other:?}"),
        }
    }

    #[test]
    fn server_errors_count_against_the_instance() {
        for status in [500, 502, 503, 504, 520, 521, 522, 523, 524, 529] {
            assert_eq!(
                next(status, &[], ""),
                (Effect::Failure, Blame::Failed),
                "{status}"
            );
        }
    }

    #[test]
    fn rate_limits_cool_and_do_not_count() {
        assert_eq!(
            next(429, &[], ""),
            (Effect::Cooling(DEFAULT_COOLING), Blame::Busy)
        );
        let seconds = |s| (Effect::Cooling(Duration::from_secs(s)), Blame::Busy);
        assert_eq!(next(429, &[("retry-after", "7")], ""), seconds(7));
        assert_eq!(next(503, &[("retry-after", "7")], ""), seconds(7));
    }

    #[test]
    fn quota_and_tokens_are_matters_of_the_token() {
        let quota =
            r#"{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}"#;
        assert_eq!(next(429, &[], quota), (Effect::TokenExhausted, Blame::Busy));
        assert_eq!(next(402, &[], ""), (Effect::TokenExhausted, Blame::Busy));
        assert_eq!(next(401, &[], ""), (Effect::TokenInvalid, Blame::Failed));
    }

    #[test]
    fn statuses_that_say_nothing_of_the_instance_are_noted() {
        for status in [403, 404, 405, 409, 425] {
            assert_eq!(
                next(status, &[], ""),
                (Effect::Note, Blame::Failed),
                "{status}"
            );
        }
        assert_eq!(next(408, &[], ""), (Effect::Failure, Blame::Failed));
        for status in [301, 302, 307, 308] {
            assert_eq!(
                next(status, &[("location", "http://elsewhere/")], ""),
                (Effect::Failure, Blame::Failed),
                "{status}"
            );
        }
    }

    #[test]
    fn a_proxy_that_refuses_its_credential_is_no_answer() {
        let Verdict::Next(failure) = verdict(407, &[], "") else {
            panic!("407 is final")
        };
        assert_eq!(
            (failure.code, failure.sent),
            (ReasonCode::ProxyFailed, false)
        );
    }

    #[test]
    fn the_callers_own_faults_are_final() {
        for status in [400, 413, 415, 418, 422] {
            assert_eq!(
                verdict(status, &[], r#"{"error":{"message":"bad temperature"}}"#),
                Verdict::Final,
                "{status}"
            );
        }
    }

    #[test]
    fn a_context_that_is_too_small_is_recognised_in_every_dialect() {
        for body in [
            r#"{"error":{"message":"too long","code":"context_length_exceeded"}}"#,
            r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
            r#"{"object":"error","message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","code":400}"#,
            r#"{"error":"Input is longer than the model's context length"}"#,
        ] {
            assert_eq!(verdict(400, &[], body), Verdict::ContextTooSmall, "{body}");
            assert_eq!(verdict(413, &[], body), Verdict::ContextTooSmall, "{body}");
            assert_eq!(verdict(422, &[], body), Verdict::Final, "{body}");
        }
    }
}
