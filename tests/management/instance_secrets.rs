//! A stored secret goes only where it was entered for.

use serde_json::{Value, json};

use super::INSTANCES;
use crate::support::App;
use crate::support::client::Client;
use crate::support::upstream::Upstream;

async fn with_secrets(app: &App) -> (Client, String, Value) {
    let admin = app.admin().await;
    let body = json!({
        "name": "a", "kind": "network", "endpoint": {"scheme": "https", "host": "api.example", "port": 443},
        "health_check": {"mode": "off"},
        "tokens": [{"label": "t", "value": "token-0123456789abcd"}],
        "headers": [{"name": "x-org", "value": "header-0123456789ab"}],
        "proxies": [{"url": "http://proxy.example:3128", "username": "us", "password": "proxy-password"}],
    });
    let made = admin.post(INSTANCES, &body).await.expect(201);
    (
        admin,
        made.header("location").unwrap().to_owned(),
        made.json(),
    )
}

#[tokio::test]
async fn new_destination_needs_every_secret_again() {
    let app = App::start().await;
    let (admin, path, made) = with_secrets(&app).await;
    let all = ["/tokens/0/value", "/headers/0/value", "/proxies/0/password"]
        .map(|pointer| (pointer, "secrets_required"));
    for patch in [
        json!({"endpoint": {"scheme": "http"}}),
        json!({"endpoint": {"host": "evil.example"}}),
        json!({"endpoint": {"port": 8443}}),
    ] {
        admin
            .patch(&path, &patch)
            .await
            .faults(422, "secrets_required", &all);
    }
    let no_proxies = json!({"proxies": []});
    admin
        .patch(&path, &no_proxies)
        .await
        .faults(422, "secrets_required", &all[..2]);
    let other = json!({"proxies": [{"id": made["proxies"][0]["id"], "url": "http://evil.example:3128", "username": "us"}]});
    admin
        .patch(&path, &other)
        .await
        .faults(422, "secrets_required", &all);
    assert_eq!(admin.get(&path).await.expect(200).json(), made);
}

#[tokio::test]
async fn same_destination_in_another_spelling_keeps_the_secrets() {
    let app = App::start().await;
    let (admin, path, made) = with_secrets(&app).await;
    let patch = json!({
        "endpoint": {"host": "API.Example.", "base_path": "/other"},
        "proxies": [{"id": made["proxies"][0]["id"], "url": "HTTP://Proxy.Example:3128/", "username": "us"}],
        "name": "b",
    });
    let after = admin.patch(&path, &patch).await.expect(200).json();
    assert_eq!(after["tokens"], made["tokens"]);
    assert_eq!(after["proxies"], made["proxies"]);
    assert_eq!(after["base_url"], "https://api.example/other");
}

#[tokio::test]
async fn entering_every_secret_again_allows_a_new_destination() {
    let app = App::start().await;
    let (admin, path, made) = with_secrets(&app).await;
    let patch = json!({
        "endpoint": {"host": "other.example"},
        "tokens": [{"id": made["tokens"][0]["id"], "value": "token-for-the-new-one"}],
        "headers": [],
        "proxies": [{"url": "http://proxy.example:3128", "username": "us", "password": "again"}],
    });
    let after = admin.patch(&path, &patch).await.expect(200).json();
    assert_eq!(after["tokens"][0]["id"], made["tokens"][0]["id"]);
    assert_eq!(after["tokens"][0]["hint"], "…-one");
}

#[tokio::test]
async fn ids_that_are_not_of_this_instance_are_422() {
    let app = App::start().await;
    let (admin, path, made) = with_secrets(&app).await;
    let other = app
        .instance_with(
            "other",
            1,
            json!({"auth": {"type": "bearer"}, "tokens": [{"value": "x"}]}),
        )
        .await;
    let foreign = admin.get(&other.path).await.json()["tokens"][0]["id"].clone();
    let patch = json!({"tokens": [{"id": foreign}]});
    admin.patch(&path, &patch).await.faults(
        422,
        "validation_failed",
        &[("/tokens/0/id", "validation_failed")],
    );
    let mut body = super::instance("new");
    body["tokens"] = json!([{"id": made["tokens"][0]["id"]}]);
    admin.post(INSTANCES, &body).await.faults(
        422,
        "validation_failed",
        &[("/tokens/0/id", "validation_failed")],
    );
}

#[tokio::test]
async fn kept_secrets_still_reach_the_backend_after_changes() {
    let app = App::start().await;
    let admin = app.admin().await;
    let upstream = Upstream::start("a");
    let fields = json!({
        "auth": {"type": "header", "header": "api-key"},
        "tokens": [{"value": "token-one"}, {"value": "token-two"}],
        "headers": [{"name": "x-org", "value": "acme"}],
    });
    let instance = app.instance_with("a", upstream.port(), fields).await;
    let tokens = admin.get(&instance.path).await.json()["tokens"].clone();
    let swapped =
        json!({"tokens": [{"id": tokens[1]["id"]}, {"id": tokens[0]["id"]}], "name": "renamed"});
    admin.patch(&instance.path, &swapped).await.expect(200);
    let copy = admin
        .call("POST", &format!("{}/duplicate", instance.path))
        .await
        .expect(201);
    for path in [instance.path.as_str(), copy.header("location").unwrap()] {
        let seen = upstream.all_requests().len();
        let checked = admin
            .call("POST", &format!("{path}/check"))
            .await
            .expect(200)
            .json();
        assert_eq!(checked["ok"], true, "{checked}");
        for request in &upstream.all_requests()[seen..] {
            assert_eq!(request.header("api-key"), Some("token-two"), "{request:?}");
            assert_eq!(request.header("x-org"), Some("acme"), "{request:?}");
        }
    }
}
