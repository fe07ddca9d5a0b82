//! A model instance whose fields obey every rule that needs neither the database nor the network.

use std::collections::BTreeMap;
use std::fmt;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use understudy_shared::{
    Capabilities, CreateModelInstance, Endpoint, FieldError, FieldRule, HeaderId, HealthCheck,
    InstanceAuth, InstanceKind, Limits, Parameters, Protocol, ProxyId, ProxyInput, SecretInput,
    Timeouts, TlsOptions, TokenId,
};
use url::Url;

use crate::gateway::egress::{NotAHost, normalize_host};
use crate::secrets::Secret;

/// A valid model instance, new or changed.
#[derive(Clone, Debug)]
pub struct ValidModelInstance {
    /// Name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Labels to find it by.
    pub labels: BTreeMap<String, String>,
    /// Whether it is in use.
    pub enabled: bool,
    /// Where the backend runs.
    pub kind: InstanceKind,
    /// What the backend speaks.
    pub protocol: Protocol,
    /// Where the backend listens: one spelling of the host, no slash at the end of the path.
    pub endpoint: Endpoint,
    /// The backend's name of the model.
    pub model: Option<String>,
    /// Where a token goes.
    pub auth: InstanceAuth,
    /// Tokens in order.
    pub tokens: Vec<ValidToken>,
    /// Extra headers.
    pub headers: Vec<ValidHeader>,
    /// Proxies in order.
    pub proxies: Vec<ValidProxy>,
    /// How the backend proves who it is.
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

/// A token: new with a value, or a stored one that is kept.
#[derive(Clone, Debug)]
pub struct ValidToken {
    /// The stored token, if it is one.
    pub id: Option<TokenId>,
    /// What it is for.
    pub label: String,
    /// The new value.
    pub value: Option<Secret>,
}

/// An extra header: new with a value, or a stored one that is kept.
#[derive(Clone, Debug)]
pub struct ValidHeader {
    /// The stored header, if it is one.
    pub id: Option<HeaderId>,
    /// Its name.
    pub name: String,
    /// The new value.
    pub value: Option<Secret>,
}

/// A proxy.
#[derive(Clone, Debug)]
pub struct ValidProxy {
    /// The stored proxy, if it is one.
    pub id: Option<ProxyId>,
    /// Its address.
    pub url: ProxyUrl,
    /// Name to sign in with.
    pub username: Option<String>,
    /// The new password.
    pub password: Option<Secret>,
}

/// The address of a proxy in one spelling: scheme, host and port, nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyUrl {
    /// `http`, `https`, `socks5` or `socks5h`.
    pub scheme: &'static str,
    /// Normalised host.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl ProxyUrl {
    /// Reads an address; none if it is not that of a proxy.
    pub fn read(text: &str) -> Option<Self> {
        proxy_url(text).ok()
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port } = self;
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}

/// Schemes of proxies, and their usual ports.
const PROXY_SCHEMES: [(&str, u16); 4] = [
    ("http", 80),
    ("https", 443),
    ("socks5", 1080),
    ("socks5h", 1080),
];

impl TryFrom<CreateModelInstance> for ValidModelInstance {
    type Error = Vec<FieldError>;

    fn try_from(input: CreateModelInstance) -> Result<Self, Self::Error> {
        let mut faults = input.faults();
        let endpoint = endpoint(&mut faults, input.endpoint);
        let proxies = input
            .proxies
            .into_iter()
            .enumerate()
            .filter_map(|(index, p)| proxy(&mut faults, index, p))
            .collect();
        certificates(&mut faults, input.tls.ca_pem.as_deref());
        if !faults.is_empty() {
            return Err(faults);
        }
        let secret = |value: Option<SecretInput>| value.map(|value| Secret::new(value.expose()));
        let token = |t: understudy_shared::TokenInput| ValidToken {
            id: t.id,
            label: t.label,
            value: secret(t.value),
        };
        let header = |h: understudy_shared::SecretHeaderInput| ValidHeader {
            id: h.id,
            name: h.name,
            value: secret(h.value),
        };
        Ok(Self {
            name: input.name,
            description: input.description,
            labels: input.labels,
            enabled: input.enabled,
            kind: input.kind,
            protocol: input.protocol,
            endpoint,
            model: input.model,
            auth: input.auth,
            tokens: input.tokens.into_iter().map(token).collect(),
            headers: input.headers.into_iter().map(header).collect(),
            proxies,
            tls: input.tls,
            parameters: input.parameters,
            limits: input.limits,
            timeouts: input.timeouts,
            health_check: input.health_check,
            capabilities: input.capabilities,
        })
    }
}

fn endpoint(faults: &mut Vec<FieldError>, mut endpoint: Endpoint) -> Endpoint {
    // The shared rule has found the coarse faults already; one answer about the host is enough.
    if !faults.iter().any(|fault| fault.pointer == "/endpoint/host") {
        match normalize_host(&endpoint.host) {
            Ok(host) => endpoint.host = host,
            Err(NotAHost) => faults.push(FieldError::new("/endpoint/host", FieldRule::NotAHost)),
        }
    }
    endpoint.base_path = endpoint.base_path.trim_end_matches('/').to_owned();
    endpoint
}

fn proxy(faults: &mut Vec<FieldError>, index: usize, input: ProxyInput) -> Option<ValidProxy> {
    match proxy_url(&input.url) {
        Ok(url) => Some(ValidProxy {
            id: input.id,
            url,
            username: input.username,
            password: input
                .password
                .map(|password| Secret::new(password.expose())),
        }),
        Err((field, rule)) => {
            faults.push(FieldError::new(format!("/proxies/{index}/{field}"), rule));
            None
        }
    }
}

/// Reads the address of a proxy. The text of a fault never repeats it, since there may be a password inside.
fn proxy_url(text: &str) -> Result<ProxyUrl, (&'static str, FieldRule)> {
    let form = || ("url", FieldRule::ProxyUrl);
    let url = Url::parse(text).map_err(|_| form())?;
    if url.password().is_some() {
        return Err(("password", FieldRule::CredentialsInUrl));
    }
    if !url.username().is_empty() {
        return Err(("username", FieldRule::CredentialsInUrl));
    }
    let known = PROXY_SCHEMES
        .into_iter()
        .find(|(scheme, _)| *scheme == url.scheme());
    let (scheme, usual_port) = known.ok_or_else(form)?;
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or_else(form)?;
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(("url", FieldRule::ProxyUrlPath));
    }
    let host = normalize_host(host.trim_start_matches('[').trim_end_matches(']'));
    let host = host.map_err(|NotAHost| ("url", FieldRule::NotAHost))?;
    let port = url.port().unwrap_or(usual_port);
    if port == 0 {
        return Err(("url", FieldRule::PORT));
    }
    Ok(ProxyUrl { scheme, host, port })
}

fn certificates(faults: &mut Vec<FieldError>, pem: Option<&str>) {
    let Some(pem) = pem else { return };
    if pem
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        faults.push(FieldError::new(
            "/tls/ca_pem",
            FieldRule::ControlCharactersInText,
        ));
        return;
    }
    let mut trusted = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        if certificate
            .ok()
            .and_then(|certificate| trusted.add(certificate).ok())
            .is_none()
        {
            faults.push(FieldError::new(
                "/tls/ca_pem",
                FieldRule::CertificateUnreadable,
            ));
            return;
        }
    }
    if trusted.is_empty() {
        faults.push(FieldError::new(
            "/tls/ca_pem",
            FieldRule::CertificateMissing,
        ));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn valid(change: impl FnOnce(&mut Value)) -> Result<ValidModelInstance, Vec<FieldError>> {
        let mut input = json!({
            "name": "A", "kind": "network", "endpoint": {"scheme": "http", "host": "10.0.0.7", "port": 8000}
        });
        change(&mut input);
        serde_json::from_value::<CreateModelInstance>(input)
            .unwrap()
            .try_into()
    }

    fn pointers(result: Result<ValidModelInstance, Vec<FieldError>>) -> Vec<String> {
        result
            .err()
            .unwrap()
            .into_iter()
            .map(|fault| fault.pointer)
            .collect()
    }

    #[test]
    fn hosts_and_paths_get_one_spelling() {
        let instance = valid(|input| {
            input["endpoint"]["host"] = "0x7f.1".into();
            input["endpoint"]["base_path"] = "/v1/".into();
        })
        .unwrap();
        assert_eq!(instance.endpoint.base_url(), "http://127.0.0.1:8000/v1");
        assert_eq!(
            pointers(valid(|input| input["endpoint"]["host"] = "a..b".into())),
            ["/endpoint/host"]
        );
        assert_eq!(
            pointers(valid(|input| input["endpoint"]["host"] = "http://a".into())),
            ["/endpoint/host"]
        );
    }

    #[test]
    fn proxies_have_a_scheme_a_host_and_a_port_and_nothing_else() {
        for (text, normal) in [
            ("http://Proxy.example:3128/", "http://proxy.example:3128"),
            ("http://proxy", "http://proxy:80"),
            ("SOCKS5h://10.0.0.1", "socks5h://10.0.0.1:1080"),
            ("socks5://[fd00::1]:9050", "socks5://[fd00::1]:9050"),
            ("socks5://0x7f.1:9050", "socks5://127.0.0.1:9050"),
        ] {
            assert_eq!(
                proxy_url(text).map(|url| url.to_string()).as_deref(),
                Ok(normal),
                "{text}"
            );
        }
        for (text, field) in [
            ("ftp://proxy:1", "url"),
            ("proxy:1080", "url"),
            ("http://proxy:0", "url"),
            ("http://proxy/path", "url"),
            ("http://proxy?x", "url"),
            ("http://u:canary@proxy:1", "password"),
            ("socks5://:canary@proxy:1", "password"),
            ("socks5://canary@proxy:1", "username"),
        ] {
            let (pointed, rule) = proxy_url(text).unwrap_err();
            assert_eq!(pointed, field, "{text}");
            assert!(!format!("{rule:?}").contains("canary"), "{rule:?}");
        }
    }

    #[test]
    fn certificates_must_be_readable() {
        for pem in [
            "",
            "nonsense",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(
                pointers(valid(|input| input["tls"] = json!({"ca_pem": pem}))),
                ["/tls/ca_pem"],
                "{pem:?}"
            );
        }
    }
}
