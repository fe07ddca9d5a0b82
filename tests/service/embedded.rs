//! With no database set up the service brings its own, and finds its data again however it ended.

use std::collections::BTreeMap;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;

use crate::support::app::instance;
use crate::support::client::Client;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME, Server, base_environment};

/// No database and no keys: everything in this folder.
fn environment(folder: &TempDir) -> BTreeMap<String, String> {
    let mut environment = base_environment();
    environment.remove("UNDERSTUDY_SECRET_KEYS");
    environment.remove("UNDERSTUDY_JWT_KEYS");
    let data = folder.path().join("data").display().to_string();
    environment.insert("UNDERSTUDY_DATA_DIR".to_owned(), data);
    environment
}

async fn admin(server: &Server) -> Client {
    let anonymous = Client::new(server.address());
    let body = json!({"username": ADMIN_USERNAME, "password": ADMIN_PASSWORD});
    let session = anonymous
        .post("/api/v1/auth/login", &body)
        .await
        .expect(200)
        .json();
    anonymous.with_bearer(session["access_token"].as_str().unwrap())
}

#[tokio::test]
async fn data_and_secrets_survive_a_killed_service() {
    // Under the system's temporary folder, which the account that the database runs as can enter.
    let folder = tempfile::tempdir().unwrap();
    let environment = environment(&folder);
    let server = Server::start(&environment).await;
    let mut body = instance("kept", 1);
    body["auth"] = json!({"type": "bearer"});
    body["tokens"] = json!([{"label": "one", "value": "sk-0123456789abcdef"}]);
    let list = "/api/v1/model-instances";
    admin(&server).await.post(list, &body).await.expect(201);
    drop(server);

    let mut server = Server::start(&environment).await;
    let found = admin(&server).await.get(list).await.expect(200).json();
    assert_eq!(found["total"], 1, "{found}");
    assert_eq!(found["items"][0]["name"], "kept");
    assert_eq!(found["items"][0]["tokens"][0]["hint"], "…cdef");
    // Asked to end, so that the database ends with it.
    server.signal(Signal::INT);
    assert_eq!(server.exit(Duration::from_secs(20)).await.code(), Some(0));
}
