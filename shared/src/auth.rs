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

/// How people sign in here.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, Deserialize, ToSchema)]
pub struct SignInMethods {
    /// Whether a name and a password are accepted.
    pub local: bool,
    /// The identity provider; null = none is set up.
    pub oidc: Option<OidcMethod>,
}

/// An identity provider that people sign in with.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, Deserialize, ToSchema)]
pub struct OidcMethod {
    /// What people call it.
    #[schema(example = "Keycloak")]
    pub name: String,
}

/// Where to go after signing in with the identity provider.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[cfg_attr(feature = "client", derive(Serialize))]
#[serde(deny_unknown_fields)]
pub struct StartOidcRequest {
    /// A path of the web application, with its query.
    #[serde(default = "start_page")]
    #[schema(max_length = 1000, default = "/models", example = "/models?sort=name")]
    pub return_to: String,
}

fn start_page() -> String {
    "/models".to_owned()
}

/// A sign-in that has begun.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, Deserialize, ToSchema)]
pub struct OidcStart {
    /// Where the browser has to go: the identity provider's own page.
    #[schema(example = "https://id.example/authorize?response_type=code&client_id=understudy&…")]
    pub location: String,
}

/// Why nobody was signed in who came back from the identity provider. The sign-in page is told in its query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OidcFault {
    /// It was not begun in this browser, took more than ten minutes, or is over already.
    AttemptOver,
    /// The provider did not let the person in, or the person changed their mind.
    RefusedByProvider,
    /// The provider cannot be reached.
    ProviderUnavailable,
    /// What the provider says of the person cannot be trusted.
    InvalidToken,
    /// The provider gives the person no role here.
    NoRole,
    /// The user is disabled here.
    UserDisabled,
    /// The provider would take the right to administer from the last one who has it.
    LastAdministrator,
    /// The first administrator is still to be made.
    SetupOpen,
    /// There were too many failures from this address.
    RateLimited,
    /// The service itself cannot do it at the moment.
    Unavailable,
}

impl OidcFault {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::AttemptOver,
        Self::RefusedByProvider,
        Self::ProviderUnavailable,
        Self::InvalidToken,
        Self::NoRole,
        Self::UserDisabled,
        Self::LastAdministrator,
        Self::SetupOpen,
        Self::RateLimited,
        Self::Unavailable,
    ];

    /// The name in the sign-in page's query and in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AttemptOver => "attempt_over",
            Self::RefusedByProvider => "refused_by_provider",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::InvalidToken => "invalid_token",
            Self::NoRole => "no_role",
            Self::UserDisabled => "user_disabled",
            Self::LastAdministrator => "last_administrator",
            Self::SetupOpen => "setup_open",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
        }
    }

    /// Reads a name; none if it is of another version.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == name)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_have_the_names_of_the_wire_and_read_back() {
        for fault in OidcFault::ALL {
            assert_eq!(serde_json::to_value(fault).unwrap(), fault.as_str());
            assert_eq!(OidcFault::read(fault.as_str()), Some(fault));
        }
        assert_eq!(OidcFault::read("of_tomorrow"), None);
    }
}
