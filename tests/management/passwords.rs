//! Changing one's own password.

use serde_json::json;

use super::person;
use crate::support::App;
use crate::support::server::ADMIN_PASSWORD;

const PASSWORD: &str = "/api/v1/auth/password";
const ME: &str = "/api/v1/auth/me";

#[tokio::test]
async fn change_ends_the_other_sessions_and_keeps_this_one() {
    let app = App::start().await;
    let (name, here) = person(&app, "user").await;
    let elsewhere = app.sign_in(&name, ADMIN_PASSWORD).await;
    let new = "another horse battery";
    here.post(
        PASSWORD,
        &json!({"current_password": ADMIN_PASSWORD, "new_password": new}),
    )
    .await
    .expect(204);
    here.get(ME).await.expect(200);
    elsewhere.get(ME).await.problem(401, "unauthenticated");
    let old = json!({"username": name, "password": ADMIN_PASSWORD});
    app.anonymous()
        .post("/api/v1/auth/login", &old)
        .await
        .problem(401, "unauthenticated");
    app.sign_in(&name, new).await.get(ME).await.expect(200);
}

#[tokio::test]
async fn wrong_current_password_and_weak_new_ones_are_422() {
    let app = App::start().await;
    let (name, user) = person(&app, "user").await;
    let wrong =
        json!({"current_password": "not the password", "new_password": "another horse battery"});
    user.post(PASSWORD, &wrong).await.faults(
        422,
        "validation_failed",
        &[("/current_password", "validation_failed")],
    );
    for weak in ["short", "Password123", &"x".repeat(129), &name] {
        let body = json!({"current_password": ADMIN_PASSWORD, "new_password": weak});
        let answer = user.post(PASSWORD, &body).await;
        let problem = answer.problem(422, "validation_failed");
        assert_eq!(
            problem["errors"][0]["pointer"], "/new_password",
            "{answer:?}"
        );
    }
    app.sign_in(&name, ADMIN_PASSWORD).await;
}

#[tokio::test]
async fn guessing_the_current_password_has_the_limit_of_signing_in() {
    let app = App::start().await;
    let (_, user) = person(&app, "user").await;
    let wrong =
        json!({"current_password": "not the password", "new_password": "another horse battery"});
    for _ in 0..10 {
        user.post(PASSWORD, &wrong).await.expect(422);
    }
    user.post(PASSWORD, &wrong)
        .await
        .problem(429, "rate_limited");
}

#[tokio::test]
async fn stored_passwords_are_argon2id() {
    let app = App::start().await;
    app.admin().await;
    let stored = app.database().everything().await;
    assert!(stored.contains("$argon2id$v=19$"), "{stored}");
    assert!(!stored.contains(ADMIN_PASSWORD));
}
