//! What is typed, and what is sent of it.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use serde_json::{Value, json};
use understudy_shared::{
    ApiKey, ApiKeyLimits, ApiKeyScope, CreateApiKey, FieldError, ModelGroupId, WritableApiKey,
};

use super::{DATE, KEEP};
use crate::browser;
use crate::components::form::errors::Fault;
use crate::components::form::{Place, number};
use crate::merge::{Fields, changes};

/// What is typed.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    /// The key that is changed; none for a new one.
    pub(super) key: StoredValue<Option<ApiKey>>,
    pub(super) name: RwSignal<String>,
    pub(super) scopes: RwSignal<Vec<ApiKeyScope>>,
    pub(super) limited: RwSignal<bool>,
    pub(super) groups: RwSignal<Vec<ModelGroupId>>,
    pub(super) expires: RwSignal<String>,
    pub(super) until: RwSignal<String>,
    pub(super) requests_per_minute: RwSignal<String>,
    pub(super) max_concurrency: RwSignal<String>,
}

impl Draft {
    pub(super) fn new() -> Self {
        Self {
            key: StoredValue::new(None),
            name: RwSignal::new(String::new()),
            scopes: RwSignal::new(vec![ApiKeyScope::Gateway]),
            limited: RwSignal::new(false),
            groups: RwSignal::new(Vec::new()),
            expires: RwSignal::new("365".to_owned()),
            until: RwSignal::new(String::new()),
            requests_per_minute: RwSignal::new(String::new()),
            max_concurrency: RwSignal::new(String::new()),
        }
    }

    /// The form of a key that is there.
    pub(super) fn of(key: ApiKey) -> Self {
        let number =
            |limit: Option<u32>| RwSignal::new(limit.map_or_else(String::new, |n| n.to_string()));
        let expires = if key.expires_at.is_some() {
            KEEP
        } else {
            "never"
        };
        Self {
            name: RwSignal::new(key.name.clone()),
            scopes: RwSignal::new(key.scopes.clone()),
            limited: RwSignal::new(key.group_ids.is_some()),
            groups: RwSignal::new(key.group_ids.clone().unwrap_or_default()),
            expires: RwSignal::new(expires.to_owned()),
            until: RwSignal::new(String::new()),
            requests_per_minute: number(key.limits.requests_per_minute),
            max_concurrency: number(key.limits.max_concurrency),
            key: StoredValue::new(Some(key)),
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
        self.requests_per_minute.set(String::new());
        self.max_concurrency.set(String::new());
    }

    /// What is asked of the service; tracked.
    pub(super) fn request(self, now: DateTime<Utc>) -> CreateApiKey {
        let scopes = self.scopes.get();
        let limited = self.limited.get() && scopes.contains(&ApiKeyScope::Gateway);
        let expires = self.expires.get();
        CreateApiKey {
            name: self.name.with(|name| name.trim().to_owned()),
            group_ids: limited.then(|| self.groups.get()),
            limits: if scopes.contains(&ApiKeyScope::Gateway) {
                self.limits()
            } else {
                ApiKeyLimits::default()
            },
            scopes,
            expires_at: match expires.as_str() {
                DATE => self.until.with(|day| browser::end_of_day(day)),
                KEEP => self
                    .key
                    .with_value(|key| key.as_ref().and_then(|key| key.expires_at)),
                choice => days(choice).map(|days| now + days),
            },
        }
    }

    /// What is asked of the service for the key that is changed: what differs. Not tracked.
    pub(super) fn patch(self, now: DateTime<Utc>) -> Fields {
        let request = untrack(|| self.request(now));
        self.key.with_value(|key| match key {
            Some(key) => changes(&fields(&before(key)), &fields(&after(request))),
            None => Fields::new(),
        })
    }

    /// What the rules say of what is typed.
    fn rules(self, request: &CreateApiKey, now: DateTime<Utc>) -> Vec<FieldError> {
        self.key.with_value(|key| match key {
            Some(key) => after(request.clone()).faults(&key.scopes, &before(key), now),
            None => request.faults(now),
        })
    }

    /// The limits; what is no number is none, and found in [`Self::faults`].
    fn limits(self) -> ApiKeyLimits {
        let read = |text: RwSignal<String>| {
            let number = text.with(|text| number::parse(text, 0)).ok().flatten();
            number.map(|number| u32::try_from(number).unwrap_or(u32::MAX))
        };
        ApiKeyLimits {
            requests_per_minute: read(self.requests_per_minute),
            max_concurrency: read(self.max_concurrency),
        }
    }

    /// The faults that the form finds by itself; tracked.
    pub(super) fn faults(self) -> Vec<Place> {
        let now = browser::now();
        let request = self.request(now);
        let mut places: Vec<Place> = self
            .rules(&request, now)
            .into_iter()
            .map(|error| Place {
                id: field_of(&error.pointer),
                fault: Fault::Rule(Box::new(error)),
            })
            .collect();
        for (id, text) in [
            ("key-requests-per-minute", self.requests_per_minute),
            ("key-max-concurrency", self.max_concurrency),
        ] {
            let asks = self
                .scopes
                .with(|scopes| scopes.contains(&ApiKeyScope::Gateway));
            if asks && text.with(|text| number::parse(text, 0)).is_err() {
                places.push(Place {
                    id: Some(id.to_owned()),
                    fault: Fault::NotANumber,
                });
            }
        }
        if self.expires.get() == DATE && request.expires_at.is_none() {
            places.push(Place {
                id: Some("key-until".to_owned()),
                fault: Fault::Required,
            });
        }
        places
    }
}

fn before(key: &ApiKey) -> WritableApiKey {
    WritableApiKey {
        name: key.name.clone(),
        group_ids: key.group_ids.clone(),
        limits: key.limits,
        expires_at: key.expires_at,
    }
}

fn after(request: CreateApiKey) -> WritableApiKey {
    WritableApiKey {
        name: request.name,
        group_ids: request.group_ids,
        limits: request.limits,
        expires_at: request.expires_at,
    }
}

fn fields(key: &WritableApiKey) -> Fields {
    match json!(key) {
        Value::Object(fields) => fields,
        _ => Fields::new(),
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
        "limits" if pointer.ends_with("/max_concurrency") => "key-max-concurrency",
        "limits" => "key-requests-per-minute",
        "name" => "key-name",
        "scopes" => "key-scopes",
        "group_ids" => "key-groups",
        "expires_at" => "key-until",
        _ => return None,
    };
    Some(id.to_owned())
}
