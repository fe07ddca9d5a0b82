//! Who would answer for a draft: the same as for the group that it becomes.

use serde_json::{Value, json};

use super::{GROUPS, INSTANCES};
use crate::support::App;
use crate::support::app::Made;

const DRAFT: &str = "/api/v1/model-groups/preview";

fn members(made: &[&Made]) -> Value {
    made.iter()
        .map(|made| json!({"instance_id": made.id}))
        .collect()
}

#[tokio::test]
async fn draft_is_previewed_as_the_stored_group_would_be_and_not_stored() {
    let app = App::start().await;
    let admin = app.admin().await;
    let paused = json!({"enabled": false, "model": "other"});
    let paused = app.instance_with("paused", 1, paused).await;
    let foreign = json!({"kind": "network", "model": "other"});
    let foreign = app.instance_with("foreign", 2, foreign).await;
    let first = app.instance_with("first", 3, json!({})).await;
    let second = app.instance_with("second", 4, json!({})).await;
    let made = [&paused, &foreign, &first, &second];
    let draft = json!({"members": members(&made), "allowed_kinds": ["local"]});

    let seen = admin.post(DRAFT, &draft).await.expect(200).json();
    let codes: Vec<&str> = seen["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        ["disabled", "kind_forbidden", "available", "standby"]
    );
    assert_eq!(
        seen["would_answer"],
        json!({"instance_id": first.id, "name": "first"})
    );
    assert_eq!(seen["warnings"][0]["code"], "mixed_models");
    assert_eq!(admin.get(GROUPS).await.expect(200).json()["total"], 0);

    let group = app
        .group_with("chat", made, json!({"allowed_kinds": ["local"]}))
        .await;
    let stored = admin.get(&format!("{}/preview", group.path)).await;
    assert_eq!(stored.expect(200).json(), seen);
}

#[tokio::test]
async fn draft_may_lack_everything_and_says_that_nobody_answers() {
    let app = App::start().await;
    let admin = app.admin().await;
    let seen = admin.post(DRAFT, &json!({})).await.expect(200).json();
    assert_eq!(seen["would_answer"], Value::Null);
    assert_eq!(seen["members"], json!([]));
    assert_eq!(seen["warnings"][0]["code"], "no_members");
    let one = app.instance_with("one", 1, json!({})).await;
    let off = json!({"enabled": false, "members": members(&[&one])});
    let seen = admin.post(DRAFT, &off).await.expect(200).json();
    assert_eq!(seen["would_answer"], Value::Null);
    assert_eq!(seen["members"][0]["code"], "disabled");
}

#[tokio::test]
async fn draft_with_faults_is_refused_as_the_group_would_be() {
    let app = App::start().await;
    let admin = app.admin().await;
    let one = app.instance_with("one", 1, json!({})).await;
    let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
    let unknown = json!({"members": [{"instance_id": one.id}, {"instance_id": nobody}]});
    let problem = admin.post(DRAFT, &unknown).await.faults(
        422,
        "validation_failed",
        &[("/members/1/instance_id", "validation_failed")],
    );
    assert_eq!(problem["errors"][0]["rule"], "unknown_instance");
    for (body, pointer, code) in [
        (json!({"bogus": 1}), "/bogus", "unknown_field"),
        (json!({"name": "a b"}), "/name", "validation_failed"),
        (
            json!({"max_attempts": 0}),
            "/max_attempts",
            "validation_failed",
        ),
    ] {
        let answer = admin.post(DRAFT, &body).await;
        answer.faults(422, code, &[(pointer, code)]);
    }
    let put = admin.call("PUT", DRAFT).await;
    put.problem(405, "method_not_allowed");
    assert_eq!(put.header("allow"), Some("POST"));
}

#[tokio::test]
async fn status_tells_the_state_of_each_member_and_who_is_passed_over() {
    let app = App::start().await;
    let admin = app.admin().await;
    let paused = json!({"enabled": false});
    let paused = app.instance_with("paused", 1, paused).await;
    let out = app.instance_with("out", 2, json!({})).await;
    let answers = app.instance_with("answers", 3, json!({})).await;
    let group = app.group("chat", [&answers, &paused, &out]).await;
    let status = async || admin.get(&group.path).await.expect(200).json()["status"].clone();
    let order = |made: [&Made; 3]| -> Value {
        made.iter()
            .map(|made| json!({"instance_id": made.id, "enabled": made.name != "out"}))
            .collect()
    };

    let members = json!({"members": order([&answers, &paused, &out])});
    admin.patch(&group.path, &members).await.expect(200);
    let seen = status().await;
    assert_eq!(
        seen["member_states"],
        json!(["unknown", "disabled", "disabled"])
    );
    assert_eq!(seen["passed_over"], Value::Null, "nobody stands before it");

    let members = json!({"members": order([&out, &paused, &answers])});
    admin.patch(&group.path, &members).await.expect(200);
    let seen = status().await;
    assert_eq!(
        seen["member_states"],
        json!(["disabled", "disabled", "unknown"])
    );
    assert_eq!(seen["passed_over"]["name"], "out");
    assert_eq!(seen["passed_over"]["code"], "member_disabled");
    assert_eq!(seen["would_answer"]["name"], "answers");

    let pause = json!({"enabled": false});
    admin.patch(&answers.path, &pause).await.expect(200);
    let seen = status().await;
    assert_eq!(seen["would_answer"], Value::Null);
    assert_eq!(seen["passed_over"]["name"], "out", "the first of all");
    let listed = admin.get(GROUPS).await.expect(200).json();
    assert_eq!(listed["items"][0]["status"], seen);
    assert_eq!(admin.get(INSTANCES).await.expect(200).json()["total"], 3);
}
