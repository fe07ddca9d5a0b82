//! What each of the two lists can be narrowed and sorted by.

#[cfg(test)]
mod tests;

use crate::listing::{Filter, Spec, Values};

/// The tables of the page, in the order of `Table`.
pub static TABLES: [&Spec; 2] = [&GROUPS, &INSTANCES];

const ENABLED: Filter = Filter::new("enabled", Values::OneOf(&["true", "false"]));

/// The table of groups.
pub static GROUPS: Spec = Spec {
    prefix: "g.",
    sort_keys: &["title", "name", "strategy", "created_at", "updated_at"],
    falling: false,
    filters: &[
        Filter::new(
            "state",
            Values::OneOf(&["available", "unavailable", "disabled"]),
        ),
        Filter::new(
            "strategy",
            Values::OneOf(&["first_available", "weighted", "least_busy", "fastest"]),
        ),
        ENABLED,
        Filter {
            parameter: "instance_id",
            ..Filter::new("instance", Values::Id)
        },
    ],
};

/// The table of instances.
pub static INSTANCES: Spec = Spec {
    prefix: "i.",
    sort_keys: &["name", "kind", "host", "model", "created_at", "updated_at"],
    falling: false,
    filters: &[
        Filter::new(
            "state",
            Values::OneOf(&[
                "up",
                "down",
                "unknown",
                "cooling",
                "ejected",
                "auth_failed",
                "drilled",
                "disabled",
            ]),
        ),
        Filter::new("kind", Values::OneOf(&["local", "network", "cloud"])),
        ENABLED,
        Filter {
            parameter: "group_id",
            ..Filter::new("group", Values::Id)
        },
    ],
};
