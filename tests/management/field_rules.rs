//! Errors of fields name the rule that is broken and what a sentence about it needs, so that a screen can say it in any language.

use serde_json::{Value, json};

use super::{GROUPS, INSTANCES, KEYS, instance, person};
use crate::support::App;
use crate::support::app::merge;
use crate::support::client::Answer;

/// Checks that the one error of an answer is of this field, rule and params.
#[track_caller]
fn assert_rule(answer: &Answer, pointer: &str, rule: &str, params: &Value) {
    let problem = answer.json();
    let [error] = problem["errors"].as_array().unwrap().as_slice() else {
        panic!("not one error: {answer:?}");
    };
    assert_eq!(error["pointer"], pointer, "{answer:?}");
    assert_eq!(error["rule"], rule, "{answer:?}");
    let found = error.get("params").unwrap_or(&Value::Null);
    assert_eq!(found, params, "{answer:?}");
}

#[tokio::test]
async fn rules_of_instances_come_with_what_their_sentences_need() {
    let app = App::start().await;
    let admin = app.admin().await;
    let none = Value::Null;
    let bounds = |min: i64, max: i64| json!({"min": min, "max": max});
    for (change, pointer, rule, params) in [
        (json!({"name": ""}), "/name", "required", none.clone()),
        (json!({"name": "  "}), "/name", "blank", none.clone()),
        (
            json!({"name": "я".repeat(101)}),
            "/name",
            "too_long",
            json!({"max": 100, "actual": 101}),
        ),
        (
            json!({"name": "a\u{7}"}),
            "/name",
            "control_characters",
            none.clone(),
        ),
        (
            json!({"description": "a\u{7}"}),
            "/description",
            "control_characters_in_text",
            none.clone(),
        ),
        (
            json!({"endpoint": {"port": 70000}}),
            "/endpoint/port",
            "out_of_range",
            bounds(1, 65_535),
        ),
        (
            json!({"endpoint": {"port": "80"}}),
            "/endpoint/port",
            "wrong_type",
            json!({"expected": "whole_number"}),
        ),
        (
            json!({"endpoint": {"host": "http://h"}}),
            "/endpoint/host",
            "host_alone",
            none.clone(),
        ),
        (
            json!({"endpoint": {"host": "256.1.1.1"}}),
            "/endpoint/host",
            "not_a_host",
            none.clone(),
        ),
        (
            json!({"endpoint": {"base_path": "v1"}}),
            "/endpoint/base_path",
            "path_without_slash",
            none.clone(),
        ),
        (
            json!({"kind": "lunar"}),
            "/kind",
            "not_one_of",
            json!({"allowed": ["local", "network", "cloud"]}),
        ),
        (
            json!({"timeouts": {"connect_ms": 99}}),
            "/timeouts/connect_ms",
            "out_of_range",
            bounds(100, 3_600_000),
        ),
        (
            json!({"auth": {"type": "header"}}),
            "/auth/header",
            "required_when",
            json!({"field": "type", "value": "header"}),
        ),
        (
            json!({"auth": {"header": "x-key"}}),
            "/auth/header",
            "only_when",
            json!({"field": "type", "value": "header"}),
        ),
        (
            json!({"headers": [{"name": "Host", "value": "x"}]}),
            "/headers/0/name",
            "header_reserved",
            json!({"name": "host"}),
        ),
        (
            json!({"tokens": [{"label": "x"}]}),
            "/tokens/0/value",
            "secret_missing",
            none.clone(),
        ),
        (
            json!({"tokens": [{"id": "x"}]}),
            "/tokens/0/id",
            "not_a_uuid",
            none.clone(),
        ),
        (
            json!({"tokens": [{"id": "01890a5d-ac96-774b-bcce-b302099a8057"}]}),
            "/tokens/0/id",
            "unknown_stored_item",
            none.clone(),
        ),
        (
            json!({"proxies": [{"url": "ftp://p:1"}]}),
            "/proxies/0/url",
            "proxy_url",
            none.clone(),
        ),
        (
            json!({"proxies": [{"url": "http://p:1", "password": "x"}]}),
            "/proxies/0/username",
            "required_with",
            json!({"field": "password"}),
        ),
        (
            json!({"proxies": [{"url": "http://u:canary@p:1"}]}),
            "/proxies/0/password",
            "credentials_in_url",
            none.clone(),
        ),
        (
            json!({"parameters": {"defaults": {"stream": true}}}),
            "/parameters/defaults/stream",
            "parameter_reserved",
            json!({"name": "stream"}),
        ),
        (
            json!({"tls": {"ca_pem": "nonsense"}}),
            "/tls/ca_pem",
            "certificate_missing",
            none.clone(),
        ),
        (
            json!({"kind": "cloud"}),
            "/endpoint/scheme",
            "https_required",
            none.clone(),
        ),
        (
            json!({"kind": "cloud", "endpoint": {"scheme": "https"}}),
            "/endpoint/host",
            "address_not_public",
            json!({"address": "10.20.30.40"}),
        ),
        (
            json!({"endpoint": {"host": "169.254.169.254"}}),
            "/endpoint/host",
            "metadata_service",
            json!({"host": "169.254.169.254"}),
        ),
        (
            json!({"endpoint": {"host": "169.254.1.1"}}),
            "/endpoint/host",
            "address_unusable",
            json!({"address": "169.254.1.1"}),
        ),
    ] {
        let mut body = instance("a");
        merge(&mut body, change);
        let answer = admin.post(INSTANCES, &body).await.expect(422);
        assert_rule(&answer, pointer, rule, &params);
        assert!(!answer.text().contains("canary"), "{answer:?}");
    }
    let missing = admin.post(INSTANCES, &json!({"name": "a"})).await;
    assert_rule(&missing.expect(422), "/kind", "missing", &none);
}

#[tokio::test]
async fn a_name_that_is_taken_and_an_unknown_field_are_rules_too() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = app.instance_with("taken", 1, json!({})).await;
    let taken = admin.post(INSTANCES, &instance("TAKEN")).await;
    assert_rule(&taken.expect(409), "/name", "taken", &Value::Null);
    app.group("taken", []).await;
    let taken = admin.post(GROUPS, &json!({"name": "Taken"})).await;
    assert_rule(&taken.expect(409), "/name", "taken", &Value::Null);

    let unknown = admin.post(GROUPS, &json!({"name": "b", "bogus": 1})).await;
    let error = unknown.expect(422).json()["errors"][0].clone();
    assert_eq!(error["rule"], "unknown_field");
    let known = error["params"]["known"].as_array().unwrap();
    assert!(known.contains(&json!("strategy")), "{error}");
    let gone = admin.patch(&made.path, &json!({"bogus": null})).await;
    let nothing = json!({"known": []});
    assert_rule(&gone.expect(422), "/bogus", "unknown_field", &nothing);
    let no_object = admin.patch(&made.path, &json!([])).await;
    let object = json!({"expected": "object"});
    assert_rule(&no_object.expect(422), "", "wrong_type", &object);
}

#[tokio::test]
async fn secrets_to_enter_again_are_told_by_their_rule() {
    let app = App::start().await;
    let fields = json!({"auth": {"type": "bearer"}, "tokens": [{"value": "stored-token"}]});
    let made = app.instance_with("a", 1, fields).await;
    let moved = json!({"endpoint": {"port": 2}});
    let answer = app.admin().await.patch(&made.path, &moved).await;
    assert_rule(
        &answer.expect(422),
        "/tokens/0/value",
        "secret_again",
        &Value::Null,
    );
}

#[tokio::test]
async fn rules_of_groups_keys_and_passwords() {
    let app = App::start().await;
    let admin = app.admin().await;
    let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
    let none = Value::Null;
    let small = |dimensions: u32| json!({"capabilities": {"embedding_dimensions": dimensions}});
    let (a, b) = (
        app.instance_with("a", 1, small(768)).await,
        app.instance_with("b", 2, small(1024)).await,
    );
    for (body, pointer, rule, params) in [
        (
            json!({"name": "модель"}),
            "/name",
            "group_name",
            none.clone(),
        ),
        (
            json!({"name": "g", "max_attempts": 21}),
            "/max_attempts",
            "out_of_range",
            json!({"min": 1, "max": 20}),
        ),
        (
            json!({"name": "g", "allowed_kinds": []}),
            "/allowed_kinds",
            "too_few_items",
            json!({"min": 1}),
        ),
        (
            json!({"name": "g", "members": [{"instance_id": a.id}, {"instance_id": a.id}]}),
            "/members/1/instance_id",
            "duplicate",
            none.clone(),
        ),
        (
            json!({"name": "g", "members": [{"instance_id": nobody}]}),
            "/members/0/instance_id",
            "unknown_instance",
            none.clone(),
        ),
        (
            json!({"name": "g", "members": [{"instance_id": a.id}, {"instance_id": b.id}]}),
            "/members/1/instance_id",
            "embedding_dimensions",
            json!({"dimensions": 1024, "other": 768}),
        ),
    ] {
        let answer = admin.post(GROUPS, &body).await.expect(422);
        assert_rule(&answer, pointer, rule, &params);
    }
    app.group("mixed", [&a]).await;
    let other = app.instance_with("c", 3, json!({})).await;
    let members = json!({"members": [{"instance_id": a.id}, {"instance_id": other.id}]});
    let groups = admin.get(GROUPS).await.json();
    let group = format!("{GROUPS}/{}", groups["items"][0]["id"].as_str().unwrap());
    admin.patch(&group, &members).await.expect(200);
    let answer = admin.patch(&other.path, &small(1024)).await.expect(422);
    assert_rule(
        &answer,
        "/capabilities/embedding_dimensions",
        "embedding_dimensions_in_group",
        &json!({"group": "mixed", "other": 768}),
    );

    for (body, pointer, rule, params) in [
        (
            json!({"name": "k", "scopes": ["gateway"], "expires_at": "2020-01-01T00:00:00Z"}),
            "/expires_at",
            "not_in_future",
            none.clone(),
        ),
        (
            json!({"name": "k", "scopes": ["gateway"], "expires_at": "tomorrow"}),
            "/expires_at",
            "not_a_time",
            none.clone(),
        ),
        (
            json!({"name": "k", "scopes": ["groups:read"], "group_ids": [nobody]}),
            "/group_ids",
            "only_when",
            json!({"field": "scopes", "value": "gateway"}),
        ),
        (
            json!({"name": "k", "scopes": ["gateway"], "group_ids": [nobody]}),
            "/group_ids/0",
            "unknown_group",
            none.clone(),
        ),
    ] {
        let answer = admin.post(KEYS, &body).await.expect(422);
        assert_rule(&answer, pointer, rule, &params);
    }

    let (_, somebody) = person(&app, "user").await;
    let right = crate::support::server::ADMIN_PASSWORD;
    for (current, new, pointer, rule, params) in [
        (
            right,
            "short",
            "/new_password",
            "too_short",
            json!({"min": 10}),
        ),
        (
            right,
            "password123",
            "/new_password",
            "password_common",
            none.clone(),
        ),
        (
            "not the password",
            "correct horse battery",
            "/current_password",
            "password_wrong",
            none.clone(),
        ),
    ] {
        let body = json!({"current_password": current, "new_password": new});
        let answer = somebody.post("/api/v1/auth/password", &body).await;
        assert_rule(&answer.expect(422), pointer, rule, &params);
    }
}
