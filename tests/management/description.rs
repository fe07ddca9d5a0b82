//! The description of the API: the same everywhere, and true.

use std::process::Command;

use serde_json::Value;

use crate::support::{App, app, env};

fn printed() -> String {
    let output = Command::new(env::binary())
        .arg("openapi")
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn stored_description_is_the_one_that_the_service_prints() {
    let stored = std::fs::read_to_string(app::file("../openapi.json")).unwrap();
    assert!(
        stored == printed(),
        "openapi.json is stale: run `cargo xtask openapi` and look at what changed"
    );
}

#[tokio::test]
async fn service_serves_the_description_that_it_prints() {
    let app = App::start().await;
    let served = app
        .anonymous()
        .get("/api/v1/openapi.json")
        .await
        .expect(200);
    assert_eq!(served.header("content-type"), Some("application/json"));
    let printed: Value = serde_json::from_str(&printed()).unwrap();
    assert!(served.json() == printed);
}

#[tokio::test]
async fn pages_for_people_load_nothing_from_elsewhere() {
    let app = App::start().await;
    let moved = app.anonymous().get("/docs").await.expect(308);
    assert_eq!(moved.header("location"), Some("/docs/"));
    for path in ["/docs/", "/docs/swagger-initializer.js"] {
        let page = app.anonymous().get(path).await.expect(200);
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{page:?}");
        assert!(
            !page.text().contains("https://") && !page.text().contains("http://"),
            "{page:?}"
        );
    }
}

#[tokio::test]
async fn every_described_operation_answers_with_a_described_status() {
    let app = App::start().await;
    let (admin, gateway) = (app.admin().await, app.gateway().await);
    let document: Value = serde_json::from_str(&printed()).unwrap();
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let client = if path.starts_with("/v1/") {
                &gateway
            } else {
                &admin
            };
            let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
            let target = path.replace("{id}", nobody).replace("{message_id}", nobody);
            let mut call = client.call(&method.to_uppercase(), &target).if_match("*");
            if operation["requestBody"].is_object() {
                call = call.json(&serde_json::json!({}));
            }
            if path == super::EVENTS {
                // It never ends by itself; `events.rs` reads it.
                assert!(operation["responses"]["200"]["content"]["text/event-stream"].is_object());
                seen += 1;
                continue;
            }
            let answer = call.await;
            let described = &operation["responses"][answer.status.to_string()];
            assert!(described.is_object(), "not described: {answer:?}");
            let kind = answer.header("content-type").unwrap_or_default();
            let contents = described["content"].as_object();
            assert!(
                contents
                    .is_none_or(|contents| contents.keys().any(|known| kind.starts_with(known))),
                "{answer:?}"
            );
            seen += 1;
        }
    }
    assert!(seen > 25, "{seen}");
}
