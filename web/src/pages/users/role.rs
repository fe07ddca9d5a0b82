//! How roles look, and what they mean.

use leptos::prelude::*;
use understudy_shared::Role;

use crate::components::form::Segment;
use crate::components::icon::Icon;
use crate::i18n::t_signal;
use crate::i18n::words::{self, Words};

/// The roles, the one with the fewest rights first: that is what somebody new should get.
const ROLES: [Role; 3] = [Role::User, Role::Operator, Role::Admin];

/// The icon of a role.
pub fn icon(role: Role) -> Icon {
    match role {
        Role::User => Icon::Person,
        Role::Operator => Icon::Layers,
        Role::Admin => Icon::Key,
    }
}

/// What people of a role may do.
fn text(i18n: Words, role: Role) -> Signal<String> {
    match role {
        Role::User => t_signal!(i18n, users.role.user),
        Role::Operator => t_signal!(i18n, users.role.operator),
        Role::Admin => t_signal!(i18n, users.role.admin),
    }
}

/// The roles to choose from.
pub fn segments(i18n: Words) -> Vec<Segment> {
    let segment = |role: Role| Segment {
        value: role.as_str(),
        icon: Some(icon(role)),
        title: Signal::derive(move || words::role(i18n, role).to_owned()),
        text: text(i18n, role),
    };
    ROLES.into_iter().map(segment).collect()
}

/// The role of this name.
pub fn read(name: &str) -> Role {
    let found = ROLES.into_iter().find(|role| role.as_str() == name);
    found.unwrap_or_default()
}
