//! The form as signals: one for each thing that is typed, so that a key in one field renews that field and nothing else.

mod rows;

use leptos::prelude::*;
use serde_json::Map;
use understudy_shared::{Capability, Endpoint, InstanceKind, ModelInstance};

use super::draft::{Draft, HeaderDraft, ProxyDraft, TokenDraft, usual_host};
use crate::components::form::pairs::{Pairs, Typed, Values};
use rows::{read_header, read_proxy, read_token};

pub use rows::{HeaderRow, ProxyRow, TokenRow};

/// Everything that is typed. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Form {
    /// The kind, by its name on the wire.
    pub kind: RwSignal<String>,
    /// Name.
    pub name: RwSignal<String>,
    /// What it is.
    pub description: RwSignal<String>,
    /// Labels.
    pub labels: Pairs,
    /// Whether it is in use.
    pub enabled: RwSignal<bool>,
    /// `http` or `https`.
    pub scheme: RwSignal<String>,
    /// Host.
    pub host: RwSignal<String>,
    /// Port.
    pub port: RwSignal<String>,
    /// Path.
    pub base_path: RwSignal<String>,
    /// The whole address of a cloud instance.
    pub url: RwSignal<String>,
    stored_url: RwSignal<Option<(String, Endpoint)>>,
    /// The backend's name of the model.
    pub model: RwSignal<String>,
    /// Where a token goes.
    pub auth: RwSignal<String>,
    /// Name of the header that it goes into.
    pub auth_header: RwSignal<String>,
    /// Tokens in order.
    pub tokens: RwSignal<Vec<TokenRow>>,
    /// Extra headers.
    pub headers: RwSignal<Vec<HeaderRow>>,
    /// Proxies in order.
    pub proxies: RwSignal<Vec<ProxyRow>>,
    /// Certificates.
    pub ca_pem: RwSignal<String>,
    /// Whether any certificate will do.
    pub insecure: RwSignal<bool>,
    /// Added parameters.
    pub defaults: Pairs,
    /// Forced parameters.
    pub overrides: Pairs,
    /// Removed parameters.
    pub strip: RwSignal<String>,
    /// Requests at the same time.
    pub max_concurrency: RwSignal<String>,
    /// Requests a minute.
    pub requests_per_minute: RwSignal<String>,
    /// Time limits.
    pub connect: RwSignal<String>,
    /// Until the first byte.
    pub first_byte: RwSignal<String>,
    /// Between two pieces.
    pub idle: RwSignal<String>,
    /// For the whole.
    pub total: RwSignal<String>,
    /// How it is checked.
    pub check_mode: RwSignal<String>,
    /// What is asked for.
    pub check_path: RwSignal<String>,
    /// How often.
    pub check_interval: RwSignal<String>,
    /// How long.
    pub check_timeout: RwSignal<String>,
    /// Failures.
    pub check_fall: RwSignal<String>,
    /// Passes.
    pub check_rise: RwSignal<String>,
    /// Endpoints that the backend has.
    pub endpoints: RwSignal<Vec<Capability>>,
    /// Tokens of context.
    pub context_length: RwSignal<String>,
    /// Whether it sees images.
    pub vision: RwSignal<String>,
    /// Whether it calls tools.
    pub tools: RwSignal<String>,
    /// Length of its embeddings.
    pub embedding_dimensions: RwSignal<String>,
    next_key: StoredValue<u32>,
    /// What the form was filled with: without a difference to it there is nothing to save.
    pub baseline: RwSignal<Draft>,
}

impl Form {
    /// An empty form.
    pub fn new() -> Self {
        let text = || RwSignal::new(String::new());
        let form = Self {
            kind: text(),
            name: text(),
            description: text(),
            labels: Pairs::new(Values::Text),
            enabled: RwSignal::new(true),
            scheme: text(),
            host: text(),
            port: text(),
            base_path: text(),
            url: text(),
            stored_url: RwSignal::new(None),
            model: text(),
            auth: text(),
            auth_header: text(),
            tokens: RwSignal::new(Vec::new()),
            headers: RwSignal::new(Vec::new()),
            proxies: RwSignal::new(Vec::new()),
            ca_pem: text(),
            insecure: RwSignal::new(false),
            defaults: Pairs::new(Values::Json),
            overrides: Pairs::new(Values::Json),
            strip: text(),
            max_concurrency: text(),
            requests_per_minute: text(),
            connect: text(),
            first_byte: text(),
            idle: text(),
            total: text(),
            check_mode: text(),
            check_path: text(),
            check_interval: text(),
            check_timeout: text(),
            check_fall: text(),
            check_rise: text(),
            endpoints: RwSignal::new(Vec::new()),
            context_length: text(),
            vision: text(),
            tools: text(),
            embedding_dimensions: text(),
            next_key: StoredValue::new(0),
            baseline: RwSignal::new(Draft::new(InstanceKind::Local)),
        };
        form.fill(Draft::new(InstanceKind::Local));
        form
    }

    /// Shows a stored instance.
    pub fn show(self, instance: &ModelInstance) {
        self.fill(Draft::of(instance));
    }

    fn fill(self, draft: Draft) {
        self.kind.set(draft.kind.as_str().to_owned());
        self.name.set(draft.name);
        self.description.set(draft.description);
        fill_pairs(self.labels, &draft.labels);
        self.enabled.set(draft.enabled);
        self.scheme.set(draft.scheme);
        self.host.set(draft.host);
        self.port.set(draft.port);
        self.base_path.set(draft.base_path);
        self.url.set(draft.url);
        self.stored_url.set(draft.stored_url);
        self.model.set(draft.model);
        self.auth.set(draft.auth);
        self.auth_header.set(draft.auth_header);
        self.tokens.set(
            draft
                .tokens
                .into_iter()
                .map(|token| self.token_row(token))
                .collect(),
        );
        self.headers.set(
            draft
                .headers
                .into_iter()
                .map(|header| self.header_row(header))
                .collect(),
        );
        self.proxies.set(
            draft
                .proxies
                .into_iter()
                .map(|proxy| self.proxy_row(proxy))
                .collect(),
        );
        self.ca_pem.set(draft.ca_pem);
        self.insecure.set(draft.insecure);
        fill_pairs(self.defaults, &draft.defaults);
        fill_pairs(self.overrides, &draft.overrides);
        self.strip.set(draft.strip);
        self.max_concurrency.set(draft.max_concurrency);
        self.requests_per_minute.set(draft.requests_per_minute);
        self.connect.set(draft.connect);
        self.first_byte.set(draft.first_byte);
        self.idle.set(draft.idle);
        self.total.set(draft.total);
        self.check_mode.set(draft.check_mode);
        self.check_path.set(draft.check_path);
        self.check_interval.set(draft.check_interval);
        self.check_timeout.set(draft.check_timeout);
        self.check_fall.set(draft.check_fall);
        self.check_rise.set(draft.check_rise);
        self.endpoints.set(draft.endpoints);
        self.context_length.set(draft.context_length);
        self.vision.set(draft.vision);
        self.tools.set(draft.tools);
        self.embedding_dimensions.set(draft.embedding_dimensions);
        self.baseline.set(untrack(|| self.read()));
    }

    /// What is typed; tracked.
    pub fn read(self) -> Draft {
        Draft {
            kind: self.kind(),
            name: self.name.get(),
            description: self.description.get(),
            labels: self.labels.typed(),
            enabled: self.enabled.get(),
            scheme: self.scheme.get(),
            host: self.host.get(),
            port: self.port.get(),
            base_path: self.base_path.get(),
            url: self.url.get(),
            stored_url: self.stored_url.get(),
            model: self.model.get(),
            auth: self.auth.get(),
            auth_header: self.auth_header.get(),
            tokens: self
                .tokens
                .with(|rows| rows.iter().map(read_token).collect()),
            headers: self
                .headers
                .with(|rows| rows.iter().map(read_header).collect()),
            proxies: self
                .proxies
                .with(|rows| rows.iter().map(read_proxy).collect()),
            ca_pem: self.ca_pem.get(),
            insecure: self.insecure.get(),
            defaults: self.defaults.typed(),
            overrides: self.overrides.typed(),
            strip: self.strip.get(),
            max_concurrency: self.max_concurrency.get(),
            requests_per_minute: self.requests_per_minute.get(),
            connect: self.connect.get(),
            first_byte: self.first_byte.get(),
            idle: self.idle.get(),
            total: self.total.get(),
            check_mode: self.check_mode.get(),
            check_path: self.check_path.get(),
            check_interval: self.check_interval.get(),
            check_timeout: self.check_timeout.get(),
            check_fall: self.check_fall.get(),
            check_rise: self.check_rise.get(),
            endpoints: self.endpoints.get(),
            context_length: self.context_length.get(),
            vision: self.vision.get(),
            tools: self.tools.get(),
            embedding_dimensions: self.embedding_dimensions.get(),
        }
    }

    /// The kind; tracked.
    pub fn kind(self) -> InstanceKind {
        self.kind.with(|kind| {
            InstanceKind::ALL
                .into_iter()
                .find(|known| known.as_str() == kind)
                .unwrap_or(InstanceKind::Local)
        })
    }

    /// The kind has changed: a host that nobody typed follows it.
    pub fn follow_kind(self, before: InstanceKind) {
        let now = untrack(|| self.kind());
        if self.host.with_untracked(|host| host == usual_host(before)) {
            self.host.set(usual_host(now).to_owned());
        }
    }

    /// A new token at the end; its key.
    pub fn add_token(self) -> u32 {
        let row = self.token_row(TokenDraft {
            value: Some(String::new()),
            ..TokenDraft::default()
        });
        let key = row.key;
        self.tokens.update(|rows| rows.push(row));
        key
    }

    /// A new header at the end; its key.
    pub fn add_header(self) -> u32 {
        let row = self.header_row(HeaderDraft {
            value: Some(String::new()),
            ..HeaderDraft::default()
        });
        let key = row.key;
        self.headers.update(|rows| rows.push(row));
        key
    }

    /// A new proxy at the end; its key.
    pub fn add_proxy(self) -> u32 {
        let row = self.proxy_row(ProxyDraft::default());
        let key = row.key;
        self.proxies.update(|rows| rows.push(row));
        key
    }

    fn key(self) -> u32 {
        let key = self.next_key.get_value();
        self.next_key.set_value(key + 1);
        key
    }

    fn token_row(self, token: TokenDraft) -> TokenRow {
        TokenRow {
            key: self.key(),
            id: token.id,
            label: RwSignal::new(token.label),
            value: RwSignal::new(token.value),
        }
    }

    fn header_row(self, header: HeaderDraft) -> HeaderRow {
        HeaderRow {
            key: self.key(),
            id: header.id,
            name: RwSignal::new(header.name),
            value: RwSignal::new(header.value),
        }
    }

    fn proxy_row(self, proxy: ProxyDraft) -> ProxyRow {
        ProxyRow {
            key: self.key(),
            id: proxy.id,
            url: RwSignal::new(proxy.url),
            username: RwSignal::new(proxy.username),
            password: RwSignal::new(proxy.password),
            password_set: proxy.password_set,
        }
    }
}

fn fill_pairs(pairs: Pairs, typed: &Typed) {
    // What comes from an instance always means something.
    pairs.set(&typed.object(pairs.values).unwrap_or_else(|_| Map::new()));
}
