//! Why something is as it is, in the language of the screen.
//!
//! Codes are strings on the wire, so that a page may be older than the service: what it does not know it shows in the service's own words,
//! marked as English.

use understudy_shared::{Verdict, Warning, WarningCode};

use super::super::*;
use super::Words;

/// A text, and its language if it is another than that of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The text.
    pub text: String,
    /// For the attribute `lang`.
    pub lang: Option<&'static str>,
}

impl Said {
    fn here(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            lang: None,
        }
    }

    fn by_service(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            lang: Some("en"),
        }
    }

    /// With a capital first letter, to stand alone.
    pub fn sentence(mut self) -> Self {
        self.text = sentence(&self.text);
        self
    }
}

/// A text with a capital first letter.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

/// Why an instance is in its state, was skipped, failed or answered, in a few words that go on in a sentence. `said` is what the service
/// says itself.
pub fn reason(i18n: Words, code: &str, said: &str) -> Said {
    if let Some(status) = code.strip_prefix("http_") {
        return Said::here(t_string!(i18n, reason.http, status));
    }
    Said::here(match code {
        "answered" => t_string!(i18n, reason.answered),
        "check_passed" => t_string!(i18n, reason.check_passed),
        "not_asked" => t_string!(i18n, reason.not_asked),
        "stale" => t_string!(i18n, reason.stale),
        "available" => t_string!(i18n, reason.available),
        "standby" => t_string!(i18n, reason.standby),
        "disabled" => t_string!(i18n, reason.disabled),
        "member_disabled" => t_string!(i18n, reason.member_disabled),
        "drilled" => t_string!(i18n, reason.drilled),
        "down" => t_string!(i18n, reason.down),
        "cooling" => t_string!(i18n, reason.cooling),
        "ejected" => t_string!(i18n, reason.ejected),
        "auth_failed" => t_string!(i18n, reason.auth_failed),
        "at_limit" => t_string!(i18n, reason.at_limit),
        "kind_forbidden" => t_string!(i18n, reason.kind_forbidden),
        "endpoint_missing" => t_string!(i18n, reason.endpoint_missing),
        "context_too_small" => t_string!(i18n, reason.context_too_small),
        "max_attempts" => t_string!(i18n, reason.max_attempts),
        "deadline" => t_string!(i18n, reason.deadline),
        "retry_budget" => t_string!(i18n, reason.retry_budget),
        "connect_failed" => t_string!(i18n, reason.connect_failed),
        "proxy_failed" => t_string!(i18n, reason.proxy_failed),
        "egress_denied" => t_string!(i18n, reason.egress_denied),
        "misconfigured" => t_string!(i18n, reason.misconfigured),
        "no_model" => t_string!(i18n, reason.no_model),
        "timeout" => t_string!(i18n, reason.timeout),
        "connection_lost" => t_string!(i18n, reason.connection_lost),
        "bad_http" => t_string!(i18n, reason.bad_http),
        "bad_answer" => t_string!(i18n, reason.bad_answer),
        "empty_answer" => t_string!(i18n, reason.empty_answer),
        "answer_too_large" => t_string!(i18n, reason.answer_too_large),
        "error_in_answer" => t_string!(i18n, reason.error_in_answer),
        "no_content" => t_string!(i18n, reason.no_content),
        "truncated" => t_string!(i18n, reason.truncated),
        "stream_interrupted" => t_string!(i18n, reason.stream_interrupted),
        _ => return Said::by_service(said),
    })
}

/// What would happen to a member.
pub fn verdict(i18n: Words, verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Answers => t_string!(i18n, reason.verdict.answers),
        Verdict::Standby => t_string!(i18n, reason.verdict.standby),
        Verdict::Skipped => t_string!(i18n, reason.verdict.skipped),
    }
}

/// What is allowed and probably not meant.
pub fn warning(i18n: Words, warning: &Warning) -> Said {
    Said::here(match warning.code {
        WarningCode::NoMembers => t_string!(i18n, reason.warning.no_members),
        WarningCode::MixedModels => t_string!(i18n, reason.warning.mixed_models),
        WarningCode::MixedContextLengths => t_string!(i18n, reason.warning.mixed_context_lengths),
        WarningCode::MixedEndpoints => t_string!(i18n, reason.warning.mixed_endpoints),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_a_capital_of_its_script() {
        assert_eq!(sentence("не ответил вовремя"), "Не ответил вовремя");
        assert_eq!(sentence("no connection"), "No connection");
        assert_eq!(sentence(""), "");
    }
}
