//! What can go wrong between this page and the service.

use chrono::{DateTime, Utc};
use understudy_shared::{FieldError, Problem, ProblemCode};

/// Why a request has no usable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// Nothing came back: the service is down, the network is, or it took too long.
    NoAnswer,
    /// Something came back that is not of this API, from a proxy for example.
    Unreadable {
        /// HTTP status.
        status: u16,
    },
    /// There were too many requests, or failed attempts to sign in.
    RateLimited {
        /// The service's own description.
        problem: Box<Problem>,
        /// When the next one may come.
        until: DateTime<Utc>,
    },
    /// The session is over, and the person would rather not sign in again now.
    SignedOut,
    /// The service says what is wrong.
    Problem(Box<Problem>),
}

impl ApiError {
    /// What is wrong with the field at `pointer`.
    pub fn field(&self, pointer: &str) -> Option<&FieldError> {
        let mut errors = self.problem()?.errors.iter();
        errors.find(|error| error.pointer == pointer)
    }

    /// The service's own description.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) | Self::RateLimited { problem, .. } => Some(problem),
            Self::NoAnswer | Self::Unreadable { .. } | Self::SignedOut => None,
        }
    }

    /// Whether somebody else has changed the resource meanwhile.
    pub fn is_stale(&self) -> bool {
        self.is(ProblemCode::PreconditionFailed)
    }

    /// Whether there is no such resource, or none any more.
    pub fn is_gone(&self) -> bool {
        self.is(ProblemCode::NotFound)
    }

    fn is(&self, code: ProblemCode) -> bool {
        self.problem().is_some_and(|problem| problem.code == code)
    }

    /// Whether the credential was missing or not valid.
    pub fn is_unauthenticated(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.status == 401,
            Self::Unreadable { status } => *status == 401,
            Self::SignedOut => true,
            Self::NoAnswer | Self::RateLimited { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use understudy_shared::{FieldError, FieldRule};

    use super::*;

    fn problem() -> Problem {
        Problem {
            kind: "urn:understudy:problem:validation_failed".into(),
            title: "The request has invalid fields".into(),
            status: 422,
            detail: "/password: is too common".into(),
            instance: "/api/v1/setup".into(),
            code: ProblemCode::ValidationFailed,
            request_id: "1".into(),
            errors: vec![FieldError::new("/password", FieldRule::PasswordCommon)],
            used_by: Vec::new(),
            trace: Vec::new(),
        }
    }

    #[test]
    fn a_field_finds_its_own_error() {
        let error = ApiError::Problem(Box::new(problem()));
        let rule = error.field("/password").map(|error| &error.rule);
        assert_eq!(rule, Some(&FieldRule::PasswordCommon));
        assert_eq!(error.field("/username"), None);
    }

    #[test]
    fn a_401_without_a_problem_still_means_signed_out() {
        assert!(ApiError::Unreadable { status: 401 }.is_unauthenticated());
        assert!(!ApiError::Unreadable { status: 502 }.is_unauthenticated());
        assert!(!ApiError::Problem(Box::new(problem())).is_unauthenticated());
    }
}
