//! Who is told of an assistant: live events and the audit log.

use serde_json::{Value, json};

use super::{SHARED, assistant, id, made, shared};
use crate::management::{AUDIT_LOG, person};
use crate::support::App;
use crate::support::live::Live;

#[tokio::test]
async fn live_events_of_private_ones_reach_their_owner_alone() {
    let app = App::start().await;
    let (admin, (_, operator)) = (app.admin().await, person(&app, "operator").await);
    let key = app.key(&["groups:read"]).await;
    let group = app.group("chat", []).await;
    let (mut owner, mut other, mut program) = (
        Live::open(&operator).await,
        Live::open(&admin).await,
        Live::open(&key).await,
    );
    // What comes next of any assistant.
    async fn next(live: &mut Live) -> (String, String) {
        loop {
            let told = live.next().await.expect("a stream that goes on");
            if told.event == "config.changed" && told.data["kind"] == "assistant" {
                let text = |field: &str| told.data[field].as_str().unwrap().to_owned();
                return (text("change"), text("id"));
            }
        }
    }
    let own = made(&operator, &assistant("own", &group)).await;
    let told = |change: &str| (change.to_owned(), id(&own).to_owned());
    assert_eq!(next(&mut owner).await, told("created"));
    let patch = json!({"visibility": SHARED});
    operator.patch(&own, &patch).await.expect(200);
    for live in [&mut other, &mut program] {
        assert_eq!(next(live).await, told("created"));
    }
    let patch = json!({"visibility": "private"});
    operator.patch(&own, &patch).await.expect(200);
    for live in [&mut other, &mut program] {
        assert_eq!(next(live).await, told("deleted"));
    }
    // To its owner it is there after each of them.
    for expected in ["deleted", "created", "deleted", "created"] {
        assert_eq!(next(&mut owner).await, told(expected));
    }
    operator.delete(&own).await.expect(204);
    assert_eq!(next(&mut owner).await, told("deleted"));
    let last = made(&admin, &shared("last", &group)).await;
    for live in [&mut owner, &mut other, &mut program] {
        let told = ("created".to_owned(), id(&last).to_owned());
        assert_eq!(next(live).await, told);
    }
}

#[tokio::test]
async fn audit_log_says_what_is_shared_and_only_that_something_private_changed() {
    let app = App::start().await;
    let (admin, (_, operator)) = (app.admin().await, person(&app, "operator").await);
    let group = app.group("chat", []).await;
    let mut fields = assistant("own", &group);
    fields["system_prompt"] = json!("canary-prompt");
    fields["title"] = json!("canary-title");
    fields["parameters"] = json!({"stop": "canary-stop"});
    let own = made(&operator, &fields).await;
    let patch = json!({"system_prompt": "canary-other"});
    operator.patch(&own, &patch).await.expect(200);
    let records = async || {
        let log = format!("{AUDIT_LOG}?action=assistant.&sort=at");
        admin.get(&log).await.expect(200)
    };
    let found = records().await;
    assert!(!found.text().contains("canary"), "{found:?}");
    let items = found.json()["items"].clone();
    let target = json!({"kind": "assistant", "id": id(&own), "name": "own"});
    assert_eq!(
        (&items[0]["action"], &items[0]["target"]),
        (&json!("assistant.create"), &target)
    );
    let change = |before: Value, after: Value| json!({"before": before, "after": after});
    let changes = &items[0]["changes"];
    assert_eq!(changes["system_prompt"], change(Value::Null, json!("set")));
    assert_eq!(changes["group"], change(Value::Null, json!("chat")));
    assert_eq!(
        items[1]["changes"],
        json!({"system_prompt": change(json!("set"), json!("replaced"))})
    );
    // What is shared is no secret.
    operator
        .patch(&own, &json!({"visibility": SHARED}))
        .await
        .expect(200);
    let patch = json!({"system_prompt": "canary-third"});
    operator.patch(&own, &patch).await.expect(200);
    operator.delete(&own).await.expect(204);
    let items = records().await.json()["items"].clone();
    let (prompt, other) = (json!("canary-other"), json!("canary-third"));
    let shared = &items[2]["changes"];
    assert_eq!(
        shared["system_prompt"],
        change(json!("set"), prompt.clone())
    );
    assert_eq!(
        shared["visibility"],
        change(json!("private"), json!(SHARED))
    );
    assert_eq!(
        items[3]["changes"],
        json!({"system_prompt": change(prompt, other)})
    );
    assert_eq!(items[4]["action"], "assistant.delete");
}
