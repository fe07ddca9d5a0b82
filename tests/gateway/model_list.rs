//! `GET /v1/models`: the groups that a key may use, as OpenAI's SDKs read them.

use serde_json::{Value, json};

use crate::support::App;
use crate::support::upstream::Upstream;

#[tokio::test]
async fn models_are_the_enabled_groups_with_their_availability() {
    let app = App::start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("a", &upstream).await;
    let paused = app
        .instance_with("paused", 1, json!({"enabled": false}))
        .await;
    app.group("able", [&paused, &instance]).await;
    app.group("Unable", [&paused]).await;
    app.group("empty", []).await;
    app.group_with("hidden", [&instance], json!({"enabled": false}))
        .await;
    let list = app
        .gateway()
        .await
        .get("/v1/models")
        .await
        .expect(200)
        .json();

    assert_eq!(list["object"], "list");
    let models = list["data"].as_array().unwrap();
    let mut found: Vec<(&str, &Value)> = models
        .iter()
        .map(|model| (model["id"].as_str().unwrap(), &model["available"]))
        .collect();
    found.sort_by_key(|(id, _)| *id);
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(found, [("Unable", &no), ("able", &yes), ("empty", &no)]);
    for model in models {
        assert_eq!(model["object"], "model");
        assert!(model["created"].is_u64(), "{model}");
        assert!(model["owned_by"].is_string(), "{model}");
    }
    assert!(upstream.all_requests().is_empty(), "the list asks nobody");
}

#[tokio::test]
async fn list_has_the_headers_of_every_answer() {
    let app = App::start().await;
    let answer = app.gateway().await.get("/v1/models").await.expect(200);
    assert!(answer.header("x-request-id").is_some(), "{answer:?}");
    assert_eq!(answer.json()["data"], json!([]));
    let kind = answer.header("content-type").unwrap();
    assert!(kind.starts_with("application/json"), "{kind}");
}

#[tokio::test]
async fn deleted_group_leaves_the_list() {
    let app = App::start().await;
    let group = app.group("short-lived", []).await;
    let caller = app.gateway().await;
    let before = caller.get("/v1/models").await.expect(200).json();
    assert_eq!(before["data"][0]["id"], "short-lived");
    app.admin().await.delete(&group.path).await.expect(204);
    app.settled().await;
    let after = caller.get("/v1/models").await.expect(200).json();
    assert_eq!(after["data"], json!([]));
}
