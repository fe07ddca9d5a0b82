//! Why an instance is in its state, was skipped, failed or answered: one closed list for states, previews and the trace of
//! attempts, so that a program, or a translation, that knows the list knows every reason there is.
//!
//! The rule: a code never changes its meaning; what a person reads beside it (`reason`) may be worded anew at any time. Wire
//! types carry codes as strings, so that a client of yesterday reads the answer of a service that knows more of them.

use std::fmt;

use serde::{Serialize, Serializer};

/// Why, for programs. On the wire a string: the name in lower case, or `http_` and a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReasonCode {
    /// It answered the request; in a state: the last one.
    Answered,
    /// It passed its last check.
    CheckPassed,
    /// It can be reached; whether it would answer is unverified, since its check says nothing of that.
    Unverified,
    /// It failed its last check, and not often enough in a row to be down.
    CheckFailed,
    /// It is down, but passed its last check, and not often enough in a row to be up again.
    Recovering,
    /// Nobody has asked it yet.
    NotAsked,
    /// It failed when it was last asked, and nobody has asked it since.
    Stale,
    /// It would answer: the group's strategy chooses it.
    Available,
    /// It would answer if those before it failed.
    Standby,
    /// The instance, or the whole group, is disabled.
    Disabled,
    /// It is paused in this group.
    MemberDisabled,
    /// Somebody pretends that it is down.
    Drilled,
    /// It fails its checks, or all its proxies are down.
    Down,
    /// It asked for a pause, or the quota of every token is used up.
    Cooling,
    /// It failed several times in a row and is left alone for a while.
    Ejected,
    /// It refuses every token.
    AuthFailed,
    /// A secret that is stored for it cannot be decrypted.
    SecretUnreadable,
    /// It answers as many requests as its limits allow.
    AtLimit,
    /// The group does not allow instances of its kind.
    KindForbidden,
    /// It does not have the endpoint that was asked for.
    EndpointMissing,
    /// The request is too long for its context.
    ContextTooSmall,
    /// The request was sent to as many instances as the group allows.
    MaxAttempts,
    /// The group's time for all attempts is over.
    Deadline,
    /// The group has made as many second attempts as its budget allows.
    RetryBudget,
    /// There is no connection: the name does not resolve, the port is closed, TLS fails.
    ConnectFailed,
    /// There is no connection through its proxies.
    ProxyFailed,
    /// Its address is one that the service never connects to.
    EgressDenied,
    /// Its settings cannot be used.
    Misconfigured,
    /// It names no model, and the backend does not list exactly one.
    NoModel,
    /// It did not answer in time.
    Timeout,
    /// It closed or reset the connection before its answer was complete.
    ConnectionLost,
    /// It does not speak HTTP.
    BadHttp,
    /// It answered with something that is not an answer of the protocol.
    BadAnswer,
    /// It answered with nothing.
    EmptyAnswer,
    /// It answered with more than is held.
    AnswerTooLarge,
    /// It answered with status 200 and an error.
    ErrorInAnswer,
    /// Its stream was long and had no content.
    NoContent,
    /// Its stream ended before it was complete.
    Truncated,
    /// Its stream broke off, fell silent or reported an error after its beginning was sent to the caller.
    StreamInterrupted,
    /// It answered with this HTTP status: a family of codes, `http_503` for one.
    Http(u16),
}

impl ReasonCode {
    /// Every code but those of the family [`ReasonCode::Http`].
    pub const ALL: [Self; 39] = [
        Self::Answered,
        Self::CheckPassed,
        Self::Unverified,
        Self::CheckFailed,
        Self::Recovering,
        Self::NotAsked,
        Self::Stale,
        Self::Available,
        Self::Standby,
        Self::Disabled,
        Self::MemberDisabled,
        Self::Drilled,
        Self::Down,
        Self::Cooling,
        Self::Ejected,
        Self::AuthFailed,
        Self::SecretUnreadable,
        Self::AtLimit,
        Self::KindForbidden,
        Self::EndpointMissing,
        Self::ContextTooSmall,
        Self::MaxAttempts,
        Self::Deadline,
        Self::RetryBudget,
        Self::ConnectFailed,
        Self::ProxyFailed,
        Self::EgressDenied,
        Self::Misconfigured,
        Self::NoModel,
        Self::Timeout,
        Self::ConnectionLost,
        Self::BadHttp,
        Self::BadAnswer,
        Self::EmptyAnswer,
        Self::AnswerTooLarge,
        Self::ErrorInAnswer,
        Self::NoContent,
        Self::Truncated,
        Self::StreamInterrupted,
    ];

    /// The code on the wire; of the family [`ReasonCode::Http`] what all of them begin with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::CheckPassed => "check_passed",
            Self::Unverified => "unverified",
            Self::CheckFailed => "check_failed",
            Self::Recovering => "recovering",
            Self::NotAsked => "not_asked",
            Self::Stale => "stale",
            Self::Available => "available",
            Self::Standby => "standby",
            Self::Disabled => "disabled",
            Self::MemberDisabled => "member_disabled",
            Self::Drilled => "drilled",
            Self::Down => "down",
            Self::Cooling => "cooling",
            Self::Ejected => "ejected",
            Self::AuthFailed => "auth_failed",
            Self::SecretUnreadable => "secret_unreadable",
            Self::AtLimit => "at_limit",
            Self::KindForbidden => "kind_forbidden",
            Self::EndpointMissing => "endpoint_missing",
            Self::ContextTooSmall => "context_too_small",
            Self::MaxAttempts => "max_attempts",
            Self::Deadline => "deadline",
            Self::RetryBudget => "retry_budget",
            Self::ConnectFailed => "connect_failed",
            Self::ProxyFailed => "proxy_failed",
            Self::EgressDenied => "egress_denied",
            Self::Misconfigured => "misconfigured",
            Self::NoModel => "no_model",
            Self::Timeout => "timeout",
            Self::ConnectionLost => "connection_lost",
            Self::BadHttp => "bad_http",
            Self::BadAnswer => "bad_answer",
            Self::EmptyAnswer => "empty_answer",
            Self::AnswerTooLarge => "answer_too_large",
            Self::ErrorInAnswer => "error_in_answer",
            Self::NoContent => "no_content",
            Self::Truncated => "truncated",
            Self::StreamInterrupted => "stream_interrupted",
            Self::Http(_) => "http_",
        }
    }

    /// The code of this name.
    pub fn named(name: &str) -> Option<Self> {
        if let Some(status) = name.strip_prefix(Self::Http(0).name()) {
            let plain = status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit());
            return plain.then(|| status.parse().ok()).flatten().map(Self::Http);
        }
        Self::ALL.into_iter().find(|code| code.name() == name)
    }
}

/// Every code, as it is on the wire, but those of the family `http_<status>`.
pub const REASON_CODES: [&str; ReasonCode::ALL.len()] = {
    let mut codes = [""; ReasonCode::ALL.len()];
    let mut index = 0;
    while index < codes.len() {
        codes[index] = ReasonCode::ALL[index].name();
        index += 1;
    }
    codes
};

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Http(status) => write!(f, "{status}"),
            _ => Ok(()),
        }
    }
}

impl PartialEq<&str> for ReasonCode {
    fn eq(&self, other: &&str) -> bool {
        Self::named(other) == Some(*self)
    }
}

impl Serialize for ReasonCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Http(_) => serializer.collect_str(self),
            code => serializer.serialize_str(code.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_has_a_name_of_its_own_and_is_found_by_it() {
        let names: HashSet<&str> = REASON_CODES.into_iter().collect();
        assert_eq!(names.len(), ReasonCode::ALL.len());
        for code in ReasonCode::ALL.into_iter().chain([ReasonCode::Http(503)]) {
            assert_eq!(ReasonCode::named(&code.to_string()), Some(code));
            let json = serde_json::to_string(&code).unwrap();
            assert_eq!(json, format!("\"{code}\""));
        }
        assert_eq!(ReasonCode::Http(503).to_string(), "http_503");
    }

    #[test]
    fn only_statuses_of_three_digits_are_of_the_family() {
        for name in [
            "http_",
            "http_x",
            "http_20",
            "http_1000",
            "http_+20",
            "nonsense",
        ] {
            assert_eq!(ReasonCode::named(name), None, "{name}");
        }
    }
}
