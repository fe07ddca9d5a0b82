//! Several replicas on one database.

use std::time::Duration;

use serde_json::json;

use crate::gateway::{CHAT, GROUP, Pair, chat};
use crate::support::App;
use crate::support::client::Client;
use crate::support::database::Database;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME, Server, base_environment};
use crate::support::wait::until;

const KEYS: &str = "/api/v1/api-keys";
/// The two seconds of the contract, and what a busy machine takes.
const SOON_EVERYWHERE: Duration = Duration::from_secs(4);

#[tokio::test]
async fn two_replicas_that_migrate_an_empty_database_at_once_both_start() {
    let database = Database::empty().await;
    let mut environment = base_environment();
    environment.insert("DATABASE_URL".to_owned(), database.url());
    let (one, two) = tokio::join!(Server::start(&environment), Server::start(&environment));
    for server in [&one, &two] {
        let body = json!({"username": ADMIN_USERNAME, "password": ADMIN_PASSWORD});
        let anonymous = Client::new(server.address());
        let session = anonymous.post("/api/v1/auth/login", &body).await;
        let session = session.expect(200).json();
        let admin = anonymous.with_bearer(session["access_token"].as_str().unwrap());
        let users = admin.get("/api/v1/model-instances").await.expect(200);
        assert_eq!(users.json()["total"], 0);
    }
    let migrations = |server: &Server| server.log().matches("ran database migrations").count();
    assert_eq!(migrations(&one) + migrations(&two), 1);
    // Both are there while their database still is.
    drop((one, two));
}

#[tokio::test]
async fn change_whose_announcement_is_lost_is_effective_within_fifteen_seconds() {
    let pair = Pair::start().await;
    let connection = pair.app.database().connect().await;
    // Without triggers nobody announces anything.
    connection
        .batch_execute(
            "SET session_replication_role = replica;
             BEGIN;
             UPDATE model_instances SET enabled = false WHERE name = 'first';
             UPDATE config_revision SET revision = revision + 1;
             COMMIT",
        )
        .await
        .unwrap();
    until(Duration::from_secs(15), "the poll finds it", async || {
        let answer = pair.ask().await;
        (answer.header("x-understudy-instance") == Some("second")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn key_is_changed_and_revoked_on_every_replica_and_each_counts_for_itself() {
    let pair = Pair::start().await;
    let replica = App::builder()
        .env("DATABASE_URL", &pair.app.database().url())
        .start()
        .await;
    let admin = pair.app.admin().await;
    let body = json!({"name": "of two", "scopes": ["gateway"]});
    let made = admin.post(KEYS, &body).await.expect(201).json();
    let path = format!("{KEYS}/{}", made["id"].as_str().unwrap());
    let here = pair
        .app
        .anonymous()
        .with_bearer(made["key"].as_str().unwrap());
    let there = replica.anonymous().with_bearer(here.bearer());
    let ask = async |caller: &Client| caller.post(CHAT, &chat(GROUP)).await.status;
    let within = async |what: &str, caller: &Client, status: u16| {
        until(SOON_EVERYWHERE, what, async || {
            (ask(caller).await == status).then_some(())
        })
        .await;
    };
    within("the other replica knows a new key", &there, 200).await;

    let limits = json!({"limits": {"requests_per_minute": 5}});
    admin.patch(&path, &limits).await.expect(200);
    within("its limit holds on the other replica", &there, 429).await;
    // What was asked there is not counted here: the limit is one of each replica.
    assert_eq!(ask(&here).await, 200);
    within("and here", &here, 429).await;
    assert_eq!(ask(&there).await, 429);

    admin.delete(&path).await.expect(204);
    within("it is revoked on the other replica", &there, 401).await;
    assert_eq!(ask(&here).await, 401);
}

#[tokio::test]
async fn replica_listens_again_after_its_connections_were_cut() {
    let pair = Pair::start().await;
    let replica = App::builder()
        .env("DATABASE_URL", &pair.app.database().url())
        .start()
        .await;
    let caller = replica.anonymous().with_bearer(pair.caller.bearer());
    let connection = pair.app.database().connect().await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    connection.batch_execute(cut).await.unwrap();
    until(Duration::from_secs(10), "both listen again", async || {
        let listening = "SELECT FROM pg_stat_activity WHERE datname = current_database()
                         AND query LIKE 'LISTEN understudy_config%'";
        let rows = connection.query(listening, &[]).await.unwrap();
        (rows.len() == 2).then_some(())
    })
    .await;
    let admin = pair.app.admin().await;
    admin
        .patch(&pair.first_instance.path, &json!({"enabled": false}))
        .await
        .expect(200);
    until(Duration::from_secs(2), "the replica knows", async || {
        let answer = caller.post(CHAT, &chat(GROUP)).await;
        (answer.header("x-understudy-instance") == Some("second")).then_some(())
    })
    .await;
}
