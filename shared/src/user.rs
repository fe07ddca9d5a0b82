//! People who sign in.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{FieldError, SecretInput, UserId, rules};

/// What a person may do. Each role contains the ones below it: `admin` ⊃ `operator` ⊃ `user`.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads groups; has dialogs, assistants and gateway keys of their own.
    #[default]
    User,
    /// Manages instances, groups and assistants.
    Operator,
    /// Everything, users and keys included.
    Admin,
}

impl Role {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// How a person proves who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// With a password that is kept here.
    Local,
    /// With the identity provider, by OpenID Connect. It decides about the role, and there is no password here.
    Oidc,
}

impl SignInMethod {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Oidc => "oidc",
        }
    }
}

/// A person who signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Name to sign in with; unique regardless of case.
    #[schema(example = "admin")]
    pub username: String,
    /// Name to show.
    #[schema(example = "Ada Lovelace")]
    pub display_name: String,
    /// What the person may do.
    pub role: Role,
    /// Whether the person may sign in.
    pub enabled: bool,
    /// How the person proves who they are.
    pub sign_in: SignInMethod,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last sign-in.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// Counts the changes; the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
}

/// A user to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[cfg_attr(feature = "client", derive(Serialize))]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// Name to sign in with, 1–100 characters; unique regardless of case.
    #[schema(min_length = 1, max_length = 100, example = "ada")]
    pub username: String,
    /// Name to show, at most 100 characters.
    #[serde(default)]
    #[schema(max_length = 100, default = "", example = "Ada Lovelace")]
    pub display_name: String,
    /// What the person may do.
    #[serde(default)]
    pub role: Role,
    /// False keeps the person from signing in.
    #[serde(default = "enabled")]
    #[schema(default = true)]
    pub enabled: bool,
    /// Password, 10–128 characters and not a common one.
    #[schema(example = "correct horse battery")]
    pub password: SecretInput,
}

/// A merge patch (RFC 7396) of a user: fields left out stay, `null` brings the default back.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[cfg_attr(feature = "client", derive(Serialize))]
#[serde(deny_unknown_fields)]
pub struct UpdateUser {
    /// Name to sign in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, example = "ada")]
    pub username: Option<String>,
    /// Name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, example = "Ada Lovelace")]
    pub display_name: Option<String>,
    /// What the person may do; not of somebody whose role the identity provider gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// False keeps the person from signing in and ends their sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Another password; ends the user's sessions. Not of somebody who signs in with the identity provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretInput>,
}

/// The fields of a user that can be written, but for the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WritableUser {
    /// Name to sign in with.
    pub username: String,
    /// Name to show.
    #[serde(default)]
    pub display_name: String,
    /// What the person may do.
    #[serde(default)]
    pub role: Role,
    /// Whether the person may sign in.
    #[serde(default = "enabled")]
    pub enabled: bool,
}

impl WritableUser {
    /// Every fault of the fields.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        rules::username(&mut faults, "/username", &self.username);
        rules::text(&mut faults, "/display_name", &self.display_name, 0, 100);
        faults
    }
}

fn enabled() -> bool {
    true
}
