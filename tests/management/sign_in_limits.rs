//! Failed sign-ins: limited for each account and address, and for each address.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::App;
use crate::support::client::Answer;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};

async fn attempt(app: &App, username: &str, password: &str, from: &str) -> Answer {
    let body = json!({"username": username, "password": password});
    app.anonymous()
        .post("/api/v1/auth/login", &body)
        .header("x-forwarded-for", from)
        .await
}

async fn behind_a_proxy() -> App {
    App::builder()
        .env("UNDERSTUDY_TRUSTED_PROXIES", "127.0.0.1")
        .start()
        .await
}

#[tokio::test]
async fn after_ten_failures_even_the_right_password_waits_but_not_elsewhere() {
    let app = behind_a_proxy().await;
    for _ in 0..10 {
        attempt(&app, ADMIN_USERNAME, "wrong password", "192.0.2.1")
            .await
            .problem(401, "unauthenticated");
    }
    let answer = attempt(&app, ADMIN_USERNAME, ADMIN_PASSWORD, "192.0.2.1").await;
    answer.problem(429, "rate_limited");
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
    attempt(&app, ADMIN_USERNAME, ADMIN_PASSWORD, "192.0.2.2")
        .await
        .expect(200);
    attempt(&app, "somebody", "wrong password", "192.0.2.1")
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test]
async fn success_forgives_and_attempts_at_once_are_no_way_round() {
    let app = behind_a_proxy().await;
    for _ in 0..9 {
        attempt(&app, ADMIN_USERNAME, "wrong password", "192.0.2.1")
            .await
            .expect(401);
    }
    attempt(&app, ADMIN_USERNAME, ADMIN_PASSWORD, "192.0.2.1")
        .await
        .expect(200);
    let body = json!({"username": ADMIN_USERNAME, "password": "wrong password"});
    let mut calls = Vec::new();
    for _ in 0..16 {
        let call = app
            .anonymous()
            .post("/api/v1/auth/login", &body)
            .header("x-forwarded-for", "192.0.2.1");
        calls.push(call.spawn());
    }
    let mut refused = 0;
    for call in calls {
        let answer = call.await.unwrap().unwrap();
        refused += usize::from(answer.status == 429);
    }
    assert_eq!(refused, 6);
}

#[tokio::test]
async fn forwarded_addresses_of_strangers_are_not_believed() {
    let app = App::start().await;
    for number in 0..10 {
        attempt(
            &app,
            ADMIN_USERNAME,
            "wrong password",
            &format!("192.0.2.{number}"),
        )
        .await
        .expect(401);
    }
    attempt(&app, ADMIN_USERNAME, ADMIN_PASSWORD, "192.0.2.99")
        .await
        .problem(429, "rate_limited");
}

#[tokio::test]
async fn refusal_takes_as_long_for_a_name_that_nobody_has() {
    let app = App::start().await;
    let mut shortest = Vec::new();
    // The last one is no name that anybody can have.
    for name in [ADMIN_USERNAME, "nobody", " x"] {
        let mut best = Duration::MAX;
        for _ in 0..6 {
            let begun = Instant::now();
            attempt(&app, name, "not the password", "192.0.2.1")
                .await
                .expect(401);
            best = best.min(begun.elapsed());
        }
        shortest.push(best);
    }
    // The hash of a password takes many times what the rest does.
    let least = shortest[0] / 3;
    assert!(shortest.iter().all(|took| *took > least), "{shortest:?}");
}
