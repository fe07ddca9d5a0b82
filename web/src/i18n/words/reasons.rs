//! Why something is as it is, in the language of the screen.
//!
//! Codes are strings on the wire, so that a page may be older than the service: what it does not know it shows in the service's own words,
//! marked as English.

use understudy_shared::{ReasonCode, Verdict, Warning, WarningCode};

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
    let Some(code) = ReasonCode::named(code) else {
        return Said::by_service(said);
    };
    Said::here(match code {
        ReasonCode::Http(status) => return Said::here(t_string!(i18n, reason.http, status)),
        ReasonCode::Answered => t_string!(i18n, reason.answered),
        ReasonCode::CheckPassed => t_string!(i18n, reason.check_passed),
        ReasonCode::Unverified => t_string!(i18n, reason.unverified),
        ReasonCode::CheckFailed => t_string!(i18n, reason.check_failed),
        ReasonCode::Recovering => t_string!(i18n, reason.recovering),
        ReasonCode::NotAsked => t_string!(i18n, reason.not_asked),
        ReasonCode::Stale => t_string!(i18n, reason.stale),
        ReasonCode::Available => t_string!(i18n, reason.available),
        ReasonCode::Standby => t_string!(i18n, reason.standby),
        ReasonCode::Disabled => t_string!(i18n, reason.disabled),
        ReasonCode::MemberDisabled => t_string!(i18n, reason.member_disabled),
        ReasonCode::Drilled => t_string!(i18n, reason.drilled),
        ReasonCode::Down => t_string!(i18n, reason.down),
        ReasonCode::Cooling => t_string!(i18n, reason.cooling),
        ReasonCode::Ejected => t_string!(i18n, reason.ejected),
        ReasonCode::AuthFailed => t_string!(i18n, reason.auth_failed),
        ReasonCode::SecretUnreadable => t_string!(i18n, reason.secret_unreadable),
        ReasonCode::AtLimit => t_string!(i18n, reason.at_limit),
        ReasonCode::KindForbidden => t_string!(i18n, reason.kind_forbidden),
        ReasonCode::EndpointMissing => t_string!(i18n, reason.endpoint_missing),
        ReasonCode::ContextTooSmall => t_string!(i18n, reason.context_too_small),
        ReasonCode::MaxAttempts => t_string!(i18n, reason.max_attempts),
        ReasonCode::Deadline => t_string!(i18n, reason.deadline),
        ReasonCode::RetryBudget => t_string!(i18n, reason.retry_budget),
        ReasonCode::ConnectFailed => t_string!(i18n, reason.connect_failed),
        ReasonCode::ProxyFailed => t_string!(i18n, reason.proxy_failed),
        ReasonCode::EgressDenied => t_string!(i18n, reason.egress_denied),
        ReasonCode::Misconfigured => t_string!(i18n, reason.misconfigured),
        ReasonCode::NoModel => t_string!(i18n, reason.no_model),
        ReasonCode::Timeout => t_string!(i18n, reason.timeout),
        ReasonCode::ConnectionLost => t_string!(i18n, reason.connection_lost),
        ReasonCode::BadHttp => t_string!(i18n, reason.bad_http),
        ReasonCode::BadAnswer => t_string!(i18n, reason.bad_answer),
        ReasonCode::EmptyAnswer => t_string!(i18n, reason.empty_answer),
        ReasonCode::AnswerTooLarge => t_string!(i18n, reason.answer_too_large),
        ReasonCode::ErrorInAnswer => t_string!(i18n, reason.error_in_answer),
        ReasonCode::NoContent => t_string!(i18n, reason.no_content),
        ReasonCode::Truncated => t_string!(i18n, reason.truncated),
        ReasonCode::StreamInterrupted => t_string!(i18n, reason.stream_interrupted),
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
