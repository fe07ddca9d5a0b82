//! Everything that is needed to reach one backend, secrets in clear: what checks, model lists and requests all start from.

use understudy_shared::{
    Capabilities, Endpoint, HealthCheck, InstanceAuth, InstanceKind, Limits, ModelInstanceId,
    Parameters, ProxyId, Timeouts, TlsOptions, TokenId,
};

use crate::secrets::Secret;

/// One token of the pool.
#[derive(Clone, Debug)]
pub struct ConnectionToken {
    /// Its id.
    pub id: TokenId,
    /// The token.
    pub value: Secret,
}

/// One extra header.
#[derive(Clone, Debug)]
pub struct ConnectionHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Secret,
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
    pub password: Option<Secret>,
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
