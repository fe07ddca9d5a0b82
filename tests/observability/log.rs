//! The line of a request in the log, and the id that ties it to everything else.

use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::gateway::{CHAT, GROUP, Pair, chat, streamed_chat};
use crate::support::App;
use crate::support::client::{Answer, Client};
use crate::support::upstream::healthy::content_event;
use crate::support::upstream::{Recorded, Reply, Upstream};
use crate::support::wait::{SOON, soon, until};

/// A service that logs every request, each line a JSON object, and a group of two instances.
struct Logged {
    app: App,
    first: Upstream,
    second: Upstream,
    caller: Client,
}

impl Logged {
    async fn start() -> Self {
        let app = App::builder()
            .env("UNDERSTUDY_LOG_FORMAT", "json")
            .env("RUST_LOG", "info,understudy::request=debug")
            .start()
            .await;
        let (first, second) = (Upstream::start("first"), Upstream::start("second"));
        let members = [
            app.instance("first", &first).await,
            app.instance("second", &second).await,
        ];
        app.group(GROUP, &members).await;
        let caller = app.gateway().await;
        Self {
            app,
            first,
            second,
            caller,
        }
    }

    /// The one line of a request.
    async fn line(&self, id: &str) -> Value {
        let (line, _) = until(SOON, "the line of a request", async || {
            let mut lines = lines(&self.app.log(), id);
            assert!(lines.len() < 2, "{lines:?}");
            lines.pop()
        })
        .await;
        line
    }

    /// The last request that came to the first backend.
    fn arrived(&self) -> Recorded {
        self.first.requests().pop().expect("a request")
    }

    async fn line_of(&self, answer: &Answer) -> Value {
        let id = answer.header("x-request-id").expect("an id");
        self.line(id).await
    }
}

fn lines(log: &str, id: &str) -> Vec<Value> {
    let lines = log.lines().filter_map(|line| {
        // The service logs nothing but JSON.
        let line: Value = serde_json::from_str(line).expect("JSON");
        (line["target"] == "understudy::request" && line["request_id"] == id).then_some(line)
    });
    lines.collect()
}

fn trace(line: &Value) -> Vec<Value> {
    serde_json::from_str(line["trace"].as_str().expect("a trace")).expect("JSON")
}

#[tokio::test]
async fn every_request_has_one_line_that_tells_how_it_came_about() {
    let logged = Logged::start().await;
    logged.first.always(Reply::failure(503));
    let answer = logged.caller.post(CHAT, &chat(GROUP)).await.expect(200);
    let line = logged.line_of(&answer).await;
    assert_eq!(line["level"], "INFO", "{line}");
    for (field, expected) in [
        ("endpoint", json!("chat/completions")),
        ("group", json!(GROUP)),
        ("stream", json!(false)),
        ("status", json!(200)),
        ("end", json!("2xx")),
        ("instance", json!("second")),
        ("attempts", json!(2)),
        ("bytes_in", json!(chat(GROUP).to_string().len())),
        ("bytes_out", json!(answer.text().len())),
    ] {
        assert_eq!(line[field], expected, "{field} of {line}");
    }
    assert!(
        line["first_byte_ms"].is_u64() && line["duration_ms"].is_u64(),
        "{line}"
    );
    let trace = trace(&line);
    let told = |step: &Value| {
        (
            step["name"].clone(),
            step["outcome"].clone(),
            step["code"].clone(),
        )
    };
    assert_eq!(
        told(&trace[0]),
        (json!("first"), json!("failed"), json!("http_503"))
    );
    assert_eq!(
        told(&trace[1]),
        (json!("second"), json!("answered"), json!("answered"))
    );
    assert!(trace[1]["duration_ms"].is_u64(), "{line}");
    // The key by what people tell it by, and never itself.
    let prefix = line["key_prefix"].as_str().unwrap();
    assert!(
        logged.caller.bearer().starts_with(prefix) && prefix.len() < 16,
        "{line}"
    );
    let admin = logged.app.admin().await;
    let id = line["key"].as_str().unwrap();
    admin
        .get(&format!("/api/v1/api-keys/{id}"))
        .await
        .expect(200);
    assert!(!logged.app.log().contains(logged.caller.bearer()));
}

#[tokio::test]
async fn request_that_was_answered_at_once_is_told_of_if_one_asks_for_it() {
    let logged = Logged::start().await;
    let streamed = logged.caller.post(CHAT, &streamed_chat(GROUP)).await;
    let line = logged.line_of(&streamed.expect(200)).await;
    assert_eq!(
        (&line["level"], &line["stream"]),
        (&json!("DEBUG"), &json!(true))
    );
    assert!(line["bytes_out"].as_u64() > Some(100), "{line}");

    let unknown = logged.caller.post(CHAT, &chat("nobody")).await.expect(404);
    let line = logged.line_of(&unknown).await;
    assert_eq!(
        (&line["code"], &line["group"]),
        (&json!("model_not_found"), &Value::Null)
    );

    for upstream in [&logged.first, &logged.second] {
        upstream.always(Reply::failure(500));
    }
    let failed = logged.caller.post(CHAT, &chat(GROUP)).await.expect(502);
    let line = logged.line_of(&failed).await;
    assert_eq!(
        (&line["level"], &line["end"]),
        (&json!("WARN"), &json!("5xx"))
    );
    assert_eq!(line["code"], "all_instances_failed", "{line}");
}

#[tokio::test]
async fn stream_is_told_of_at_its_end_with_what_went_wrong() {
    let logged = Logged::start().await;
    let torn = Reply::events([content_event("half an ")]).then_close();
    logged.first.always(torn);
    let answer = logged.caller.post(CHAT, &streamed_chat(GROUP)).await;
    let line = logged.line_of(&answer).await;
    assert_eq!(
        (&line["level"], &line["end"]),
        (&json!("WARN"), &json!("interrupted"))
    );
    assert!(
        line["why"]
            .as_str()
            .unwrap()
            .contains("lost the connection"),
        "{line}"
    );

    logged.first.always(Reply::hang());
    let call = logged.caller.post(CHAT, &streamed_chat(GROUP));
    let asking = call.header("x-request-id", "left-while-waiting").spawn();
    logged.first.arrived(2).await;
    asking.abort();
    let line = logged.line("left-while-waiting").await;
    assert_eq!(
        (&line["end"], &line["waiting_for"]),
        (&json!("caller_left"), &json!("first"))
    );
    assert_eq!(line["status"], Value::Null, "{line}");
}

#[tokio::test]
async fn instance_that_is_merely_passed_over_is_no_news() {
    let logged = Logged::start().await;
    let busy = Reply::failure(429).header("retry-after", "600");
    logged.first.next(busy);
    let failed_over = logged.caller.post(CHAT, &chat(GROUP)).await.expect(200);
    let line = logged.line_of(&failed_over).await;
    assert_eq!(line["level"], "INFO", "{line}");
    // From now on it is left alone, for every request.
    for body in [chat(GROUP), streamed_chat(GROUP)] {
        let passed_over = logged.caller.post(CHAT, &body).await.expect(200);
        let line = logged.line_of(&passed_over).await;
        assert_eq!(
            (&line["level"], &line["message"]),
            (&json!("DEBUG"), &json!("answered")),
            "{line}"
        );
        let skipped = &trace(&line)[0];
        assert_eq!(
            (&skipped["name"], &skipped["outcome"], &skipped["code"]),
            (&json!("first"), &json!("skipped"), &json!("cooling"))
        );
    }
}

#[tokio::test]
async fn sound_that_is_broken_off_on_purpose_has_the_line_of_its_request_and_no_other() {
    let logged = Logged::start().await;
    let torn = Reply::body(200, "audio/mpeg", "begin").promising(1000);
    logged.first.next(torn.then_close());
    let speak = json!({"model": GROUP, "input": "Hi", "voice": "alloy", "stream": true});
    let opened = logged.caller.post("/v1/audio/speech", &speak).open().await;
    let id = opened.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let (body, _connection) = opened.into_body();
    assert!(soon("the end", body.collect()).await.is_err());
    let line = logged.line(&id).await;
    assert_eq!(
        (&line["level"], &line["end"]),
        (&json!("WARN"), &json!("interrupted"))
    );
    // What the server would say of it comes after that line, before anything of a later request.
    let later = logged.caller.post(CHAT, &chat(GROUP)).await.expect(200);
    logged.line_of(&later).await;
    let log = logged.app.log();
    assert!(!log.contains("ERROR") && !log.contains("payload"), "{log}");
}

#[tokio::test]
async fn log_is_text_and_quiet_about_what_goes_well_unless_told_otherwise() {
    let pair = Pair::start().await;
    let well = pair.ask().await.expect(200);
    pair.first.always(Reply::failure(503));
    let moved_on = pair.ask().await.expect(200);
    let id = |answer: &Answer| answer.header("x-request-id").unwrap().to_owned();
    let (log, _) = until(SOON, "the second request is logged", async || {
        let log = pair.app.log();
        log.contains(&id(&moved_on)).then_some(log)
    })
    .await;
    assert!(!log.contains(&id(&well)), "{log}");
    let line = log
        .lines()
        .find(|line| line.contains(&id(&moved_on)))
        .unwrap();
    assert!(line.contains("INFO") && line.contains("http_503"), "{line}");
}

#[tokio::test]
async fn id_of_a_request_is_in_the_answer_at_the_backend_and_in_the_log() {
    let logged = Logged::start().await;
    let answer = logged.caller.post(CHAT, &chat(GROUP)).await.expect(200);
    let id = answer.header("x-request-id").unwrap();
    assert_eq!(logged.arrived().header("x-request-id"), Some(id));
    logged.line(id).await;

    let own = logged.caller.post(CHAT, &chat(GROUP));
    let answer = own.header("x-request-id", "order-4711.a:b_c").await;
    let answer = answer.expect_header("x-request-id", "order-4711.a:b_c");
    assert_eq!(
        logged.arrived().header("x-request-id"),
        Some("order-4711.a:b_c")
    );
    logged.line_of(&answer).await;

    for hostile in ["two words", "a;b", "<script>", "\"", &"x".repeat(101)] {
        let call = logged.caller.post(CHAT, &chat(GROUP));
        let answer = call.header("x-request-id", hostile).await.expect(200);
        let id = answer.header("x-request-id").unwrap();
        assert_ne!(id, hostile);
        assert_eq!(logged.arrived().header("x-request-id"), Some(id));
        logged.line(id).await;
    }
}
