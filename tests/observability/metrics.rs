//! The numbers: what is counted, by which names, and what never becomes a label.

use std::time::Duration;

use serde_json::{Value, json};

use super::{METRICS, Scrape, until_series};
use crate::gateway::{CHAT, GROUP, Pair, chat, streamed_chat};
use crate::support::App;
use crate::support::app::file;
use crate::support::client::Client;
use crate::support::python;
use crate::support::upstream::healthy::content_event;
use crate::support::upstream::{Reply, Upstream};

const REQUESTS: &str = "understudy_requests_total";
const ATTEMPTS: &str = "understudy_attempts_total";
/// The answered requests of the one group.
const ANSWERED: [(&str, &str); 2] = [("model_group", GROUP), ("status", "2xx")];
const STATE: &str = "understudy_instance_state";

/// What the strict parsers of Prometheus's own library make of the metrics.
pub async fn parsed(address: &str, token: Option<&str>) -> Value {
    let mut script = python::script("metrics.py");
    script.env("METRICS_URL", format!("http://{address}{METRICS}"));
    if let Some(token) = token {
        script.env("TOKEN", token);
    }
    let printed = python::run(script, Duration::from_secs(60)).await;
    serde_json::from_str(&printed).expect("JSON")
}

async fn reader(app: &App) -> Client {
    app.key(&["manage:read"]).await
}

#[tokio::test]
async fn requests_attempts_and_failovers_are_counted_by_their_outcome() {
    let pair = Pair::whose_first_answers(Reply::failure(503)).await;
    let reader = reader(&pair.app).await;
    for _ in 0..2 {
        pair.ask().await.expect(200);
    }
    pair.ask_streamed().await.expect(200);
    // The first is ejected now, and passed over.
    pair.ask().await.expect(200);
    until_series(&reader, REQUESTS, &ANSWERED, 4.0).await;
    let scrape = Scrape::with(&reader).await;
    let value = |name: &str, labels: &[(&str, &str)]| scrape.get(name, labels);
    let first = ("model_instance", "first");
    let second = ("model_instance", "second");
    let group = [("model_group", GROUP)];
    for (name, labels, expected) in [
        (
            REQUESTS,
            &[("endpoint", "chat/completions"), ("status", "2xx")][..],
            4.0,
        ),
        // There before the first one, which is seen as a rise.
        (REQUESTS, &[("model_group", GROUP), ("status", "5xx")], 0.0),
        (
            ATTEMPTS,
            &[first, ("outcome", "failed"), ("code", "http_503")],
            3.0,
        ),
        (ATTEMPTS, &[first, ("outcome", "answered")], 0.0),
        (ATTEMPTS, &[second, ("outcome", "answered")], 4.0),
        ("understudy_failovers_total", &group, 3.0),
        (
            "understudy_skipped_total",
            &[first, ("code", "ejected")],
            1.0,
        ),
        (STATE, &[first, ("state", "ejected")], 1.0),
        (STATE, &[first, ("state", "up")], 0.0),
        (STATE, &[second, ("state", "up")], 1.0),
        ("understudy_group_available", &group, 1.0),
        ("understudy_requests_in_flight", &group, 0.0),
        ("understudy_retry_budget_exhausted_total", &group, 0.0),
        (
            "understudy_time_to_first_byte_seconds_count",
            &[("model_group", GROUP), ("stream", "true")],
            1.0,
        ),
        (
            "understudy_request_duration_seconds_count",
            &[("model_group", GROUP), ("stream", "false")],
            3.0,
        ),
        (
            "understudy_attempt_duration_seconds_count",
            &[first, ("outcome", "failed")],
            3.0,
        ),
    ] {
        assert_eq!(value(name, labels), Some(expected), "{name}{labels:?}");
    }
    assert!(value("understudy_config_revision", &[]) > Some(0.0));
    assert!(value("process_resident_memory_bytes", &[]) > Some(1e6));
    assert_eq!(scrape.all(STATE).len(), 16, "eight states each");
}

#[tokio::test]
async fn what_callers_and_backends_send_never_becomes_a_label() {
    let pair = Pair::start().await;
    let reader = reader(&pair.app).await;
    for n in 0..5 {
        let unknown = chat(&format!("made-up-{n}"));
        pair.caller.post(CHAT, &unknown).await.expect(404);
    }
    let stranger = pair.app.anonymous().with_bearer("us-made-up-key");
    stranger.post(CHAT, &chat(GROUP)).await.expect(401);
    pair.first.always(Reply::failure(599));
    pair.ask().await.expect(200);
    let scrape = Scrape::with(&reader).await;
    assert!(!scrape.text.contains("made-up"), "{}", scrape.text);
    let refused = |code| scrape.get("understudy_requests_refused_total", &[("code", code)]);
    assert_eq!(refused("model_not_found"), Some(5.0));
    assert_eq!(refused("invalid_api_key"), Some(1.0));
    let failed = [("outcome", "failed"), ("code", "http_5xx")];
    assert_eq!(
        scrape.get(ATTEMPTS, &failed),
        Some(1.0),
        "no backend makes up codes"
    );
}

#[tokio::test]
async fn series_follow_a_new_name_and_go_with_what_they_belong_to() {
    let pair = Pair::start().await;
    let (reader, admin) = (reader(&pair.app).await, pair.app.admin().await);
    pair.ask().await.expect(200);
    until_series(&reader, REQUESTS, &ANSWERED, 1.0).await;
    let renamed = json!({"name": "renamed"});
    admin.patch(&pair.group.path, &renamed).await.expect(200);
    admin
        .patch(
            &pair.first_instance.path,
            &json!({"timeouts": {"connect_ms": 4000}}),
        )
        .await
        .expect(200);
    pair.app.settled().await;
    let scrape = Scrape::with(&reader).await;
    let first = [("model_instance", "first"), ("outcome", "answered")];
    assert_eq!(
        scrape.get(REQUESTS, &[("model_group", "renamed"), ("status", "2xx")]),
        Some(1.0)
    );
    assert_eq!(scrape.get(REQUESTS, &ANSWERED), None);
    assert_eq!(
        scrape.get(ATTEMPTS, &first),
        Some(1.0),
        "new settings, same numbers"
    );
    admin.delete(&pair.group.path).await.expect(204);
    admin.delete(&pair.first_instance.path).await.expect(204);
    pair.app.settled().await;
    let scrape = Scrape::with(&reader).await;
    assert!(!scrape.text.contains("renamed"), "{}", scrape.text);
    assert_eq!(scrape.get(ATTEMPTS, &first), None);
    assert!(
        scrape
            .get(STATE, &[("model_instance", "second"), ("state", "unknown")])
            .is_some()
    );
}

#[tokio::test]
async fn group_that_is_paused_or_empty_is_not_one_that_is_out_of_order() {
    let pair = Pair::start().await;
    let (reader, admin) = (reader(&pair.app).await, pair.app.admin().await);
    let available = async |name: &str| {
        pair.app.settled().await;
        let scrape = Scrape::with(&reader).await;
        scrape.get("understudy_group_available", &[("model_group", name)])
    };
    assert_eq!(available(GROUP).await, Some(1.0));
    let empty = json!({"name": "empty"});
    let created = admin.post("/api/v1/model-groups", &empty).await;
    created.expect(201);
    assert_eq!(available("empty").await, None, "nobody is in it yet");
    let set = async |path: &str, enabled: bool| {
        let body = json!({"enabled": enabled});
        admin.patch(path, &body).await.expect(200);
    };
    set(&pair.group.path, false).await;
    assert_eq!(available(GROUP).await, None, "somebody paused it");
    set(&pair.group.path, true).await;
    assert_eq!(available(GROUP).await, Some(1.0));
    for instance in [&pair.first_instance, &pair.second_instance] {
        set(&instance.path, false).await;
    }
    assert_eq!(available(GROUP).await, Some(0.0), "nobody would answer");
}

#[tokio::test]
async fn requests_are_in_flight_until_their_caller_leaves() {
    let pair = Pair::whose_first_answers(Reply::hang()).await;
    let reader = reader(&pair.app).await;
    let asking = pair.caller.post(CHAT, &chat(GROUP)).spawn();
    pair.first.arrived(1).await;
    let in_flight = "understudy_requests_in_flight";
    let scrape = Scrape::with(&reader).await;
    assert_eq!(scrape.get(in_flight, &[("model_group", GROUP)]), Some(1.0));
    let first = [("model_instance", "first")];
    assert_eq!(
        scrape.get("understudy_instance_in_flight", &first),
        Some(1.0)
    );
    asking.abort();
    until_series(&reader, in_flight, &[("model_group", GROUP)], 0.0).await;
    let scrape = Scrape::with(&reader).await;
    assert_eq!(
        scrape.get(REQUESTS, &[("status", "caller_left")]),
        Some(1.0)
    );
    let left = [("model_instance", "first"), ("outcome", "caller_left")];
    assert_eq!(scrape.get(ATTEMPTS, &left), Some(1.0));
    assert_eq!(
        scrape.get("understudy_instance_in_flight", &first),
        Some(0.0)
    );
}

#[tokio::test]
async fn stream_that_breaks_off_is_counted_as_interrupted_and_as_one_failed_attempt() {
    let torn = Reply::events([content_event("half an ")]).then_close();
    let pair = Pair::whose_first_answers(torn).await;
    let reader = reader(&pair.app).await;
    pair.caller
        .post(CHAT, &streamed_chat(GROUP))
        .await
        .expect(200);
    until_series(&reader, REQUESTS, &[("status", "interrupted")], 1.0).await;
    let scrape = Scrape::with(&reader).await;
    let first = ("model_instance", "first");
    let failed = [first, ("outcome", "failed"), ("code", "stream_interrupted")];
    assert_eq!(scrape.get(ATTEMPTS, &failed), Some(1.0));
    assert_eq!(
        scrape.get(ATTEMPTS, &[first, ("outcome", "answered")]),
        Some(0.0)
    );
}

#[tokio::test]
async fn sound_that_goes_through_as_it_comes_is_one_attempt() {
    let pair = Pair::start().await;
    let reader = reader(&pair.app).await;
    for streamed in [false, true] {
        let mut body = json!({"model": GROUP, "input": "Hi", "voice": "alloy"});
        if streamed {
            body["stream_format"] = "audio".into();
        }
        let answer = pair.caller.post("/v1/audio/speech", &body).await;
        answer.expect(200);
    }
    let asked = [("endpoint", "audio/speech"), ("status", "2xx")];
    until_series(&reader, REQUESTS, &asked, 2.0).await;
    let first = [("model_instance", "first"), ("outcome", "answered")];
    let scrape = Scrape::with(&reader).await;
    assert_eq!(scrape.get(ATTEMPTS, &first), Some(2.0));
}

#[tokio::test]
async fn checks_are_counted_by_their_outcome() {
    let app = App::start().await;
    let (reader, admin) = (reader(&app).await, app.admin().await);
    let mut upstream = Upstream::start("a");
    let made = app.instance("a", &upstream).await;
    app.settled().await;
    let check = format!("{}/check", made.path);
    for _ in 0..2 {
        admin.call("POST", &check).await.expect(200);
    }
    upstream.kill().await;
    admin.call("POST", &check).await.expect(200);
    let scrape = Scrape::with(&reader).await;
    let checks = |outcome| scrape.get("understudy_checks_total", &[("outcome", outcome)]);
    assert_eq!((checks("passed"), checks("failed")), (Some(2.0), Some(1.0)));
}

#[tokio::test]
async fn strict_parsers_read_both_forms_whatever_instances_are_called() {
    let app = App::start().await;
    let upstream = Upstream::start("odd");
    let odd = "GPU «1» \"quoted\" back\\slash {braces}=, # 🦀";
    let fields = json!({
        "auth": {"type": "bearer"},
        "tokens": [{"value": "canary-token-of-the-metrics"}],
    });
    let instance = app.instance_with(odd, upstream.port(), fields).await;
    app.group(GROUP, [&instance]).await;
    let caller = app.gateway().await;
    caller.post(CHAT, &chat(GROUP)).await.expect(200);
    let reader = reader(&app).await;
    until_series(&reader, REQUESTS, &ANSWERED, 1.0).await;
    let found = parsed(app.address(), Some(reader.bearer())).await;
    let samples = found["samples"].as_array().unwrap();
    let named = |sample: &&Value| sample["labels"]["model_instance"] == odd;
    assert!(samples.iter().filter(named).count() > 8, "{found}");
    let text = Scrape::with(&reader).await.text;
    for secret in ["canary", &format!(":{}", upstream.port()), "127.0.0.1"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

/// Names of metrics in a text: whatever begins like one.
fn names(text: &str) -> Vec<&str> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !word(c))
        .filter(|name| name.starts_with("understudy_") || name.starts_with("process_"))
        .collect()
}

#[tokio::test]
async fn documentation_dashboard_and_alerts_know_the_metrics_that_there_are() {
    let pair = Pair::whose_first_answers(Reply::failure(503)).await;
    let reader = reader(&pair.app).await;
    pair.ask().await.expect(200);
    let unknown = chat("nobody");
    pair.caller.post(CHAT, &unknown).await.expect(404);
    until_series(&reader, REQUESTS, &ANSWERED, 1.0).await;
    let found = parsed(pair.app.address(), Some(reader.bearer())).await;
    let types = found["types"].as_object().unwrap();
    let read = |path: &str| std::fs::read_to_string(file(path)).unwrap();
    let documented = read("../docs/OBSERVABILITY.md");
    // By the names that queries use.
    let told: Vec<String> = types
        .iter()
        .map(|(name, kind)| match kind.as_str().unwrap() {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.clone(),
        })
        .collect();
    for name in &told {
        assert!(
            documented.contains(&format!("| `{name}` |")),
            "{name} is not described in docs/OBSERVABILITY.md"
        );
    }
    let exists = |name: &str| {
        let stem = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix));
        told.iter()
            .any(|known| known == name || Some(known.as_str()) == stem)
    };
    for path in [
        "../docs/OBSERVABILITY.md",
        "../deploy/grafana/understudy.json",
        "../deploy/prometheus/alerts.yml",
    ] {
        let text = read(path);
        let used = names(&text);
        assert!(used.len() > 5, "{path}: {used:?}");
        for name in used {
            assert!(exists(name), "{path} names {name}, which does not exist");
        }
    }
}
