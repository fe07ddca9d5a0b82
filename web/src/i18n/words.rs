//! Which words stand for the values of the wire types.

mod reasons;
mod rules;

use understudy_shared::{InstanceKind, InstanceState, ProblemCode, Role};

pub use reasons::{Said, reason, verdict, warning};
pub use rules::rule;

use super::*;
use crate::age::{Age, Unit};
use crate::api::ApiError;

/// The translations in the current language.
pub type Words = leptos_i18n::I18nContext<Locale>;

/// The name of a role.
pub fn role(i18n: Words, role: Role) -> &'static str {
    match role {
        Role::Admin => t_string!(i18n, frame.role.admin),
        Role::Operator => t_string!(i18n, frame.role.operator),
        Role::User => t_string!(i18n, frame.role.user),
    }
}

/// Where an instance runs.
pub fn kind(i18n: Words, kind: InstanceKind) -> &'static str {
    match kind {
        InstanceKind::Local => t_string!(i18n, models.instances.kinds.local),
        InstanceKind::Network => t_string!(i18n, models.instances.kinds.network),
        InstanceKind::Cloud => t_string!(i18n, models.instances.kinds.cloud),
    }
}

/// The name of an instance's state.
pub fn state(i18n: Words, state: InstanceState) -> &'static str {
    match state {
        InstanceState::Up => t_string!(i18n, models.instances.states.up),
        InstanceState::Down => t_string!(i18n, models.instances.states.down),
        InstanceState::Unknown => t_string!(i18n, models.instances.states.unknown),
        InstanceState::Cooling => t_string!(i18n, models.instances.states.cooling),
        InstanceState::Ejected => t_string!(i18n, models.instances.states.ejected),
        InstanceState::AuthFailed => t_string!(i18n, models.instances.states.auth_failed),
        InstanceState::Drilled => t_string!(i18n, models.instances.states.drilled),
        InstanceState::Disabled => t_string!(i18n, models.instances.states.disabled),
    }
}

/// A length of time: "8 s".
pub fn age(i18n: Words, age: Age) -> String {
    let count = age.count;
    match age.unit {
        Unit::Seconds => t_string!(i18n, age.seconds, count),
        Unit::Minutes => t_string!(i18n, age.minutes, count),
        Unit::Hours => t_string!(i18n, age.hours, count),
        Unit::Days => t_string!(i18n, age.days, count),
    }
}

/// What an error means to the person at the screen.
pub fn error(i18n: Words, error: &ApiError) -> String {
    let problem = match error {
        ApiError::NoAnswer => return t_string!(i18n, error.no_answer).to_owned(),
        ApiError::Unreadable { status } => {
            return t_string!(i18n, error.unreadable, status = *status);
        }
        ApiError::SignedOut => return t_string!(i18n, error.unauthenticated).to_owned(),
        ApiError::Problem(problem) => problem,
    };
    let words = match problem.code {
        ProblemCode::Unauthenticated => t_string!(i18n, error.unauthenticated),
        ProblemCode::Forbidden => t_string!(i18n, error.forbidden),
        ProblemCode::NotFound => t_string!(i18n, error.not_found),
        ProblemCode::RateLimited => t_string!(i18n, error.rate_limited),
        ProblemCode::ValidationFailed => t_string!(i18n, error.validation),
        ProblemCode::Unavailable => t_string!(i18n, error.unavailable),
        ProblemCode::Internal => t_string!(i18n, error.internal),
        _ => t_string!(i18n, error.other),
    };
    words.to_owned()
}
