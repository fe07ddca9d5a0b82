//! Which addresses this service may talk to. The one place that decides it, at save and at connect.
//!
//! Private hosts are a feature of the product, so the policy denies little: addresses that no backend can have, those that give
//! away credentials of the machine (metadata services), and the service's own listener and database. Instances of the kind
//! `cloud` must be public besides. Names are checked by every address they resolve to, when the connection is made: a name
//! that changes its mind after it was saved gains nothing.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use ipnet::IpNet;
use understudy_shared::{FieldRule, InstanceKind, Scheme};

mod address;
mod host;

pub use host::{NotAHost, normalize_host};

use address::{embedded_ipv4, is_public, never_reachable};

/// How long a name may take to resolve when it is saved.
const RESOLVE_AT_SAVE: Duration = Duration::from_secs(3);

/// Names of metadata services, which resolve only inside a cloud and must not be tried.
const METADATA_NAMES: [&str; 4] = [
    "metadata.google.internal",
    "metadata.goog",
    "instance-data.ec2.internal",
    "metadata.azure.internal",
];

/// What a connection is for; decides how strict the policy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The backend of an instance of this kind.
    Backend(InstanceKind),
    /// A proxy on the way to a backend.
    Proxy,
    /// The identity provider, which whoever runs the service names: as free as a backend of the local network.
    IdentityProvider,
}

/// The rule that denies an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// It gives away credentials of the machine.
    #[error("it is a metadata service")]
    Metadata,
    /// It is valid on one link only.
    #[error("it is link-local")]
    LinkLocal,
    /// It is unspecified or broadcast.
    #[error("it is no address of a host")]
    NoHost,
    /// It is a group of hosts.
    #[error("it is a multicast address")]
    Multicast,
    /// It is the service's listener or database.
    #[error("it belongs to this service itself")]
    OwnSocket,
    /// The operator denies it.
    #[error("it is in UNDERSTUDY_EGRESS_DENY")]
    Operator,
    /// It is private, and the instance's kind is `cloud`.
    #[error(
        "it is not public; instances of the kind cloud must be, unless UNDERSTUDY_EGRESS_ALLOW has it"
    )]
    NotPublic,
}

/// Why an address may not be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressFault {
    /// Cloud instances speak TLS only.
    #[error("must be https for an instance of the kind cloud")]
    NeedsHttps,
    /// A metadata service by name.
    #[error("{0} is a metadata service and never a backend")]
    MetadataName(String),
    /// The address is one that nothing may reach.
    #[error("the address {0} may not be reached: {1}")]
    Denied(IpAddr, Denial),
}

impl EgressFault {
    /// The fault as an error of a field names it.
    pub fn rule(&self) -> FieldRule {
        match self {
            Self::NeedsHttps => FieldRule::HttpsRequired,
            Self::MetadataName(host) => FieldRule::MetadataService { host: host.clone() },
            Self::Denied(address, denial) => {
                let address = address.to_string();
                match denial {
                    Denial::Metadata => FieldRule::MetadataService { host: address },
                    Denial::LinkLocal | Denial::NoHost | Denial::Multicast => {
                        FieldRule::AddressUnusable { address }
                    }
                    Denial::OwnSocket => FieldRule::AddressOfService { address },
                    Denial::Operator => FieldRule::AddressDenied { address },
                    Denial::NotPublic => FieldRule::AddressNotPublic { address },
                }
            }
        }
    }

    /// The field of the endpoint that is at fault.
    pub fn field(&self) -> &'static str {
        match self {
            Self::NeedsHttps => "scheme",
            Self::MetadataName(_) | Self::Denied(..) => "host",
        }
    }
}

/// The rules of this process.
#[derive(Clone, Debug, Default)]
pub struct EgressPolicy {
    deny: Vec<IpNet>,
    allow: Vec<IpNet>,
    own: Vec<SocketAddr>,
}

impl EgressPolicy {
    /// Built-in rules, with the operator's networks and the sockets of this service (its listener and its database).
    pub fn new(deny: Vec<IpNet>, allow: Vec<IpNet>, own: Vec<SocketAddr>) -> Self {
        Self { deny, allow, own }
    }

    /// Whether a connection to this address may be made.
    ///
    /// # Errors
    /// With the rule that forbids it.
    pub fn check_address(
        &self,
        destination: Destination,
        address: IpAddr,
        port: u16,
    ) -> Result<(), EgressFault> {
        let denied = |why| Err(EgressFault::Denied(address, why));
        // An IPv6 address that carries an IPv4 one leads to either, so both must pass.
        let forms = [Some(address), embedded_ipv4(address).map(IpAddr::V4)];
        for form in forms.into_iter().flatten() {
            if let Some(why) = never_reachable(form) {
                return denied(why);
            }
            if self
                .own
                .iter()
                .any(|own| own.port() == port && covers(own.ip(), form))
            {
                return denied(Denial::OwnSocket);
            }
            if self.deny.iter().any(|network| network.contains(&form)) {
                return denied(Denial::Operator);
            }
            let allowed = self.allow.iter().any(|network| network.contains(&form));
            if destination == Destination::Backend(InstanceKind::Cloud)
                && !allowed
                && !is_public(form)
            {
                return denied(Denial::NotPublic);
            }
        }
        Ok(())
    }

    /// Whether a name may be tried, before it is resolved.
    ///
    /// # Errors
    /// If it is the name of a metadata service, or an address that may not be reached.
    pub fn check_host(
        &self,
        destination: Destination,
        host: &str,
        port: u16,
    ) -> Result<(), EgressFault> {
        match host.parse::<IpAddr>() {
            Ok(address) => self.check_address(destination, address, port),
            Err(_)
                if METADATA_NAMES
                    .contains(&host.trim_end_matches('.').to_ascii_lowercase().as_str()) =>
            {
                Err(EgressFault::MetadataName(host.to_owned()))
            }
            Err(_) => Ok(()),
        }
    }

    /// Whether a backend may be saved. A name that does not resolve may: it may resolve later and is checked then.
    ///
    /// # Errors
    /// With the rule that forbids it.
    pub async fn check_save(
        &self,
        kind: InstanceKind,
        scheme: Scheme,
        host: &str,
        port: u16,
    ) -> Result<(), EgressFault> {
        let destination = Destination::Backend(kind);
        if kind == InstanceKind::Cloud && scheme == Scheme::Http && !self.host_is_allowed(host) {
            return Err(EgressFault::NeedsHttps);
        }
        self.check_resolved(destination, host, port).await
    }

    /// Whether a proxy may be saved.
    ///
    /// # Errors
    /// With the rule that forbids it.
    pub async fn check_proxy(&self, host: &str, port: u16) -> Result<(), EgressFault> {
        self.check_resolved(Destination::Proxy, host, port).await
    }

    async fn check_resolved(
        &self,
        destination: Destination,
        host: &str,
        port: u16,
    ) -> Result<(), EgressFault> {
        self.check_host(destination, host, port)?;
        if host.parse::<IpAddr>().is_ok() {
            return Ok(());
        }
        let lookup =
            tokio::time::timeout(RESOLVE_AT_SAVE, tokio::net::lookup_host((host, port))).await;
        let Ok(Ok(addresses)) = lookup else {
            return Ok(());
        };
        for address in addresses {
            self.check_address(destination, address.ip(), port)?;
        }
        Ok(())
    }

    fn host_is_allowed(&self, host: &str) -> bool {
        host.parse::<IpAddr>()
            .is_ok_and(|address| self.allow.iter().any(|network| network.contains(&address)))
    }
}

/// Whether a socket bound to `own` is reached through `address`.
fn covers(own: IpAddr, address: IpAddr) -> bool {
    if own == address {
        return true;
    }
    let everywhere = match own {
        IpAddr::V4(own) => own.is_unspecified() && address.is_ipv4(),
        IpAddr::V6(own) => own.is_unspecified(),
    };
    // Only an address of this machine can be bound to.
    everywhere && (address.is_loopback() || UdpSocket::bind((address, 0)).is_ok())
}

#[cfg(test)]
mod tests;
