//! Bad input: a specific 4xx that points to the field, and nothing is stored.

use serde_json::{Value, json};

use super::{GROUPS, INSTANCES, instance};
use crate::support::App;
use crate::support::app::merge;

const INVALID: &str = "validation_failed";

/// A change of a good instance, the field at fault, the code of the fault, and the code of the problem.
fn faults_of_instances() -> Vec<(Value, &'static str, &'static str, &'static str)> {
    let invalid = |change: Value, pointer| (change, pointer, INVALID, INVALID);
    let wrong_type = |change: Value, pointer| (change, pointer, "invalid_type", INVALID);
    let unknown = |change: Value, pointer| (change, pointer, "unknown_field", "unknown_field");
    let denied = |change: Value, pointer| (change, pointer, "egress_denied", "egress_denied");
    vec![
        unknown(json!({"bogus": 1}), "/bogus"),
        unknown(json!({"id": "01890a5d-ac96-774b-bcce-b302099a8057"}), "/id"),
        unknown(json!({"status": {}}), "/status"),
        unknown(json!({"endpoint": {"url": "x"}}), "/endpoint/url"),
        unknown(
            json!({"tokens": [{"value": "x", "hint": "y"}]}),
            "/tokens/0/hint",
        ),
        wrong_type(json!({"name": 7}), "/name"),
        wrong_type(json!({"enabled": "yes"}), "/enabled"),
        wrong_type(json!({"endpoint": "http://h:1"}), "/endpoint"),
        wrong_type(json!({"endpoint": {"port": "8000"}}), "/endpoint/port"),
        wrong_type(json!({"tokens": [{"value": "x"}, "y"]}), "/tokens/1"),
        wrong_type(json!({"labels": {"a": 1}}), "/labels/a"),
        invalid(json!({"endpoint": {"port": 0}}), "/endpoint/port"),
        invalid(json!({"endpoint": {"port": 70000}}), "/endpoint/port"),
        invalid(json!({"endpoint": {"port": -1}}), "/endpoint/port"),
        invalid(json!({"endpoint": {"scheme": "ftp"}}), "/endpoint/scheme"),
        invalid(json!({"endpoint": {"host": ""}}), "/endpoint/host"),
        invalid(json!({"endpoint": {"host": "a b"}}), "/endpoint/host"),
        invalid(json!({"endpoint": {"host": "http://h"}}), "/endpoint/host"),
        invalid(json!({"endpoint": {"host": "256.1.1.1"}}), "/endpoint/host"),
        invalid(
            json!({"endpoint": {"base_path": "v1"}}),
            "/endpoint/base_path",
        ),
        invalid(
            json!({"endpoint": {"base_path": "/a/../b"}}),
            "/endpoint/base_path",
        ),
        invalid(json!({"name": ""}), "/name"),
        invalid(json!({"name": "  "}), "/name"),
        invalid(json!({"name": "a\u{0}b"}), "/name"),
        invalid(json!({"name": "a\nb"}), "/name"),
        invalid(json!({"name": "x".repeat(101)}), "/name"),
        invalid(json!({"name": "x".repeat(200_000)}), "/name"),
        invalid(json!({"description": "x\u{0}"}), "/description"),
        invalid(json!({"kind": "lunar"}), "/kind"),
        invalid(json!({"auth": {"type": "header"}}), "/auth/header"),
        invalid(
            json!({"auth": {"type": "header", "header": "Host"}}),
            "/auth/header",
        ),
        invalid(
            json!({"auth": {"type": "none"}, "tokens": [{"value": "x"}]}),
            "/tokens",
        ),
        invalid(json!({"tokens": [{"label": "x"}]}), "/tokens/0/value"),
        invalid(
            json!({"tokens": [{"value": "a\r\nx-evil: 1"}]}),
            "/tokens/0/value",
        ),
        invalid(
            json!({"headers": [{"name": "Content-Length", "value": "1"}]}),
            "/headers/0/name",
        ),
        invalid(
            json!({"headers": [{"name": "authorization", "value": "1"}]}),
            "/headers/0/name",
        ),
        invalid(json!({"proxies": [{"url": "ftp://p:1"}]}), "/proxies/0/url"),
        invalid(
            json!({"proxies": [{"url": "http://p:1/path"}]}),
            "/proxies/0/url",
        ),
        invalid(
            json!({"proxies": [{"url": "http://u:p@p:1"}]}),
            "/proxies/0/password",
        ),
        invalid(
            json!({"proxies": [{"url": "http://u@p:1"}]}),
            "/proxies/0/username",
        ),
        invalid(
            json!({"proxies": [{"url": "http://p:1", "password": "x"}]}),
            "/proxies/0/username",
        ),
        invalid(json!({"tls": {"ca_pem": "nonsense"}}), "/tls/ca_pem"),
        invalid(
            json!({"parameters": {"defaults": {"model": "x"}}}),
            "/parameters/defaults/model",
        ),
        invalid(
            json!({"timeouts": {"connect_ms": 99}}),
            "/timeouts/connect_ms",
        ),
        invalid(
            json!({"timeouts": {"total_ms": 3_600_001}}),
            "/timeouts/total_ms",
        ),
        invalid(
            json!({"health_check": {"timeout_s": 61}}),
            "/health_check/timeout_s",
        ),
        invalid(
            json!({"health_check": {"path": "/x"}}),
            "/health_check/path",
        ),
        invalid(
            json!({"limits": {"max_concurrency": 0}}),
            "/limits/max_concurrency",
        ),
        invalid(
            json!({"capabilities": {"endpoints": ["chat", "flying"]}}),
            "/capabilities/endpoints/1",
        ),
        denied(
            json!({"endpoint": {"host": "169.254.169.254"}}),
            "/endpoint/host",
        ),
        denied(
            json!({"endpoint": {"host": "0xa9.0xfe.0xa9.0xfe"}}),
            "/endpoint/host",
        ),
        denied(
            json!({"endpoint": {"host": "::ffff:169.254.169.254"}}),
            "/endpoint/host",
        ),
        denied(
            json!({"endpoint": {"host": "metadata.google.internal"}}),
            "/endpoint/host",
        ),
        denied(json!({"endpoint": {"host": "0.0.0.0"}}), "/endpoint/host"),
        denied(json!({"kind": "cloud"}), "/endpoint/scheme"),
        denied(
            json!({"kind": "cloud", "endpoint": {"scheme": "https"}}),
            "/endpoint/host",
        ),
        denied(
            json!({"proxies": [{"url": "http://169.254.1.1:1"}]}),
            "/proxies/0/url",
        ),
    ]
}

#[tokio::test]
async fn every_fault_of_an_instance_points_to_its_field_and_nothing_is_stored() {
    let app = App::start().await;
    let admin = app.admin().await;
    let good = admin.post(INSTANCES, &instance("good")).await.expect(201);
    let path = good.header("location").unwrap();
    let before = app.database().everything().await;
    for (change, pointer, fault, problem) in faults_of_instances() {
        let mut body = instance("new");
        merge(&mut body, change.clone());
        admin
            .post(INSTANCES, &body)
            .await
            .faults(422, problem, &[(pointer, fault)]);
        admin
            .patch(path, &change)
            .await
            .faults(422, problem, &[(pointer, fault)]);
    }
    assert_eq!(app.database().everything().await, before);
}

#[tokio::test]
async fn all_faults_of_one_body_come_together() {
    let app = App::start().await;
    let mut body = instance("");
    merge(
        &mut body,
        json!({"timeouts": {"idle_ms": 1}, "health_check": {"fall": 0}, "endpoint": {"host": "a b"}}),
    );
    let expected = [
        "/name",
        "/timeouts/idle_ms",
        "/health_check/fall",
        "/endpoint/host",
    ]
    .map(|pointer| (pointer, INVALID));
    app.admin()
        .await
        .post(INSTANCES, &body)
        .await
        .faults(422, INVALID, &expected);
}

#[tokio::test]
async fn missing_fields_are_named() {
    let app = App::start().await;
    let admin = app.admin().await;
    for (field, pointer) in [
        ("name", "/name"),
        ("kind", "/kind"),
        ("endpoint", "/endpoint"),
    ] {
        let mut body = instance("a");
        body.as_object_mut().unwrap().remove(field);
        admin
            .post(INSTANCES, &body)
            .await
            .faults(422, INVALID, &[(pointer, "missing_field")]);
    }
    let made = app.instance_with("a", 1, json!({})).await;
    for (patch, pointer) in [
        (json!({"name": null}), "/name"),
        (json!({"endpoint": {"port": null}}), "/endpoint/port"),
    ] {
        admin
            .patch(&made.path, &patch)
            .await
            .faults(422, INVALID, &[(pointer, "missing_field")]);
    }
}

#[tokio::test]
async fn faults_of_groups_point_to_their_fields_and_nothing_is_stored() {
    let app = App::start().await;
    let admin = app.admin().await;
    let instance = app.instance_with("a", 1, json!({})).await;
    let before = app.database().everything().await;
    let member = json!({"instance_id": instance.id});
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (change, pointer, fault, problem) in [
        (json!({"name": "модель"}), "/name", INVALID, INVALID),
        (json!({"name": "-a"}), "/name", INVALID, INVALID),
        (json!({"name": "x".repeat(65)}), "/name", INVALID, INVALID),
        (json!({"title": "a\u{1}"}), "/title", INVALID, INVALID),
        (json!({"strategy": "best"}), "/strategy", INVALID, INVALID),
        (
            json!({"max_attempts": 21}),
            "/max_attempts",
            INVALID,
            INVALID,
        ),
        (
            json!({"deadline_ms": 999}),
            "/deadline_ms",
            INVALID,
            INVALID,
        ),
        (
            json!({"allowed_kinds": []}),
            "/allowed_kinds",
            INVALID,
            INVALID,
        ),
        (
            json!({"allowed_kinds": ["local", "moon"]}),
            "/allowed_kinds/1",
            INVALID,
            INVALID,
        ),
        (
            json!({"members": [member, member]}),
            "/members/1/instance_id",
            INVALID,
            INVALID,
        ),
        (
            json!({"members": [member, {"instance_id": unknown}]}),
            "/members/1/instance_id",
            INVALID,
            INVALID,
        ),
        (
            json!({"members": [{"instance_id": "x"}]}),
            "/members/0/instance_id",
            INVALID,
            INVALID,
        ),
        (
            json!({"members": [{"instance_id": instance.id, "weight": 0}]}),
            "/members/0/weight",
            INVALID,
            INVALID,
        ),
        (
            json!({"members": [{"weight": 1}]}),
            "/members/0/instance_id",
            "missing_field",
            INVALID,
        ),
        (
            json!({"members": instance.id}),
            "/members",
            "invalid_type",
            INVALID,
        ),
        (
            json!({"status": {}}),
            "/status",
            "unknown_field",
            "unknown_field",
        ),
    ] {
        let mut body = json!({"name": "new"});
        merge(&mut body, change);
        admin
            .post(GROUPS, &body)
            .await
            .faults(422, problem, &[(pointer, fault)]);
    }
    assert_eq!(app.database().everything().await, before);
}

#[tokio::test]
async fn patch_that_removes_what_there_is_not_is_refused() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = app
        .instance_with("a", 1, json!({"labels": {"a": "b"}}))
        .await;
    for (patch, pointer) in [
        (json!({"bogus": null}), "/bogus"),
        (json!({"version": null}), "/version"),
        (json!({"endpoint": {"bogus": null}}), "/endpoint/bogus"),
    ] {
        admin.patch(&made.path, &patch).await.faults(
            422,
            "unknown_field",
            &[(pointer, "unknown_field")],
        );
    }
    admin
        .patch(&made.path, &json!({"labels": {"missing": null}}))
        .await
        .expect(200);
    for patch in [json!([]), json!("x"), Value::Null] {
        admin
            .patch(&made.path, &patch)
            .await
            .faults(422, INVALID, &[("", "invalid_type")]);
    }
}

#[tokio::test]
async fn names_that_do_not_resolve_are_saved() {
    let app = App::start().await;
    let mut body = instance("later");
    body["endpoint"]["host"] = "not-yet.invalid".into();
    app.admin().await.post(INSTANCES, &body).await.expect(201);
}
