//! Keys with which programs call the gateway or the management API.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ApiKeyId, FieldError, FieldRule, ModelGroupId, rules};

/// What a key may do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub enum ApiKeyScope {
    /// Ask model groups through `/v1`.
    #[serde(rename = "gateway")]
    Gateway,
    /// Read model groups and their availability.
    #[serde(rename = "groups:read")]
    GroupsRead,
    /// Read all that an operator may read.
    #[serde(rename = "manage:read")]
    ManageRead,
    /// Change instances, groups and assistants.
    #[serde(rename = "manage:write")]
    ManageWrite,
}

impl ApiKeyScope {
    /// Every scope.
    pub const ALL: [Self; 4] = [
        Self::Gateway,
        Self::GroupsRead,
        Self::ManageRead,
        Self::ManageWrite,
    ];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::GroupsRead => "groups:read",
            Self::ManageRead => "manage:read",
            Self::ManageWrite => "manage:write",
        }
    }
}

/// How much a key may ask for. At a limit the gateway answers 429 `rate_limited` with `Retry-After`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKeyLimits {
    /// Requests to the gateway within a minute, on each replica; null = no limit.
    #[schema(minimum = 1, maximum = 1_000_000, example = 600)]
    pub requests_per_minute: Option<u32>,
    /// Requests to the gateway at the same time, streams until their end, on each replica; null = no limit.
    #[schema(minimum = 1, maximum = 100_000, example = 20)]
    pub max_concurrency: Option<u32>,
}

/// An API key, without the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// What the key is for.
    #[schema(example = "billing service")]
    pub name: String,
    /// Beginning of the key, to recognise it by.
    #[schema(example = "us-Yb3kQ9")]
    pub prefix: String,
    /// What the key may do.
    pub scopes: Vec<ApiKeyScope>,
    /// Groups that the key may ask; null = all.
    pub group_ids: Option<Vec<ModelGroupId>>,
    /// How much the key may ask for.
    pub limits: ApiKeyLimits,
    /// When the key ends by itself; null = never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the key was last used, to about a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When the key was revoked; null = it was not.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
}

/// A key just made. This answer alone carries the key; nothing can show it again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CreatedApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// What the key is for.
    #[schema(example = "billing service")]
    pub name: String,
    /// The key: keep it now, it is shown this once.
    #[schema(example = "us-Yb3kQ9…")]
    pub key: String,
    /// Beginning of the key, to recognise it by.
    #[schema(example = "us-Yb3kQ9")]
    pub prefix: String,
    /// What the key may do.
    pub scopes: Vec<ApiKeyScope>,
    /// Groups that the key may ask; null = all.
    pub group_ids: Option<Vec<ModelGroupId>>,
    /// How much the key may ask for.
    pub limits: ApiKeyLimits,
    /// When the key ends by itself; null = never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the key was last used.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When the key was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
}

/// A key to be made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiKey {
    /// What the key is for, 1–100 characters.
    #[schema(min_length = 1, max_length = 100, example = "billing service")]
    pub name: String,
    /// What the key may do; at least one.
    #[schema(min_items = 1)]
    pub scopes: Vec<ApiKeyScope>,
    /// Groups that the key may ask; null = all. Only for keys with the scope `gateway`.
    #[serde(default)]
    pub group_ids: Option<Vec<ModelGroupId>>,
    /// How much the key may ask for.
    #[serde(default)]
    pub limits: ApiKeyLimits,
    /// When the key ends by itself; null = never.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

impl CreateApiKey {
    /// Every fault of the fields; `now` decides whether the expiry lies in the future.
    pub fn faults(&self, now: DateTime<Utc>) -> Vec<FieldError> {
        let mut faults = Vec::new();
        rules::text(&mut faults, "/name", &self.name, 1, 100);
        if self.scopes.is_empty() {
            faults.push(FieldError::new(
                "/scopes",
                FieldRule::TooFewItems { min: 1 },
            ));
        }
        let mut seen = Vec::new();
        for (index, scope) in self.scopes.iter().enumerate() {
            if seen.contains(scope) {
                faults.push(FieldError::new(
                    format!("/scopes/{index}"),
                    FieldRule::Duplicate,
                ));
            }
            seen.push(*scope);
        }
        writable(
            &mut faults,
            &self.scopes,
            self.group_ids.as_deref(),
            &self.limits,
        );
        if self.expires_at.is_some_and(|at| at <= now) {
            faults.push(FieldError::new("/expires_at", FieldRule::NotInFuture));
        }
        faults
    }
}

/// A merge patch (RFC 7396) of a key: fields left out stay, `null` brings the default back. What the key may do stays for good: make
/// another key for that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateApiKey {
    /// What the key is for, 1–100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, example = "billing service")]
    pub name: Option<String>,
    /// Groups that the key may ask; null = all. Only for keys with the scope `gateway`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_ids: Option<Vec<ModelGroupId>>,
    /// How much the key may ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ApiKeyLimits>,
    /// When the key ends by itself; null = never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// The fields of a key that can be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WritableApiKey {
    /// What the key is for.
    pub name: String,
    /// Groups that the key may ask.
    #[serde(default)]
    pub group_ids: Option<Vec<ModelGroupId>>,
    /// How much the key may ask for.
    #[serde(default)]
    pub limits: ApiKeyLimits,
    /// When the key ends by itself.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

impl WritableApiKey {
    /// Every fault of the fields of a key with these scopes. An end that is over may stay as it was `before`.
    pub fn faults(
        &self,
        scopes: &[ApiKeyScope],
        before: &Self,
        now: DateTime<Utc>,
    ) -> Vec<FieldError> {
        let mut faults = Vec::new();
        rules::text(&mut faults, "/name", &self.name, 1, 100);
        writable(&mut faults, scopes, self.group_ids.as_deref(), &self.limits);
        let changed = self.expires_at != before.expires_at;
        if changed && self.expires_at.is_some_and(|at| at <= now) {
            faults.push(FieldError::new("/expires_at", FieldRule::NotInFuture));
        }
        faults
    }
}

/// The rules of a new key and of a changed one.
fn writable(
    faults: &mut Vec<FieldError>,
    scopes: &[ApiKeyScope],
    group_ids: Option<&[ModelGroupId]>,
    limits: &ApiKeyLimits,
) {
    if let Some(groups) = group_ids {
        if !scopes.contains(&ApiKeyScope::Gateway) {
            faults.push(FieldError::new(
                "/group_ids",
                FieldRule::OnlyWhen {
                    field: "scopes".to_owned(),
                    value: ApiKeyScope::Gateway.as_str().to_owned(),
                },
            ));
        }
        if groups.is_empty() {
            faults.push(FieldError::new(
                "/group_ids",
                FieldRule::TooFewItems { min: 1 },
            ));
        }
    }
    rules::range_opt(
        faults,
        "/limits/requests_per_minute",
        limits.requests_per_minute,
        1,
        1_000_000,
    );
    rules::range_opt(
        faults,
        "/limits/max_concurrency",
        limits.max_concurrency,
        1,
        100_000,
    );
}
