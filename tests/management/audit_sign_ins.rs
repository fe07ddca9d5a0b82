//! What is recorded of people who come and go, and of the first of them.

use serde_json::{Value, json};

use super::audit_actions::{LOGIN, PASSWORD, Trail, change};
use super::{AUDIT_LOG, cookie, person};
use crate::support::App;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};

#[tokio::test]
async fn coming_and_going_is_recorded_and_no_word_that_could_be_a_password() {
    let app = App::start().await;
    let mut trail = Trail::begin(&app).await;
    let (name, _) = person(&app, "user").await;
    let actions: Vec<Value> = trail
        .news()
        .await
        .iter()
        .map(|record| record["action"].clone())
        .collect();
    assert_eq!(actions, ["user.create", "session.sign_in"]);

    let login = async |username: &str, password: &str| {
        let body = json!({"username": username, "password": password});
        app.anonymous().post(LOGIN, &body).await
    };
    login(&name, "not the password")
        .await
        .problem(401, "unauthenticated");
    let record = trail.one("session.sign_in_failed").await;
    assert_eq!(
        record["actor"],
        json!({"kind": "anonymous", "id": null, "name": null})
    );
    assert_eq!(
        (&record["target"]["name"], &record["outcome"]),
        (&json!(name), &json!("failure"))
    );
    assert_eq!(record["address"], "127.0.0.1");
    login(ADMIN_PASSWORD, ADMIN_USERNAME)
        .await
        .problem(401, "unauthenticated");
    let record = trail.one("session.sign_in_failed").await;
    assert_eq!(
        record["target"],
        json!({"kind": "user", "id": null, "name": null})
    );

    let session = login(&name, ADMIN_PASSWORD).await.expect(200);
    let record = trail.one("session.sign_in").await;
    assert_eq!(record["actor"]["id"], record["target"]["id"]);
    let user = app
        .anonymous()
        .with_bearer(session.json()["access_token"].as_str().unwrap());
    let wrong = json!({"current_password": "not the password", "new_password": PASSWORD});
    user.post("/api/v1/auth/password", &wrong).await.expect(422);
    let record = trail.one("user.change_password").await;
    assert_eq!(
        (&record["outcome"], &record["changes"]),
        (&json!("failure"), &json!({}))
    );
    let right = json!({"current_password": ADMIN_PASSWORD, "new_password": PASSWORD});
    user.post("/api/v1/auth/password", &right).await.expect(204);
    let record = trail.one("user.change_password").await;
    assert_eq!(record["outcome"], "success");
    assert_eq!(
        record["changes"]["password"],
        change(json!("set"), json!("replaced"))
    );

    let origin = format!("http://{}", app.address());
    let with_cookie = async |action: &str, cookie: &str| {
        let call = app
            .anonymous()
            .call("POST", &format!("/api/v1/auth/{action}"));
        call.header("cookie", cookie)
            .header("origin", &origin)
            .await
    };
    let first = cookie(&session);
    let second = cookie(&with_cookie("refresh", &first).await.expect(200));
    trail.none("renewing is no news").await;
    with_cookie("refresh", &first)
        .await
        .problem(401, "unauthenticated");
    let record = trail.one("session.reuse_detected").await;
    assert_eq!(
        (&record["target"]["name"], &record["outcome"]),
        (&json!(name), &json!("failure"))
    );
    assert_eq!(record["actor"]["kind"], "anonymous");
    with_cookie("refresh", &first)
        .await
        .problem(401, "unauthenticated");
    with_cookie("logout", &second).await.expect(204);
    trail.none("the session had ended").await;

    let third = cookie(&login(&name, PASSWORD).await.expect(200));
    trail.one("session.sign_in").await;
    with_cookie("logout", &third).await.expect(204);
    let record = trail.one("session.sign_out").await;
    assert_eq!(
        (&record["actor"]["name"], &record["target"]["name"]),
        (&json!(name), &json!(name))
    );
}

#[tokio::test]
async fn first_administrator_is_recorded_whether_by_environment_or_by_link() {
    let app = App::start().await;
    let first = app
        .admin()
        .await
        .get(&format!("{AUDIT_LOG}?sort=at&limit=1"))
        .await
        .json();
    let record = &first["items"][0];
    assert_eq!(record["action"], "setup.finish");
    assert_eq!(
        record["actor"],
        json!({"kind": "service", "id": null, "name": null})
    );
    assert_eq!(record["target"]["name"], ADMIN_USERNAME);
    assert_eq!(
        (&record["address"], &record["request_id"]),
        (&Value::Null, &Value::Null)
    );

    let app = App::builder().without_admin().start().await;
    let log = app.log();
    let token: String = log
        .split_once("/setup?token=")
        .map(|(_, rest)| {
            rest.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
                .collect()
        })
        .unwrap();
    let body = json!({"token": token, "username": "Ada", "password": PASSWORD});
    let session = app
        .anonymous()
        .post("/api/v1/setup", &body)
        .await
        .expect(201)
        .json();
    let ada = app
        .anonymous()
        .with_bearer(session["access_token"].as_str().unwrap());
    let list = ada
        .get(&format!("{AUDIT_LOG}?sort=at"))
        .await
        .expect(200)
        .json();
    let actions: Vec<&Value> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| &record["action"])
        .collect();
    assert_eq!(actions, ["setup.finish", "session.sign_in"]);
    assert_eq!(list["items"][0]["actor"]["kind"], "anonymous");
    assert_eq!(list["items"][0]["address"], "127.0.0.1");
}
