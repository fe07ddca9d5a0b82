//! A secret that was entered is in no answer, in no log and in no row as it was entered.

use std::collections::HashSet;

use serde_json::json;

use crate::gateway::{CHAT, GROUP, chat, streamed_chat};
use crate::support::App;
use crate::support::server::ADMIN_PASSWORD;
use crate::support::upstream::{Reply, Upstream};

#[tokio::test]
async fn secrets_are_in_no_answer_no_log_and_no_row() {
    let app = App::builder().env("RUST_LOG", "trace").start().await;
    let upstream = Upstream::start("a");
    let proxy = Upstream::start("proxy");
    let fields = json!({
        "auth": {"type": "bearer"},
        "tokens": [{"label": "one", "value": "sk-canary-token-0123456789"}],
        "headers": [{"name": "x-organisation", "value": "canary-header-0123456789"}],
    });
    let direct = app
        .instance_with("direct", upstream.port(), fields.clone())
        .await;
    let mut through = fields;
    through["proxies"] = json!([{
        "url": format!("http://127.0.0.1:{}", proxy.port()),
        "username": "us", "password": "canary-proxy-0123456789",
    }]);
    let through = app.instance_with("through", upstream.port(), through).await;
    app.group(GROUP, [&direct, &through]).await;

    // Used, failed with, looked at, changed and got wrong: every way on which it could slip out.
    let caller = app.gateway().await;
    caller.post(CHAT, &chat(GROUP)).await.expect(200);
    caller.post(CHAT, &streamed_chat(GROUP)).await.expect(200);
    let echo = "you sent sk-canary-token-0123456789 and canary-header-0123456789";
    for status in [400, 401, 403, 429, 500] {
        upstream.next(Reply::error(status, "t", "c", echo));
        proxy.next(Reply::error(status, "t", "c", "canary-proxy-0123456789"));
        caller.post(CHAT, &chat(GROUP)).await;
    }
    let admin = app.admin().await;
    let list = "/api/v1/model-instances";
    admin.get(list).await.expect(200);
    for instance in [&direct, &through] {
        admin.get(&instance.path).await.expect(200);
        admin
            .patch(&instance.path, &json!({"description": "seen"}))
            .await
            .expect(200);
        admin
            .post(&format!("{}/check", instance.path), &json!({}))
            .await
            .expect(200);
    }
    let wrong = json!({"name": "wrong", "tokens": [{"value": "sk-canary-token-0123456789", "x": "canary-unknown"}]});
    assert!(admin.post(list, &wrong).await.status >= 400);
    let torn = r#"{"tokens":[{"value":"sk-canary-token-0123456789"#;
    admin
        .call("POST", list)
        .body("application/json", torn)
        .await
        .problem(400, "invalid_json");

    let canaries = [
        "canary-token",
        "canary-header",
        "canary-proxy",
        ADMIN_PASSWORD,
        caller.bearer(),
    ];
    let transcript = app.transcript();
    assert!(
        transcript.contains("…6789"),
        "the hint is there: {transcript}"
    );
    let log = app.log();
    assert!(!log.is_empty());
    let stored = app.database().everything().await;
    assert!(stored.contains("x-organisation"), "{stored}");
    let created = transcript.matches(caller.bearer()).count();
    assert_eq!(created, 1, "a key is shown once, when it is made");
    for canary in canaries {
        assert!(!log.contains(canary), "{canary} in the log");
        assert!(!stored.contains(canary), "{canary} in the database");
        if canary != caller.bearer() {
            assert!(!transcript.contains(canary), "{canary} in an answer");
        }
    }
}

#[tokio::test]
async fn equal_secrets_are_stored_differently() {
    let app = App::start().await;
    let fields = json!({
        "auth": {"type": "bearer"},
        "tokens": [{"value": "sk-0123456789abcdef"}, {"value": "sk-0123456789abcdef"}],
    });
    app.instance_with("a", 1, fields.clone()).await;
    app.instance_with("b", 1, fields).await;
    let stored = app.database().everything().await;
    let secrets: HashSet<&str> = stored
        .split("\\x")
        .skip(1)
        .map(|hex| {
            hex.split(|c: char| !c.is_ascii_hexdigit())
                .next()
                .unwrap_or_default()
        })
        .filter(|hex| hex.len() > 40)
        .collect();
    assert!(secrets.len() >= 4, "{stored}");
}
