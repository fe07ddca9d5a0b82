//! The form as data: what was typed, what it means on the wire, and what is wrong with it.
//!
//! Rule: a draft holds what was typed, also when it means nothing yet. [`Draft::read`] makes of it what is sent; an instance that is stored goes through
//! the same code ([`Draft::of`]), so that a change of the form is a difference of two of these and nothing else.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use understudy_shared::{
    AuthType, Capabilities, Capability, CreateModelInstance, Endpoint, HeaderId, HealthCheck,
    HealthCheckMode, InstanceAuth, InstanceKind, Limits, ModelInstance, Parameters, Protocol,
    ProxyId, ProxyInput, Scheme, SecretHeaderInput, SecretInput, Timeouts, TlsOptions, TokenId,
    TokenInput,
};

use crate::address::{BadAddress, cloud_endpoint};
use crate::components::form::errors::{Fault, Place, RowKeys, ids_of};
use crate::components::form::number;
use crate::components::form::pairs::{PairFault, PairPlace, Typed, Values};

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

    /// Where the backend listens, as far as it is known already.
    pub fn endpoint(&self) -> Option<Endpoint> {
        let mut places = Vec::new();
        let endpoint = self.read_endpoint(&mut places);
        places.is_empty().then_some(endpoint)
    }

    /// What is sent, and what is wrong with it. With faults the fields at fault have some value or other.
    pub fn read(&self) -> (CreateModelInstance, Vec<Place>) {
        let mut own = Vec::new();
        let f = &mut own;
        let create = CreateModelInstance {
            name: self.name.trim().to_owned(),
            description: self.description.clone(),
            labels: self.read_labels(f),
            enabled: self.enabled,
            kind: self.kind,
            protocol: Protocol::Openai,
            endpoint: self.read_endpoint(f),
            model: some(&self.model),
            auth: self.read_auth(f),
            tokens: self.tokens.iter().map(read_token).collect(),
            headers: self.headers.iter().map(read_header).collect(),
            proxies: self.proxies.iter().map(read_proxy).collect(),
            tls: TlsOptions {
                ca_pem: some(&self.ca_pem).map(|pem| format!("{pem}\n")),
                insecure_skip_verify: self.insecure,
            },
            parameters: self.read_parameters(f),
            limits: Limits {
                max_concurrency: whole(f, "limits-max-concurrency", &self.max_concurrency),
                requests_per_minute: whole(
                    f,
                    "limits-requests-per-minute",
                    &self.requests_per_minute,
                ),
            },
            timeouts: self.read_timeouts(f),
            health_check: self.read_check(f),
            capabilities: Capabilities {
                endpoints: self.endpoints.clone(),
                context_length: whole(f, "capabilities-context-length", &self.context_length),
                vision: is_yes(&self.vision),
                tools: is_yes(&self.tools),
                embedding_dimensions: whole(
                    f,
                    "capabilities-embedding-dimensions",
                    &self.embedding_dimensions,
                ),
            },
        };
        for error in create.faults() {
            let id = self.field_id(&error.pointer);
            // One answer about a field is enough, and its own is the more precise.
            if !own.iter().any(|place| place.id.as_ref() == Some(&id)) {
                own.push(Place {
                    id: Some(id),
                    fault: Fault::Rule(error),
                });
            }
        }
        (create, own)
    }

    /// As JSON, if it can be sent.
    pub fn json(&self) -> Option<Value> {
        let (create, faults) = self.read();
        faults
            .is_empty()
            .then(|| serde_json::to_value(create).ok())
            .flatten()
    }

    /// The field that a pointer means.
    pub fn field_id(&self, pointer: &str) -> String {
        self.field_ids(pointer)
            .into_iter()
            .next()
            .unwrap_or_default()
    }

    /// The fields that a pointer may mean, the most precise first.
    pub fn field_ids(&self, pointer: &str) -> Vec<String> {
        if self.is_cloud() && pointer.starts_with("/endpoint") {
            return vec!["endpoint-url".to_owned()];
        }
        if pointer.starts_with("/parameters/strip") {
            return vec!["parameters-strip".to_owned()];
        }
        let raw = [
            ("/labels", &self.labels),
            ("/parameters/defaults", &self.defaults),
            ("/parameters/overrides", &self.overrides),
        ];
        for (list, typed) in raw {
            if pointer.starts_with(list) && matches!(typed, Typed::Raw(_)) {
                return vec![format!(
                    "{}-raw",
                    list.trim_start_matches('/').replace('/', "-")
                )];
            }
        }
        ids_of(pointer, &self.row_keys())
    }

    fn row_keys(&self) -> Vec<RowKeys> {
        let list = |pointer, keys: Vec<u32>| RowKeys {
            pointer,
            rows: (0_usize..)
                .map(|index| index.to_string())
                .zip(keys)
                .collect(),
            part: "",
        };
        let named = |pointer, typed: &Typed| RowKeys {
            pointer,
            rows: match typed {
                Typed::Rows(rows) => rows
                    .iter()
                    .map(|(key, name, _)| (name.trim().to_owned(), *key))
                    .collect(),
                Typed::Raw(_) => Vec::new(),
            },
            part: "value",
        };
        vec![
            list(
                "/tokens",
                self.tokens.iter().map(|token| token.key).collect(),
            ),
            list(
                "/headers",
                self.headers.iter().map(|header| header.key).collect(),
            ),
            list(
                "/proxies",
                self.proxies.iter().map(|proxy| proxy.key).collect(),
            ),
            named("/labels", &self.labels),
            named("/parameters/defaults", &self.defaults),
            named("/parameters/overrides", &self.overrides),
        ]
    }

    fn read_endpoint(&self, f: &mut Vec<Place>) -> Endpoint {
        if self.is_cloud() {
            if let Some((text, endpoint)) = &self.stored_url
                && *text == self.url
            {
                return endpoint.clone();
            }
            return match cloud_endpoint(&self.url) {
                Ok((endpoint, _)) => endpoint,
                Err(fault) => {
                    let fault = match fault {
                        BadAddress::Empty => Fault::Required,
                        fault => Fault::Address(fault),
                    };
                    f.push(at("endpoint-url", fault));
                    // A host that no rule objects to.
                    endpoint(Scheme::Https, "x", 443, "")
                }
            };
        }
        let scheme = if self.scheme == Scheme::Https.as_str() {
            Scheme::Https
        } else {
            Scheme::Http
        };
        if self.host.trim().is_empty() {
            f.push(at("endpoint-host", Fault::Required));
        }
        let port = match number::parse(&self.port, 0) {
            Ok(Some(port)) => u16::try_from(port)
                .ok()
                .filter(|port| *port > 0)
                .or_else(|| {
                    f.push(at("endpoint-port", Fault::Address(BadAddress::Port)));
                    None
                }),
            Ok(None) => {
                f.push(at("endpoint-port", Fault::Required));
                None
            }
            Err(_) => {
                f.push(at("endpoint-port", Fault::NotANumber));
                None
            }
        };
        endpoint(
            scheme,
            self.host.trim(),
            port.unwrap_or(1),
            self.base_path.trim(),
        )
    }

    fn read_auth(&self, f: &mut Vec<Place>) -> InstanceAuth {
        let kind = [AuthType::None, AuthType::Bearer, AuthType::Header]
            .into_iter()
            .find(|kind| kind.as_str() == self.auth)
            .unwrap_or_default();
        let header = (kind == AuthType::Header).then(|| self.auth_header.trim().to_owned());
        if header.as_deref() == Some("") {
            f.push(at("auth-header", Fault::Required));
        }
        InstanceAuth { kind, header }
    }

    fn read_labels(&self, f: &mut Vec<Place>) -> BTreeMap<String, String> {
        let object = pairs(f, "labels", &self.labels, Values::Text);
        let text = |(name, value): (String, Value)| {
            let value = value.as_str().map(str::to_owned)?;
            Some((name, value))
        };
        object.into_iter().filter_map(text).collect()
    }

    fn read_parameters(&self, f: &mut Vec<Place>) -> Parameters {
        let names = self.strip.split([',', ';', ' ', '\n', '\t']);
        Parameters {
            defaults: pairs(f, "parameters-defaults", &self.defaults, Values::Json),
            overrides: pairs(f, "parameters-overrides", &self.overrides, Values::Json),
            strip: names
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    fn read_timeouts(&self, f: &mut Vec<Place>) -> Timeouts {
        let usual = Timeouts::default();
        let mut ms = |id: &str, text: &str, usual: u64| parsed(f, id, text, 3).unwrap_or(usual);
        Timeouts {
            connect_ms: ms("timeouts-connect-ms", &self.connect, usual.connect_ms),
            first_byte_ms: ms(
                "timeouts-first-byte-ms",
                &self.first_byte,
                usual.first_byte_ms,
            ),
            idle_ms: ms("timeouts-idle-ms", &self.idle, usual.idle_ms),
            total_ms: ms("timeouts-total-ms", &self.total, usual.total_ms),
        }
    }

    /// The check's settings as far as they are typed.
    pub fn read_check(&self, f: &mut Vec<Place>) -> HealthCheck {
        let usual = HealthCheck::default();
        let mode = CHECK_MODES
            .into_iter()
            .find(|mode| mode.as_str() == self.check_mode)
            .unwrap_or_default();
        HealthCheck {
            mode,
            path: some(&self.check_path).filter(|_| mode == HealthCheckMode::Http),
            interval_s: whole(f, "health-check-interval-s", &self.check_interval),
            timeout_s: whole(f, "health-check-timeout-s", &self.check_timeout)
                .unwrap_or(usual.timeout_s),
            fall: whole(f, "health-check-fall", &self.check_fall).unwrap_or(usual.fall),
            rise: whole(f, "health-check-rise", &self.check_rise).unwrap_or(usual.rise),
        }
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

fn at(id: &str, fault: Fault) -> Place {
    Place {
        id: Some(id.to_owned()),
        fault,
    }
}

/// Text that is not blank.
fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn parsed(f: &mut Vec<Place>, id: &str, text: &str, decimals: u32) -> Option<u64> {
    number::parse(text, decimals).unwrap_or_else(|_| {
        f.push(at(id, Fault::NotANumber));
        None
    })
}

/// A whole number; one that is too large for the wire is left to the rule, which knows the bounds.
fn whole(f: &mut Vec<Place>, id: &str, text: &str) -> Option<u32> {
    parsed(f, id, text, 0).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

fn pairs(f: &mut Vec<Place>, id: &str, typed: &Typed, values: Values) -> Map<String, Value> {
    typed.object(values).unwrap_or_else(|faults| {
        let place = |(place, fault): (PairPlace, PairFault)| {
            let id = match place {
                Some((key, part)) => format!("{id}-{key}-{part}"),
                None => format!("{id}-raw"),
            };
            at(&id, Fault::Pair(fault))
        };
        f.extend(faults.into_iter().map(place));
        Map::new()
    })
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

/// Something typed, or what is stored. Nothing is only kept where something is stored.
fn secret(value: Option<&String>, stored: bool) -> Option<SecretInput> {
    let value = value
        .map(|value| value.trim())
        .filter(|value| !value.is_empty() || !stored);
    value
        .filter(|value| !value.is_empty())
        .map(SecretInput::new)
}

fn read_token(token: &TokenDraft) -> TokenInput {
    TokenInput {
        id: token.id,
        label: token.label.trim().to_owned(),
        value: secret(token.value.as_ref(), token.id.is_some()),
    }
}

fn read_header(header: &HeaderDraft) -> SecretHeaderInput {
    SecretHeaderInput {
        id: header.id,
        name: header.name.trim().to_owned(),
        value: secret(header.value.as_ref(), header.id.is_some()),
    }
}

fn read_proxy(proxy: &ProxyDraft) -> ProxyInput {
    ProxyInput {
        id: proxy.id,
        url: proxy.url.trim().to_owned(),
        username: some(&proxy.username),
        password: secret(proxy.password.as_ref(), proxy.password_set),
    }
}

fn yes_no(value: Option<bool>) -> &'static str {
    match value {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
}

fn is_yes(text: &str) -> Option<bool> {
    match text {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}
