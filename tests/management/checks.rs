//! Connection checks, of stored instances and of drafts.

use serde_json::{Value, json};

use super::INSTANCES;
use crate::support::App;
use crate::support::app::instance;
use crate::support::upstream::{MODEL, Upstream};

const DRAFT: &str = "/api/v1/model-instances/check";

fn steps(result: &Value) -> Vec<(String, bool)> {
    let steps = result["steps"].as_array().unwrap().iter();
    steps
        .map(|step| {
            (
                step["step"].as_str().unwrap().to_owned(),
                step["ok"] == true,
            )
        })
        .collect()
}

#[tokio::test]
async fn check_tells_each_step_and_the_models() {
    let app = App::start().await;
    let admin = app.admin().await;
    let mut upstream = Upstream::start("a");
    let made = app.instance("a", &upstream).await;
    let path = format!("{}/check", made.path);
    let result = admin.call("POST", &path).await.expect(200).json();
    assert_eq!(result["ok"], true, "{result}");
    assert_eq!(result["models"], json!([MODEL]));
    assert!(
        result["reason"].is_string() && result["duration_ms"].is_u64(),
        "{result}"
    );
    let names: Vec<String> = steps(&result).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "resolve",
            "connect",
            "tls",
            "authenticate",
            "list_models",
            "model_listed"
        ]
    );

    upstream.kill().await;
    let result = admin.call("POST", &path).await.expect(200).json();
    assert_eq!(result["ok"], false, "{result}");
    assert_eq!(steps(&result)[1], ("connect".to_owned(), false));
    let nobody = format!("{INSTANCES}/01890a5d-ac96-774b-bcce-b302099a8057/check");
    admin.call("POST", &nobody).await.problem(404, "not_found");
}

#[tokio::test]
async fn draft_is_checked_and_not_stored() {
    let app = App::start().await;
    let admin = app.admin().await;
    let upstream = Upstream::start("a");
    let mut draft = instance("draft", upstream.port());
    draft["auth"] = json!({"type": "bearer"});
    draft["tokens"] = json!([{"value": "draft-token"}]);
    let result = admin.post(DRAFT, &draft).await.expect(200).json();
    assert_eq!(result["ok"], true, "{result}");
    assert_eq!(
        upstream.all_requests()[0].header("authorization"),
        Some("Bearer draft-token")
    );
    draft.as_object_mut().unwrap().remove("name");
    admin.post(DRAFT, &draft).await.expect(200);
    draft["model"] = "another".into();
    let result = admin.post(DRAFT, &draft).await.expect(200).json();
    assert_eq!(result["ok"], false, "{result}");
    assert_eq!(steps(&result)[5], ("model_listed".to_owned(), false));
    assert_eq!(admin.get(INSTANCES).await.expect(200).json()["total"], 0);
}

#[tokio::test]
async fn draft_uses_stored_secrets_only_for_the_same_destination() {
    let app = App::start().await;
    let admin = app.admin().await;
    let (right, evil) = (Upstream::start("right"), Upstream::start("evil"));
    let fields = json!({"auth": {"type": "bearer"}, "tokens": [{"value": "stored-token"}], "headers": [{"name": "x-org", "value": "acme"}]});
    let made = app.instance_with("a", right.port(), fields).await;
    let stored = admin.get(&made.path).await.expect(200).json();
    let mut draft = instance("draft", right.port());
    draft["auth"] = json!({"type": "bearer"});
    draft["tokens"] = json!([{"id": stored["tokens"][0]["id"]}]);
    draft["headers"] = json!([{"id": stored["headers"][0]["id"], "name": "x-org"}]);

    let nameless = admin.post(DRAFT, &draft).await;
    nameless.faults(
        422,
        "validation_failed",
        &[
            ("/tokens/0/id", "validation_failed"),
            ("/headers/0/id", "validation_failed"),
        ],
    );
    draft["from_instance_id"] = stored["id"].clone();
    assert_eq!(
        admin.post(DRAFT, &draft).await.expect(200).json()["ok"],
        true
    );
    assert_eq!(
        right.all_requests()[0].header("authorization"),
        Some("Bearer stored-token")
    );
    assert_eq!(right.all_requests()[0].header("x-org"), Some("acme"));

    let required = [
        ("/tokens/0/value", "secrets_required"),
        ("/headers/0/value", "secrets_required"),
    ];
    let mut elsewhere = draft.clone();
    elsewhere["endpoint"]["port"] = evil.port().into();
    admin
        .post(DRAFT, &elsewhere)
        .await
        .faults(422, "secrets_required", &required);
    let mut proxied = draft.clone();
    proxied["proxies"] = json!([{"url": format!("http://127.0.0.1:{}", evil.port())}]);
    admin
        .post(DRAFT, &proxied)
        .await
        .faults(422, "secrets_required", &required);
    assert!(evil.all_requests().is_empty());

    for (id, fault) in [
        (
            json!("01890a5d-ac96-774b-bcce-b302099a8057"),
            "validation_failed",
        ),
        (json!("x"), "validation_failed"),
        (json!(1), "invalid_type"),
    ] {
        draft["from_instance_id"] = id;
        admin.post(DRAFT, &draft).await.faults(
            422,
            "validation_failed",
            &[("/from_instance_id", fault)],
        );
    }
}

#[tokio::test]
async fn draft_with_a_denied_address_is_422() {
    let app = App::start().await;
    let mut draft = instance("draft", 80);
    draft["endpoint"]["host"] = "169.254.169.254".into();
    app.admin().await.post(DRAFT, &draft).await.faults(
        422,
        "egress_denied",
        &[("/endpoint/host", "egress_denied")],
    );
}
