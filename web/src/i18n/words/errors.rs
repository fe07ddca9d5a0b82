//! What a failed request means, in the language of the screen.

use understudy_shared::ProblemCode;

use super::super::*;
use super::Words;
use super::numbers::wait;
use crate::api::ApiError;
use crate::browser;

/// What an error means to the person at the screen, and what to do next.
pub fn error(i18n: Words, error: &ApiError) -> String {
    let problem = match error {
        ApiError::NoAnswer => return t_string!(i18n, error.no_answer).to_owned(),
        ApiError::Unreadable { status } => {
            return t_string!(i18n, error.unreadable, status = *status);
        }
        ApiError::SignedOut => return t_string!(i18n, error.unauthenticated).to_owned(),
        ApiError::RateLimited { until, .. } => {
            let left = (*until - browser::now()).num_seconds() + 1;
            let left = u64::try_from(left).unwrap_or(1);
            return t_string!(i18n, error.rate_limited_for, wait = wait(i18n, left));
        }
        ApiError::Problem(problem) => problem,
    };
    let words = match problem.code {
        ProblemCode::Unauthenticated => t_string!(i18n, error.unauthenticated),
        ProblemCode::Forbidden => t_string!(i18n, error.forbidden),
        ProblemCode::NotFound => t_string!(i18n, error.not_found),
        ProblemCode::RateLimited => t_string!(i18n, error.rate_limited),
        ProblemCode::ValidationFailed | ProblemCode::MissingField | ProblemCode::InvalidType => {
            t_string!(i18n, error.validation)
        }
        ProblemCode::Conflict => t_string!(i18n, error.conflict),
        ProblemCode::InUse => t_string!(i18n, error.in_use),
        ProblemCode::PreconditionFailed => t_string!(i18n, error.precondition),
        ProblemCode::BodyTooLarge => t_string!(i18n, error.body_too_large),
        ProblemCode::EgressDenied => t_string!(i18n, error.egress_denied),
        ProblemCode::SecretsRequired => t_string!(i18n, error.secrets_required),
        ProblemCode::SecretUnreadable => t_string!(i18n, error.secret_unreadable),
        ProblemCode::SetupClosed => t_string!(i18n, error.setup_closed),
        ProblemCode::RequestTimeout => t_string!(i18n, error.request_timeout),
        ProblemCode::Unavailable => t_string!(i18n, error.unavailable),
        ProblemCode::NoInstanceAvailable => t_string!(i18n, error.no_instance_available),
        ProblemCode::AllInstancesFailed => t_string!(i18n, error.all_instances_failed),
        ProblemCode::UpstreamTimeout => t_string!(i18n, error.upstream_timeout),
        ProblemCode::UpstreamRefused => t_string!(i18n, error.upstream_refused),
        ProblemCode::StreamInterrupted => t_string!(i18n, error.stream_interrupted),
        ProblemCode::Internal => t_string!(i18n, error.internal),
        // The page itself sent what the service does not read: it is of another version.
        ProblemCode::InvalidJson
        | ProblemCode::InvalidParameter
        | ProblemCode::UnknownField
        | ProblemCode::MethodNotAllowed
        | ProblemCode::PreconditionRequired
        | ProblemCode::UnsupportedMediaType => t_string!(i18n, error.protocol),
    };
    words.to_owned()
}

/// Whether the words for this code leave open what happened, so that the service's own description belongs beside them.
pub fn needs_detail(code: ProblemCode) -> bool {
    match code {
        ProblemCode::Unauthenticated
        | ProblemCode::Forbidden
        | ProblemCode::NotFound
        | ProblemCode::RateLimited
        | ProblemCode::PreconditionFailed
        | ProblemCode::BodyTooLarge
        | ProblemCode::SecretUnreadable
        | ProblemCode::SetupClosed
        | ProblemCode::RequestTimeout
        | ProblemCode::Unavailable
        | ProblemCode::NoInstanceAvailable
        | ProblemCode::AllInstancesFailed
        | ProblemCode::UpstreamTimeout
        | ProblemCode::StreamInterrupted
        | ProblemCode::Internal => false,
        ProblemCode::ValidationFailed
        | ProblemCode::MissingField
        | ProblemCode::InvalidType
        | ProblemCode::Conflict
        | ProblemCode::InUse
        | ProblemCode::EgressDenied
        | ProblemCode::SecretsRequired
        | ProblemCode::UpstreamRefused
        | ProblemCode::InvalidJson
        | ProblemCode::InvalidParameter
        | ProblemCode::UnknownField
        | ProblemCode::MethodNotAllowed
        | ProblemCode::PreconditionRequired
        | ProblemCode::UnsupportedMediaType => true,
    }
}
