//! What a caller gets when all is well: the first instance's answer, and headers that say whose it is.

use serde_json::json;

use super::{CHAT, GROUP, Pair, assert_answered, chat, streamed_chat};
use crate::support::App;
use crate::support::upstream::{MODEL, Reply, Upstream};

#[tokio::test]
async fn first_instance_answers_while_it_is_healthy() {
    let pair = Pair::start().await;
    assert_answered(&pair.ask().await, "first", 1);
    assert_answered(&pair.ask_streamed().await, "first", 1);
    assert!(pair.second.all_requests().is_empty());
}

#[tokio::test]
async fn order_of_the_members_decides_who_answers() {
    let pair = Pair::start().await;
    let members = json!([
        {"instance_id": pair.second_instance.id},
        {"instance_id": pair.first_instance.id},
    ]);
    let admin = pair.app.admin().await;
    let change = json!({"members": members});
    admin.patch(&pair.group.path, &change).await.expect(200);
    pair.app.settled().await;
    assert_answered(&pair.ask().await, "second", 1);
}

#[tokio::test]
async fn disabled_instance_is_skipped_without_counting_as_an_attempt() {
    let pair = Pair::with(json!({"enabled": false}), json!({})).await;
    assert_answered(&pair.ask().await, "second", 1);
    assert!(pair.first.all_requests().is_empty());
}

#[tokio::test]
async fn disabled_member_is_skipped_without_counting_as_an_attempt() {
    let pair = Pair::start().await;
    let members = json!([
        {"instance_id": pair.first_instance.id, "enabled": false},
        {"instance_id": pair.second_instance.id},
    ]);
    let admin = pair.app.admin().await;
    let change = json!({"members": members});
    admin.patch(&pair.group.path, &change).await.expect(200);
    pair.app.settled().await;
    assert_answered(&pair.ask().await, "second", 1);
    assert!(pair.first.all_requests().is_empty());
}

#[tokio::test]
async fn instance_of_a_forbidden_kind_is_skipped() {
    let pair = Pair::with(
        json!({"kind": "network"}),
        json!({"allowed_kinds": ["local"]}),
    )
    .await;
    assert_answered(&pair.ask().await, "second", 1);
    assert!(pair.first.all_requests().is_empty());
}

#[tokio::test]
async fn model_becomes_the_instances_on_the_way_out_and_the_groups_on_the_way_back() {
    let pair = Pair::start().await;
    let answer = pair.ask().await.expect(200).json();
    assert_eq!(answer["model"], GROUP);
    assert_eq!(pair.first.request().json()["model"], MODEL);

    for event in pair.ask_streamed().await.expect(200).events() {
        if !event.is_done() {
            assert_eq!(event.json()["model"], GROUP, "{event:?}");
        }
    }
}

#[tokio::test]
async fn member_may_name_another_model_than_its_instance() {
    let pair = Pair::start().await;
    let members = json!([{"instance_id": pair.first_instance.id, "model": "qwen2.5:7b"}]);
    let admin = pair.app.admin().await;
    let change = json!({"members": members});
    admin.patch(&pair.group.path, &change).await.expect(200);
    pair.app.settled().await;
    assert_answered(&pair.ask().await, "first", 1);
    assert_eq!(pair.first.request().json()["model"], "qwen2.5:7b");
}

#[tokio::test]
async fn instance_without_a_model_gets_the_one_that_its_backend_lists() {
    let pair = Pair::with(json!({"model": null}), json!({})).await;
    let only = json!({"object": "list", "data": [{"id": "the-only-one", "object": "model"}]});
    pair.first.models(Reply::json(200, &only));
    assert_answered(&pair.ask().await, "first", 1);
    assert_eq!(pair.first.request().json()["model"], "the-only-one");
}

#[tokio::test]
async fn instance_without_a_model_is_passed_over_when_its_backend_lists_several() {
    let pair = Pair::with(json!({"model": null}), json!({})).await;
    let several = json!({"object": "list", "data": [{"id": "one"}, {"id": "another"}]});
    pair.first.models(Reply::json(200, &several));
    assert_answered(&pair.ask().await, "second", 2);
    assert!(
        pair.first.requests().is_empty(),
        "nobody can know which of them is meant"
    );
}

#[tokio::test]
async fn group_is_found_whatever_the_case_of_its_name() {
    let pair = Pair::start().await;
    let answer = pair.caller.post(CHAT, &chat("CHAT-Default")).await;
    assert_answered(&answer, "first", 1);
    assert_eq!(answer.json()["model"], GROUP);
}

#[tokio::test]
async fn instances_name_is_percent_encoded_in_the_header() {
    let app = App::start().await;
    let upstream = Upstream::start("a");
    let name = "Сервер №1 / 100%";
    let instance = app.instance(name, &upstream).await;
    app.group(GROUP, [&instance]).await;
    let answer = app
        .gateway()
        .await
        .post(CHAT, &chat(GROUP))
        .await
        .expect(200);
    let encoded = answer.header("x-understudy-instance").unwrap();
    let decoded = percent_encoding::percent_decode_str(encoded)
        .decode_utf8()
        .unwrap();
    assert_eq!(decoded, name);
    assert!(encoded.starts_with("%D0%A1"), "{encoded}");
    assert!(!encoded.contains(' '), "{encoded}");
}

#[tokio::test]
async fn completions_and_embeddings_are_answered_like_chats() {
    let pair = Pair::start().await;
    pair.first.always(Reply::failure(500));
    let body = json!({"model": GROUP, "prompt": "Hi"});
    let answer = pair.caller.post("/v1/completions", &body).await.expect(200);
    assert_eq!(answer.header("x-understudy-instance"), Some("second"));
    assert_eq!(answer.json()["choices"][0]["text"], "hello from second");
    assert_eq!(answer.json()["model"], GROUP);

    let body = json!({"model": GROUP, "prompt": "Hi", "stream": true});
    let answer = pair.caller.post("/v1/completions", &body).await.expect(200);
    assert_eq!(answer.header("x-understudy-instance"), Some("second"));
    let events = answer.events();
    let text = |event: &crate::support::sse::Event| {
        let event = event.json();
        assert_eq!(event["model"], GROUP);
        event["choices"][0]["text"].as_str().unwrap().to_owned()
    };
    let texts: String = events[..events.len() - 1].iter().map(text).collect();
    assert_eq!(texts, "hello from second");
    assert!(events.last().unwrap().is_done());

    let body = json!({"model": GROUP, "input": "Hi"});
    let answer = pair.caller.post("/v1/embeddings", &body).await.expect(200);
    assert_eq!(answer.header("x-understudy-instance"), Some("second"));
    assert_eq!(
        answer.json()["data"][0]["embedding"],
        json!([0.25, -0.5, 1.0])
    );
    assert_eq!(answer.json()["model"], GROUP);

    let paths: Vec<String> = pair
        .second
        .requests()
        .into_iter()
        .map(|r| r.target)
        .collect();
    assert_eq!(
        paths,
        ["/v1/completions", "/v1/completions", "/v1/embeddings"]
    );
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let pair = Pair::start().await;
    let first = pair.ask().await;
    let second = pair.ask().await;
    assert!(first.header("x-request-id").is_some());
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
}

#[tokio::test]
async fn backends_own_headers_stay_with_the_backend() {
    let pair = Pair::start().await;
    pair.first.next(
        Reply::json(
            200,
            &json!({"choices": [{"message": {"content": "hello from first"}}]}),
        )
        .header("set-cookie", "session=upstream")
        .header("x-understudy-instance", "an impostor"),
    );
    let answer = pair.ask().await;
    assert_answered(&answer, "first", 1);
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!(
        answer
            .headers
            .get_all("x-understudy-instance")
            .iter()
            .count(),
        1
    );
}

#[tokio::test]
async fn callers_credential_is_never_sent_to_a_backend() {
    let pair = Pair::start().await;
    let cookie = pair
        .caller
        .post(CHAT, &chat(GROUP))
        .header("cookie", "understudy_refresh=canary");
    assert_answered(&cookie.await, "first", 1);
    let request = pair.first.request();
    assert_eq!(request.header("authorization"), None, "{request:?}");
    assert_eq!(request.header("cookie"), None, "{request:?}");
    assert!(!request.head.contains(pair.caller.bearer()), "{request:?}");
}

#[tokio::test]
async fn token_and_headers_of_the_instance_reach_its_backend() {
    let app = App::start().await;
    let bearer = Upstream::start("bearer");
    let header = Upstream::start("header");
    let fields = json!({
        "auth": {"type": "bearer"},
        "tokens": [{"label": "one", "value": "sk-first-token-0001"}],
        "headers": [{"name": "OpenAI-Organization", "value": "org-0001"}],
    });
    let first = app.instance_with("bearer", bearer.port(), fields).await;
    let fields = json!({
        "auth": {"type": "header", "header": "api-key"},
        "tokens": [{"label": "one", "value": "sk-second-token-0002"}],
    });
    let second = app.instance_with("header", header.port(), fields).await;
    app.group("by-bearer", [&first]).await;
    app.group("by-header", [&second]).await;
    let caller = app.gateway().await;
    caller.post(CHAT, &chat("by-bearer")).await.expect(200);
    caller
        .post(CHAT, &streamed_chat("by-header"))
        .await
        .expect(200);

    let request = bearer.request();
    assert_eq!(
        request.header("authorization"),
        Some("Bearer sk-first-token-0001")
    );
    assert_eq!(request.header("openai-organization"), Some("org-0001"));
    let request = header.request();
    assert_eq!(request.header("api-key"), Some("sk-second-token-0002"));
    assert_eq!(request.header("authorization"), None);
}
