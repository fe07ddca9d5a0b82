//! The settings: read and changed by administrators, never without having seen them.

use serde_json::{Value, json};

use super::{SETTINGS, person};
use crate::support::App;

#[tokio::test]
async fn settings_are_read_and_changed_by_version() {
    let app = App::start().await;
    let admin = app.admin().await;
    let first = admin.get(SETTINGS).await.expect_header("etag", "\"1\"");
    assert_eq!(first.json()["audit_retention_days"], Value::Null);
    let a_year = json!({"audit_retention_days": 365});
    let changed = admin
        .patch(SETTINGS, &a_year)
        .if_match("\"1\"")
        .await
        .expect(200)
        .expect_header("etag", "\"2\"");
    assert_eq!(changed.json()["audit_retention_days"], 365);
    assert_eq!(admin.get(SETTINGS).await.json(), changed.json());
    admin
        .patch(SETTINGS, &a_year)
        .if_match("\"1\"")
        .await
        .problem(412, "precondition_failed");
    admin
        .patch(SETTINGS, &a_year)
        .without_header("if-match")
        .await
        .problem(428, "precondition_required");
    // What is left out stays, null is the default.
    let same = admin.patch(SETTINGS, &json!({})).await.expect(200).json();
    assert_eq!(same["audit_retention_days"], 365);
    let for_ever = json!({"audit_retention_days": null});
    let default = admin.patch(SETTINGS, &for_ever).await.expect(200).json();
    assert_eq!(default["audit_retention_days"], Value::Null);
    assert_eq!(default["version"], 4);
}

#[tokio::test]
async fn faults_of_settings_stand_at_their_fields_and_change_nothing() {
    let app = App::start().await;
    let admin = app.admin().await;
    for (patch, code, pointer) in [
        (
            json!({"audit_retention_days": 0}),
            "validation_failed",
            "/audit_retention_days",
        ),
        (
            json!({"audit_retention_days": 36_501}),
            "validation_failed",
            "/audit_retention_days",
        ),
        (json!({"bogus": 1}), "unknown_field", "/bogus"),
        (json!({"version": 7}), "unknown_field", "/version"),
    ] {
        admin
            .patch(SETTINGS, &patch)
            .await
            .faults(422, code, &[(pointer, code)]);
    }
    let problem = admin
        .patch(SETTINGS, &json!({"audit_retention_days": "x"}))
        .await;
    problem.faults(
        422,
        "validation_failed",
        &[("/audit_retention_days", "invalid_type")],
    );
    assert_eq!(admin.get(SETTINGS).await.json()["version"], 1);
    let (_, operator) = person(&app, "operator").await;
    operator.get(SETTINGS).await.problem(403, "forbidden");
}
