//! Requests to what is no backend, but named by whoever runs the service: the identity provider.
//!
//! The same policy of addresses as for backends, checked when the connection is made; no redirects, no proxies of the environment, little
//! time, little room. Such requests are rare, so each has a client of its own, which knows the one host that it may connect to.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use understudy_shared::TlsOptions;

use super::resolver::Resolver;
use super::{explain, tls};
use crate::gateway::egress::{Destination, EgressFault, EgressPolicy};

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(10);
/// More of an answer than any document of a provider has.
const MAX_ANSWER: usize = 1024 * 1024;

/// Why there is no answer. Says nothing of what was sent.
#[derive(Debug, thiserror::Error)]
pub enum OutsideFault {
    /// The address has no host, or is none.
    #[error("its address cannot be used")]
    Address,
    /// The policy denies it.
    #[error(transparent)]
    Denied(#[from] EgressFault),
    /// It does not answer.
    #[error("{0}")]
    Http(String),
    /// The answer is too large.
    #[error("its answer has more than {MAX_ANSWER} bytes")]
    TooLarge,
}

impl From<reqwest::Error> for OutsideFault {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(explain(&error.without_url()))
    }
}

/// Sends a request and reads the whole answer.
///
/// # Errors
/// If the address is denied, nobody answers in time, or the answer is too large.
pub async fn send(
    egress: &Arc<EgressPolicy>,
    request: http::Request<Vec<u8>>,
) -> Result<http::Response<Vec<u8>>, OutsideFault> {
    let url = Url::parse(&request.uri().to_string()).map_err(|_| OutsideFault::Address)?;
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(OutsideFault::Address);
    };
    let host = host.trim_matches(['[', ']']).to_owned();
    let destination = Destination::IdentityProvider;
    // An address in place of a name never comes to the resolver.
    egress.check_host(destination, &host, port)?;
    let resolver = Resolver {
        egress: Arc::clone(egress),
        destination,
        host,
        port,
        proxy: None,
    };
    let settings = tls::settings(&TlsOptions::default()).map_err(|_| OutsideFault::Address)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the upstream module is the place that makes clients"
    )]
    let builder = reqwest::Client::builder();
    let client = builder
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .dns_resolver(Arc::new(resolver))
        .tls_backend_preconfigured((*settings).clone())
        .build()?;
    let mut answered = client.execute(reqwest::Request::try_from(request)?).await?;
    let mut body = Vec::new();
    while let Some(piece) = answered.chunk().await? {
        body.extend_from_slice(&piece);
        if body.len() > MAX_ANSWER {
            return Err(OutsideFault::TooLarge);
        }
    }
    let mut response = http::Response::new(body);
    *response.status_mut() = answered.status();
    *response.headers_mut() = answered.headers().clone();
    Ok(response)
}
