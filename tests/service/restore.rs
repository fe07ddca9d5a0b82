//! A backup as docs/OPERATIONS.md has it: what PostgreSQL dumps, and the keys.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::gateway::{CHAT, GROUP, assert_answered, chat};
use crate::support::App;
use crate::support::client::Client;
use crate::support::database::Database;
use crate::support::env;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME, Server, base_environment};
use crate::support::upstream::Upstream;
use crate::support::wait::SOON;

const SECRET: &str = "sk-canary-0123456789abcdef";

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(Path::new(&env::postgres_bin()).join(program))
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {said}");
}

#[tokio::test]
async fn dump_with_its_key_is_the_whole_service_and_without_it_none() {
    let upstream = Upstream::start("restored");
    let app = App::start().await;
    let fields = json!({"auth": {"type": "bearer"}, "tokens": [{"label": "a", "value": SECRET}]});
    let instance = app.instance_with("restored", upstream.port(), fields).await;
    let group = app.group(GROUP, [&instance]).await;
    let key = app.gateway().await.bearer().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("understudy.dump");
    let dump = dump.to_str().unwrap();
    // While the service runs.
    run(
        "pg_dump",
        &["--format=custom", "--file", dump, &app.database().url()],
    );
    drop(app);

    let database = Database::empty().await;
    let url = database.url();
    let target = format!("--dbname={url}");
    run(
        "pg_restore",
        &["--no-owner", "--exit-on-error", &target, dump],
    );
    let mut environment = base_environment();
    environment.insert("DATABASE_URL".to_owned(), url);
    let server = Server::start(&environment).await;
    let anonymous = Client::new(server.address());
    let body = json!({"username": ADMIN_USERNAME, "password": ADMIN_PASSWORD});
    anonymous
        .post("/api/v1/auth/login", &body)
        .await
        .expect(200);
    let caller = anonymous.with_bearer(&key);
    let answer = caller.post(CHAT, &chat(GROUP)).await;
    assert_answered(&answer, "restored", 1);
    let sent = upstream.request();
    assert_eq!(
        sent.header("authorization"),
        Some(&*format!("Bearer {SECRET}"))
    );
    drop(server);

    // With another key it does not start, and says which one is missing.
    let other = format!("other:{}", STANDARD.encode([9; 32]));
    environment.insert("UNDERSTUDY_SECRET_KEYS".to_owned(), other);
    let mut refused = Server::spawn(&environment);
    assert_eq!(refused.exit(SOON).await.code(), Some(78));
    let log = refused.log();
    assert!(
        log.contains("test-secret") && !log.contains("canary"),
        "{log}"
    );
    // Unless somebody insists: the instance is down, and nothing is sent to it.
    let insist = "UNDERSTUDY_ALLOW_UNREADABLE_SECRETS".to_owned();
    environment.insert(insist, "true".to_owned());
    let server = Server::start(&environment).await;
    let anonymous = Client::new(server.address());
    let session = anonymous.post("/api/v1/auth/login", &body).await;
    let session = session.expect(200).json();
    let admin = anonymous.with_bearer(session["access_token"].as_str().unwrap());
    let preview = admin.get(&format!("{}/preview", group.path)).await;
    let preview = preview.expect(200).json();
    assert_eq!(preview["members"][0]["code"], "secret_unreadable");
    let caller = anonymous.with_bearer(&key);
    let answer = caller.post(CHAT, &chat(GROUP)).await;
    answer.gateway_error(503, "no_instance_available");
    assert_eq!(upstream.requests().len(), 1);
}
