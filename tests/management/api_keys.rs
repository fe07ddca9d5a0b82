//! API keys: shown once, limited to what their maker may do, revoked at once.

use serde_json::{Value, json};

use super::{INSTANCES, KEYS, person};
use crate::support::App;

fn key(scopes: &[&str]) -> Value {
    json!({"name": "billing", "scopes": scopes})
}

#[tokio::test]
async fn key_is_shown_once_and_only_its_hash_is_stored() {
    let app = App::start().await;
    let admin = app.admin().await;
    let answer = admin
        .post(KEYS, &key(&["gateway", "groups:read"]))
        .await
        .expect(201);
    let made = answer.json();
    let secret = made["key"].as_str().unwrap();
    assert!(secret.starts_with("us-") && secret.len() >= 46, "{secret}");
    assert!(secret.starts_with(made["prefix"].as_str().unwrap()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let location = answer.header("location").unwrap().to_owned();
    let read = admin.get(&location).await.expect(200).json();
    let mut expected = made.clone();
    expected.as_object_mut().unwrap().remove("key");
    assert_eq!(read, expected);
    assert!(!admin.get(KEYS).await.expect(200).text().contains(secret));
    assert!(!app.database().everything().await.contains(secret));
    assert_eq!(read["group_ids"], Value::Null);
    assert_eq!(
        read["limits"],
        json!({"requests_per_minute": null, "max_concurrency": null})
    );
}

#[tokio::test]
async fn revoked_or_expired_key_is_out_at_once_and_stays_in_the_list() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = admin.post(KEYS, &key(&["manage:read"])).await.expect(201);
    let client = app
        .anonymous()
        .with_bearer(made.json()["key"].as_str().unwrap());
    client.get(INSTANCES).await.expect(200);
    let path = made.header("location").unwrap();
    admin.call("DELETE", path).await.expect(204);
    client.get(INSTANCES).await.problem(401, "unauthenticated");
    let revoked = admin.get(path).await.expect(200).json();
    assert!(revoked["revoked_at"].is_string());
    admin.call("DELETE", path).await.expect(204);
    assert_eq!(admin.get(path).await.expect(200).json(), revoked);

    let expiring = app
        .key_with(
            &["manage:read"],
            json!({"expires_at": "2999-01-01T00:00:00Z"}),
        )
        .await;
    expiring.get(INSTANCES).await.expect(200);
    let database = app.database().connect().await;
    database
        .execute("UPDATE api_keys SET expires_at = now()", &[])
        .await
        .unwrap();
    expiring
        .get(INSTANCES)
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test]
async fn last_use_is_noted_to_about_a_minute() {
    let app = App::start().await;
    let admin = app.admin().await;
    let client = app.key(&["manage:read"]).await;
    let last_used =
        async || admin.get(KEYS).await.expect(200).json()["items"][0]["last_used_at"].clone();
    assert_eq!(last_used().await, Value::Null);
    client.get(INSTANCES).await.expect(200);
    let first = last_used().await;
    assert!(first.is_string());
    client.get(INSTANCES).await.expect(200);
    assert_eq!(last_used().await, first);
    let database = app.database().connect().await;
    database
        .execute(
            "UPDATE api_keys SET last_used_at = now() - interval '61 seconds'",
            &[],
        )
        .await
        .unwrap();
    client.get(INSTANCES).await.expect(200);
    assert_ne!(last_used().await, first);
}

#[tokio::test]
async fn nobody_gives_a_key_more_than_they_have() {
    let app = App::start().await;
    let (name, user) = person(&app, "user").await;
    let (_, operator) = person(&app, "operator").await;
    user.post(KEYS, &key(&["gateway"])).await.expect(201);
    for scope in ["groups:read", "manage:read", "manage:write"] {
        user.post(KEYS, &key(&["gateway", scope]))
            .await
            .problem(403, "forbidden");
        operator.post(KEYS, &key(&[scope])).await.expect(201);
    }
    // It is in the audit log, as every try without the right is: once a minute.
    let list = "/api/v1/audit-log?action=access.deny";
    let log = app.admin().await.get(list).await.expect(200).json();
    assert_eq!(log["total"], 1, "{log}");
    let record = &log["items"][0];
    assert_eq!(record["actor"]["name"], name.as_str(), "{record}");
    assert_eq!(record["target"]["name"], "POST /api/v1/api-keys");
    assert_eq!(record["outcome"], "denied");
}

#[tokio::test]
async fn people_see_their_own_keys_and_administrators_all() {
    let app = App::start().await;
    let (_, ada) = person(&app, "user").await;
    let (_, bob) = person(&app, "operator").await;
    let made = ada.post(KEYS, &key(&["gateway"])).await.expect(201);
    let path = made.header("location").unwrap();
    assert_eq!(ada.get(KEYS).await.expect(200).json()["total"], 1);
    assert_eq!(bob.get(KEYS).await.expect(200).json()["total"], 0);
    bob.get(path).await.problem(404, "not_found");
    bob.call("DELETE", path).await.problem(404, "not_found");
    let admin = app.admin().await;
    assert_eq!(admin.get(KEYS).await.expect(200).json()["total"], 1);
    admin.call("DELETE", path).await.expect(204);
}

#[tokio::test]
async fn faults_of_a_key_point_to_their_fields() {
    let app = App::start().await;
    let admin = app.admin().await;
    let group = app.group("chat", []).await;
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (change, pointer) in [
        (json!({"name": ""}), "/name"),
        (json!({"name": "a\u{7}"}), "/name"),
        (json!({"scopes": []}), "/scopes"),
        (json!({"scopes": ["gateway", "gateway"]}), "/scopes/1"),
        (json!({"group_ids": []}), "/group_ids"),
        (json!({"group_ids": [group.id, unknown]}), "/group_ids/1"),
        (
            json!({"scopes": ["manage:read"], "group_ids": [group.id]}),
            "/group_ids",
        ),
        (json!({"expires_at": "2020-01-01T00:00:00Z"}), "/expires_at"),
        (
            json!({"limits": {"requests_per_minute": 0}}),
            "/limits/requests_per_minute",
        ),
        (json!({"scopes": ["admin"]}), "/scopes/0"),
        (json!({"expires_at": "tomorrow"}), "/expires_at"),
    ] {
        let mut body = key(&["gateway"]);
        crate::support::app::merge(&mut body, change.clone());
        admin.post(KEYS, &body).await.faults(
            422,
            "validation_failed",
            &[(pointer, "validation_failed")],
        );
    }
    assert_eq!(admin.get(KEYS).await.expect(200).json()["total"], 0);
    let limited = json!({"name": "k", "scopes": ["gateway"], "group_ids": [group.id], "limits": {"max_concurrency": 3}});
    let made = admin.post(KEYS, &limited).await.expect(201).json();
    assert_eq!(made["group_ids"], json!([group.id]));
    assert_eq!(made["limits"]["max_concurrency"], 3);
}

#[tokio::test]
async fn name_limits_groups_and_end_of_a_key_can_be_changed_and_nothing_else() {
    let app = App::start().await;
    let admin = app.admin().await;
    let group = app.group("chat", []).await;
    let (_, ada) = person(&app, "user").await;
    let made = ada.post(KEYS, &key(&["gateway"])).await.expect(201);
    let (path, made) = (made.header("location").unwrap(), made.json());
    let change = json!({"name": "invoices", "group_ids": [group.id], "limits": {"max_concurrency": 3},
        "expires_at": "2999-01-01T00:00:00Z"});
    let changed = ada
        .call("PATCH", path)
        .body("application/merge-patch+json", change.to_string())
        .await
        .expect(200)
        .json();
    assert_eq!(changed["name"], "invoices");
    assert_eq!(changed["group_ids"], json!([group.id]));
    assert_eq!(changed["expires_at"], "2999-01-01T00:00:00Z");
    let limits = json!({"requests_per_minute": null, "max_concurrency": 3});
    assert_eq!(changed["limits"], limits);
    for field in ["id", "prefix", "scopes", "created_at"] {
        assert_eq!(changed[field], made[field]);
    }
    assert!(changed.get("key").is_none(), "{changed}");
    assert_eq!(ada.get(path).await.expect(200).json(), changed);
    // Fields left out stay, in objects too; null brings the default back.
    let change = json!({"limits": {"requests_per_minute": 7}, "expires_at": null});
    let changed = admin.patch(path, &change).await.expect(200).json();
    let limits = json!({"requests_per_minute": 7, "max_concurrency": 3});
    assert_eq!(
        (&changed["limits"], &changed["name"]),
        (&limits, &json!("invoices"))
    );
    assert_eq!(changed["expires_at"], Value::Null);
    // Of a group that is deleted since the name may stay.
    admin.delete(&group.path).await.expect(204);
    ada.patch(path, &json!({"name": "bills"})).await.expect(200);

    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (change, pointer, code) in [
        (
            json!({"scopes": ["manage:write"]}),
            "/scopes",
            "unknown_field",
        ),
        (json!({"key": "us-mine"}), "/key", "unknown_field"),
        (json!({"name": ""}), "/name", "validation_failed"),
        (
            json!({"group_ids": [unknown]}),
            "/group_ids/0",
            "validation_failed",
        ),
        (json!({"group_ids": []}), "/group_ids", "validation_failed"),
        (
            json!({"expires_at": "2020-01-01T00:00:00Z"}),
            "/expires_at",
            "validation_failed",
        ),
        (
            json!({"limits": {"max_concurrency": 0}}),
            "/limits/max_concurrency",
            "validation_failed",
        ),
    ] {
        let answer = ada.patch(path, &change).await;
        assert_eq!(answer.status, 422, "{change}: {answer:?}");
        let problem = answer.json();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        assert_eq!(problem["code"], code, "{problem}");
    }
    let (_, bob) = person(&app, "operator").await;
    bob.patch(path, &change).await.problem(404, "not_found");
    // Who did what is in the audit log, one record for each change.
    let log = admin
        .get("/api/v1/audit-log?action=api_key.update&sort=at")
        .await
        .expect(200)
        .json();
    let records = log["items"].as_array().unwrap();
    assert_eq!(records.len(), 3, "{log}");
    let limit = &records[0]["changes"]["limits.max_concurrency"];
    assert_eq!(
        (&limit["before"], &limit["after"]),
        (&Value::Null, &json!(3)),
        "{log}"
    );
    // A revoked key stays as it is.
    ada.delete(path).await.expect(204);
    ada.patch(path, &json!({"name": "again"}))
        .await
        .problem(409, "conflict");
}
