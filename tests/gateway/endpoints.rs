//! The endpoints that answer with JSON alone, and images: what holds for chats holds for them.

use serde_json::{Value, json};

use super::{GROUP, Pair, assert_failed, assert_headers};
use crate::support::client::Answer;
use crate::support::sse::Event;
use crate::support::upstream::{MODEL, Reply};

/// Each endpoint, what it takes, and where its answer says who gave it.
fn endpoints() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    vec![
        (
            "responses",
            "/v1/responses",
            json!({"input": "Hi"}),
            "/output/0/content/0/text",
        ),
        (
            "rerank",
            "/v1/rerank",
            json!({"query": "q", "documents": ["a", "b"]}),
            "/id",
        ),
        (
            "moderations",
            "/v1/moderations",
            json!({"input": "Hi"}),
            "/id",
        ),
        (
            "images",
            "/v1/images/generations",
            json!({"prompt": "a cat"}),
            "/data/0/revised_prompt",
        ),
    ]
}

async fn ask(pair: &Pair, path: &str, body: &Value) -> Answer {
    let mut body = body.clone();
    body["model"] = json!(GROUP);
    pair.caller.post(path, &body).await
}

#[track_caller]
fn assert_from(answer: &Answer, at: &str, name: &str, attempts: usize) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_headers(answer, attempts);
    assert_eq!(
        answer.header("x-understudy-instance"),
        Some(name),
        "{answer:?}"
    );
    let body = answer.json();
    let who = body.pointer(at).and_then(Value::as_str).unwrap_or_default();
    assert!(who.ends_with(name), "{answer:?}");
    let model = body.get("model").cloned().unwrap_or(json!(GROUP));
    assert_eq!(model, GROUP, "{answer:?}");
}

#[tokio::test]
async fn every_endpoint_fails_over_by_the_same_table() {
    let pair = Pair::start().await;
    for (_, path, body, at) in endpoints() {
        assert_from(&ask(&pair, path, &body).await, at, "first", 1);
        for fault in [
            Reply::failure(500),
            Reply::json(200, &json!({"error": {"message": "broke"}})),
            Reply::body(200, "application/json", ""),
            Reply::body(200, "text/html", "<html>"),
            Reply::close(),
        ] {
            pair.first.next(fault);
            assert_from(&ask(&pair, path, &body).await, at, "second", 2);
            // A good answer in between, so that the failures are not in a row.
            assert_from(&ask(&pair, path, &body).await, at, "first", 1);
        }
        pair.first.next(Reply::error(
            422,
            "invalid_request_error",
            "bad_field",
            "no such field",
        ));
        ask(&pair, path, &body)
            .await
            .gateway_error(422, "bad_field");
    }
    pair.second.always(Reply::failure(500));
    for (_, path, body, at) in endpoints() {
        pair.first.next(Reply::failure(500));
        assert_failed(
            &ask(&pair, path, &body).await,
            502,
            "all_instances_failed",
            2,
        );
        assert_from(&ask(&pair, path, &body).await, at, "first", 1);
    }
    // A pause that was asked for at one endpoint holds for all.
    pair.second.recover();
    pair.first
        .next(Reply::failure(429).header("retry-after", "60"));
    for (attempts, (_, path, body, at)) in [2, 1, 1, 1].into_iter().zip(endpoints()) {
        assert_from(&ask(&pair, path, &body).await, at, "second", attempts);
    }
}

#[tokio::test]
async fn an_instance_is_asked_for_the_endpoints_that_it_declares() {
    for (name, path, body, at) in endpoints() {
        let others: Vec<&str> = endpoints()
            .iter()
            .map(|(other, ..)| *other)
            .filter(|other| *other != name)
            .collect();
        let pair = Pair::with(json!({"capabilities": {"endpoints": others}}), json!({})).await;
        assert_from(&ask(&pair, path, &body).await, at, "second", 1);
        assert!(pair.first.all_requests().is_empty(), "{name}");
        for (_, other, body, at) in endpoints().iter().filter(|(other, ..)| *other != name) {
            assert_from(&ask(&pair, other, body).await, at, "first", 1);
        }
    }
}

#[tokio::test]
async fn bodies_and_answers_survive_byte_for_byte_but_for_the_model() {
    let pair = Pair::with(
        json!({"parameters": {"overrides": {"seed": 7}, "strip": ["user"]}}),
        json!({}),
    )
    .await;
    let sent = r#"{ "x":1.0, "user":"me","model" : "chat-default","deep":{"model":"chat-default","n":1e2} }"#;
    let expected = format!(
        r#"{{"x":1.0,"model":"{MODEL}","deep":{{"model":"chat-default","n":1e2}},"seed":7}}"#
    );
    let reply = r#"{ "z":[1.0,1e2], "model" : "upstream-model","results":[{"model":"upstream-model"}],"p":-0.10 }"#;
    for (count, (_, path, ..)) in endpoints().into_iter().enumerate() {
        pair.first.next(Reply::body(200, "application/json", reply));
        let call = pair
            .caller
            .call("POST", path)
            .body("application/json", sent);
        let answer = call.await.expect(200);
        assert_eq!(answer.text(), reply.replacen(MODEL, GROUP, 1), "{path}");
        assert_eq!(pair.first.requests()[count].text(), expected, "{path}");
    }
}

#[tokio::test]
async fn images_are_streamed_and_committed_by_the_first_picture() {
    let pair = Pair::start().await;
    let stream = json!({"prompt": "a cat", "stream": true});
    let path = "/v1/images/generations";
    // A picture is larger than all that is held of events without content.
    let picture = "A".repeat(3 * 1024 * 1024);
    let partial = json!({"type": "image_generation.partial_image", "b64_json": picture, "partial_image_index": 0});
    let whole = json!({"type": "image_generation.completed", "b64_json": picture});
    pair.first
        .next(Reply::typed_events([partial.clone(), whole]).in_pieces_of(100_000));
    let answer = ask(&pair, path, &stream).await.expect(200);
    assert_eq!(answer.header("x-understudy-instance"), Some("first"));
    let kinds: Vec<Value> = answer
        .events()
        .iter()
        .map(|event| event.json()["type"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "image_generation.partial_image",
            "image_generation.completed"
        ]
    );

    pair.first.next(Reply::typed_events([partial]).then_close());
    let answer = ask(&pair, path, &stream).await.expect(200);
    let last = answer.events().pop().unwrap();
    assert_eq!(last.error_code().as_deref(), Some("stream_interrupted"));

    pair.first
        .next(Reply::event_bytes(": ping\n\n").then_close());
    let answer = ask(&pair, path, &stream).await.expect(200);
    assert_eq!(answer.header("x-understudy-instance"), Some("second"));
    assert!(
        answer
            .events()
            .iter()
            .all(|event| matches!(event, Event::Data(_)) && event.error_code().is_none())
    );
}
