//! No secret is ever in the audit log: not in the list, not in its files, not in its table.

use serde_json::{Value, json};

use super::{AUDIT_LOG, INSTANCES, KEYS, USERS, cookie, instance};
use crate::support::App;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};

/// Every canary has it.
const CANARY: &str = "c4n4ry";

#[tokio::test]
async fn no_canary_of_any_secret_field_is_in_the_log() {
    let app = App::start().await;
    let admin = app.admin().await;
    let secret = |name: &str| format!("{CANARY}-{name}-0123456789");
    let mut fields = instance("a");
    fields["endpoint"]["scheme"] = json!("https");
    fields["auth"] = json!({"type": "bearer"});
    fields["tokens"] = json!([{"label": "t", "value": secret("token")}]);
    fields["headers"] = json!([{"name": "x-org", "value": secret("header")}]);
    fields["proxies"] = json!([{"url": "http://proxy.example:3128", "username": "us", "password": secret("proxy")}]);
    let made = admin.post(INSTANCES, &fields).await.expect(201);
    let (path, made) = (made.header("location").unwrap().to_owned(), made.json());
    let patch = json!({
        "endpoint": {"host": "10.20.30.41"},
        "tokens": [{"id": made["tokens"][0]["id"], "value": secret("token-two")}],
        "headers": [{"id": made["headers"][0]["id"], "name": "x-org", "value": secret("header-two")}],
        "proxies": [{"id": made["proxies"][0]["id"], "url": "http://proxy.example:3128", "username": "us", "password": secret("proxy-two")}],
    });
    admin.patch(&path, &patch).await.expect(200);
    admin
        .call("POST", &format!("{path}/duplicate"))
        .await
        .expect(201);
    // Refused: credentials in the address of a proxy, a secret where none belongs.
    let url = format!("http://us:{}@proxy.example:3128", secret("url"));
    admin
        .patch(&path, &json!({"proxies": [{"url": url}]}))
        .await
        .expect(422);
    admin
        .patch(&path, &json!({secret("field"): secret("value")}))
        .await
        .expect(422);
    admin.delete(&path).await.expect(204);

    let password = secret("password");
    let user = json!({"username": "ada", "role": "admin", "password": password});
    let user = admin.post(USERS, &user).await.expect(201);
    let user = user.header("location").unwrap().to_owned();
    let login = async |username: &str, password: &str| {
        let body = json!({"username": username, "password": password});
        app.anonymous().post("/api/v1/auth/login", &body).await
    };
    login("ada", &secret("wrong")).await.expect(401);
    login(&secret("in-the-wrong-field"), "ada")
        .await
        .expect(401);
    let session = login("ada", &password).await.expect(200);
    let access = session.json()["access_token"].as_str().unwrap().to_owned();
    let refresh = cookie(&session).split_once('=').unwrap().1.to_owned();
    let ada = app.anonymous().with_bearer(&access);
    let body = json!({"current_password": secret("guess"), "new_password": secret("new")});
    ada.post("/api/v1/auth/password", &body).await.expect(422);
    let body = json!({"current_password": password, "new_password": secret("new")});
    ada.post("/api/v1/auth/password", &body).await.expect(204);
    admin
        .patch(&user, &json!({"password": secret("by-admin")}))
        .await
        .expect(200);
    let key = admin
        .post(KEYS, &json!({"name": "k", "scopes": ["gateway"]}))
        .await
        .expect(201)
        .json();
    let key = key["key"].as_str().unwrap().to_owned();
    app.anonymous()
        .with_bearer(&key)
        .post(KEYS, &json!({"name": secret("k")}))
        .await
        .expect(403);

    let list = admin
        .get(&format!("{AUDIT_LOG}?limit=200"))
        .await
        .expect(200);
    let records = list.json()["items"].as_array().unwrap().len();
    assert!(records >= 13, "{records} records");
    let csv = admin
        .get(&format!("{AUDIT_LOG}/export?format=csv"))
        .await
        .expect(200);
    let lines = admin
        .get(&format!("{AUDIT_LOG}/export?format=jsonl"))
        .await
        .expect(200);
    let everything = app.database().everything().await;
    let table: Vec<&str> = everything
        .lines()
        .filter(|line| line.starts_with("audit_log:"))
        .collect();
    assert!(table.len() >= records, "{} rows", table.len());
    let table = table.join("\n");
    let (key_rest, hashes) = (&key[10..], "argon2");
    for (place, text) in [
        ("list", list.text()),
        ("csv", csv.text()),
        ("jsonl", lines.text()),
        ("table", &table),
        ("log", &app.log()),
    ] {
        for hidden in [CANARY, &access, &refresh, key_rest, ADMIN_PASSWORD, hashes] {
            assert!(!text.contains(hidden), "{hidden} is in the {place}: {text}");
        }
    }
    // What may be seen is there.
    let text = list.text();
    for shown in [
        ADMIN_USERNAME,
        "\"replaced\"",
        "\"set\"",
        "…6789",
        "http://proxy.example:3128",
    ] {
        assert!(
            text.contains(shown),
            "{shown}: {:#}",
            serde_json::from_str::<Value>(text).unwrap()
        );
    }
}
