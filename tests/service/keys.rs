//! With no keys set up the service makes its own, and keeps them.

use std::collections::BTreeMap;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;

use crate::support::app::instance;
use crate::support::client::Client;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME, Server, base_environment};
use crate::support::upstream::Upstream;

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
async fn secrets_are_read_again_with_the_keys_of_the_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let environment = environment(&folder);
    let upstream = Upstream::start("a");
    let mut body = instance("a", upstream.port());
    body["auth"] = json!({"type": "bearer"});
    body["tokens"] = json!([{"label": "one", "value": "sk-0123456789abcdef"}]);
    let server = Server::start(&environment).await;
    let first_admin = admin(&server).await;
    let made = first_admin
        .post("/api/v1/model-instances", &body)
        .await
        .expect(201)
        .json();
    end(server).await;

    let server = Server::start(&environment).await;
    let path = format!(
        "/api/v1/model-instances/{}/check",
        made["id"].as_str().unwrap()
    );
    let check = admin(&server)
        .await
        .post(&path, &json!({}))
        .await
        .expect(200)
        .json();
    assert_eq!(check["ok"], true, "{check}");
    let requests = upstream.all_requests();
    let credential = requests
        .last()
        .and_then(|request| request.header("authorization"));
    assert_eq!(credential, Some("Bearer sk-0123456789abcdef"));
    let session = Client::new(server.address()).with_bearer(first_admin.bearer());
    session.get("/api/v1/auth/me").await.expect(200);
    end(server).await;
}

/// Asked to end, so that the database ends with it.
async fn end(mut server: Server) {
    server.signal(Signal::INT);
    assert_eq!(server.exit(Duration::from_secs(20)).await.code(), Some(0));
}
