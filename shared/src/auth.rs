//! Signing in, and the set-up of the first administrator.

use chrono::{DateTime, Utc};
use serde::Deserialize;
#[cfg(feature = "client")]
use serde::Serialize;
use utoipa::ToSchema;

use crate::{SecretInput, User};

/// Name and password.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[cfg_attr(feature = "client", derive(Serialize))]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// Name of the user; case does not matter.
    #[schema(example = "admin")]
    pub username: String,
    /// The password.
    #[schema(example = "correct horse battery")]
    pub password: SecretInput,
}

/// A fresh session. The refresh token travels beside it, in the cookie `understudy_refresh`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Bearer token for the management API.
    #[schema(example = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0…")]
    pub access_token: String,
    /// When the access token ends; `POST /api/v1/auth/refresh` gives the next one.
    pub expires_at: DateTime<Utc>,
    /// Who signed in.
    pub user: User,
}

/// Whether the first administrator is still to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, Deserialize, ToSchema)]
pub struct SetupState {
    /// True as long as there is no user.
    pub open: bool,
}

/// The first administrator.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[cfg_attr(feature = "client", derive(Serialize))]
#[serde(deny_unknown_fields)]
pub struct SetupRequest {
    /// The one-time token of the link that the service printed when it started.
    pub token: SecretInput,
    /// Name of the first administrator.
    #[schema(example = "admin")]
    pub username: String,
    /// Password, 10–128 characters.
    #[schema(example = "correct horse battery")]
    pub password: SecretInput,
}

/// A change of one's own password.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[cfg_attr(feature = "client", derive(Serialize))]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordRequest {
    /// The password until now.
    pub current_password: SecretInput,
    /// The password from now on, 10–128 characters.
    pub new_password: SecretInput,
}
