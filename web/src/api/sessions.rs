//! Set-up, signing in and signing out.

use serde::Serialize;
use understudy_shared as wire;

use super::transport::Request;
use super::{Api, ApiError};

impl Api {
    /// Whether the first administrator is still to be made.
    pub async fn get_setup(self) -> Result<wire::SetupState, ApiError> {
        self.exchange(&Request::get("/api/v1/setup"), None)
            .await?
            .read()
    }

    /// Makes the first administrator and opens their session.
    pub async fn set_up(self, body: &wire::SetupRequest) -> Result<(), ApiError> {
        self.open("/api/v1/setup", body).await
    }

    /// How people sign in here.
    pub async fn get_sign_in_methods(self) -> Result<wire::SignInMethods, ApiError> {
        self.exchange(&Request::get("/api/v1/auth/methods"), None)
            .await?
            .read()
    }

    /// Begins to sign in with the identity provider, and gives its page.
    pub async fn start_oidc(self, body: &wire::StartOidcRequest) -> Result<String, ApiError> {
        let request = Request::new("POST", "/api/v1/auth/oidc/start").json(body)?;
        let start: wire::OidcStart = self.exchange(&request, None).await?.read()?;
        Ok(start.location)
    }

    /// Opens a session.
    pub async fn log_in(self, body: &wire::LoginRequest) -> Result<(), ApiError> {
        self.open("/api/v1/auth/login", body).await
    }

    /// Ends the session, here and on the service.
    pub async fn log_out(self) -> Result<(), ApiError> {
        if self.session.is_ended() {
            self.session.close();
            return Ok(());
        }
        let request = Request::new("POST", "/api/v1/auth/logout");
        match self.send(request).await?.succeeded() {
            // A session that is over already is what was wanted.
            Err(error) if !error.is_unauthenticated() => Err(error),
            _ => {
                self.session.close();
                Ok(())
            }
        }
    }

    async fn open(self, path: &str, body: &impl Serialize) -> Result<(), ApiError> {
        let request = Request::new("POST", path).json(body)?;
        let session = self.exchange(&request, None).await?.read()?;
        let opened = self.session.open(session);
        opened.then_some(()).ok_or(ApiError::SignedOut)
    }
}
