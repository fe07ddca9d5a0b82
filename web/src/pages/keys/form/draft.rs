//! What is typed, and what is sent of it.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use understudy_shared::{ApiKeyLimits, ApiKeyScope, CreateApiKey, ModelGroupId};

use super::DATE;
use crate::browser;
use crate::components::form::Place;
use crate::components::form::errors::Fault;

/// What is typed.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    pub(super) name: RwSignal<String>,
    pub(super) scopes: RwSignal<Vec<ApiKeyScope>>,
    pub(super) limited: RwSignal<bool>,
    pub(super) groups: RwSignal<Vec<ModelGroupId>>,
    pub(super) expires: RwSignal<String>,
    pub(super) until: RwSignal<String>,
}

impl Draft {
    pub(super) fn new() -> Self {
        Self {
            name: RwSignal::new(String::new()),
            scopes: RwSignal::new(vec![ApiKeyScope::Gateway]),
            limited: RwSignal::new(false),
            groups: RwSignal::new(Vec::new()),
            expires: RwSignal::new("365".to_owned()),
            until: RwSignal::new(String::new()),
        }
    }

    pub(super) fn clear(self) {
        let new = Self::new();
        self.name.set(new.name.get_untracked());
        self.scopes.set(new.scopes.get_untracked());
        self.limited.set(false);
        self.groups.set(Vec::new());
        self.expires.set(new.expires.get_untracked());
        self.until.set(String::new());
    }

    /// What is asked of the service; tracked.
    pub(super) fn request(self, now: DateTime<Utc>) -> CreateApiKey {
        let scopes = self.scopes.get();
        let limited = self.limited.get() && scopes.contains(&ApiKeyScope::Gateway);
        let expires = self.expires.get();
        CreateApiKey {
            name: self.name.with(|name| name.trim().to_owned()),
            scopes,
            group_ids: limited.then(|| self.groups.get()),
            limits: ApiKeyLimits::default(),
            expires_at: if expires == DATE {
                self.until.with(|day| browser::end_of_day(day))
            } else {
                days(&expires).map(|days| now + days)
            },
        }
    }

    /// The faults that the form finds by itself; tracked.
    pub(super) fn faults(self) -> Vec<Place> {
        let now = browser::now();
        let request = self.request(now);
        let mut places: Vec<Place> = request
            .faults(now)
            .into_iter()
            .map(|error| Place {
                id: field_of(&error.pointer),
                fault: Fault::Rule(error),
            })
            .collect();
        if self.expires.get() == DATE && request.expires_at.is_none() {
            places.push(Place {
                id: Some("key-until".to_owned()),
                fault: Fault::Required,
            });
        }
        places
    }
}

/// A number of days among the choices.
pub(super) fn days(choice: &str) -> Option<TimeDelta> {
    choice.parse().ok().and_then(TimeDelta::try_days)
}

/// The field of a pointer.
pub(super) fn field_of(pointer: &str) -> Option<String> {
    let field = pointer.split('/').nth(1)?;
    let id = match field {
        "name" => "key-name",
        "scopes" => "key-scopes",
        "group_ids" => "key-groups",
        "expires_at" => "key-until",
        _ => return None,
    };
    Some(id.to_owned())
}
