//! Traces by OpenTelemetry's protocol: one span for each request of the gateway, one below it for each attempt.
//!
//! | module | does |
//! |---|---|
//! | [`span`] | what a span says of a request and of an attempt |
//! | [`transport`] | sends batches to the collector |
//!
//! The rules: without an endpoint nothing of this exists, and a request pays for one comparison. With one, a finished span is put into a
//! bounded queue, from which a thread of its own takes batches: a collector that is dead or slow costs spans, never a request. No span has
//! a prompt, an answer, a secret or a backend's address.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Context, Key, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracer, SdkTracerProvider};

use crate::config::telemetry::Telemetry;

pub mod span;
pub mod transport;

pub use span::{AttemptSpan, RequestSpan};
use transport::State;

/// How long the last spans may take on their way when the service stops.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Why there are no traces.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent: {0}")]
pub struct TelemetryError(String);

/// Makes spans and sends them.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    propagator: TraceContextPropagator,
    state: Arc<State>,
}

impl Traces {
    /// Begins to send to the collector that the environment names. Needs a running runtime, which does the sending.
    ///
    /// # Errors
    /// If the settings cannot be used together.
    pub fn start(settings: &Telemetry) -> Result<Self, TelemetryError> {
        let failed = |error: &dyn std::fmt::Display| TelemetryError(error.to_string());
        let transport = transport::Transport::new(settings).map_err(|error| failed(&error))?;
        let state = Arc::clone(transport.state());
        let headers = settings.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.expose().to_owned()));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(transport)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&settings.endpoint)
            .with_timeout(settings.timeout)
            .with_headers(headers.collect())
            .build()
            .map_err(|error| failed(&error))?;
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter).build())
            .with_sampler(settings.sampler.clone())
            .with_resource(resource(settings))
            .build();
        Ok(Self {
            tracer: provider.tracer("understudy"),
            provider,
            propagator: TraceContextPropagator::new(),
            state,
        })
    }

    /// How sending goes.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// A request has come. It belongs to its caller's trace, if it says so.
    pub fn request(&self, headers: &actix_web::http::header::HeaderMap, path: &str) -> RequestSpan {
        let caller = self
            .propagator
            .extract_with_context(&Context::new(), &Headers(headers));
        RequestSpan::begin(&self.tracer, &caller, path)
    }

    /// Sends what is left, within a limit.
    pub async fn stop(&self) {
        let provider = self.provider.clone();
        let stopped =
            actix_web::rt::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST_WORDS));
        match stopped.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last traces were not sent"),
            Err(error) => tracing::warn!(%error, "the last traces were not sent"),
        }
    }
}

/// Who sends: by the standard variables, and `understudy` if they say nothing.
fn resource(settings: &Telemetry) -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let found = Resource::builder().with_attribute(version.clone()).build();
    let name = Key::from_static_str("service.name");
    let unnamed = found
        .get_ref(&name)
        .is_none_or(|name| name.as_str().starts_with("unknown_service"));
    let named = match &settings.service_name {
        Some(name) => Some(name.clone()),
        None => unnamed.then(|| "understudy".to_owned()),
    };
    let builder = Resource::builder().with_attribute(version);
    match named {
        Some(name) => builder.with_service_name(name).build(),
        None => builder.build(),
    }
}

struct Headers<'a>(&'a actix_web::http::header::HeaderMap);

impl opentelemetry::propagation::Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}
