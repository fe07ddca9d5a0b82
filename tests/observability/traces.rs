//! Traces by OpenTelemetry's protocol: a scripted collector reads what is sent, and one that is dead or frozen costs nobody anything.

use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue as Any, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use prost::Message;
use rustix::process::Signal;

use super::Scrape;
use crate::gateway::{CHAT, GROUP, chat, streamed_chat};
use crate::support::App;
use crate::support::app::AppBuilder;
use crate::support::client::Client;
use crate::support::server::{Server, base_environment};
use crate::support::upstream::healthy::content_event;
use crate::support::upstream::{Reply, Upstream};
use crate::support::wait::{SOON, until};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
const OK: i32 = StatusCode::Unset as i32;
const ERROR: i32 = StatusCode::Error as i32;

/// A service that sends its traces to a collector, and a group of two instances.
struct Traced {
    app: App,
    collector: Upstream,
    first: Upstream,
    second: Upstream,
    caller: Client,
}

fn taking() -> Upstream {
    let collector = Upstream::start("collector");
    collector.always(Reply::body(200, "application/x-protobuf", ""));
    collector
}

fn sending_to(collector: &Upstream) -> AppBuilder {
    let endpoint = format!("http://127.0.0.1:{}", collector.port());
    App::builder()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-scope=canary%20header")
        .env("OTEL_SERVICE_NAME", "gateway-under-test")
        .env("OTEL_BSP_SCHEDULE_DELAY", "50")
}

impl Traced {
    async fn start() -> Self {
        let collector = taking();
        Self::with(sending_to(&collector), collector).await
    }

    async fn with(app: AppBuilder, collector: Upstream) -> Self {
        let app = app.start().await;
        let (first, second) = (Upstream::start("first"), Upstream::start("second"));
        let members = [
            app.instance("first", &first).await,
            app.instance("second", &second).await,
        ];
        app.group(GROUP, &members).await;
        let caller = app.gateway().await;
        Self {
            app,
            collector,
            first,
            second,
            caller,
        }
    }

    /// Every span of a trace that has come so far.
    fn spans(&self, trace: &str) -> Vec<Span> {
        let exports = self.exports().into_iter();
        let resources = exports.flat_map(|export| export.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        let spans = scopes.flat_map(|scope| scope.spans);
        spans.filter(|span| hex(&span.trace_id) == trace).collect()
    }

    fn exports(&self) -> Vec<ExportTraceServiceRequest> {
        let requests = self.collector.all_requests().into_iter();
        let decode = |body: Vec<u8>| ExportTraceServiceRequest::decode(&*body).expect("protobuf");
        requests.map(|request| decode(request.body)).collect()
    }

    /// The request's span and those of its attempts in order, when all of them have come.
    async fn trace(&self, trace: &str, attempts: usize) -> (Span, Vec<Span>) {
        let (mut spans, _) = until(SOON, "the spans of a request", async || {
            let spans = self.spans(trace);
            (spans.len() > attempts).then_some(spans)
        })
        .await;
        assert_eq!(spans.len(), attempts + 1, "{spans:#?}");
        let root = spans.iter().position(|span| span.name.starts_with("POST"));
        let root = spans.remove(root.expect("a request's span"));
        spans.sort_by_key(|span| span.start_time_unix_nano);
        for span in &spans {
            assert_eq!(span.name, "attempt");
            assert_eq!(span.kind, SpanKind::Client as i32);
            assert_eq!(span.parent_span_id, root.span_id, "{span:#?}");
            assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
        }
        (root, spans)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    match found.and_then(|found| found.value.clone()) {
        Some(Any {
            value: Some(AnyValue::StringValue(text)),
        }) => text,
        Some(Any {
            value: Some(AnyValue::IntValue(number)),
        }) => number.to_string(),
        Some(Any {
            value: Some(AnyValue::BoolValue(is)),
        }) => is.to_string(),
        _ => String::new(),
    }
}

fn status(span: &Span) -> i32 {
    span.status.as_ref().map_or(OK, |status| status.code)
}

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

#[tokio::test]
async fn request_and_its_attempts_are_spans_of_the_callers_trace() {
    let traced = Traced::start().await;
    traced.first.always(Reply::failure(503));
    let mut asked = chat(GROUP);
    asked["messages"][0]["content"] = "a canary of a question".into();
    let call = traced.caller.post(CHAT, &asked);
    let call = call.header("traceparent", &traceparent("01"));
    let answer = call.header("tracestate", "vendor=1").await.expect(200);
    let (root, attempts) = traced.trace(TRACE, 2).await;
    assert_eq!(root.name, "POST /v1/chat/completions");
    assert_eq!(root.kind, SpanKind::Server as i32);
    assert_eq!(hex(&root.parent_span_id), PARENT);
    assert_eq!(status(&root), OK);
    let id = answer.header("x-request-id").unwrap();
    for (name, expected) in [
        ("http.request.method", "POST"),
        ("http.route", "/v1/chat/completions"),
        ("http.response.status_code", "200"),
        ("understudy.group", GROUP),
        ("understudy.instance", "second"),
        ("understudy.attempts", "2"),
        ("understudy.stream", "false"),
        ("understudy.request_id", id),
    ] {
        assert_eq!(text(&root.attributes, name), expected, "{name}");
    }
    let [failed, answered] = &attempts[..] else {
        panic!("{attempts:#?}")
    };
    assert_eq!(text(&failed.attributes, "understudy.instance"), "first");
    assert_eq!(text(&failed.attributes, "understudy.code"), "http_503");
    assert_eq!(status(failed), ERROR);
    assert_eq!(text(&answered.attributes, "understudy.instance"), "second");
    assert_eq!(text(&answered.attributes, "understudy.code"), "answered");
    assert_eq!(status(answered), OK);

    // Each backend joins the trace below its own attempt.
    for (upstream, span) in [(&traced.first, failed), (&traced.second, answered)] {
        let request = upstream.request();
        let expected = format!("00-{TRACE}-{}-01", hex(&span.span_id));
        assert_eq!(request.header("traceparent"), Some(expected.as_str()));
        assert_eq!(request.header("tracestate"), Some("vendor=1"));
    }

    // The way to the collector, and back to the log.
    let log = traced.app.log();
    assert!(log.contains(&format!("trace_id={TRACE}")), "{log}");
    let sent = traced.collector.all_requests().remove(0);
    assert_eq!(
        (sent.method.as_str(), sent.target.as_str()),
        ("POST", "/v1/traces")
    );
    assert_eq!(sent.header("content-type"), Some("application/x-protobuf"));
    assert_eq!(sent.header("x-scope"), Some("canary header"));
    let export = traced.exports().remove(0);
    let resource = export.resource_spans[0].resource.clone().unwrap();
    assert_eq!(
        text(&resource.attributes, "service.name"),
        "gateway-under-test"
    );
    assert!(!traced.app.log().contains("canary"), "{}", traced.app.log());
    let bodies: Vec<u8> = traced
        .collector
        .all_requests()
        .into_iter()
        .flat_map(|r| r.body)
        .collect();
    let bodies = String::from_utf8_lossy(&bodies).into_owned();
    for secret in [traced.caller.bearer(), "127.0.0.1", "canary", "hello from"] {
        assert!(!bodies.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn request_without_a_usable_traceparent_begins_a_trace_of_its_own() {
    let traced = Traced::start().await;
    for sent in [None, Some("00-xyz-1-01"), Some("junk")] {
        let mut call = traced.caller.post(CHAT, &chat(GROUP));
        if let Some(sent) = sent {
            call = call.header("traceparent", sent);
        }
        call.await.expect(200);
        let joined = traced.first.requests().pop().unwrap();
        let joined = joined.header("traceparent").unwrap().to_owned();
        let parts: Vec<&str> = joined.split('-').collect();
        assert_eq!((parts[0], parts[3]), ("00", "01"), "{joined}");
        let (root, attempts) = traced.trace(parts[1], 1).await;
        assert!(root.parent_span_id.is_empty(), "{root:#?}");
        assert_eq!(hex(&attempts[0].span_id), parts[2]);
    }
}

#[tokio::test]
async fn caller_who_does_not_record_a_trace_decides_for_all_of_it() {
    let traced = Traced::start().await;
    let call = traced.caller.post(CHAT, &chat(GROUP));
    call.header("traceparent", &traceparent("00"))
        .await
        .expect(200);
    let joined = traced.first.request();
    let joined = joined.header("traceparent").unwrap();
    assert!(
        joined.starts_with(&format!("00-{TRACE}-")) && joined.ends_with("-00"),
        "{joined}"
    );
    // One that is recorded, after it.
    traced.caller.post(CHAT, &chat(GROUP)).await.expect(200);
    until(SOON, "the second request's trace", async || {
        (!traced.exports().is_empty()).then_some(())
    })
    .await;
    assert!(traced.spans(TRACE).is_empty());
}

#[tokio::test]
async fn span_of_a_stream_ends_with_it() {
    let traced = Traced::start().await;
    let torn = Reply::events([content_event("half an ")]).then_close();
    traced.first.always(torn);
    let call = traced.caller.post(CHAT, &streamed_chat(GROUP));
    call.header("traceparent", &traceparent("01"))
        .await
        .expect(200);
    let (root, attempts) = traced.trace(TRACE, 1).await;
    assert_eq!(text(&root.attributes, "understudy.end"), "interrupted");
    assert_eq!((status(&root), status(&attempts[0])), (ERROR, ERROR));
    assert_eq!(
        text(&attempts[0].attributes, "understudy.code"),
        "stream_interrupted"
    );

    let (other, hung) = (TRACE.replace('0', "1"), Reply::hang());
    traced.first.always(hung);
    let call = traced.caller.post(CHAT, &streamed_chat(GROUP));
    let call = call.header("traceparent", &format!("00-{other}-{PARENT}-01"));
    let asking = call.spawn();
    traced.first.arrived(2).await;
    asking.abort();
    let (root, attempts) = traced.trace(&other, 1).await;
    assert_eq!(text(&root.attributes, "understudy.end"), "caller_left");
    assert_eq!(
        text(&attempts[0].attributes, "understudy.outcome"),
        "caller_left"
    );
    assert_eq!((status(&root), status(&attempts[0])), (OK, OK));
}

#[tokio::test]
async fn instances_that_were_passed_over_and_refusals_are_told_of() {
    let traced = Traced::start().await;
    for upstream in [&traced.first, &traced.second] {
        upstream.always(Reply::failure(429).header("retry-after", "60"));
    }
    traced.caller.post(CHAT, &chat(GROUP)).await.expect(429);
    let call = traced.caller.post(CHAT, &chat(GROUP));
    call.header("traceparent", &traceparent("01"))
        .await
        .expect(429);
    let (root, _) = traced.trace(TRACE, 0).await;
    let skipped: Vec<String> = root
        .events
        .iter()
        .map(|event| {
            format!(
                "{} {}",
                event.name,
                text(&event.attributes, "understudy.code")
            )
        })
        .collect();
    assert_eq!(skipped, ["skipped cooling", "skipped cooling"]);
    assert_eq!(text(&root.attributes, "error.type"), "rate_limited");
    assert_eq!(text(&root.attributes, "http.response.status_code"), "429");
}

#[tokio::test]
async fn collector_that_is_dead_or_frozen_costs_no_request_anything() {
    let frozen = Upstream::start("frozen");
    frozen.always(Reply::hang());
    for collector in [Upstream::refusing("dead"), frozen] {
        let sending = sending_to(&collector);
        let mut traced = Traced::with(sending, collector).await;
        let begun = Instant::now();
        for _ in 0..100 {
            traced.caller.post(CHAT, &chat(GROUP)).await.expect(200);
        }
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(15), "{took:?}");
        if traced.collector.name() == "dead" {
            let told = "traces cannot be sent to the collector";
            until(SOON, "that the collector is dead is logged", async || {
                traced.app.log().contains(told).then_some(())
            })
            .await;
            assert_eq!(traced.app.log().matches(told).count(), 1, "said once");
            let metrics = Scrape::with(&traced.app.admin().await).await;
            let batches =
                |outcome| metrics.get("understudy_trace_batches_total", &[("outcome", outcome)]);
            assert_eq!(batches("sent"), Some(0.0));
            assert!(batches("failed") > Some(0.0), "{}", metrics.text);
        }
        // Nor does it hold up the end for long.
        traced.app.signal(Signal::INT);
        assert_eq!(traced.app.exit_code(SOON).await, Some(0));
    }
}

#[tokio::test]
async fn spans_that_wait_are_sent_before_the_service_ends() {
    let collector = taking();
    // Longer than the test: nothing is sent by itself.
    let app = sending_to(&collector).env("OTEL_BSP_SCHEDULE_DELAY", "3600000");
    let mut traced = Traced::with(app, collector).await;
    traced.caller.post(CHAT, &chat(GROUP)).await.expect(200);
    assert!(traced.exports().is_empty());
    traced.app.signal(Signal::INT);
    assert_eq!(traced.app.exit_code(SOON).await, Some(0));
    assert_eq!(traced.exports().len(), 1);
}

#[tokio::test]
async fn without_an_endpoint_nothing_is_traced() {
    let collector = taking();
    let app = sending_to(&collector).without_env("OTEL_EXPORTER_OTLP_ENDPOINT");
    let traced = Traced::with(app, collector).await;
    let call = traced.caller.post(CHAT, &chat(GROUP));
    call.header("traceparent", &traceparent("01"))
        .await
        .expect(200);
    assert_eq!(traced.first.request().header("traceparent"), None);
    assert_eq!(traced.collector.connections(), 0);
}

#[tokio::test]
async fn faults_of_the_variables_of_opentelemetry_end_the_start() {
    let mut environment = base_environment();
    let database = "postgres://nobody@127.0.0.1:1/x";
    for (name, value) in [
        ("DATABASE_URL", database),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "canary"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    let mut server = Server::spawn(&environment);
    let status = server.exit(SOON).await;
    let log = server.log();
    assert_eq!(status.code(), Some(78), "{log}");
    for name in ["ENDPOINT", "HEADERS", "PROTOCOL"] {
        let name = format!("OTEL_EXPORTER_OTLP_{name}");
        assert!(log.contains(&name), "{name} in {log}");
    }
    assert!(
        log.contains("OTEL_TRACES_SAMPLER") && !log.contains("canary"),
        "{log}"
    );
}
