//! Why something is as it is, in the language of the screen.

use understudy_shared::{Verdict, Warning};

use super::Words;

/// A text, and its language if it is another than that of the screen: the service's own words for what this page does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The text.
    pub text: String,
    /// For the attribute `lang`.
    pub lang: Option<&'static str>,
}

/// Why an instance is in its state, was skipped, failed or answered. `said` is what the service says itself.
pub fn reason(_i18n: Words, _code: &str, said: &str) -> Said {
    Said {
        text: said.to_owned(),
        lang: Some("en"),
    }
}

/// What would happen to a member.
pub fn verdict(_i18n: Words, _verdict: Verdict) -> &'static str {
    ""
}

/// What is allowed and probably not meant.
pub fn warning(_i18n: Words, warning: &Warning) -> Said {
    Said {
        text: warning.detail.clone(),
        lang: Some("en"),
    }
}
