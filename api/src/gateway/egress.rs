//! Which addresses this service may talk to. The one place that decides it, at save and at connect.
//!
//! Private hosts are a feature of the product, so the policy denies little: addresses that no backend can have, those that give
//! away credentials of the machine (metadata services), and the service's own listener and database. Instances of the kind
//! `cloud` must be public besides. Names are checked by every address they resolve to, when the connection is made: a name
//! that changes its mind after it was saved gains nothing.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use ipnet::IpNet;
use understudy_shared::{FieldRule, InstanceKind, Scheme};

mod address;

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

/// A text that is neither a host name nor an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAHost;

/// One spelling for every host: octal, decimal and hexadecimal IPv4, full-width digits, international names, trailing dots.
///
/// # Errors
/// If it is neither a name nor an address.
pub fn normalize_host(host: &str) -> Result<String, NotAHost> {
    let bare = host.strip_suffix('.').unwrap_or(host);
    if bare.contains(':') {
        let address: Ipv6Addr = bare.parse().map_err(|_| NotAHost)?;
        return Ok(address.to_string());
    }
    match url::Host::parse(host) {
        Ok(url::Host::Domain(name)) => {
            // One dot at the end, whatever script it is of. Without several the rest might be an address, which was not looked for.
            let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
            let label = |label: &str| {
                !label.is_empty()
                    && label.len() <= 63
                    && label
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            };
            if name.len() > 253 || !name.split('.').all(label) {
                return Err(NotAHost);
            }
            Ok(name)
        }
        Ok(url::Host::Ipv4(address)) => Ok(address.to_string()),
        Ok(url::Host::Ipv6(address)) => Ok(address.to_string()),
        Err(_) => Err(NotAHost),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: Destination = Destination::Backend(InstanceKind::Local);
    const CLOUD: Destination = Destination::Backend(InstanceKind::Cloud);

    fn allowed(policy: &EgressPolicy, destination: Destination, address: &str) -> bool {
        policy
            .check_address(destination, address.parse().unwrap(), 80)
            .is_ok()
    }

    #[test]
    fn private_hosts_are_a_feature_and_never_reachable_ones_are_denied_for_all() {
        let policy = EgressPolicy::default();
        for address in [
            "127.0.0.1",
            "10.0.0.7",
            "192.168.1.1",
            "::1",
            "fd12::1",
            "100.64.0.1",
        ] {
            assert!(allowed(&policy, LOCAL, address), "{address}");
            assert!(allowed(&policy, Destination::Proxy, address), "{address}");
        }
        for address in [
            "169.254.169.254",
            "169.254.1.1",
            "fe80::1",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "::",
            "::ffff:169.254.169.254",
            "2002:a9fe:a9fe::1",
            "64:ff9b::a9fe:a9fe",
            "fd00:ec2::254",
            "100.100.100.200",
            "168.63.129.16",
            "::169.254.169.254",
        ] {
            for destination in [LOCAL, CLOUD, Destination::Proxy] {
                assert!(!allowed(&policy, destination, address), "{address}");
            }
        }
    }

    #[test]
    fn cloud_instances_are_public_unless_allowed() {
        let policy =
            EgressPolicy::new(Vec::new(), vec!["10.9.0.0/16".parse().unwrap()], Vec::new());
        for address in ["1.1.1.1", "2606:4700::1111", "10.9.1.1"] {
            assert!(allowed(&policy, CLOUD, address), "{address}");
        }
        for address in [
            "10.0.0.1",
            "127.0.0.1",
            "192.168.0.1",
            "172.16.0.1",
            "100.64.0.1",
            "::1",
            "fc00::1",
            "::ffff:10.0.0.1",
            "2002:0a00:0001::",
            "64:ff9b::7f00:1",
            "198.18.0.1",
            "192.0.2.1",
            "240.0.0.1",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!allowed(&policy, CLOUD, address), "{address}");
        }
    }

    #[test]
    fn the_operator_adds_denials_and_the_service_never_calls_itself() {
        let own = vec![
            "127.0.0.1:8080".parse().unwrap(),
            "0.0.0.0:9090".parse().unwrap(),
        ];
        let policy = EgressPolicy::new(
            vec!["10.1.0.0/16".parse().unwrap()],
            vec!["127.0.0.0/8".parse().unwrap()],
            own,
        );
        assert!(!allowed(&policy, LOCAL, "10.1.2.3"));
        let at = |address: &str, port| {
            policy
                .check_address(LOCAL, address.parse().unwrap(), port)
                .is_ok()
        };
        assert!(!at("127.0.0.1", 8080));
        assert!(!at("::ffff:127.0.0.1", 8080));
        assert!(at("127.0.0.1", 8081));
        assert!(!at("127.0.0.2", 9090));
        assert!(at("10.255.255.254", 9090));
    }

    #[test]
    fn every_spelling_becomes_one() {
        for (spelling, normal) in [
            ("0x7f.1", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("0177.0.0.1", "127.0.0.1"),
            ("１２７.0.0.1", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("Example.COM.", "example.com"),
            ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
            ("0:0:0:0:0:0:0:1", "::1"),
            ("my_host-1", "my_host-1"),
        ] {
            assert_eq!(
                normalize_host(spelling).as_deref(),
                Ok(normal),
                "{spelling}"
            );
        }
        for spelling in [
            "",
            ".",
            "a b",
            "a..b",
            "1.2.3.4.5",
            "::1%eth0",
            "256.256.256.256",
            // Found by fuzzing: without their dots these are addresses.
            "0x7f000001...",
            "0x7f000001。。",
            "example.com..",
            "a/b",
            "a:b",
        ] {
            assert!(normalize_host(spelling).is_err(), "{spelling}");
        }
    }

    #[test]
    fn metadata_names_are_denied_before_they_resolve() {
        let policy = EgressPolicy::default();
        assert!(
            policy
                .check_host(LOCAL, "Metadata.Google.Internal.", 80)
                .is_err()
        );
        assert!(policy.check_host(LOCAL, "gpu-1.example", 80).is_ok());
    }
}
