//! What a group knows of its members: who would answer, warnings, and what does not go together.

use serde_json::{Value, json};

use super::GROUPS;
use crate::support::App;

async fn preview(app: &App, path: &str) -> Value {
    app.admin()
        .await
        .get(&format!("{path}/preview"))
        .await
        .expect(200)
        .json()
}

fn verdicts(preview: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let members = preview["members"].as_array().unwrap().iter();
    members
        .map(|member| (text(&member["verdict"]), text(&member["code"])))
        .collect()
}

#[tokio::test]
async fn preview_and_status_say_who_would_answer() {
    let app = App::start().await;
    let admin = app.admin().await;
    let paused = app
        .instance_with("paused", 1, json!({"enabled": false}))
        .await;
    let foreign = app
        .instance_with("foreign", 2, json!({"kind": "network"}))
        .await;
    let out = app.instance_with("out", 3, json!({})).await;
    let first = app.instance_with("first", 4, json!({})).await;
    let second = app.instance_with("second", 5, json!({})).await;
    let group = app
        .group_with(
            "chat",
            [&paused, &foreign, &out, &first, &second],
            json!({"allowed_kinds": ["local"]}),
        )
        .await;
    let members = [&paused, &foreign, &out, &first, &second]
        .map(|m| json!({"instance_id": m.id, "enabled": m.name != "out"}));
    admin
        .patch(&group.path, &json!({"members": members}))
        .await
        .expect(200);

    let seen = preview(&app, &group.path).await;
    let expected = [
        ("skipped", "disabled"),
        ("skipped", "kind_forbidden"),
        ("skipped", "member_disabled"),
        ("answers", "available"),
        ("standby", "standby"),
    ];
    assert_eq!(
        verdicts(&seen),
        expected.map(|(verdict, code)| (verdict.to_owned(), code.to_owned()))
    );
    let would_answer = json!({"instance_id": first.id, "name": "first"});
    assert_eq!(seen["would_answer"], would_answer);
    assert!(
        seen["members"]
            .as_array()
            .unwrap()
            .iter()
            .all(|member| member["reason"].is_string())
    );
    let status = admin.get(&group.path).await.json()["status"].clone();
    assert_eq!(
        status,
        json!({
            "available": true, "available_members": 2, "total_members": 5, "would_answer": would_answer,
            "member_states": ["disabled", "unknown", "disabled", "unknown", "unknown"],
            "passed_over": seen["members"][0],
        })
    );

    admin
        .patch(&group.path, &json!({"enabled": false}))
        .await
        .expect(200);
    let seen = preview(&app, &group.path).await;
    assert_eq!(seen["would_answer"], Value::Null);
    assert_eq!(
        admin.get(&group.path).await.json()["status"]["available"],
        false
    );
}

#[tokio::test]
async fn embeddings_of_different_lengths_are_refused_from_both_sides() {
    let app = App::start().await;
    let admin = app.admin().await;
    let dimensions = |n: Option<u32>| json!({"capabilities": {"embedding_dimensions": n}});
    let a = app.instance_with("a", 1, dimensions(Some(768))).await;
    let b = app.instance_with("b", 2, dimensions(Some(1024))).await;
    let c = app.instance_with("c", 3, dimensions(None)).await;
    let body = json!({"name": "e", "members": [{"instance_id": a.id}, {"instance_id": c.id}, {"instance_id": b.id}]});
    let fault = [("/members/2/instance_id", "validation_failed")];
    admin
        .post(GROUPS, &body)
        .await
        .faults(422, "validation_failed", &fault);
    let group = app.group("e", [&a, &c]).await;
    admin
        .patch(&group.path, &json!({"members": body["members"]}))
        .await
        .faults(422, "validation_failed", &fault);
    let behind = admin.patch(&c.path, &dimensions(Some(1024))).await;
    let fault = [("/capabilities/embedding_dimensions", "validation_failed")];
    behind.faults(422, "validation_failed", &fault);
    admin
        .patch(&c.path, &dimensions(Some(768)))
        .await
        .expect(200);
}

#[tokio::test]
async fn other_mixtures_are_warnings() {
    let app = App::start().await;
    let capabilities = |model: &str, context: u32, endpoints: Value| json!({"model": model, "capabilities": {"context_length": context, "endpoints": endpoints}});
    let a = app
        .instance_with("a", 1, capabilities("m1", 8192, json!(["chat"])))
        .await;
    let b = app
        .instance_with(
            "b",
            2,
            capabilities("m2", 4096, json!(["chat", "embeddings"])),
        )
        .await;
    let mixed = app.group("mixed", [&a, &b]).await;
    let warnings = app.admin().await.get(&mixed.path).await.json()["warnings"].clone();
    let codes: Vec<&str> = warnings
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        ["mixed_models", "mixed_context_lengths", "mixed_endpoints"]
    );
    let pure = app.group("pure", [&a]).await;
    assert_eq!(
        app.admin().await.get(&pure.path).await.json()["warnings"],
        json!([])
    );
}

#[tokio::test]
async fn services_find_the_groups_that_would_answer() {
    let app = App::start().await;
    let admin = app.admin().await;
    let chat = app
        .instance_with("chat", 1, json!({"capabilities": {"endpoints": ["chat"]}}))
        .await;
    let embed = app
        .instance_with(
            "embed",
            2,
            json!({"capabilities": {"endpoints": ["embeddings"]}}),
        )
        .await;
    let paused = app
        .instance_with(
            "paused",
            3,
            json!({"enabled": false, "capabilities": {"endpoints": ["chat"]}}),
        )
        .await;
    let open = app.instance_with("open", 4, json!({})).await;
    app.group("chats", [&chat]).await;
    app.group("embeds", [&embed, &paused]).await;
    app.group("sleeps", [&paused]).await;
    app.group("opens", [&open]).await;
    app.group_with("off", [&chat], json!({"enabled": false}))
        .await;
    app.group("empty", []).await;
    for (query, expected) in [
        ("available=true", vec!["chats", "embeds", "opens"]),
        ("available=false", vec!["empty", "off", "sleeps"]),
        (
            "capability=chat",
            vec!["chats", "embeds", "off", "opens", "sleeps"],
        ),
        ("available=true&capability=chat", vec!["chats", "opens"]),
        (
            "available=true&capability=embeddings",
            vec!["embeds", "opens"],
        ),
        ("enabled=false", vec!["off"]),
    ] {
        assert_eq!(
            super::names(&admin.get(&format!("{GROUPS}?{query}")).await),
            expected,
            "{query}"
        );
    }
}
