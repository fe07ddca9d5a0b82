//! What a failed request means, in the language of the screen.

use understudy_shared::{OidcFault, ProblemCode};

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
    code(i18n, problem.code).to_owned()
}

/// What a problem's code means.
pub fn code(i18n: Words, code: ProblemCode) -> &'static str {
    match code {
        ProblemCode::Unauthenticated => t_string!(i18n, error.unauthenticated),
        ProblemCode::Forbidden => t_string!(i18n, error.forbidden),
        ProblemCode::NotFound => t_string!(i18n, error.not_found),
        ProblemCode::RateLimited => t_string!(i18n, error.rate_limited),
        ProblemCode::ValidationFailed | ProblemCode::MissingField | ProblemCode::InvalidType => {
            t_string!(i18n, error.validation)
        }
        ProblemCode::InvalidYaml => t_string!(i18n, error.invalid_yaml),
        ProblemCode::Conflict => t_string!(i18n, error.conflict),
        ProblemCode::InUse => t_string!(i18n, error.in_use),
        ProblemCode::PreconditionFailed => t_string!(i18n, error.precondition),
        ProblemCode::BodyTooLarge => t_string!(i18n, error.body_too_large),
        ProblemCode::EgressDenied => t_string!(i18n, error.egress_denied),
        ProblemCode::SecretsRequired => t_string!(i18n, error.secrets_required),
        ProblemCode::SecretUnreadable => t_string!(i18n, error.secret_unreadable),
        ProblemCode::LocalSignInOff => t_string!(i18n, error.local_sign_in_off),
        ProblemCode::IdentityProviderUnavailable => {
            t_string!(i18n, error.identity_provider_unavailable)
        }
        ProblemCode::SetupClosed => t_string!(i18n, error.setup_closed),
        ProblemCode::RequestTimeout => t_string!(i18n, error.request_timeout),
        ProblemCode::Unavailable => t_string!(i18n, error.unavailable),
        ProblemCode::NoInstanceAvailable => t_string!(i18n, error.no_instance_available),
        ProblemCode::AllInstancesFailed => t_string!(i18n, error.all_instances_failed),
        ProblemCode::UpstreamTimeout => t_string!(i18n, error.upstream_timeout),
        ProblemCode::UpstreamRefused => t_string!(i18n, error.upstream_refused),
        ProblemCode::ContextLengthExceeded => t_string!(i18n, error.context_length_exceeded),
        ProblemCode::AnswerUnderWay => t_string!(i18n, error.answer_under_way),
        ProblemCode::TargetGone => t_string!(i18n, error.target_gone),
        ProblemCode::LimitReached => t_string!(i18n, error.limit_reached),
        ProblemCode::StreamInterrupted => t_string!(i18n, error.stream_interrupted),
        ProblemCode::Internal => t_string!(i18n, error.internal),
        // The page itself sent what the service does not read: it is of another version.
        ProblemCode::InvalidJson
        | ProblemCode::InvalidParameter
        | ProblemCode::UnknownField
        | ProblemCode::MethodNotAllowed
        | ProblemCode::PreconditionRequired
        | ProblemCode::UnsupportedMediaType => t_string!(i18n, error.protocol),
    }
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
        | ProblemCode::LocalSignInOff
        | ProblemCode::IdentityProviderUnavailable
        | ProblemCode::SetupClosed
        | ProblemCode::RequestTimeout
        | ProblemCode::Unavailable
        | ProblemCode::NoInstanceAvailable
        | ProblemCode::AllInstancesFailed
        | ProblemCode::UpstreamTimeout
        | ProblemCode::StreamInterrupted
        | ProblemCode::AnswerUnderWay
        | ProblemCode::TargetGone
        | ProblemCode::ContextLengthExceeded
        | ProblemCode::Internal => false,
        ProblemCode::ValidationFailed
        | ProblemCode::MissingField
        | ProblemCode::InvalidType
        | ProblemCode::Conflict
        | ProblemCode::LimitReached
        | ProblemCode::InUse
        | ProblemCode::EgressDenied
        | ProblemCode::SecretsRequired
        | ProblemCode::UpstreamRefused
        | ProblemCode::InvalidJson
        | ProblemCode::InvalidYaml
        | ProblemCode::InvalidParameter
        | ProblemCode::UnknownField
        | ProblemCode::MethodNotAllowed
        | ProblemCode::PreconditionRequired
        | ProblemCode::UnsupportedMediaType => true,
    }
}

/// Why somebody was not signed in who came back from the identity provider, and what to do next.
pub fn oidc_fault(i18n: Words, fault: OidcFault) -> &'static str {
    match fault {
        OidcFault::AttemptOver => t_string!(i18n, login.fault.attempt_over),
        OidcFault::RefusedByProvider => t_string!(i18n, login.fault.refused_by_provider),
        OidcFault::ProviderUnavailable => t_string!(i18n, login.fault.provider_unavailable),
        OidcFault::InvalidToken => t_string!(i18n, login.fault.invalid_token),
        OidcFault::NoRole => t_string!(i18n, login.fault.no_role),
        OidcFault::UserDisabled => t_string!(i18n, login.fault.user_disabled),
        OidcFault::LastAdministrator => t_string!(i18n, login.fault.last_administrator),
        OidcFault::SetupOpen => t_string!(i18n, login.fault.setup_open),
        OidcFault::RateLimited => t_string!(i18n, login.fault.rate_limited),
        OidcFault::Unavailable => t_string!(i18n, login.fault.unavailable),
    }
}
