//! Resolves names, and gives only addresses that the egress policy allows: checked when the connection is made, so that a name
//! that changes its mind gains nothing.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::gateway::egress::{Destination, EgressPolicy};

/// The resolver of one client, which knows what its names are for.
#[derive(Debug)]
pub(super) struct Resolver {
    /// The policy.
    pub egress: Arc<EgressPolicy>,
    /// What the backend's name is for.
    pub destination: Destination,
    /// The backend's name.
    pub host: String,
    /// The backend's port.
    pub port: u16,
    /// The proxy's name and port.
    pub proxy: Option<(String, u16)>,
}

/// The addresses of a name, if every one of them may be reached.
///
/// # Errors
/// If it does not resolve, or to an address that the policy denies.
pub(super) async fn resolve(
    egress: &EgressPolicy,
    destination: Destination,
    name: &str,
    port: u16,
) -> Result<std::vec::IntoIter<SocketAddr>, Box<dyn Error + Send + Sync>> {
    egress.check_host(destination, name, port)?;
    let found: Vec<IpAddr> = tokio::net::lookup_host((name, port))
        .await?
        .map(|address| address.ip())
        .collect();
    for address in &found {
        egress.check_address(destination, *address, port)?;
    }
    // The connector puts the port in.
    let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
    Ok(addresses.collect::<Vec<_>>().into_iter())
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = Arc::clone(&self.egress);
        let name = name.as_str().to_owned();
        let (destination, port) = match &self.proxy {
            Some((host, port)) if *host == name && name != self.host => (Destination::Proxy, *port),
            _ => (self.destination, self.port),
        };
        Box::pin(async move {
            let addresses = resolve(&egress, destination, &name, port).await?;
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
