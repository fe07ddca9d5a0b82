//! Live events: a stream ends when its listener loses the right to it, within two seconds.

use std::time::Duration;

use serde_json::json;

use super::{INSTANCES, KEYS, USERS, cookie, person};
use crate::support::App;
use crate::support::live::Live;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};

const AT_ONCE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn signing_out_ends_the_streams_of_that_session_alone() {
    let app = App::start().await;
    let mut other = Live::open(&app.admin().await).await;
    let body = json!({"username": ADMIN_USERNAME, "password": ADMIN_PASSWORD});
    let session = app
        .anonymous()
        .post("/api/v1/auth/login", &body)
        .await
        .expect(200);
    let json = session.json();
    let client = app
        .anonymous()
        .with_bearer(json["access_token"].as_str().unwrap());
    let mut live = Live::open(&client).await;
    let origin = format!("http://{}", app.address());
    app.anonymous()
        .call("POST", "/api/v1/auth/logout")
        .header("cookie", &cookie(&session))
        .header("origin", &origin)
        .await
        .expect(204);
    live.end(AT_ONCE).await;
    let made = app.group("chat", []).await;
    other
        .until("the next event", |told| told.is_change("created", &made.id))
        .await;
}

#[tokio::test]
async fn new_password_ends_the_streams_of_the_other_sessions() {
    let app = App::start().await;
    let (name, first) = person(&app, "user").await;
    let second = app.sign_in(&name, ADMIN_PASSWORD).await;
    let (mut kept, mut ended) = (Live::open(&first).await, Live::open(&second).await);
    let body = json!({"current_password": ADMIN_PASSWORD, "new_password": "another long password"});
    let changed = first.post("/api/v1/auth/password", &body).await;
    assert!(matches!(changed.status, 200 | 204), "{changed:?}");
    ended.end(AT_ONCE).await;
    let made = app.group("chat", []).await;
    kept.until("the next event", |told| told.is_change("created", &made.id))
        .await;
}

#[tokio::test]
async fn disabled_demoted_or_deleted_people_stop_listening() {
    let app = App::start().await;
    let database = app.database().connect().await;
    for change in [
        "UPDATE users SET enabled = false WHERE username = $1",
        "UPDATE users SET role = 'user' WHERE username = $1",
        "DELETE FROM users WHERE username = $1",
    ] {
        let (name, client) = person(&app, "operator").await;
        let mut live = Live::open(&client).await;
        database.execute(change, &[&name]).await.unwrap();
        live.end(AT_ONCE).await;
    }
}

#[tokio::test]
async fn key_that_is_revoked_or_expires_stops_listening() {
    let app = App::start().await;
    let admin = app.admin().await;
    let body = json!({"name": "k", "scopes": ["manage:read"]});
    let made = admin.post(KEYS, &body).await.expect(201);
    let client = app
        .anonymous()
        .with_bearer(made.json()["key"].as_str().unwrap());
    let mut live = Live::open(&client).await;
    let path = made.header("location").unwrap();
    admin.call("DELETE", path).await.expect(204);
    live.end(AT_ONCE).await;

    let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(2);
    let fields = json!({"expires_at": soon.to_rfc3339()});
    let client = app.key_with(&["manage:read"], fields).await;
    let mut live = Live::open(&client).await;
    live.end(AT_ONCE * 2).await;
    assert!(chrono::Utc::now() >= soon, "it ended early");
}

#[tokio::test]
async fn key_stops_listening_when_its_maker_may_no_longer_give_it_the_right() {
    let app = App::start().await;
    let (name, operator) = person(&app, "operator").await;
    let body = json!({"name": "k", "scopes": ["manage:read"]});
    let made = operator.post(KEYS, &body).await.expect(201).json();
    let client = app.anonymous().with_bearer(made["key"].as_str().unwrap());
    let mut live = Live::open(&client).await;
    let database = app.database().connect().await;
    let demote = "UPDATE users SET role = 'user' WHERE username = $1";
    database.execute(demote, &[&name]).await.unwrap();
    live.end(AT_ONCE).await;
}

#[tokio::test]
async fn whoever_loses_a_right_loses_it_on_the_other_replica_too() {
    let app = App::start().await;
    let replica = App::builder()
        .env("DATABASE_URL", &app.database().url())
        .start()
        .await;
    let admin = app.admin().await;
    for what in ["sign-out", "password", "role", "disabling"] {
        let (name, client) = person(&app, "operator").await;
        let there = replica.anonymous().with_bearer(client.bearer());
        there.get(INSTANCES).await.expect(200);
        let mut live = Live::open(&there).await;
        let user = client.get("/api/v1/auth/me").await.expect(200).json();
        let user = format!("{USERS}/{}", user["id"].as_str().unwrap());
        let done = match what {
            "sign-out" => client.call("POST", "/api/v1/auth/logout").await,
            "password" => {
                let body = json!({"current_password": ADMIN_PASSWORD, "new_password": "another long password"});
                let elsewhere = app.sign_in(&name, ADMIN_PASSWORD).await;
                elsewhere.post("/api/v1/auth/password", &body).await
            }
            "role" => admin.patch(&user, &json!({"role": "user"})).await,
            _ => admin.patch(&user, &json!({"enabled": false})).await,
        };
        assert!(matches!(done.status, 200 | 204), "{what}: {done:?}");
        live.end(AT_ONCE).await;
        let refused = if what == "role" { 403 } else { 401 };
        there.get(INSTANCES).await.expect(refused);
    }
}
