//! The identity provider: where its pages and keys are, and what it says of somebody.
//!
//! What it publishes is asked for when it is first needed and kept for a while, so the service starts without it. A key that is not known is
//! looked for once more, since providers exchange theirs. Its token is believed only with a signature of one of its public keys, for this
//! client, not yet over, and with the nonce of this very attempt.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreGenderClaim, CoreIdToken,
    CoreJwsSigningAlgorithm as Algorithm, CoreProviderMetadata,
};
use openidconnect::{
    AccessToken, AdditionalClaims, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, IssuerUrl,
    JsonWebKeySet, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RequestTokenError, Scope, SignatureVerificationError, SubjectIdentifier,
    TokenResponse as _, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tokio::time::Instant;
use understudy_shared::OidcFault;
use url::Url;

use super::Attempt;
use crate::auth::token_hash;
use crate::config::oidc::{Oidc, is_safe};
use crate::gateway::egress::EgressPolicy;
use crate::gateway::upstream::outside;

/// How long what the provider publishes is taken as true: a key that it withdraws is worth nothing here after that.
const KEPT: Duration = Duration::from_secs(10 * 60);
/// How long a provider that did not answer is left alone, so that many sign-ins do not wait for it one after the other.
const LEFT_ALONE: Duration = Duration::from_secs(2);
/// How long somebody waits for it, others who wait for the same included.
const PATIENCE: Duration = Duration::from_secs(20);
/// Signatures by public keys. Never one by the client's secret, and never none.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

/// What the provider publishes.
type Metadata = Arc<CoreProviderMetadata>;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The identity provider.
pub struct Provider {
    settings: Oidc,
    egress: Arc<EgressPolicy>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Metadata, Instant)>,
    failed: Option<Instant>,
}

/// Whom the provider says it is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Who says so.
    pub issuer: String,
    /// The name that the provider never gives to anybody else.
    pub subject: String,
    /// All that it says.
    pub claims: Map<String, Value>,
}

/// Every claim of an answer beside the standard ones.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
struct Others(Map<String, Value>);

impl AdditionalClaims for Others {}

impl Provider {
    /// The provider of these settings. Nothing is asked of it yet.
    pub fn new(settings: Oidc, egress: Arc<EgressPolicy>) -> Self {
        Self {
            settings,
            egress,
            known: Mutex::default(),
        }
    }

    /// What was set up.
    pub fn settings(&self) -> &Oidc {
        &self.settings
    }

    /// Begins a sign-in: the provider's page, and what has to be kept until somebody comes back from it.
    ///
    /// # Errors
    /// If the provider cannot be reached.
    pub async fn begin(
        &self,
        redirect_uri: String,
        return_to: String,
    ) -> Result<(Url, Attempt), OidcFault> {
        let metadata = self.metadata().await?;
        let client = self.client(&metadata, &redirect_uri)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        let kept = (
            state.into_secret(),
            nonce.secret().clone(),
            verifier.into_secret(),
        );
        Ok((url, Attempt::new(kept, redirect_uri, return_to)))
    }

    /// Whom the provider says somebody is who came back with this code.
    ///
    /// # Errors
    /// If the provider cannot be reached, does not take the code, or says what cannot be believed.
    pub async fn identify(&self, attempt: &Attempt, code: String) -> Result<Identity, OidcFault> {
        let metadata = self.metadata().await?;
        let client = self.client(&metadata, &attempt.redirect_uri)?;
        let http = |request| outside::send(&self.egress, request);
        let asked = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| self.unusable(&error))?
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()))
            .request_async(&http)
            .await;
        let answer = asked.map_err(|error| match error {
            RequestTokenError::ServerResponse(refusal) => {
                let code = refusal.error().to_string();
                tracing::warn!(
                    code,
                    "the identity provider does not take the code of a sign-in"
                );
                match refusal.error() {
                    CoreErrorResponseType::InvalidGrant => OidcFault::AttemptOver,
                    _ => OidcFault::ProviderUnavailable,
                }
            }
            RequestTokenError::Request(error) => self.unusable(&error),
            // What was received may be a token, so it is not shown.
            RequestTokenError::Parse(..) => self.unusable(&"its answer cannot be read"),
            RequestTokenError::Other(what) => self.unusable(&what),
        })?;
        let token = answer.id_token().ok_or_else(|| distrust(&"it has none"))?;
        let subject = self.verified(metadata, attempt, token).await?;
        let mut claims = payload(token).ok_or_else(|| distrust(&"its claims cannot be read"))?;
        if !self.settings.roles.is_in(&claims) && client.user_info_url().is_some() {
            let access = answer.access_token().clone();
            let more = self.user_info(&client, access, &subject).await?;
            for (name, value) in more {
                claims.entry(name).or_insert(value);
            }
        }
        Ok(Identity {
            issuer: self.settings.issuer.clone(),
            subject: subject.to_string(),
            claims,
        })
    }

    /// The subject of a token that is true. An unknown key may be a new one, so the keys are asked for once more.
    async fn verified(
        &self,
        metadata: Metadata,
        attempt: &Attempt,
        token: &CoreIdToken,
    ) -> Result<SubjectIdentifier, OidcFault> {
        let first = self.verify(&metadata, attempt, token);
        let unknown_key = matches!(
            first,
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey
                    | SignatureVerificationError::CryptoError(_)
            ))
        );
        let verified = if unknown_key {
            let http = |request| outside::send(&self.egress, request);
            let keys = JsonWebKeySet::fetch_async(metadata.jwks_uri(), &http)
                .await
                .map_err(|error| self.unusable(&error))?;
            let metadata = Arc::new((*metadata).clone().set_jwks(keys));
            let verified = self.verify(&metadata, attempt, token);
            self.known.lock().await.metadata = Some((metadata, Instant::now()));
            verified
        } else {
            first
        };
        verified.map_err(|error| distrust(&error))
    }

    fn verify(
        &self,
        metadata: &CoreProviderMetadata,
        attempt: &Attempt,
        token: &CoreIdToken,
    ) -> Result<SubjectIdentifier, ClaimsVerificationError> {
        let other = |what: &str| ClaimsVerificationError::Other(what.to_owned());
        let client = self
            .client(metadata, &attempt.redirect_uri)
            .map_err(|_| other("the provider's addresses cannot be used"))?;
        let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
        let claims = token.claims(&verifier, &Nonce::new(attempt.nonce.clone()))?;
        // The library leaves this one to us: a token for us that another client was given.
        match claims.authorized_party() {
            Some(party) if party.as_str() != self.settings.client_id => Err(
                ClaimsVerificationError::InvalidAudience("azp is another client".to_owned()),
            ),
            _ => Ok(claims.subject().clone()),
        }
    }

    async fn user_info(
        &self,
        client: &Client,
        access: AccessToken,
        subject: &SubjectIdentifier,
    ) -> Result<Map<String, Value>, OidcFault> {
        let http = |request| outside::send(&self.egress, request);
        let asked = client
            .user_info(access, Some(subject.clone()))
            .map_err(|error| self.unusable(&error))?
            .request_async(&http)
            .await;
        let answer: UserInfoClaims<Others, CoreGenderClaim> =
            asked.map_err(|error| self.unusable(&error))?;
        let standard = serde_json::to_value(answer.standard_claims());
        let mut claims = answer.additional_claims().0.clone();
        if let Ok(Value::Object(standard)) = standard {
            claims.extend(standard);
        }
        Ok(claims)
    }

    /// What the provider publishes; asked for if it is not known, or no longer fresh.
    async fn metadata(&self) -> Result<Metadata, OidcFault> {
        let asking = async {
            let mut known = self.known.lock().await;
            if let Some((metadata, at)) = &known.metadata
                && at.elapsed() < KEPT
            {
                return Ok(Arc::clone(metadata));
            }
            if known.failed.is_some_and(|at| at.elapsed() < LEFT_ALONE) {
                return Err(OidcFault::ProviderUnavailable);
            }
            let found = self.discover().await;
            known.failed = found.is_err().then(Instant::now);
            if let Ok(metadata) = &found {
                known.metadata = Some((Arc::clone(metadata), Instant::now()));
            }
            found
        };
        tokio::time::timeout(PATIENCE, asking)
            .await
            .unwrap_or(Err(OidcFault::ProviderUnavailable))
    }

    async fn discover(&self) -> Result<Metadata, OidcFault> {
        let issuer = IssuerUrl::new(self.settings.issuer.clone());
        let issuer = issuer.map_err(|error| self.unusable(&error))?;
        let http = |request: HttpRequest| outside::send(&self.egress, request);
        let metadata = CoreProviderMetadata::discover_async(issuer, &http).await;
        let metadata = metadata.map_err(|error| self.unusable(&error))?;
        let mut addresses = vec![
            Some(metadata.authorization_endpoint().url()),
            Some(metadata.jwks_uri().url()),
        ];
        addresses.push(metadata.token_endpoint().map(|address| address.url()));
        addresses.push(metadata.userinfo_endpoint().map(|address| address.url()));
        // Codes, secrets and keys must not travel in the clear because a document says so.
        if addresses.into_iter().flatten().any(|url| !is_safe(url)) {
            return Err(self.unusable(&"one of its addresses is not https"));
        }
        Ok(Arc::new(metadata))
    }

    fn client(
        &self,
        metadata: &CoreProviderMetadata,
        redirect_uri: &str,
    ) -> Result<Client, OidcFault> {
        let redirect_uri = RedirectUrl::new(redirect_uri.to_owned());
        let redirect_uri = redirect_uri.map_err(|error| self.unusable(&error))?;
        let id = ClientId::new(self.settings.client_id.clone());
        let secret = self.settings.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let client = CoreClient::from_provider_metadata(metadata.clone(), id, secret);
        Ok(client
            .set_auth_type(self.auth_type(metadata))
            .set_redirect_uri(redirect_uri))
    }

    /// The secret goes into a header unless the provider takes it in the form alone.
    fn auth_type(&self, metadata: &CoreProviderMetadata) -> AuthType {
        use openidconnect::core::CoreClientAuthMethod as Method;
        let methods = metadata.token_endpoint_auth_methods_supported();
        match methods {
            Some(methods)
                if !methods.contains(&Method::ClientSecretBasic)
                    && methods.contains(&Method::ClientSecretPost) =>
            {
                AuthType::RequestBody
            }
            _ => AuthType::BasicAuth,
        }
    }

    fn unusable(&self, error: &dyn std::fmt::Display) -> OidcFault {
        let issuer = &self.settings.issuer;
        tracing::warn!(issuer, %error, "the identity provider cannot be used");
        OidcFault::ProviderUnavailable
    }

    /// Whether what came back belongs to this attempt, and to this provider (RFC 9207).
    pub fn belongs(&self, attempt: &Attempt, state: &str, issuer: Option<&str>) -> bool {
        token_hash(state) == token_hash(&attempt.state)
            && issuer.is_none_or(|issuer| issuer == self.settings.issuer)
    }
}

fn distrust(error: &dyn std::fmt::Display) -> OidcFault {
    tracing::warn!(%error, "the identity provider's token is not believed");
    OidcFault::InvalidToken
}

/// The claims of a token that was verified, as they stand in it.
fn payload(token: &CoreIdToken) -> Option<Map<String, Value>> {
    let text = token.to_string();
    let part = text.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
