//! Model instances: made, read, changed, duplicated, deleted.

use serde_json::{Value, json};

use super::{GROUPS, INSTANCES, instance};
use crate::support::App;

/// Every field that a request may have, none at its default.
fn complete() -> Value {
    json!({
        "name": "GPU-сервер №1 🖥", "description": "two\nlines", "labels": {"site": "berlin", "a/b~c": "x"},
        "enabled": false, "kind": "network", "protocol": "openai",
        "endpoint": {"scheme": "https", "host": "gpu-1.example", "port": 8443, "base_path": "/openai"},
        "model": "meta-llama/Llama-3.1-8B-Instruct",
        "auth": {"type": "header", "header": "api-key"},
        "tokens": [{"label": "team A", "value": "token-0123456789abcd"}, {"label": "", "value": "short"}],
        "headers": [{"name": "OpenAI-Organization", "value": "organisation-12345"}],
        "proxies": [
            {"url": "socks5h://proxy.example:1080", "username": "us", "password": "proxy-password"},
            {"url": "http://10.0.0.9:3128", "username": null},
        ],
        "tls": {"ca_pem": null, "insecure_skip_verify": true},
        "parameters": {"defaults": {"temperature": 0.25, "n": 1}, "overrides": {"max_tokens": 4096}, "strip": ["logit_bias"]},
        "limits": {"max_concurrency": 8, "requests_per_minute": 600},
        "timeouts": {"connect_ms": 1000, "first_byte_ms": 2000, "idle_ms": 3000, "total_ms": 4000},
        "health_check": {"mode": "http", "path": "/health", "interval_s": 30, "timeout_s": 5, "fall": 2, "rise": 1},
        "capabilities": {
            "endpoints": ["chat", "embeddings"], "context_length": 8192, "vision": true, "tools": false,
            "embedding_dimensions": 1024,
        },
    })
}

#[tokio::test]
async fn every_field_is_stored_and_read_back() {
    let app = App::start().await;
    let admin = app.admin().await;
    let answer = admin
        .post(INSTANCES, &complete())
        .await
        .expect(201)
        .expect_header("etag", "\"1\"");
    let made = answer.json();
    let read = admin
        .get(answer.header("location").unwrap())
        .await
        .expect(200)
        .expect_header("etag", "\"1\"");
    assert_eq!(read.json(), made);
    let sent = complete();
    let same = [
        "name",
        "description",
        "labels",
        "enabled",
        "kind",
        "protocol",
        "endpoint",
        "model",
        "auth",
        "tls",
        "parameters",
        "limits",
        "timeouts",
        "health_check",
        "capabilities",
    ];
    for field in same {
        assert_eq!(made[field], sent[field], "{field}");
    }
    assert_eq!(made["base_url"], "https://gpu-1.example:8443/openai");
    assert_eq!(made["tokens"][0]["hint"], "…abcd");
    assert_eq!(made["tokens"][1]["hint"], "");
    assert_eq!(made["tokens"][0]["state"], "unknown");
    assert_eq!(made["headers"][0]["hint"], "…2345");
    assert_eq!(made["proxies"][0]["password_set"], true);
    assert_eq!(made["proxies"][1]["password_set"], false);
    assert_eq!(made["status"]["state"], "disabled");
    assert_eq!(made["version"], 1);
}

#[tokio::test]
async fn least_instance_has_the_defaults_of_the_contract() {
    let app = App::start().await;
    let made = app
        .admin()
        .await
        .post(INSTANCES, &super::least("least"))
        .await
        .expect(201)
        .json();
    for (pointer, expected) in [
        ("/enabled", json!(true)),
        ("/protocol", json!("openai")),
        ("/endpoint/base_path", json!("/v1")),
        ("/model", Value::Null),
        ("/auth", json!({"type": "bearer", "header": null})),
        (
            "/timeouts",
            json!({"connect_ms": 5000, "first_byte_ms": 60000, "idle_ms": 300_000, "total_ms": 600_000}),
        ),
        (
            "/parameters",
            json!({"defaults": {}, "overrides": {}, "strip": []}),
        ),
        ("/health_check/mode", json!("auto")),
        ("/health_check/timeout_s", json!(3)),
        ("/health_check/fall", json!(3)),
        ("/health_check/rise", json!(2)),
        ("/base_url", json!("http://10.20.30.40:8000/v1")),
    ] {
        assert_eq!(made.pointer(pointer), Some(&expected), "{pointer}");
    }
}

#[tokio::test]
async fn merge_patch_changes_what_it_names_and_null_restores_defaults() {
    let app = App::start().await;
    let admin = app.admin().await;
    let answer = admin.post(INSTANCES, &complete()).await.expect(201);
    let (path, before) = (answer.header("location").unwrap(), answer.json());
    let patch = json!({
        "name": "renamed", "labels": {"site": null, "rack": "4"}, "model": null, "timeouts": {"connect_ms": null, "idle_ms": 9000},
        "parameters": {"defaults": {"temperature": null, "top_p": 0.5}}, "limits": null, "endpoint": {"base_path": "/v2/"},
        "tokens": [{"id": before["tokens"][1]["id"], "label": "kept"}],
    });
    let call = admin
        .call("PATCH", path)
        .body("application/merge-patch+json", patch.to_string());
    let changed = call
        .if_match("\"1\"")
        .await
        .expect(200)
        .expect_header("etag", "\"2\"");
    let after = changed.json();
    assert_eq!(after["labels"], json!({"a/b~c": "x", "rack": "4"}));
    assert_eq!(after["model"], Value::Null);
    assert_eq!(
        after["timeouts"],
        json!({"connect_ms": 5000, "first_byte_ms": 2000, "idle_ms": 9000, "total_ms": 4000})
    );
    assert_eq!(
        after["parameters"]["defaults"],
        json!({"n": 1, "top_p": 0.5})
    );
    assert_eq!(
        after["limits"],
        json!({"max_concurrency": null, "requests_per_minute": null})
    );
    assert_eq!(after["endpoint"]["base_path"], "/v2");
    assert_eq!(
        after["tokens"],
        json!([{"id": before["tokens"][1]["id"], "label": "kept", "hint": "", "state": "unknown"}])
    );
    assert_eq!(after["version"], 2);
    assert_eq!(after["created_at"], before["created_at"]);
    assert_ne!(after["updated_at"], before["updated_at"]);
    for field in [
        "description",
        "headers",
        "proxies",
        "tls",
        "capabilities",
        "health_check",
        "auth",
        "kind",
        "enabled",
    ] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(admin.get(path).await.expect(200).json(), after);
}

#[tokio::test]
async fn numbers_of_parameters_keep_their_digits() {
    let app = App::start().await;
    let admin = app.admin().await;
    let body = r#"{"name":"n","kind":"local","endpoint":{"scheme":"http","host":"h","port":1},
        "parameters":{"defaults":{"a":1.10,"b":123456789012345678901234567890}}}"#;
    let made = admin
        .call("POST", INSTANCES)
        .body("application/json", body)
        .await
        .expect(201);
    let path = made.header("location").unwrap();
    let patched = admin
        .patch(path, &json!({"description": "x"}))
        .await
        .expect(200);
    for answer in [&made, &patched, &admin.get(path).await] {
        for number in ["1.10", "123456789012345678901234567890"] {
            assert!(answer.text().contains(number), "{number} in {answer:?}");
        }
    }
}

#[tokio::test]
async fn change_needs_the_version_that_was_read() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = app.instance_with("a", 1, json!({})).await;
    let patch = json!({"description": "x"});
    for method in ["PATCH", "DELETE"] {
        let call = || admin.call(method, &made.path).json(&patch);
        call().await.problem(428, "precondition_required");
        for stale in ["\"2\"", "W/\"1\"", "1", "\"\"", "nonsense"] {
            call()
                .if_match(stale)
                .await
                .problem(412, "precondition_failed");
        }
    }
    admin
        .call("PATCH", &made.path)
        .json(&patch)
        .if_match("\"7\", \"1\"")
        .await
        .expect(200);
    admin
        .call("PATCH", &made.path)
        .json(&patch)
        .if_match("\"1\"")
        .await
        .problem(412, "precondition_failed");
    admin
        .patch(&made.path, &patch)
        .if_match("*")
        .await
        .expect(200)
        .expect_header("etag", "\"3\"");
    admin.delete(&made.path).if_match("\"3\"").await.expect(204);
    admin.get(&made.path).await.problem(404, "not_found");
    admin.delete(&made.path).await.problem(404, "not_found");
}

#[tokio::test]
async fn of_changes_at_once_one_wins_and_forced_ones_all_land() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = app.instance_with("a", 1, json!({})).await;
    let describe = |number: usize| json!({"description": number.to_string()});
    let calls: Vec<_> = (0..6)
        .map(|number| {
            admin
                .patch(&made.path, &describe(number))
                .if_match("\"1\"")
                .spawn()
        })
        .collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap().unwrap().status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412]);
    let forced = [
        admin.patch(&made.path, &json!({"model": "m"})).spawn(),
        admin
            .patch(&made.path, &json!({"labels": {"a": "b"}}))
            .spawn(),
    ];
    for call in forced {
        assert_eq!(call.await.unwrap().unwrap().status, 200);
    }
    let both = admin.get(&made.path).await.expect(200).json();
    assert_eq!(
        (&both["model"], &both["labels"], &both["version"]),
        (&json!("m"), &json!({"a": "b"}), &json!(4))
    );
}

#[tokio::test]
async fn names_are_unique_regardless_of_case_in_every_alphabet() {
    let app = App::start().await;
    let admin = app.admin().await;
    admin
        .post(INSTANCES, &instance("Сервер Ёж"))
        .await
        .expect(201);
    let other = admin.post(INSTANCES, &instance("other")).await.expect(201);
    admin.post(INSTANCES, &instance("СЕРВЕР ёЖ")).await.faults(
        409,
        "conflict",
        &[("/name", "conflict")],
    );
    let path = other.header("location").unwrap();
    admin
        .patch(path, &json!({"name": "сервер ёж"}))
        .await
        .faults(409, "conflict", &[("/name", "conflict")]);
    admin
        .patch(path, &json!({"name": "OTHER"}))
        .await
        .expect(200);
}

#[tokio::test]
async fn deleting_what_groups_use_names_them() {
    let app = App::start().await;
    let admin = app.admin().await;
    let used = app.instance_with("used", 1, json!({})).await;
    let beta = app.group("beta", [&used]).await;
    let alpha = app.group("Alpha", [&used]).await;
    let problem = admin.delete(&used.path).await.problem(409, "in_use");
    let user = |group: &crate::support::app::Made| json!({"kind": "model_group", "id": group.id, "name": group.name});
    assert_eq!(problem["used_by"], json!([user(&alpha), user(&beta)]));
    admin.get(&used.path).await.expect(200);
    for group in [alpha, beta] {
        admin.delete(&group.path).await.expect(204);
    }
    admin.delete(&used.path).await.expect(204);
    assert_eq!(admin.get(GROUPS).await.expect(200).json()["total"], 0);
}

#[tokio::test]
async fn duplicate_has_the_same_settings_and_a_free_name() {
    let app = App::start().await;
    let admin = app.admin().await;
    let original = admin.post(INSTANCES, &complete()).await.expect(201);
    let duplicate = format!("{}/duplicate", original.header("location").unwrap());
    let copy = admin.call("POST", &duplicate).await.expect(201);
    let again = admin.call("POST", &duplicate).await.expect(201).json();
    let (original, copy) = (
        original.json(),
        admin
            .get(copy.header("location").unwrap())
            .await
            .expect(200)
            .json(),
    );
    assert_eq!(
        copy["name"],
        format!("{} (copy)", original["name"].as_str().unwrap())
    );
    assert_eq!(
        again["name"],
        format!("{} (copy 2)", original["name"].as_str().unwrap())
    );
    assert_eq!(copy["version"], 1);
    assert_ne!(copy["tokens"][0]["id"], original["tokens"][0]["id"]);
    assert_eq!(copy["tokens"][0]["hint"], "…abcd");
    for field in [
        "endpoint",
        "parameters",
        "labels",
        "capabilities",
        "enabled",
    ] {
        assert_eq!(copy[field], original[field], "{field}");
    }
}
