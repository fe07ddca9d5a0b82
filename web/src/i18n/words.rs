//! Which words stand for the values of the wire types.

mod audit;
mod checks;
mod errors;
mod numbers;
mod reasons;
mod rules;

use understudy_shared::{InstanceKind, InstanceState, Role};

pub use audit::{audit_action, audit_actor, audit_all, audit_noun, audit_outcome, audit_target};
pub use checks::{check, check_step};
pub use errors::{code, error, needs_detail, oidc_fault};
pub use numbers::{
    Plural, characters, days, duration, models, number, plural, size, tenths, tokens, wait,
};
pub use reasons::{reason, verdict, warning};
pub use rules::rule;

use super::*;
use crate::age::{Age, Unit};

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
