//! Failures that no single resource has: paths, methods, bodies, the database.

use serde_json::json;

use super::{GROUPS, INSTANCES};
use crate::support::App;
use crate::support::wait::{SOON, until};

#[tokio::test]
async fn unknown_paths_and_malformed_ids_are_404() {
    let app = App::start().await;
    let admin = app.admin().await;
    for path in [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/nonsense",
        "/api/v2/model-groups",
        "/api/v1/model-groups/",
        "/api/v1/model-groups/x",
        "/api/v1/model-groups/01890a5d-ac96-774b-bcce-b302099a8057",
        "/api/v1/model-groups/01890a5dac96774bbcceb302099a8057",
        "/api/v1/model-instances/../model-groups",
        "/api/v1/api-keys/%00",
        "/nonsense",
    ] {
        let problem = admin.get(path).await.problem(404, "not_found");
        assert_eq!(problem["instance"], path, "{problem}");
    }
    app.anonymous()
        .get("/api/v1/nonsense")
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn other_methods_are_405_and_allow_says_which() {
    let app = App::start().await;
    let admin = app.admin().await;
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (method, path, allow) in [
        ("PUT", INSTANCES.to_owned(), "GET, POST"),
        ("POST", format!("{GROUPS}/{id}"), "DELETE, GET, PATCH"),
        ("GET", "/api/v1/auth/login".to_owned(), "POST"),
        ("PUT", format!("{INSTANCES}/check"), "POST"),
        ("GET", format!("{INSTANCES}/check"), "POST"),
        ("PATCH", format!("{GROUPS}/preview"), "POST"),
        ("GET", format!("{INSTANCES}/{id}/duplicate"), "POST"),
        ("OPTIONS", "/api/v1/setup".to_owned(), "GET, POST"),
        ("TRACE", "/healthz/live".to_owned(), "GET"),
    ] {
        let answer = admin
            .call(method, &path)
            .await
            .expect_header("allow", allow);
        answer.problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_told_apart() {
    let app = App::start().await;
    let admin = app.admin().await;
    let post = |kind: &str, body: Vec<u8>| admin.call("POST", GROUPS).body(kind, body);
    for body in [
        "",
        "{",
        "{'name':1}",
        "{\"name\":\"a\"}x",
        "{\"name\":\"a\",\"name\":\"b\"}",
        "\u{feff}{}",
        "{\"name\":\"\\ud800\"}",
    ] {
        post("application/json", body.into())
            .await
            .problem(400, "invalid_json");
    }
    post("application/json", vec![b'{', 0xff, b'}'])
        .await
        .problem(400, "invalid_json");
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/merge-patch+json",
        "application/json; charset=utf-16",
    ] {
        post(kind, b"{}".into())
            .await
            .problem(415, "unsupported_media_type");
    }
    admin
        .call("POST", GROUPS)
        .await
        .problem(415, "unsupported_media_type");
    post("application/json", b"{}".into())
        .header("content-encoding", "gzip")
        .await
        .problem(415, "unsupported_media_type");
    let large = json!({"name": "x".repeat(1024 * 1024)}).to_string();
    post("application/json", large.into())
        .await
        .problem(413, "body_too_large");
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    post("application/json", nested.into())
        .await
        .problem(400, "invalid_json");
    for body in ["null", "[]", "7", "\"x\""] {
        let answer = post("application/json", body.into()).await;
        answer.faults(422, "validation_failed", &[("", "invalid_type")]);
    }
    post(
        "Application/JSON; Charset=\"UTF-8\"",
        b"{\"name\":\"a\"}".into(),
    )
    .await
    .expect(201);
    assert_eq!(admin.get(GROUPS).await.expect(200).json()["total"], 1);
}

#[tokio::test]
async fn strangers_learn_nothing_about_their_bodies_and_ids() {
    let app = App::start().await;
    let anonymous = app.anonymous();
    anonymous
        .call("POST", GROUPS)
        .body("text/plain", "x")
        .await
        .problem(401, "unauthenticated");
    anonymous
        .get(&format!("{GROUPS}/x"))
        .await
        .problem(401, "unauthenticated");
    anonymous
        .get(&format!("{INSTANCES}?bogus=1"))
        .await
        .problem(401, "unauthenticated");
    anonymous
        .call("PATCH", &format!("{GROUPS}/x"))
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test]
async fn every_answer_has_an_id_and_forbids_guessing_its_type() {
    let app = App::start().await;
    let answer = app
        .anonymous()
        .get("/api/v1/nonsense")
        .header("x-request-id", "mine-1")
        .await;
    assert_eq!(answer.problem(404, "not_found")["request_id"], "mine-1");
    let answer = answer
        .expect_header("x-request-id", "mine-1")
        .expect_header("x-content-type-options", "nosniff");
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    let answer = app.anonymous().get("/api/v1/setup").await.expect(200);
    assert!(
        answer
            .header("x-request-id")
            .is_some_and(|id| id.len() == 36),
        "{answer:?}"
    );
}

#[tokio::test]
async fn database_that_is_away_is_503_and_comes_back() {
    let app = App::start().await;
    let admin = app.admin().await;
    app.database().go_away().await;
    for call in [
        admin.get(GROUPS),
        admin.post(GROUPS, &json!({"name": "a"})),
        app.anonymous().get("/api/v1/setup"),
    ] {
        let answer = call.await;
        answer.problem(503, "unavailable");
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
    }
    app.database().come_back().await;
    until(SOON, "management works again", async || {
        (admin.get(GROUPS).await.status == 200).then_some(())
    })
    .await;
}
