//! The first administrator through the one-time link.

use serde_json::{Value, json};

use super::cookie;
use crate::support::App;

const SETUP: &str = "/api/v1/setup";

fn token(app: &App) -> String {
    let log = app.log();
    let (_, rest) = log
        .split_once("/setup?token=")
        .unwrap_or_else(|| panic!("no link: {log}"));
    rest.chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect()
}

fn request(token: &str, password: &str) -> Value {
    json!({"token": token, "username": "Ada", "password": password})
}

#[tokio::test]
async fn link_of_the_log_makes_the_first_administrator_once() {
    let app = App::builder().without_admin().start().await;
    let client = app.anonymous();
    assert_eq!(
        client.get(SETUP).await.expect(200).json(),
        json!({"open": true})
    );
    let token = token(&app);
    let made = client
        .post(SETUP, &request(&token, "correct horse battery"))
        .await
        .expect(201);
    assert_eq!(made.json()["user"]["role"], "admin");
    assert!(made.header("location").is_some() && cookie(&made).starts_with("understudy_refresh="));
    let ada = client.with_bearer(made.json()["access_token"].as_str().unwrap());
    ada.get("/api/v1/model-instances").await.expect(200);
    assert_eq!(
        client.get(SETUP).await.expect(200).json(),
        json!({"open": false})
    );
    client
        .post(SETUP, &request(&token, "correct horse battery"))
        .await
        .problem(409, "setup_closed");
    app.sign_in("ada", "correct horse battery").await;
}

#[tokio::test]
async fn wrong_token_is_401_and_weak_password_422_and_set_up_stays_open() {
    let app = App::builder().without_admin().start().await;
    let client = app.anonymous();
    client
        .post(SETUP, &request("nonsense", "correct horse battery"))
        .await
        .problem(401, "unauthenticated");
    let weak = client
        .post(SETUP, &request(&token(&app), "password123"))
        .await;
    weak.faults(
        422,
        "validation_failed",
        &[("/password", "validation_failed")],
    );
    assert_eq!(
        client.get(SETUP).await.expect(200).json(),
        json!({"open": true})
    );
    let stored = app.database().everything().await;
    assert!(
        !stored.contains(&token(&app)) && !stored.contains("Ada"),
        "{stored}"
    );
}

#[tokio::test]
async fn link_used_twice_at_once_makes_one_administrator() {
    let app = App::builder().without_admin().start().await;
    let token = token(&app);
    let call = || {
        app.anonymous()
            .post(SETUP, &request(&token, "correct horse battery"))
            .spawn()
    };
    let (one, two) = (call(), call());
    let mut statuses = [
        one.await.unwrap().unwrap().status,
        two.await.unwrap().unwrap().status,
    ];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn with_an_administrator_set_up_is_closed_and_no_link_is_printed() {
    let app = App::start().await;
    assert_eq!(
        app.anonymous().get(SETUP).await.expect(200).json(),
        json!({"open": false})
    );
    assert!(!app.log().contains("token="), "{}", app.log());
    app.anonymous()
        .post(SETUP, &request("x", "correct horse battery"))
        .await
        .problem(409, "setup_closed");
}
