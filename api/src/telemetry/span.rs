//! What a span says of a request and of an attempt.

use std::time::Duration;

use opentelemetry::trace::{
    Span as _, SpanContext, SpanKind, Status, TraceContextExt as _, TraceId, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, Span};
use reqwest::header::{HeaderName, HeaderValue};
use understudy_shared::{AttemptOutcome, AttemptTrace, ReasonCode};

use crate::gateway::snapshot::Instance;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The span of a request. Ends with this value.
#[derive(Debug)]
pub struct RequestSpan {
    tracer: SdkTracer,
    span: Span,
}

/// The span of an attempt. Dropped without a verdict, its caller has left.
#[derive(Debug)]
pub struct AttemptSpan {
    span: Span,
    settled: bool,
}

/// What is known of a request at its end.
#[derive(Debug)]
pub struct Ended<'a> {
    /// Its id.
    pub request_id: &'a str,
    /// The group's name.
    pub group: Option<&'a str>,
    /// The instance that answered.
    pub instance: Option<&'a str>,
    /// Id of the caller's key.
    pub key: Option<String>,
    /// Whether a stream was wanted.
    pub stream: bool,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Code of the gateway's own error.
    pub code: Option<&'static str>,
    /// How it ended.
    pub end: &'static str,
    /// Whether that is a failure of the service.
    pub failed: bool,
    /// Instances that were asked.
    pub attempts: u32,
    /// Until something could be sent to the caller.
    pub first_byte: Option<Duration>,
    /// What was tried and what was skipped.
    pub steps: &'a [AttemptTrace],
}

impl RequestSpan {
    /// Begins a span below what the caller says.
    pub(super) fn begin(tracer: &SdkTracer, caller: &Context, path: &str) -> Self {
        let route = format!("/v1{path}");
        let builder = tracer
            .span_builder(format!("POST {route}"))
            .with_kind(SpanKind::Server)
            .with_attributes([
                KeyValue::new("http.request.method", "POST"),
                KeyValue::new("http.route", route),
            ]);
        Self {
            span: tracer.build_with_context(builder, caller),
            tracer: tracer.clone(),
        }
    }

    /// Id of the trace that it belongs to.
    pub fn trace_id(&self) -> TraceId {
        self.span.span_context().trace_id()
    }

    /// Begins the span of an attempt.
    pub fn attempt(&self, instance: &Instance, number: u32) -> AttemptSpan {
        let parent = Context::new().with_remote_span_context(self.span.span_context().clone());
        let builder = self
            .tracer
            .span_builder("attempt")
            .with_kind(SpanKind::Client)
            .with_attributes([
                KeyValue::new("understudy.instance", instance.connection.name.clone()),
                KeyValue::new(
                    "understudy.instance_id",
                    instance.connection.id.0.to_string(),
                ),
                KeyValue::new("understudy.attempt", i64::from(number)),
            ]);
        AttemptSpan {
            span: self.tracer.build_with_context(builder, &parent),
            settled: false,
        }
    }

    /// Says how the request ended.
    pub fn end(&mut self, ended: &Ended<'_>) {
        if !self.span.is_recording() {
            return;
        }
        let text = |name: &'static str, value: Option<&str>| {
            value.map(|value| KeyValue::new(name, value.to_owned()))
        };
        let attributes = [
            text("understudy.request_id", Some(ended.request_id)),
            text("understudy.group", ended.group),
            text("understudy.instance", ended.instance),
            text("understudy.key_id", ended.key.as_deref()),
            text("understudy.end", Some(ended.end)),
            text(
                "error.type",
                ended.code.or(ended.failed.then_some(ended.end)),
            ),
            Some(KeyValue::new("understudy.stream", ended.stream)),
            Some(KeyValue::new(
                "understudy.attempts",
                i64::from(ended.attempts),
            )),
            ended
                .status
                .map(|status| KeyValue::new("http.response.status_code", i64::from(status))),
            ended
                .first_byte
                .map(|time| KeyValue::new("understudy.first_byte_ms", time.as_secs_f64() * 1e3)),
        ];
        self.span.set_attributes(attributes.into_iter().flatten());
        for step in ended.steps {
            if step.outcome == AttemptOutcome::Skipped {
                let skipped = vec![
                    KeyValue::new("understudy.instance", step.name.clone()),
                    KeyValue::new("understudy.code", step.code.clone()),
                    KeyValue::new("understudy.reason", step.reason.clone()),
                ];
                self.span.add_event("skipped", skipped);
            }
        }
        if ended.failed {
            self.span
                .set_status(Status::error(ended.code.unwrap_or(ended.end)));
        }
    }
}

impl AttemptSpan {
    /// The headers by which the backend joins the trace.
    pub fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let context = self.span.span_context();
        let state = context.trace_state().header();
        let parent = HeaderValue::from_str(&traceparent(context));
        let state = (!state.is_empty()).then(|| HeaderValue::from_str(&state));
        let parent = parent.ok().map(|value| (TRACEPARENT, value));
        let state = state.and_then(Result::ok).map(|value| (TRACESTATE, value));
        parent.into_iter().chain(state).collect()
    }

    /// It was answered.
    pub fn answered(self) {
        self.settle(AttemptOutcome::Answered, ReasonCode::Answered, "");
    }

    /// It failed.
    pub fn failed(self, code: ReasonCode, reason: &str) {
        self.settle(AttemptOutcome::Failed, code, reason);
    }

    fn settle(mut self, outcome: AttemptOutcome, code: ReasonCode, reason: &str) {
        self.settled = true;
        let outcome = match outcome {
            AttemptOutcome::Answered => "answered",
            AttemptOutcome::Failed | AttemptOutcome::Skipped => "failed",
        };
        self.say(outcome, code.to_string());
        if outcome == "failed" {
            let words = KeyValue::new("understudy.reason", reason.to_owned());
            self.span.set_attribute(words);
            self.span
                .set_attribute(KeyValue::new("error.type", code.to_string()));
            self.span.set_status(Status::error(reason.to_owned()));
        }
    }

    fn say(&mut self, outcome: &'static str, code: String) {
        self.span.set_attributes([
            KeyValue::new("understudy.outcome", outcome),
            KeyValue::new("understudy.code", code),
        ]);
    }
}

impl Drop for AttemptSpan {
    fn drop(&mut self) {
        if !self.settled {
            self.say("caller_left", "caller_left".to_owned());
        }
    }
}

/// W3C Trace Context, version 00.
fn traceparent(context: &SpanContext) -> String {
    let flags = context.trace_flags().to_u8() & 1;
    format!(
        "00-{}-{}-{flags:02x}",
        context.trace_id(),
        context.span_id()
    )
}
