//! Model groups: made, read, changed, deleted.

use serde_json::json;

use super::GROUPS;
use crate::support::App;

#[tokio::test]
async fn every_field_is_stored_and_members_keep_their_order() {
    let app = App::start().await;
    let admin = app.admin().await;
    let a = app.instance_with("a", 1, json!({})).await;
    let b = app.instance_with("b", 2, json!({})).await;
    let c = app.instance_with("c", 3, json!({})).await;
    let body = json!({
        "name": "Chat-Default", "title": "Чат", "description": "every day", "enabled": true, "strategy": "weighted",
        "members": [
            {"instance_id": c.id, "weight": 7, "enabled": false, "model": "other"},
            {"instance_id": a.id, "weight": 1, "enabled": true, "model": null},
            {"instance_id": b.id, "weight": 1, "enabled": true, "model": null},
        ],
        "max_attempts": 5, "deadline_ms": 60000, "allowed_kinds": ["local", "cloud"],
    });
    let made = admin
        .post(GROUPS, &body)
        .await
        .expect(201)
        .expect_header("etag", "\"1\"");
    let path = made.header("location").unwrap();
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&made.json()[field], value, "{field}");
    }
    assert_eq!(admin.get(path).await.expect(200).json(), made.json());
    let reordered =
        json!({"members": [{"instance_id": b.id}, {"instance_id": c.id}, {"instance_id": a.id}]});
    let after = admin
        .patch(path, &reordered)
        .if_match("\"1\"")
        .await
        .expect(200)
        .expect_header("etag", "\"2\"")
        .json();
    let ids: Vec<&str> = after["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["instance_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [&b.id, &c.id, &a.id]);
    assert_eq!(
        after["members"][1],
        json!({"instance_id": c.id, "weight": 1, "enabled": true, "model": null})
    );
    assert_eq!(after["title"], "Чат");
}

#[tokio::test]
async fn least_group_has_the_defaults_of_the_contract() {
    let app = App::start().await;
    let made = app
        .admin()
        .await
        .post(GROUPS, &json!({"name": "least"}))
        .await
        .expect(201)
        .json();
    for (field, expected) in [
        ("title", json!("least")),
        ("enabled", json!(true)),
        ("strategy", json!("first_available")),
        ("members", json!([])),
        ("max_attempts", json!(3)),
        ("deadline_ms", json!(120_000)),
        ("allowed_kinds", json!(["local", "network", "cloud"])),
        (
            "status",
            json!({
                "available": false, "available_members": 0, "total_members": 0, "would_answer": null,
                "member_states": [], "passed_over": null,
            }),
        ),
    ] {
        assert_eq!(made[field], expected, "{field}");
    }
    assert_eq!(made["warnings"][0]["code"], "no_members");
}

#[tokio::test]
async fn names_are_unique_regardless_of_case() {
    let app = App::start().await;
    let admin = app.admin().await;
    app.group("Chat", []).await;
    let other = app.group("other", []).await;
    admin.post(GROUPS, &json!({"name": "cHAT"})).await.faults(
        409,
        "conflict",
        &[("/name", "conflict")],
    );
    admin
        .patch(&other.path, &json!({"name": "CHAT"}))
        .await
        .faults(409, "conflict", &[("/name", "conflict")]);
    admin
        .patch(&other.path, &json!({"name": "OTHER", "title": null}))
        .await
        .expect(200);
    assert_eq!(admin.get(&other.path).await.json()["title"], "OTHER");
}

#[tokio::test]
async fn change_and_deletion_need_the_version_that_was_read() {
    let app = App::start().await;
    let admin = app.admin().await;
    let group = app.group("chat", []).await;
    for method in ["PATCH", "DELETE"] {
        let call = || admin.call(method, &group.path).json(&json!({"title": "x"}));
        call().await.problem(428, "precondition_required");
        call()
            .if_match("\"9\"")
            .await
            .problem(412, "precondition_failed");
    }
    admin
        .patch(&group.path, &json!({"title": "x"}))
        .if_match("\"1\"")
        .await
        .expect(200);
    admin
        .delete(&group.path)
        .if_match("\"1\"")
        .await
        .problem(412, "precondition_failed");
    admin
        .delete(&group.path)
        .if_match("\"2\"")
        .await
        .expect(204);
    admin.get(&group.path).await.problem(404, "not_found");
}

#[tokio::test]
async fn deleted_group_leaves_the_keys_that_named_it() {
    let app = App::start().await;
    let admin = app.admin().await;
    let group = app.group("chat", []).await;
    let body = json!({"name": "k", "scopes": ["gateway"], "group_ids": [group.id]});
    let key = admin.post("/api/v1/api-keys", &body).await.expect(201);
    admin.delete(&group.path).await.expect(204);
    let key = admin
        .get(key.header("location").unwrap())
        .await
        .expect(200)
        .json();
    assert_eq!(key["group_ids"], json!([group.id]));
}
