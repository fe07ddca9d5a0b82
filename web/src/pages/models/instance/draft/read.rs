//! What the typed form means on the wire, and what is wrong with it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use understudy_shared::{
    AuthType, Capabilities, CreateModelInstance, Endpoint, HealthCheck, HealthCheckMode,
    InstanceAuth, Limits, Parameters, Protocol, ProxyInput, Scheme, SecretHeaderInput, SecretInput,
    Timeouts, TlsOptions, TokenInput,
};

use super::{CHECK_MODES, Draft, HeaderDraft, ProxyDraft, TokenDraft, endpoint};
use crate::address::{BadAddress, cloud_endpoint};
use crate::components::form::errors::{Fault, Place};
use crate::components::form::number;
use crate::components::form::pairs::{PairFault, PairPlace, Typed, Values};

impl Draft {
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
                    fault: Fault::Rule(Box::new(error)),
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

pub(super) fn at(id: &str, fault: Fault) -> Place {
    Place {
        id: Some(id.to_owned()),
        fault,
    }
}

/// Text that is not blank.
pub(super) fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

pub(super) fn parsed(f: &mut Vec<Place>, id: &str, text: &str, decimals: u32) -> Option<u64> {
    number::parse(text, decimals).unwrap_or_else(|_| {
        f.push(at(id, Fault::NotANumber));
        None
    })
}

/// A whole number; one that is too large for the wire is left to the rule, which knows the bounds.
pub(super) fn whole(f: &mut Vec<Place>, id: &str, text: &str) -> Option<u32> {
    parsed(f, id, text, 0).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

pub(super) fn pairs(
    f: &mut Vec<Place>,
    id: &str,
    typed: &Typed,
    values: Values,
) -> Map<String, Value> {
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

/// Something typed, or what is stored. Nothing is only kept where something is stored.
pub(super) fn secret(value: Option<&String>, stored: bool) -> Option<SecretInput> {
    let value = value
        .map(|value| value.trim())
        .filter(|value| !value.is_empty() || !stored);
    value
        .filter(|value| !value.is_empty())
        .map(SecretInput::new)
}

pub(super) fn read_token(token: &TokenDraft) -> TokenInput {
    TokenInput {
        id: token.id,
        label: token.label.trim().to_owned(),
        value: secret(token.value.as_ref(), token.id.is_some()),
    }
}

pub(super) fn read_header(header: &HeaderDraft) -> SecretHeaderInput {
    SecretHeaderInput {
        id: header.id,
        name: header.name.trim().to_owned(),
        value: secret(header.value.as_ref(), header.id.is_some()),
    }
}

pub(super) fn read_proxy(proxy: &ProxyDraft) -> ProxyInput {
    ProxyInput {
        id: proxy.id,
        url: proxy.url.trim().to_owned(),
        username: some(&proxy.username),
        password: secret(proxy.password.as_ref(), proxy.password_set),
    }
}

pub(super) fn is_yes(text: &str) -> Option<bool> {
    match text {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}
