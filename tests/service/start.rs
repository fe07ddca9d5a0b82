//! Starting: an empty database becomes a usable one, and faults are named all at once.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::gateway::{CHAT, GROUP, assert_answered, chat};
use crate::support::App;
use crate::support::server::{Server, base_environment};
use crate::support::upstream::Upstream;

/// Starts the service, which must end by itself; its exit code and its log.
async fn refused(environment: &BTreeMap<String, String>) -> (Option<i32>, String) {
    let mut server = Server::spawn(environment);
    let status = server.exit(Duration::from_secs(20)).await;
    (status.code(), server.log())
}

fn with(changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut environment = base_environment();
    for (name, value) in changes {
        environment.insert((*name).to_owned(), (*value).to_owned());
    }
    environment
}

#[tokio::test]
async fn service_migrates_an_empty_database_by_itself() {
    let app = App::builder().with_empty_database().start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("a", &upstream).await;
    app.group(GROUP, [&instance]).await;
    let answer = app.gateway().await.post(CHAT, &chat(GROUP)).await;
    assert_answered(&answer, "a", 1);
}

#[tokio::test]
async fn liveness_and_readiness_need_no_credential() {
    let app = App::start().await;
    for path in ["/healthz/live", "/healthz/ready"] {
        app.anonymous().get(path).await.expect(200);
    }
}

#[tokio::test]
async fn all_faults_of_the_environment_are_named_at_once_and_end_with_78() {
    let environment = with(&[
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing"),
        ("UNDERSTUDY_LISTEN", "nowhere"),
        ("UNDERSTUDY_WORKERS", "many"),
        ("UNDERSTUDY_SECRET_KEYS", "k1:c2hvcnQtY2FuYXJ5"),
        ("UNDERSTUDY_JWT_KEYS", ""),
        ("UNDERSTUDY_EGRESS_DENY", "10.0.0.0/99"),
        ("UNDERSTUDY_EGRESS_ALLOW", "everything"),
        ("UNDERSTUDY_TRUSTED_PROXIES", "proxy"),
        ("UNDERSTUDY_WEB_ROOT", "/nonexistent"),
        ("UNDERSTUDY_ADMIN_PASSWORD", "short"),
    ]);
    let (code, log) = refused(&environment).await;
    assert_eq!(code, Some(78), "{log}");
    for name in [
        "UNDERSTUDY_LISTEN",
        "UNDERSTUDY_WORKERS",
        "UNDERSTUDY_SECRET_KEYS",
        "UNDERSTUDY_JWT_KEYS",
        "UNDERSTUDY_EGRESS_DENY",
        "UNDERSTUDY_EGRESS_ALLOW",
        "UNDERSTUDY_TRUSTED_PROXIES",
        "UNDERSTUDY_WEB_ROOT",
        "UNDERSTUDY_ADMIN_PASSWORD",
    ] {
        assert!(log.contains(name), "{name} in {log}");
    }
    assert!(!log.contains("c2hvcnQtY2FuYXJ5"), "{log}");
}

#[tokio::test]
async fn keys_are_needed_beside_a_database_url() {
    for name in ["UNDERSTUDY_SECRET_KEYS", "UNDERSTUDY_JWT_KEYS"] {
        let mut environment = with(&[("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")]);
        environment.remove(name);
        let (code, log) = refused(&environment).await;
        assert_eq!(code, Some(78), "{log}");
        assert!(log.contains(name), "{name} in {log}");
    }
}

#[tokio::test]
async fn key_that_cannot_decrypt_what_is_stored_does_not_start() {
    let app = App::start().await;
    let fields = json!({
        "auth": {"type": "bearer"},
        "tokens": [{"label": "one", "value": "sk-0123456789abcdef"}],
    });
    app.instance_with("a", 1, fields).await;
    let url = app.database().url();
    let other = |id: &str| format!("{id}:{}", STANDARD.encode([9; 32]));
    for keys in [other("another"), other("test-secret")] {
        let environment = with(&[("DATABASE_URL", &url), ("UNDERSTUDY_SECRET_KEYS", &keys)]);
        let (code, log) = refused(&environment).await;
        assert_eq!(code, Some(78), "{keys}: {log}");
        assert!(!log.contains(&keys[keys.len() - 20..]), "{log}");
    }
    // Whoever has lost the right one can say so, and enter the secrets again.
    let lost = with(&[
        ("DATABASE_URL", &url),
        ("UNDERSTUDY_SECRET_KEYS", &other("another")),
        ("UNDERSTUDY_ALLOW_UNREADABLE_SECRETS", "true"),
    ]);
    let log = Server::start(&lost).await.log();
    assert!(
        log.contains("1 of 1 stored secrets cannot be decrypted"),
        "{log}"
    );
    // A newer key beside the right one is how keys are changed.
    let right = base_environment()["UNDERSTUDY_SECRET_KEYS"].clone();
    let both = format!("{},{right}", other("newer"));
    Server::start(&with(&[
        ("DATABASE_URL", &url),
        ("UNDERSTUDY_SECRET_KEYS", &both),
    ]))
    .await;
}

#[tokio::test]
async fn address_that_is_taken_is_said_so() {
    let app = App::start().await;
    let url = app.database().url();
    let environment = with(&[("DATABASE_URL", &url), ("UNDERSTUDY_LISTEN", app.address())]);
    let (code, log) = refused(&environment).await;
    assert_ne!(code, Some(0));
    assert!(log.contains(app.address()), "{log}");
}

#[tokio::test]
async fn administrator_of_the_environment_is_made_only_while_there_is_no_user() {
    let app = App::start().await;
    let replica = App::builder()
        .env("DATABASE_URL", &app.database().url())
        .env("UNDERSTUDY_ADMIN_USERNAME", "mallory")
        .env("UNDERSTUDY_ADMIN_PASSWORD", "another long password")
        .start()
        .await;
    let body = json!({"username": "mallory", "password": "another long password"});
    let answer = replica.anonymous().post("/api/v1/auth/login", &body).await;
    answer.problem(401, "unauthenticated");
    replica.admin().await;
}
