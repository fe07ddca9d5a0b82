//! The rules of a model instance that need nothing but its fields.

use std::collections::HashSet;
use std::hash::Hash;

use super::{AuthType, CreateModelInstance, HealthCheckMode};
use crate::{FieldError, FieldRule, SecretInput, rules};

/// Fields of a request that the gateway itself reads or writes, so that `parameters` must leave them alone.
const GATEWAY_FIELDS: [&str; 2] = ["model", "stream"];
/// Bytes of PEM that `tls.ca_pem` may have.
const CA_PEM_MAX_BYTES: usize = 64 * 1024;

impl CreateModelInstance {
    /// Every fault that the fields have by themselves.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let f = &mut faults;
        rules::text(f, "/name", &self.name, 1, 100);
        rules::multiline(f, "/description", &self.description, 1000);
        if let Some(model) = &self.model {
            rules::text(f, "/model", model, 1, 200);
        }
        self.label_faults(f);
        self.endpoint_faults(f);
        self.auth_faults(f);
        self.header_faults(f);
        self.proxy_faults(f);
        self.parameter_faults(f);
        self.number_faults(f);
        self.check_faults(f);
        faults
    }

    fn label_faults(&self, f: &mut Vec<FieldError>) {
        rules::at_most(f, "/labels", self.labels.len(), 50);
        for (name, value) in &self.labels {
            let pointer = format!("/labels/{}", rules::pointer_step(name));
            rules::text(f, &pointer, name, 1, 63);
            rules::text(f, &pointer, value, 0, 255);
        }
    }

    fn endpoint_faults(&self, f: &mut Vec<FieldError>) {
        let host = &self.endpoint.host;
        rules::text(f, "/endpoint/host", host, 1, 253);
        if host.contains("://") || host.contains(['/', '@', '?', '#', '\\', '[', ']', ' ', '%']) {
            f.push(FieldError::new("/endpoint/host", FieldRule::HostAlone));
        }
        rules::url_path(f, "/endpoint/base_path", &self.endpoint.base_path);
        if self
            .tls
            .ca_pem
            .as_ref()
            .is_some_and(|pem| pem.len() > CA_PEM_MAX_BYTES)
        {
            f.push(FieldError::new(
                "/tls/ca_pem",
                FieldRule::TooLarge {
                    max: CA_PEM_MAX_BYTES as u64,
                },
            ));
        }
    }

    fn auth_faults(&self, f: &mut Vec<FieldError>) {
        match (self.auth.kind, &self.auth.header) {
            (AuthType::Header, Some(name)) => rules::header_name(f, "/auth/header", name),
            (AuthType::Header, None) => f.push(FieldError::new(
                "/auth/header",
                FieldRule::RequiredWhen {
                    field: "type".to_owned(),
                    value: "header".to_owned(),
                },
            )),
            (_, Some(_)) => f.push(FieldError::new(
                "/auth/header",
                FieldRule::OnlyWhen {
                    field: "type".to_owned(),
                    value: "header".to_owned(),
                },
            )),
            (_, None) => {}
        }
        rules::at_most(f, "/tokens", self.tokens.len(), 20);
        if self.auth.kind == AuthType::None && !self.tokens.is_empty() {
            f.push(FieldError::new("/tokens", FieldRule::TokensWithoutAuth));
        }
        unique(f, "/tokens", "id", self.tokens.iter().map(|token| token.id));
        for (index, token) in self.tokens.iter().enumerate() {
            rules::text(f, &format!("/tokens/{index}/label"), &token.label, 0, 100);
            secret(
                f,
                &format!("/tokens/{index}/value"),
                token.value.as_ref(),
                token.id.is_some(),
            );
        }
    }

    fn header_faults(&self, f: &mut Vec<FieldError>) {
        rules::at_most(f, "/headers", self.headers.len(), 20);
        unique(
            f,
            "/headers",
            "id",
            self.headers.iter().map(|header| header.id),
        );
        unique(
            f,
            "/headers",
            "name",
            self.headers
                .iter()
                .map(|header| Some(header.name.to_ascii_lowercase())),
        );
        for (index, header) in self.headers.iter().enumerate() {
            let pointer = format!("/headers/{index}/name");
            rules::header_name(f, &pointer, &header.name);
            let token_header = match self.auth.kind {
                AuthType::None => None,
                AuthType::Bearer => Some("authorization"),
                AuthType::Header => self.auth.header.as_deref(),
            };
            if token_header.is_some_and(|name| name.eq_ignore_ascii_case(&header.name)) {
                f.push(FieldError::new(pointer, FieldRule::HeaderOfToken));
            }
            secret(
                f,
                &format!("/headers/{index}/value"),
                header.value.as_ref(),
                header.id.is_some(),
            );
        }
    }

    fn proxy_faults(&self, f: &mut Vec<FieldError>) {
        rules::at_most(f, "/proxies", self.proxies.len(), 10);
        unique(
            f,
            "/proxies",
            "id",
            self.proxies.iter().map(|proxy| proxy.id),
        );
        for (index, proxy) in self.proxies.iter().enumerate() {
            rules::text(f, &format!("/proxies/{index}/url"), &proxy.url, 1, 500);
            if let Some(username) = &proxy.username {
                rules::text(f, &format!("/proxies/{index}/username"), username, 1, 255);
            }
            if let Some(password) = &proxy.password {
                let pointer = format!("/proxies/{index}/password");
                rules::text(f, &pointer, password.expose(), 1, 255);
                if proxy.username.is_none() {
                    f.push(FieldError::new(
                        format!("/proxies/{index}/username"),
                        FieldRule::RequiredWith {
                            field: "password".to_owned(),
                        },
                    ));
                }
            }
        }
    }

    fn parameter_faults(&self, f: &mut Vec<FieldError>) {
        let p = &self.parameters;
        let named = p
            .defaults
            .keys()
            .map(|k| ("defaults", k))
            .chain(p.overrides.keys().map(|k| ("overrides", k)));
        for (part, name) in named {
            parameter_name(
                f,
                &format!("/parameters/{part}/{}", rules::pointer_step(name)),
                name,
            );
        }
        for (index, name) in p.strip.iter().enumerate() {
            let pointer = format!("/parameters/strip/{index}");
            parameter_name(f, &pointer, name);
            if p.defaults.contains_key(name) || p.overrides.contains_key(name) {
                f.push(FieldError::new(pointer, FieldRule::ParameterSetAndStripped));
            }
        }
        unique(f, "/parameters/strip", "", p.strip.iter().map(Some));
        rules::parameters_size(f, "/parameters", p);
    }

    fn number_faults(&self, f: &mut Vec<FieldError>) {
        rules::range_opt(
            f,
            "/limits/max_concurrency",
            self.limits.max_concurrency,
            1,
            100_000,
        );
        rules::range_opt(
            f,
            "/limits/requests_per_minute",
            self.limits.requests_per_minute,
            1,
            1_000_000,
        );
        let t = &self.timeouts;
        for (name, value) in [
            ("connect_ms", t.connect_ms),
            ("first_byte_ms", t.first_byte_ms),
            ("idle_ms", t.idle_ms),
            ("total_ms", t.total_ms),
        ] {
            rules::range(f, &format!("/timeouts/{name}"), value, 100, 3_600_000);
        }
        let c = &self.capabilities;
        rules::range_opt(
            f,
            "/capabilities/context_length",
            c.context_length,
            1,
            100_000_000,
        );
        rules::range_opt(
            f,
            "/capabilities/embedding_dimensions",
            c.embedding_dimensions,
            1,
            1_000_000,
        );
        unique(
            f,
            "/capabilities/endpoints",
            "",
            c.endpoints.iter().map(Some),
        );
    }

    fn check_faults(&self, f: &mut Vec<FieldError>) {
        let check = &self.health_check;
        let shortest = if check.mode == HealthCheckMode::Chat {
            3_600
        } else {
            1
        };
        rules::range_opt(
            f,
            "/health_check/interval_s",
            check.interval_s,
            shortest,
            86_400,
        );
        rules::range(f, "/health_check/timeout_s", check.timeout_s, 1, 60);
        rules::range(f, "/health_check/fall", check.fall, 1, 10);
        rules::range(f, "/health_check/rise", check.rise, 1, 10);
        if let Some(path) = &check.path {
            if check.mode != HealthCheckMode::Http {
                f.push(FieldError::new(
                    "/health_check/path",
                    FieldRule::OnlyWhen {
                        field: "mode".to_owned(),
                        value: "http".to_owned(),
                    },
                ));
            } else if path.is_empty() {
                f.push(FieldError::new(
                    "/health_check/path",
                    FieldRule::PathWithoutSlash,
                ));
            }
            rules::url_path(f, "/health_check/path", path);
        }
    }
}

fn parameter_name(f: &mut Vec<FieldError>, pointer: &str, name: &str) {
    rules::text(f, pointer, name, 1, 100);
    if GATEWAY_FIELDS.contains(&name) {
        f.push(FieldError::new(
            pointer,
            FieldRule::ParameterReserved {
                name: name.to_owned(),
            },
        ));
    }
}

/// A secret is needed unless an id names a stored one.
fn secret(f: &mut Vec<FieldError>, pointer: &str, value: Option<&SecretInput>, stored: bool) {
    match value {
        Some(value) => rules::header_value(f, pointer, value.expose()),
        None if stored => {}
        None => f.push(FieldError::new(pointer, FieldRule::SecretMissing)),
    }
}

fn unique<T: Hash + Eq>(
    f: &mut Vec<FieldError>,
    list: &str,
    field: &str,
    values: impl Iterator<Item = Option<T>>,
) {
    let mut seen = HashSet::new();
    for (index, value) in values.enumerate() {
        if value.is_some_and(|value| !seen.insert(value)) {
            let field = if field.is_empty() {
                String::new()
            } else {
                format!("/{field}")
            };
            f.push(FieldError::new(
                format!("{list}/{index}{field}"),
                FieldRule::Duplicate,
            ));
        }
    }
}
