//! The official Python SDK against the gateway: its types, its streams, its classes of errors.

use std::time::Duration;

use serde_json::json;
use tokio::process::Command;

use crate::gateway::{GROUP, Pair};
use crate::support::App;
use crate::support::client::Client;
use crate::support::python;
use crate::support::upstream::endpoints::{response_preamble, text_delta};
use crate::support::upstream::healthy::content_event;
use crate::support::upstream::{Reply, Upstream};

const BOUND: Duration = Duration::from_secs(60);

/// A script for this caller.
pub fn script(name: &str, app: &App, caller: &Client) -> Command {
    let mut script = python::script(name);
    script
        .env("BASE_URL", format!("http://{}/v1", app.address()))
        .env("API_KEY", caller.bearer());
    script
}

async fn run(name: &str, app: &App, caller: &Client) -> String {
    python::run(script(name, app, caller), BOUND).await
}

#[tokio::test]
async fn sdk_reads_answers_of_the_second_instance() {
    let pair = Pair::whose_first_answers(Reply::failure(500)).await;
    let printed = run("answers.py", &pair.app, &pair.caller).await;
    assert_eq!(printed, "answered\n");
    assert_eq!(pair.second.requests().len(), 3);
}

#[tokio::test]
async fn sdk_reads_streams_of_the_second_instance() {
    let pair = Pair::whose_first_answers(Reply::close()).await;
    let printed = run("streams.py", &pair.app, &pair.caller).await;
    assert_eq!(printed, "streamed\n");
    assert_eq!(pair.second.requests().len(), 11);
}

#[tokio::test]
async fn sdk_asks_an_assistant_as_any_model() {
    let pair = Pair::whose_first_answers(Reply::failure(500)).await;
    let admin = pair.app.admin().await;
    let fields = json!({
        "name": "Lawyer", "group_id": pair.group.id, "visibility": "shared", "system_prompt": "Be careful.",
    });
    admin.post("/api/v1/assistants", &fields).await.expect(201);
    pair.app.settled().await;
    let printed = run("assistants.py", &pair.app, &pair.caller).await;
    assert_eq!(printed, "answered\n");
    for request in pair.second.requests() {
        let messages = request.json()["messages"].clone();
        let prompt = json!({"role": "system", "content": "Be careful."});
        assert_eq!(messages[0], prompt);
        assert_eq!(messages[1]["content"], "Hi");
    }
}

#[tokio::test]
async fn sdk_reads_every_other_endpoint_and_raises_for_what_broke_off() {
    let pair = Pair::start().await;
    let torn = [
        (
            "torn-response",
            Reply::typed_events(response_preamble()).then_typed_events([text_delta(4, "half")]),
        ),
        (
            "torn-image",
            Reply::typed_events([
                json!({"type": "image_generation.partial_image", "b64_json": "AAAA"}),
            ]),
        ),
        (
            "torn-transcription",
            Reply::typed_events([json!({"type": "transcript.text.delta", "delta": "half"})]),
        ),
        (
            "torn-speech",
            Reply::body(200, "audio/mpeg", "half").promising(100),
        ),
    ];
    let mut upstreams = Vec::new();
    for (name, reply) in torn {
        let upstream = Upstream::start(name);
        upstream.always(reply.then_close());
        let instance = pair.app.instance(name, &upstream).await;
        pair.app.group(name, [&instance]).await;
        upstreams.push(upstream);
    }
    pair.app.settled().await;
    pair.first.always(Reply::failure(500));
    let printed = run("endpoints.py", &pair.app, &pair.caller).await;
    assert_eq!(printed, "answered\n");
    assert_eq!(pair.second.requests().len(), 12);
}

#[tokio::test]
async fn sdk_has_a_class_for_every_failure_of_the_gateway() {
    let app = App::start().await;
    let half = Reply::events([content_event("half an ")]).then_close();
    let bad =
        |status, code| Reply::error(status, "invalid_request_error", code, "must be at most 2");
    let behaviours = [
        (GROUP, None),
        ("busy", Some(Reply::failure(429).header("retry-after", "7"))),
        ("strict", Some(bad(400, "bad_temperature"))),
        ("unprocessable", Some(bad(422, "bad_schema"))),
        ("broken", Some(Reply::failure(500))),
        ("stalling", Some(Reply::hang())),
        ("locked", Some(Reply::failure(401))),
        ("torn", Some(half)),
    ];
    let mut upstreams = Vec::new();
    for (name, behaviour) in behaviours {
        let upstream = Upstream::start(name);
        if let Some(reply) = behaviour {
            upstream.always(reply);
        }
        let limits = json!({"timeouts": {"first_byte_ms": 500}});
        let instance = app.instance_with(name, upstream.port(), limits).await;
        app.group(name, [&instance]).await;
        upstreams.push(upstream);
    }
    app.group("empty", []).await;
    let printed = run("errors.py", &app, &app.gateway().await).await;
    assert_eq!(printed, "failed as they should\n");
}

#[tokio::test]
async fn sdks_own_retries_bridge_a_short_outage_of_every_instance() {
    let pair = Pair::start().await;
    pair.first.next(Reply::failure(500));
    pair.second.next(Reply::failure(500));
    let printed = run("retries.py", &pair.app, &pair.caller).await;
    assert_eq!(printed, "answered\n");
    assert_eq!(pair.first.requests().len(), 2);
}
