//! Users: who may do what, and that there is always somebody who may do everything.

use serde_json::{Value, json};

use super::{GROUPS, KEYS, USERS, names, person};
use crate::gateway::{CHAT, chat};
use crate::support::App;
use crate::support::client::{Answer, Client};
use crate::support::server::ADMIN_USERNAME;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, until};

const PASSWORD: &str = "a horse of another colour";

fn ada() -> Value {
    json!({"username": "Ada", "display_name": "Ada Lovelace", "role": "operator", "password": PASSWORD})
}

fn path(made: &Answer) -> String {
    made.header("location").expect("a path").to_owned()
}

async fn own_path(admin: &Client) -> String {
    let me = admin.get("/api/v1/auth/me").await.expect(200).json();
    format!("{USERS}/{}", me["id"].as_str().unwrap())
}

#[tokio::test]
async fn user_is_made_read_changed_and_deleted() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = admin.post(USERS, &ada()).await.expect(201);
    let path = path(&made);
    let user = made.json();
    assert_eq!(path, format!("{USERS}/{}", user["id"].as_str().unwrap()));
    assert_eq!(user["username"], "Ada");
    assert_eq!(user["role"], "operator");
    assert_eq!(
        (&user["enabled"], &user["version"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(user["last_sign_in_at"], Value::Null);
    assert!(!made.text().contains("password") && !made.text().contains("argon2"));
    assert_eq!(
        admin.get(&path).await.expect_header("etag", "\"1\"").json(),
        user
    );

    app.sign_in("ada", PASSWORD).await;
    assert!(admin.get(&path).await.json()["last_sign_in_at"].is_string());
    let patch = json!({"display_name": null, "username": "Countess"});
    let changed = admin
        .patch(&path, &patch)
        .if_match("\"1\"")
        .await
        .expect(200)
        .json();
    assert_eq!(changed["display_name"], "");
    assert_eq!(changed["username"], "Countess");
    assert_eq!(changed["version"], 2);
    app.sign_in("countess", PASSWORD).await;

    admin
        .delete(&path)
        .without_header("if-match")
        .await
        .problem(428, "precondition_required");
    admin
        .delete(&path)
        .if_match("\"1\"")
        .await
        .problem(412, "precondition_failed");
    admin.delete(&path).if_match("\"2\"").await.expect(204);
    admin.get(&path).await.problem(404, "not_found");
}

#[tokio::test]
async fn users_are_listed_found_filtered_and_sorted() {
    let app = App::start().await;
    let admin = app.admin().await;
    admin.post(USERS, &ada()).await.expect(201);
    let bob = json!({"username": "bob", "enabled": false, "password": PASSWORD});
    admin.post(USERS, &bob).await.expect(201);
    for (query, expected) in [
        ("", vec!["Ada", "admin", "bob"]),
        ("?sort=-role", vec!["admin", "Ada", "bob"]),
        ("?q=lovelace", vec!["Ada"]),
        ("?role=user", vec!["bob"]),
        ("?enabled=false", vec!["bob"]),
        ("?enabled=true&role=admin", vec!["admin"]),
    ] {
        let list = admin
            .get(&format!("{USERS}{query}"))
            .await
            .expect(200)
            .json();
        let found = list["items"].as_array().unwrap().iter();
        let found: Vec<_> = found
            .map(|user| user["username"].as_str().unwrap())
            .collect();
        assert_eq!(found, expected, "{query}");
    }
    admin
        .get(&format!("{USERS}?role=king"))
        .await
        .problem(400, "invalid_parameter");
}

#[tokio::test]
async fn faults_of_users_stand_at_their_fields() {
    let app = App::start().await;
    let admin = app.admin().await;
    let path = path(&admin.post(USERS, &ada()).await.expect(201));
    for (field, value, rule) in [
        ("username", json!(""), "required"),
        ("username", json!(" x"), "outer_spaces"),
        ("username", json!("ADMIN"), "taken"),
        ("display_name", json!("x".repeat(101)), "too_long"),
        ("password", json!("short"), "too_short"),
        ("password", json!("password1234"), "password_common"),
        ("role", json!("king"), "not_one_of"),
        ("version", json!(7), "unknown_field"),
    ] {
        let mut body = ada();
        body["username"] = json!("Eve");
        body[field] = value.clone();
        let mut patch = json!({});
        patch[field] = value;
        let made = admin.post(USERS, &body).await;
        let changed = admin.patch(&path, &patch).await;
        for answer in [made, changed] {
            let problem = answer.json();
            let error = &problem["errors"][0];
            assert_eq!(error["pointer"], format!("/{field}"), "{answer:?}");
            assert_eq!(error["rule"], rule, "{answer:?}");
        }
    }
    let none = json!({"password": null});
    let answer = admin.patch(&path, &none).await;
    assert_eq!(
        answer.json()["errors"][0]["pointer"],
        "/password",
        "{answer:?}"
    );
    let user = admin.get(&path).await.expect(200).json();
    assert_eq!(
        (&user["username"], &user["version"]),
        (&json!("Ada"), &json!(1))
    );
}

#[tokio::test]
async fn last_administrator_stays_one() {
    let app = App::start().await;
    let admin = app.admin().await;
    let own = own_path(&admin).await;
    for patch in [
        json!({"role": "operator"}),
        json!({"enabled": false}),
        json!({"role": null}),
    ] {
        admin.patch(&own, &patch).await.problem(409, "conflict");
    }
    admin.delete(&own).await.problem(409, "conflict");

    // One who may not sign in does not count, one who may does.
    let mut other = ada();
    other["role"] = json!("admin");
    other["enabled"] = json!(false);
    let other = path(&admin.post(USERS, &other).await.expect(201));
    admin.delete(&own).await.problem(409, "conflict");
    admin
        .patch(&other, &json!({"enabled": true}))
        .await
        .expect(200);

    // Two who take the right from each other at once: one of them keeps it.
    let ada = app.sign_in("ada", PASSWORD).await;
    let demote = json!({"role": "user"});
    let (first, second) = tokio::join!(admin.patch(&other, &demote), ada.patch(&own, &demote),);
    let statuses = [first.status, second.status];
    assert!(statuses.contains(&200), "{statuses:?}");
    assert!(
        statuses.iter().any(|status| [403, 409].contains(status)),
        "{statuses:?}"
    );
    let left = app.database().connect().await;
    let count = "SELECT count(*) FROM users WHERE role = 'admin' AND enabled";
    let count: i64 = left.query_one(count, &[]).await.unwrap().get(0);
    assert_eq!(count, 1);
}

#[tokio::test]
async fn demotion_disabling_and_another_password_hold_at_once() {
    let app = App::start().await;
    let admin = app.admin().await;
    let path = path(&admin.post(USERS, &ada()).await.expect(201));
    let ada = app.sign_in("ada", PASSWORD).await;
    ada.get("/api/v1/model-instances").await.expect(200);

    admin
        .patch(&path, &json!({"role": "user"}))
        .await
        .expect(200);
    ada.get("/api/v1/model-instances")
        .await
        .problem(403, "forbidden");
    ada.get(GROUPS).await.expect(200);

    let another = json!({"password": "another horse of that colour"});
    admin.patch(&path, &another).await.expect(200);
    ada.get(GROUPS).await.problem(401, "unauthenticated");
    let old = json!({"username": "ada", "password": PASSWORD});
    app.anonymous()
        .post("/api/v1/auth/login", &old)
        .await
        .problem(401, "unauthenticated");
    let ada = app.sign_in("ada", "another horse of that colour").await;

    admin
        .patch(&path, &json!({"enabled": false}))
        .await
        .expect(200);
    ada.get(GROUPS).await.problem(401, "unauthenticated");
    admin
        .patch(&path, &json!({"enabled": true}))
        .await
        .expect(200);
    ada.get(GROUPS).await.problem(401, "unauthenticated");
    app.sign_in("ada", "another horse of that colour").await;

    // One's own password keeps the session that changed it.
    let own = own_path(&admin).await;
    let mine = json!({"password": "a password of my own"});
    admin.patch(&own, &mine).await.expect(200);
    admin.get(USERS).await.expect(200);
    app.sign_in(ADMIN_USERNAME, "a password of my own").await;
}

#[tokio::test]
async fn keys_of_a_disabled_user_open_nothing_and_keep_the_user_from_being_deleted() {
    let app = App::start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("a", &upstream).await;
    let group = app.group("group", [&instance]).await;
    let admin = app.admin().await;
    let (name, maker) = person(&app, "operator").await;
    let body = json!({"name": "of the maker", "scopes": ["gateway", "groups:read"]});
    let key = maker.post(KEYS, &body).await.expect(201).json();
    let caller = Client::new(app.address()).with_bearer(key["key"].as_str().unwrap());
    caller.post(CHAT, &chat(&group.name)).await.expect(200);

    let list = admin.get(&format!("{USERS}?q={name}")).await.json();
    let path = format!("{USERS}/{}", list["items"][0]["id"].as_str().unwrap());
    let problem = admin.delete(&path).await.problem(409, "in_use");
    assert_eq!(problem["used_by"][0]["name"], "of the maker");

    admin
        .patch(&path, &json!({"enabled": false}))
        .await
        .expect(200);
    until(SOON, "the key is refused", async || {
        let answer = caller.post(CHAT, &chat(&group.name)).await;
        (answer.status == 401).then_some(())
    })
    .await;
    admin
        .patch(&path, &json!({"enabled": true}))
        .await
        .expect(200);
    until(SOON, "the key opens again", async || {
        let answer = caller.post(CHAT, &chat(&group.name)).await;
        (answer.status == 200).then_some(())
    })
    .await;
    let revoke = format!("{KEYS}/{}", key["id"].as_str().unwrap());
    admin.delete(&revoke).await.expect(204);
    admin.delete(&path).await.expect(204);
    assert_eq!(names(&admin.get(KEYS).await).len(), 1);
}
