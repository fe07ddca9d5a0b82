//! What a browser keeps while its person is at the identity provider: a cookie that only this service can read or make.
//!
//! Nothing is stored here until somebody has come back with a right answer, so that strangers who begin and never come back fill nothing. Every
//! replica has the keys, so any of them may be the one that is come back to.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use crate::auth::client;
use crate::error::ApiError;
use crate::secrets::{Secret, SecretCipher, SecretPlace};

/// Name of the cookie.
pub const COOKIE: &str = "understudy_oidc";
/// It travels to the sign-in by a provider alone.
const PATH: &str = "/api/v1/auth/oidc";
/// How long somebody may be at the provider.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// Characters of a path to come back to: what a cookie has room for.
pub const MAX_RETURN_TO: usize = 1000;

/// A sign-in that was begun.
#[derive(Serialize, Deserialize)]
pub struct Attempt {
    /// By which its end is told apart from a second one.
    pub id: Uuid,
    /// What the provider sends back, so that nobody's browser ends what another one began.
    pub state: String,
    /// What the provider signs, so that its token belongs to this attempt.
    pub nonce: String,
    /// The secret of PKCE: whoever has only the code has nothing.
    pub verifier: String,
    /// Where the provider sends people back to.
    pub redirect_uri: String,
    /// The page that the person wanted.
    pub return_to: String,
    /// When it is over, in seconds since 1970.
    ends: i64,
}

impl Attempt {
    /// One that begins now.
    pub fn new(
        (state, nonce, verifier): (String, String, String),
        redirect_uri: String,
        return_to: String,
    ) -> Self {
        Self {
            id: Uuid::now_v7(),
            state,
            nonce,
            verifier,
            redirect_uri,
            return_to,
            ends: (Utc::now() + LIFETIME).timestamp(),
        }
    }

    /// The one that a request carries, if it is not over.
    pub fn of(request: &HttpRequest, cipher: &SecretCipher) -> Option<Self> {
        let cookie = request.cookie(COOKIE)?;
        let sealed = URL_SAFE_NO_PAD.decode(cookie.value()).ok()?;
        let opened = cipher.decrypt(place(), &sealed).ok()?;
        let attempt: Self = serde_json::from_str(opened.expose()).ok()?;
        (attempt.ends().is_some_and(|ends| ends > Utc::now())).then_some(attempt)
    }

    /// When it is over.
    pub fn ends(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.ends, 0)
    }

    /// The cookie that keeps it.
    ///
    /// # Errors
    /// Only if it cannot be encrypted.
    pub fn cookie(
        &self,
        request: &HttpRequest,
        trusted: &[IpNet],
        cipher: &SecretCipher,
    ) -> Result<Cookie<'static>, ApiError> {
        let text = serde_json::to_string(self).map_err(ApiError::internal)?;
        let sealed = cipher
            .encrypt(place(), &Secret::new(text))
            .map_err(ApiError::internal)?;
        let mut cookie = bare(request, trusted, URL_SAFE_NO_PAD.encode(sealed));
        cookie.set_max_age(Duration::seconds(LIFETIME.num_seconds()));
        Ok(cookie)
    }

    /// A cookie that takes it away.
    pub fn remove(request: &HttpRequest, trusted: &[IpNet]) -> Cookie<'static> {
        let mut cookie = bare(request, trusted, String::new());
        cookie.make_removal();
        cookie
    }
}

/// No row of a table has this name, so nothing that is stored can be taken for an attempt or the other way round.
fn place() -> SecretPlace {
    SecretPlace {
        table: "cookie",
        id: Uuid::nil(),
        field: COOKIE,
    }
}

/// `Lax`, since the provider's page leads back here; `Strict` would keep it from its own end.
fn bare(request: &HttpRequest, trusted: &[IpNet], value: String) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .path(PATH)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(!client::is_plain_loopback(request, trusted))
        .finish()
}

/// Whether a browser that goes there stays on this site, however it reads the path.
pub fn is_path_of_site(path: &str) -> bool {
    let Ok(site) = Url::parse("https://understudy.invalid") else {
        return false;
    };
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(char::is_control)
        && site
            .join(path)
            .is_ok_and(|url| url.origin() == site.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_come_back_to() {
        for path in [
            "/",
            "/models?sort=name",
            "/models/groups/1#top",
            "/a//b",
            "/@evil.example",
        ] {
            assert!(is_path_of_site(path), "{path}");
        }
        for path in [
            "",
            "models",
            "https://evil.example/",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " //evil.example",
            "javascript:alert(1)",
        ] {
            assert!(!is_path_of_site(path), "{path:?}");
        }
    }
}
