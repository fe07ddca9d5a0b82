//! `understudy reset-password`: the way back in, beside a running service and without one.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::support::App;
use crate::support::client::Client;
use crate::support::database::Database;
use crate::support::env;
use crate::support::home::Home;
use crate::support::live::Live;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME, base_environment};
use crate::support::wait::within;

const LOGIN: &str = "/api/v1/auth/login";
const NEW: &str = "a horse of another colour";
const BOUND: Duration = Duration::from_secs(60);

/// Runs the command with these arguments, and with this on its standard input.
async fn reset(environment: &BTreeMap<String, String>, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env::binary())
        .arg("reset-password")
        .args(arguments)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that refuses its arguments or its environment reads nothing, and may have ended.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = within(BOUND, "the command ends", child.wait_with_output());
    output.await.unwrap()
}

fn environment(database: &Database) -> BTreeMap<String, String> {
    let mut environment = base_environment();
    environment.insert("DATABASE_URL".to_owned(), database.url());
    environment
}

fn said(output: &Output) -> String {
    let said = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said));
    said.concat()
}

#[tokio::test]
async fn new_password_holds_at_once_and_ends_every_session() {
    let app = App::start().await;
    let admin = app.admin().await;
    let mut live = Live::open(&admin).await;
    let environment = environment(app.database());
    let done = reset(&environment, &["ADMIN"], &format!("{NEW}\r\n")).await;
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert!(!said(&done).contains(NEW), "{}", said(&done));
    live.end(Duration::from_secs(2)).await;
    let me = admin.get("/api/v1/auth/me").await;
    me.problem(401, "unauthenticated");
    let old = json!({"username": ADMIN_USERNAME, "password": ADMIN_PASSWORD});
    app.anonymous().post(LOGIN, &old).await.expect(401);

    let admin = app.sign_in(ADMIN_USERNAME, NEW).await;
    let log = "/api/v1/audit-log?actor_kind=command";
    let log = admin.get(log).await.expect(200).json();
    let record = &log["items"][0];
    assert_eq!(record["action"], "user.update", "{log}");
    assert_eq!(record["actor"]["name"], "reset-password");
    assert_eq!(record["address"], json!(null));
    assert_eq!(record["target"]["name"], ADMIN_USERNAME);
    assert_eq!(
        record["changes"],
        json!({"password": {"before": "set", "after": "replaced"}})
    );
}

#[tokio::test]
async fn disabled_administrator_comes_back_only_if_it_says_so() {
    let app = App::start().await;
    let database = app.database().connect().await;
    database
        .execute("UPDATE users SET enabled = false", &[])
        .await
        .unwrap();
    let environment = environment(app.database());
    let done = reset(&environment, &["admin"], NEW).await;
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert!(said(&done).contains("--enable"), "{}", said(&done));
    let body = json!({"username": ADMIN_USERNAME, "password": NEW});
    app.anonymous().post(LOGIN, &body).await.expect(401);
    let done = reset(&environment, &["admin", "--enable"], NEW).await;
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    app.sign_in(ADMIN_USERNAME, NEW).await;
}

#[tokio::test]
async fn what_cannot_be_done_is_said_with_its_exit_code_and_changes_nothing() {
    let app = App::start().await;
    let right = environment(app.database());
    let mut nowhere = right.clone();
    let url = "postgres://u@127.0.0.1:9/d".to_owned();
    nowhere.insert("DATABASE_URL".to_owned(), url);
    let mut unset = right.clone();
    unset.remove("UNDERSTUDY_JWT_KEYS");
    let long = "x".repeat(129);
    for (environment, arguments, input, code, part) in [
        (
            &right,
            vec!["nobody"],
            NEW,
            67,
            "there is no user \"nobody\"",
        ),
        (&right, vec!["admin"], "short", 65, "at least 10"),
        (&right, vec!["admin"], "", 65, "nothing was changed"),
        (&right, vec!["admin"], &long, 65, "at most 128"),
        (&right, vec!["admin"], "Password123", 65, "guessed first"),
        (&right, vec![], NEW, 2, "reset-password <USER>"),
        (&unset, vec!["admin"], NEW, 78, "UNDERSTUDY_JWT_KEYS"),
        (&nowhere, vec!["admin"], NEW, 75, "cannot be reached"),
    ] {
        let done = reset(environment, &arguments, input).await;
        let said = said(&done);
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(part), "{part} in {said}");
    }
    app.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
}

#[tokio::test]
async fn whoever_signs_in_with_the_identity_provider_gets_no_password() {
    let app = App::start().await;
    let database = app.database().connect().await;
    database
        .batch_execute(
            "UPDATE users SET oidc_issuer = 'https://id.example', oidc_subject = '1', password_hash = ''",
        )
        .await
        .unwrap();
    let done = reset(&environment(app.database()), &["admin", "--enable"], NEW).await;
    assert_eq!(done.status.code(), Some(65), "{}", said(&done));
    assert!(said(&done).contains("identity provider"), "{}", said(&done));
    let body = json!({"username": ADMIN_USERNAME, "password": NEW});
    app.anonymous().post(LOGIN, &body).await.expect(401);
}

#[tokio::test]
async fn embedded_database_is_used_beside_its_service_and_after_it() {
    let home = Home::open();
    let mut server = home.start().await;
    let sign_in = async |address: &str, password: &str| {
        let body = json!({"username": ADMIN_USERNAME, "password": password});
        Client::new(address).post(LOGIN, &body).await.status
    };
    let done = reset(home.environment(), &["admin"], NEW).await;
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert_eq!(sign_in(server.address(), NEW).await, 200);
    server.signal(Signal::INT);
    server.exit(BOUND).await;

    let done = reset(home.environment(), &["admin"], ADMIN_PASSWORD).await;
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert_eq!(home.postmaster(), None, "it ends with the command");
    let server = home.start().await;
    assert_eq!(sign_in(server.address(), ADMIN_PASSWORD).await, 200);
}
