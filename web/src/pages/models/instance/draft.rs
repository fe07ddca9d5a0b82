//! The form as data: what was typed, what it means on the wire, and what is wrong with it.
//!
//! Rule: a draft holds what was typed, also when it means nothing yet. [`Draft::read`] makes of it what is sent; an instance that is stored goes through
//! the same code ([`Draft::of`]), so that a change of the form is a difference of two of these and nothing else.

mod places;
mod read;

use serde_json::{Map, Value};
use understudy_shared::{
    AuthType, Capability, Endpoint, HeaderId, HealthCheck, HealthCheckMode, InstanceKind,
    ModelInstance, ProxyId, Scheme, Timeouts, TokenId,
};

use crate::components::form::number;
use crate::components::form::pairs::{Typed, Values};

/// A token as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenDraft {
    /// Stays with the row.
    pub key: u32,
    /// The stored token.
    pub id: Option<TokenId>,
    /// What it is for.
    pub label: String,
    /// What was typed; none keeps what is stored.
    pub value: Option<String>,
}

/// An extra header as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderDraft {
    /// Stays with the row.
    pub key: u32,
    /// The stored header.
    pub id: Option<HeaderId>,
    /// Its name.
    pub name: String,
    /// What was typed; none keeps what is stored.
    pub value: Option<String>,
}

/// A proxy as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyDraft {
    /// Stays with the row.
    pub key: u32,
    /// The stored proxy.
    pub id: Option<ProxyId>,
    /// Its address.
    pub url: String,
    /// Name to sign in with.
    pub username: String,
    /// What was typed; none keeps what is stored.
    pub password: Option<String>,
    /// Whether a password is stored.
    pub password_set: bool,
}

/// Everything that is typed into the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Where the backend runs.
    pub kind: InstanceKind,
    /// Name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Labels.
    pub labels: Typed,
    /// Whether it is in use.
    pub enabled: bool,
    /// Of local and network instances: `http` or `https`.
    pub scheme: String,
    /// Of local and network instances.
    pub host: String,
    /// Of local and network instances.
    pub port: String,
    /// Of local and network instances.
    pub base_path: String,
    /// Of cloud instances: everything in one.
    pub url: String,
    /// The stored endpoint under the text that stands for it, so that no repair of pasted addresses touches what nobody typed.
    pub stored_url: Option<(String, Endpoint)>,
    /// The backend's name of the model.
    pub model: String,
    /// Where a token goes.
    pub auth: String,
    /// Name of the header that it goes into.
    pub auth_header: String,
    /// Tokens in order.
    pub tokens: Vec<TokenDraft>,
    /// Extra headers.
    pub headers: Vec<HeaderDraft>,
    /// Proxies in order.
    pub proxies: Vec<ProxyDraft>,
    /// Certificates.
    pub ca_pem: String,
    /// Whether any certificate will do.
    pub insecure: bool,
    /// Added parameters.
    pub defaults: Typed,
    /// Forced parameters.
    pub overrides: Typed,
    /// Removed parameters, by name.
    pub strip: String,
    /// Requests at the same time.
    pub max_concurrency: String,
    /// Requests a minute.
    pub requests_per_minute: String,
    /// Seconds, as the next three.
    pub connect: String,
    /// Until the first byte.
    pub first_byte: String,
    /// Between two pieces.
    pub idle: String,
    /// For the whole.
    pub total: String,
    /// How it is checked.
    pub check_mode: String,
    /// What is asked for with mode `http`.
    pub check_path: String,
    /// Seconds between two checks.
    pub check_interval: String,
    /// Seconds that one may take.
    pub check_timeout: String,
    /// Failed checks that take it down.
    pub check_fall: String,
    /// Passed checks that bring it up.
    pub check_rise: String,
    /// Endpoints that the backend has.
    pub endpoints: Vec<Capability>,
    /// Tokens of context.
    pub context_length: String,
    /// `yes`, `no` or nothing.
    pub vision: String,
    /// `yes`, `no` or nothing.
    pub tools: String,
    /// Length of its embeddings.
    pub embedding_dimensions: String,
}

impl Draft {
    /// An empty form.
    pub fn new(kind: InstanceKind) -> Self {
        let mut draft = Self {
            kind,
            name: String::new(),
            description: String::new(),
            labels: Typed::default(),
            enabled: true,
            scheme: Scheme::Http.as_str().to_owned(),
            host: String::new(),
            port: "8000".to_owned(),
            base_path: "/v1".to_owned(),
            url: String::new(),
            stored_url: None,
            model: String::new(),
            auth: AuthType::Bearer.as_str().to_owned(),
            auth_header: String::new(),
            tokens: Vec::new(),
            headers: Vec::new(),
            proxies: Vec::new(),
            ca_pem: String::new(),
            insecure: false,
            defaults: Typed::default(),
            overrides: Typed::default(),
            strip: String::new(),
            max_concurrency: String::new(),
            requests_per_minute: String::new(),
            connect: String::new(),
            first_byte: String::new(),
            idle: String::new(),
            total: String::new(),
            check_mode: HealthCheckMode::Auto.as_str().to_owned(),
            check_path: String::new(),
            check_interval: String::new(),
            check_timeout: String::new(),
            check_fall: String::new(),
            check_rise: String::new(),
            endpoints: Vec::new(),
            context_length: String::new(),
            vision: String::new(),
            tools: String::new(),
            embedding_dimensions: String::new(),
        };
        draft.host = usual_host(kind).to_owned();
        draft
    }

    /// The form of a stored instance.
    pub fn of(instance: &ModelInstance) -> Self {
        let mut draft = Self::new(instance.kind);
        let i = instance.clone();
        let t = Timeouts::default();
        let ms = |value: u64, usual: u64| {
            if value == usual {
                String::new()
            } else {
                number::format(value, 3)
            }
        };
        let plain = |value: Option<u32>| value.map(|value| value.to_string()).unwrap_or_default();
        let unusual = |value: u32, usual: u32| {
            if value == usual {
                String::new()
            } else {
                value.to_string()
            }
        };
        let c = HealthCheck::default();
        let labels = i
            .labels
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)));
        draft.name = i.name;
        draft.description = i.description;
        draft.labels = rows(&labels.collect(), Values::Text);
        draft.enabled = i.enabled;
        draft.scheme = i.endpoint.scheme.as_str().to_owned();
        draft.host.clone_from(&i.endpoint.host);
        draft.port = i.endpoint.port.to_string();
        draft.base_path.clone_from(&i.endpoint.base_path);
        draft.url.clone_from(&i.base_url);
        draft.stored_url = Some((i.base_url, i.endpoint));
        draft.model = i.model.unwrap_or_default();
        draft.auth = i.auth.kind.as_str().to_owned();
        draft.auth_header = i.auth.header.unwrap_or_default();
        draft.tokens = (0..)
            .zip(i.tokens)
            .map(|(key, token)| TokenDraft {
                key,
                id: Some(token.id),
                label: token.label,
                value: None,
            })
            .collect();
        draft.headers = (0..)
            .zip(i.headers)
            .map(|(key, header)| HeaderDraft {
                key,
                id: Some(header.id),
                name: header.name,
                value: None,
            })
            .collect();
        draft.proxies = (0..)
            .zip(i.proxies)
            .map(|(key, proxy)| ProxyDraft {
                key,
                id: Some(proxy.id),
                url: proxy.url,
                username: proxy.username.unwrap_or_default(),
                password: None,
                password_set: proxy.password_set,
            })
            .collect();
        draft.ca_pem = i.tls.ca_pem.unwrap_or_default();
        draft.insecure = i.tls.insecure_skip_verify;
        draft.defaults = rows(&i.parameters.defaults, Values::Json);
        draft.overrides = rows(&i.parameters.overrides, Values::Json);
        draft.strip = i.parameters.strip.join(", ");
        draft.max_concurrency = plain(i.limits.max_concurrency);
        draft.requests_per_minute = plain(i.limits.requests_per_minute);
        draft.connect = ms(i.timeouts.connect_ms, t.connect_ms);
        draft.first_byte = ms(i.timeouts.first_byte_ms, t.first_byte_ms);
        draft.idle = ms(i.timeouts.idle_ms, t.idle_ms);
        draft.total = ms(i.timeouts.total_ms, t.total_ms);
        draft.check_mode = i.health_check.mode.as_str().to_owned();
        draft.check_path = i.health_check.path.unwrap_or_default();
        draft.check_interval = plain(i.health_check.interval_s);
        draft.check_timeout = unusual(i.health_check.timeout_s, c.timeout_s);
        draft.check_fall = unusual(i.health_check.fall, c.fall);
        draft.check_rise = unusual(i.health_check.rise, c.rise);
        draft.endpoints = i.capabilities.endpoints;
        draft.context_length = plain(i.capabilities.context_length);
        draft.vision = yes_no(i.capabilities.vision).to_owned();
        draft.tools = yes_no(i.capabilities.tools).to_owned();
        draft.embedding_dimensions = plain(i.capabilities.embedding_dimensions);
        draft
    }

    /// Whether the form has one field for the whole address.
    pub fn is_cloud(&self) -> bool {
        self.kind == InstanceKind::Cloud
    }
}

/// Every mode, in the order of the list.
pub const CHECK_MODES: [HealthCheckMode; 6] = [
    HealthCheckMode::Auto,
    HealthCheckMode::Models,
    HealthCheckMode::Http,
    HealthCheckMode::Tcp,
    HealthCheckMode::Chat,
    HealthCheckMode::Off,
];

/// The host that an instance of this kind mostly has.
pub fn usual_host(kind: InstanceKind) -> &'static str {
    match kind {
        InstanceKind::Local => "127.0.0.1",
        InstanceKind::Network | InstanceKind::Cloud => "",
    }
}

fn endpoint(scheme: Scheme, host: &str, port: u16, base_path: &str) -> Endpoint {
    Endpoint {
        scheme,
        host: host.to_owned(),
        port,
        base_path: base_path.trim_end_matches('/').to_owned(),
    }
}

fn rows(object: &Map<String, Value>, values: Values) -> Typed {
    let text = |value: &Value| match (values, value) {
        (Values::Text, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    };
    let rows = (0..).zip(object);
    Typed::Rows(
        rows.map(|(key, (name, value))| (key, name.clone(), text(value)))
            .collect(),
    )
}

fn yes_no(value: Option<bool>) -> &'static str {
    match value {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
}
