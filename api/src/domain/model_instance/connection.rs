//! Everything that is needed to reach one backend, secrets in clear: what checks, model lists and requests all start from.
//!
//! The rule: a secret that cannot be decrypted stays in its place as one that cannot be read, so that nobody takes the connection for one
//! without it. No client is made of such a connection, and the instance is not asked.

use understudy_shared::{
    Capabilities, Endpoint, HealthCheck, InstanceAuth, InstanceKind, Limits, ModelInstanceId,
    Parameters, ProxyId, Timeouts, TlsOptions, TokenId,
};

use crate::secrets::{Secret, SecretError};

/// A stored secret in clear, or why it cannot be read.
pub type Opened = Result<Secret, SecretError>;

/// One token of the pool.
#[derive(Clone, Debug)]
pub struct ConnectionToken {
    /// Its id.
    pub id: TokenId,
    /// The token.
    pub value: Opened,
}

/// One extra header.
#[derive(Clone, Debug)]
pub struct ConnectionHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Opened,
}

/// One proxy.
#[derive(Clone, Debug)]
pub struct ConnectionProxy {
    /// Its id.
    pub id: ProxyId,
    /// Its address, without credentials.
    pub url: String,
    /// Name to sign in with.
    pub username: Option<String>,
    /// Password to sign in with.
    pub password: Option<Opened>,
}

/// A backend and how to reach it. Made from a stored instance or from a draft; always validated before.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The instance; of a draft, an id of its own.
    pub id: ModelInstanceId,
    /// Its name.
    pub name: String,
    /// Where it runs: decides the egress rules.
    pub kind: InstanceKind,
    /// Where it listens, with a normalised host.
    pub endpoint: Endpoint,
    /// The backend's name of the model.
    pub model: Option<String>,
    /// Where a token goes.
    pub auth: InstanceAuth,
    /// Tokens in order.
    pub tokens: Vec<ConnectionToken>,
    /// Extra headers.
    pub headers: Vec<ConnectionHeader>,
    /// Proxies in order.
    pub proxies: Vec<ConnectionProxy>,
    /// How it proves who it is.
    pub tls: TlsOptions,
    /// What is changed in a request's body.
    pub parameters: Parameters,
    /// How much it takes.
    pub limits: Limits,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How it is checked.
    pub health_check: HealthCheck,
    /// What it can do.
    pub capabilities: Capabilities,
}

impl Connection {
    /// The secrets, as far as they can be read.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.opened().filter_map(|secret| secret.as_ref().ok())
    }

    /// Why the first of the secrets that cannot be read cannot.
    pub fn unreadable(&self) -> Option<&SecretError> {
        self.opened().find_map(|secret| secret.as_ref().err())
    }

    fn opened(&self) -> impl Iterator<Item = &Opened> {
        let tokens = self.tokens.iter().map(|token| &token.value);
        let headers = self.headers.iter().map(|header| &header.value);
        let proxies = self.proxies.iter();
        tokens
            .chain(headers)
            .chain(proxies.filter_map(|proxy| proxy.password.as_ref()))
    }
}
