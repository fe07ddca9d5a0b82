//! A connection to a backend without a proxy: name, policy, TCP, TLS.
//!
//! The rule: no connection is made past the policy. An address in place of a name is checked here, what a name resolves to in
//! [`super::resolver`].

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tower::Service as _;
use understudy_shared::Scheme;

use super::direct::Io;
use super::route::misconfigured;
use super::{resolver, tls};
use crate::domain::model_instance::Connection;
use crate::gateway::classify::Failure;
use crate::gateway::egress::{Destination, EgressPolicy};

/// When nothing was heard for so long, the system asks whether the other side is still there.
const PROBE_AFTER: Duration = Duration::from_secs(15);
/// How often it asks.
const PROBES: u32 = 3;
/// How long sent bytes may go unacknowledged.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// Why there is no connection.
pub(super) type Fault = Box<dyn Error + Send + Sync>;

/// Makes connections to one backend.
#[derive(Debug)]
pub(super) struct Connector {
    egress: Arc<EgressPolicy>,
    destination: Destination,
    host: String,
    port: u16,
    /// Where to, for the part that connects.
    uri: Uri,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    limit: Duration,
}

impl Connector {
    /// Of one backend.
    ///
    /// # Errors
    /// If its settings cannot be used.
    pub fn new(connection: &Connection, egress: &Arc<EgressPolicy>) -> Result<Self, Failure> {
        let endpoint = &connection.endpoint;
        let tls = match endpoint.scheme {
            Scheme::Http => None,
            Scheme::Https => {
                let name = ServerName::try_from(endpoint.host.clone())
                    .map_err(|_| misconfigured("its name cannot be in a certificate"))?;
                Some((tls::settings(&connection.tls)?, name))
            }
        };
        let uri = endpoint.base_url().parse();
        Ok(Self {
            egress: Arc::clone(egress),
            destination: Destination::Backend(connection.kind),
            host: endpoint.host.clone(),
            port: endpoint.port,
            uri: uri.map_err(|_| misconfigured("its address cannot be used"))?,
            tls,
            limit: Duration::from_millis(connection.timeouts.connect_ms),
        })
    }

    /// Connects, within the instance's time.
    ///
    /// # Errors
    /// If there is no connection.
    pub async fn connect(&self) -> Result<Io, Fault> {
        match tokio::time::timeout(self.limit, self.all_steps()).await {
            Ok(connected) => connected,
            Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        }
    }

    async fn all_steps(&self) -> Result<Io, Fault> {
        // An address in place of a name never comes to the resolver.
        self.egress
            .check_host(self.destination, &self.host, self.port)?;
        let (egress, destination, port) = (Arc::clone(&self.egress), self.destination, self.port);
        let mut connector =
            HttpConnector::new_with_resolver(tower::service_fn(move |name: Name| {
                let egress = Arc::clone(&egress);
                async move { resolver::resolve(&egress, destination, name.as_str(), port).await }
            }));
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(self.limit));
        connector.set_keepalive(Some(PROBE_AFTER));
        connector.set_keepalive_interval(Some(PROBE_AFTER));
        connector.set_keepalive_retries(Some(PROBES));
        #[cfg(target_os = "linux")]
        connector.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let tcp = connector.call(self.uri.clone()).await?.into_inner();
        let Some((tls, name)) = &self.tls else {
            return Ok(Io::Plain(tcp));
        };
        let connector = TlsConnector::from(Arc::clone(tls));
        let tls = connector.connect(name.clone(), tcp).await?;
        Ok(Io::Tls(Box::new(tls)))
    }
}
