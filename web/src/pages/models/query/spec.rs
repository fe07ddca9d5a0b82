//! What each list can be narrowed and sorted by.

use understudy_shared::{ModelGroupId, ModelInstanceId};

/// What a filter can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// One of these.
    OneOf(&'static [&'static str]),
    /// The id of an instance.
    Instance,
    /// The id of a group.
    Group,
}

impl Values {
    pub(super) fn allow(self, value: &str) -> bool {
        match self {
            Self::OneOf(values) => values.contains(&value),
            Self::Instance => value.parse::<ModelInstanceId>().is_ok(),
            Self::Group => value.parse::<ModelGroupId>().is_ok(),
        }
    }
}

/// A filter.
#[derive(Debug, PartialEq, Eq)]
pub struct Filter {
    /// Its name in the address.
    pub name: &'static str,
    /// Its name for the service.
    pub parameter: &'static str,
    /// What it can be.
    pub values: Values,
}

/// What a table can be asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Spec {
    pub(super) prefix: &'static str,
    pub(super) sort_keys: &'static [&'static str],
    pub(super) filters: &'static [Filter],
}

const ENABLED: Filter = Filter {
    name: "enabled",
    parameter: "enabled",
    values: Values::OneOf(&["true", "false"]),
};

/// The table of groups.
pub static GROUPS: Spec = Spec {
    prefix: "g.",
    // The first is the order that nobody asked for.
    sort_keys: &["title", "name", "strategy", "created_at", "updated_at"],
    filters: &[
        Filter {
            name: "state",
            parameter: "state",
            values: Values::OneOf(&["available", "unavailable", "disabled"]),
        },
        Filter {
            name: "strategy",
            parameter: "strategy",
            values: Values::OneOf(&["first_available", "weighted", "least_busy", "fastest"]),
        },
        ENABLED,
        Filter {
            name: "instance",
            parameter: "instance_id",
            values: Values::Instance,
        },
    ],
};

/// The table of instances.
pub static INSTANCES: Spec = Spec {
    prefix: "i.",
    sort_keys: &["name", "kind", "host", "model", "created_at", "updated_at"],
    filters: &[
        Filter {
            name: "state",
            parameter: "state",
            values: Values::OneOf(&[
                "up",
                "down",
                "unknown",
                "cooling",
                "ejected",
                "auth_failed",
                "drilled",
                "disabled",
            ]),
        },
        Filter {
            name: "kind",
            parameter: "kind",
            values: Values::OneOf(&["local", "network", "cloud"]),
        },
        ENABLED,
        Filter {
            name: "group",
            parameter: "group_id",
            values: Values::Group,
        },
    ],
};
