//! What is asked in a check that is made by itself: the cheapest question whose answer says something.

use serde_json::{Value, json};

use super::checks::{asked, every_second, once, shown};
use crate::support::App;
use crate::support::upstream::{Reply, Upstream};
use crate::support::wait::{SOON, until};

#[tokio::test]
async fn local_instance_is_asked_for_its_health_and_where_that_does_not_exist_for_its_models() {
    let app = App::start().await;
    let upstream = Upstream::start("a");
    let instance = app
        .instance_with("a", upstream.port(), every_second("auto"))
        .await;
    let status = shown(&app, &instance, "up", "check_passed").await;
    assert!(status["latency_ms"].is_u64(), "{status}");
    assert!(status["checked_at"].is_string(), "{status}");
    assert_eq!(status["reason"], "it passed its last check");
    until(SOON, "three checks", async || {
        (upstream.all_requests().len() >= 4).then_some(())
    })
    .await;
    let asked = asked(&upstream);
    // What is not there is not asked for again.
    assert_eq!(asked[..2], ["GET /health", "GET /v1/models"]);
    assert!(
        asked[2..].iter().all(|line| line == "GET /v1/models"),
        "{asked:?}"
    );

    let healthy = Upstream::start("b");
    healthy.health(Reply::json(200, &json!({"status": "ok"})));
    let instance = app
        .instance_with("b", healthy.port(), every_second("auto"))
        .await;
    shown(&app, &instance, "up", "check_passed").await;
    healthy.health(Reply::failure(503));
    let status = shown(&app, &instance, "down", "down").await;
    assert_eq!(status["last_error"], "it answered its check with HTTP 503");
    let asked = self::asked(&healthy);
    assert!(asked.iter().all(|line| line == "GET /health"), "{asked:?}");
}

#[tokio::test]
async fn network_instance_is_asked_for_its_health_too_and_a_cloud_one_for_its_models_alone() {
    let app = App::builder()
        .env("UNDERSTUDY_EGRESS_ALLOW", "127.0.0.0/8")
        .start()
        .await;
    for (kind, expected) in [("network", "GET /health"), ("cloud", "GET /v1/models")] {
        let upstream = Upstream::start(kind);
        upstream.health(Reply::json(200, &json!({})));
        let mut fields = once("auto");
        fields["kind"] = kind.into();
        let instance = app.instance_with(kind, upstream.port(), fields).await;
        shown(&app, &instance, "up", "check_passed").await;
        assert_eq!(asked(&upstream), [expected], "{kind}");
    }
}

#[tokio::test]
async fn instance_with_tokens_is_asked_for_its_models_so_that_up_includes_the_token() {
    let app = App::start().await;
    let upstream = Upstream::start("a");
    upstream.health(Reply::json(200, &json!({})));
    let mut fields = every_second("auto");
    fields["auth"] = json!({"type": "bearer"});
    fields["tokens"] = json!([{"value": "first-token"}, {"value": "second-token"}]);
    let instance = app.instance_with("a", upstream.port(), fields).await;
    shown(&app, &instance, "up", "check_passed").await;
    let requests = upstream.all_requests();
    assert_eq!(requests[0].target, "/v1/models");
    assert_eq!(
        requests[0].header("authorization"),
        Some("Bearer first-token")
    );

    upstream.models(Reply::error(401, "auth", "invalid_api_key", "no"));
    let refused = shown(&app, &instance, "auth_failed", "auth_failed").await;
    assert_eq!(refused["last_error"], "it refuses the token (HTTP 401)");
    let admin = app.admin().await;
    let tokens = admin.get(&instance.path).await.json()["tokens"].clone();
    assert_eq!(
        (&tokens[0]["state"], &tokens[1]["state"]),
        (&json!("invalid"), &json!("invalid"))
    );

    // Another chance, as soon as a check passes.
    upstream.recover();
    shown(&app, &instance, "up", "check_passed").await;
    assert!(upstream.requests().is_empty());
}

#[tokio::test]
async fn backend_that_lists_no_models_is_reachable_and_unverified() {
    let app = App::start().await;
    // There is none, or none for this token, or not so often: it is there all the same.
    for answer in [404, 405, 403, 429] {
        let name = answer.to_string();
        let upstream = Upstream::start(&name);
        upstream.models(Reply::failure(answer).header("retry-after", "600"));
        let fields = once("auto");
        let instance = app.instance_with(&name, upstream.port(), fields).await;
        let status = shown(&app, &instance, "up", "unverified").await;
        assert_eq!(status["reason"], "reachable, unverified", "{answer}");
        assert_eq!(status["retry_at"], Value::Null, "{answer}");
    }
}

#[tokio::test]
async fn health_page_that_is_not_for_everybody_says_nothing_and_the_models_do() {
    let app = App::start().await;
    for answer in [403, 429, 401, 302] {
        let name = answer.to_string();
        let upstream = Upstream::start(&name);
        upstream.health(Reply::failure(answer));
        let instance = app
            .instance_with(&name, upstream.port(), once("auto"))
            .await;
        shown(&app, &instance, "up", "check_passed").await;
        assert_eq!(asked(&upstream), ["GET /health", "GET /v1/models"]);
    }
}

#[tokio::test]
async fn answer_that_was_not_given_for_want_of_a_permit_or_for_haste_is_unverified() {
    let app = App::start().await;
    for answer in [403, 429] {
        let name = answer.to_string();
        let upstream = Upstream::start(&name);
        upstream.always(Reply::failure(answer));
        let fields = json!({"health_check": {"mode": "chat"}});
        let instance = app.instance_with(&name, upstream.port(), fields).await;
        shown(&app, &instance, "up", "unverified").await;
        assert_eq!(asked(&upstream), ["POST /v1/chat/completions"]);
    }
}

#[tokio::test]
async fn each_mode_asks_what_it_says_and_nothing_asks_for_an_answer_but_chat() {
    let app = App::start().await;
    for (mode, expected, code) in [
        ("models", &["GET /v1/models"][..], "check_passed"),
        ("http", &["GET /health"], "check_passed"),
        ("tcp", &[], "unverified"),
        ("chat", &["POST /v1/chat/completions"], "check_passed"),
    ] {
        let upstream = Upstream::start(mode);
        upstream.health(Reply::body(204, "text/plain", ""));
        let instance = app.instance_with(mode, upstream.port(), once(mode)).await;
        shown(&app, &instance, "up", code).await;
        assert_eq!(asked(&upstream), expected, "{mode}");
        if mode == "tcp" {
            assert_eq!(upstream.connections(), 1);
        }
        if mode == "chat" {
            let body = upstream.request().json();
            assert_eq!(body["max_tokens"], 1, "{body}");
            assert_eq!(body["model"], crate::support::upstream::MODEL);
        }
    }
}

#[tokio::test]
async fn path_that_somebody_chose_must_answer_with_2xx() {
    let app = App::start().await;
    let upstream = Upstream::start("a");
    let mut fields = every_second("http");
    fields["health_check"]["path"] = "/status/ready".into();
    let instance = app.instance_with("a", upstream.port(), fields).await;
    let status = shown(&app, &instance, "down", "down").await;
    assert_eq!(status["last_error"], "it answered its check with HTTP 404");
    assert_eq!(asked(&upstream)[0], "GET /status/ready");
}
