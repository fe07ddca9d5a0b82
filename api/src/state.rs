//! What every handler of one process shares.

use std::sync::Arc;

use ipnet::IpNet;
use tokio::sync::Notify;

use crate::answers::Answers;
use crate::auth::oidc::Provider;
use crate::auth::{AccessTokens, Denials, SignInLimits, TokenHash};
use crate::db::Pool;
use crate::events::Hub;
use crate::gateway::Gateway;
use crate::metrics::Metrics;
use crate::routes::asking::limits::AskingLimits;
use crate::routes::model_instances::Discoveries;
use crate::secrets::SecretCipher;
use crate::server::cors::Origins;

/// What every handler of one process shares. Cloning it copies references.
#[derive(Clone)]
pub struct AppState {
    /// Connections to the database, for management only.
    pub pool: Pool,
    /// Encrypts and decrypts stored secrets.
    pub cipher: SecretCipher,
    /// Signs and verifies access tokens.
    pub access_tokens: Arc<AccessTokens>,
    /// The data plane: the configuration in memory, health, upstream clients.
    pub gateway: Arc<Gateway>,
    /// Live events, and who listens to them.
    pub events: Arc<Hub>,
    /// The identity provider, if there is one.
    pub oidc: Option<Arc<Provider>>,
    /// Whether passwords are accepted.
    pub local_sign_in: bool,
    /// Failed sign-ins of late.
    pub sign_in_limits: Arc<SignInLimits>,
    /// Refusals of late that are in the audit log.
    pub denials: Arc<Denials>,
    /// Wakes the task that removes what is kept no longer, because the settings have changed.
    pub retention: Arc<Notify>,
    /// Tries of groups that are under way.
    pub tries: Arc<AskingLimits>,
    /// Answers of dialogs that are under way, by person.
    pub asking: Arc<AskingLimits>,
    /// Where answers of dialogs are written down.
    pub answers: Arc<Answers>,
    /// Where is looked for servers of models on this machine.
    pub discoveries: Arc<Discoveries>,
    /// What `/metrics` prints.
    pub metrics: Arc<Metrics>,
    /// SHA-256 of the token that opens `/metrics`, if there is one.
    pub metrics_token: Option<TokenHash>,
    /// Reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Arc<[IpNet]>,
    /// Origins whose pages may call the API.
    pub cors_origins: Origins,
}
