//! Configuration as code: assistants.

use serde_json::{Value, json};

use super::{ASSISTANTS, GROUPS, names, person};
use crate::support::App;
use crate::support::client::{Answer, Client};

const APPLY: &str = "/api/v1/config/apply";

async fn send(client: &Client, query: &str, file: &str) -> Answer {
    let call = client.call("POST", &format!("{APPLY}{query}"));
    call.body("application/yaml", file.to_owned()).await
}

/// How many are created, changed, deleted, unchanged.
#[track_caller]
fn counts(answer: &Answer) -> [u64; 4] {
    assert_eq!(answer.status, 200, "{answer:?}");
    let plan = answer.json();
    ["create", "update", "delete", "unchanged"].map(|name| plan["counts"][name].as_u64().unwrap())
}

async fn export(client: &Client) -> String {
    let answer = client.get("/api/v1/config/export").await.expect(200);
    answer.text().to_owned()
}

const FILE: &str = r#"version: 1
instances: []
groups:
  - {name: Chat, enabled: false}
  - name: other
assistants:
  - name: lawyer
    group: chat
    system_prompt: |
      Be careful.
      Name the "§".
    parameters: {temperature: 0.20, stop: [x]}
  - {name: plain, title: Plain, group: other, description: says nothing}
"#;

#[tokio::test]
async fn files_have_shared_ones_alone_and_find_the_group_by_its_name() {
    let app = App::start().await;
    let (admin, (_, user)) = (app.admin().await, person(&app, "user").await);
    let planned = send(&admin, "?dry_run=true", FILE).await;
    assert_eq!(counts(&planned), [4, 0, 0, 0]);
    let last = planned.json()["changes"][2].clone();
    assert_eq!(
        (&last["kind"], &last["name"]),
        (&json!("assistant"), &json!("lawyer"))
    );
    assert_eq!(last["changes"]["group"]["after"], "Chat");
    for id in ["group_id", "owner_id", "visibility"] {
        assert_eq!(last["changes"].get(id), None, "{last}");
    }
    assert_eq!(names(&admin.get(ASSISTANTS).await).len(), 0);
    assert_eq!(counts(&send(&admin, "", FILE).await), [4, 0, 0, 0]);
    let list = admin.get(ASSISTANTS).await.expect(200);
    assert!(list.text().contains("0.20"), "numbers as written: {list:?}");
    let lawyer = list.json()["items"][0].clone();
    assert_eq!(lawyer["title"], "lawyer");
    assert_eq!(lawyer["system_prompt"], "Be careful.\nName the \"§\".\n");
    assert_eq!(lawyer["visibility"], "shared");
    assert_eq!(lawyer["owner"], Value::Null);
    assert_eq!(lawyer["group"]["name"], "Chat");
    assert_eq!(counts(&send(&admin, "", FILE).await), [0, 0, 0, 4]);

    // A private one is in no file, and no file touches it.
    let other = admin.get(&format!("{GROUPS}?q=other")).await.json();
    let other = other["items"][0]["id"].clone();
    let own = json!({"name": "own", "group_id": other, "system_prompt": "canary"});
    user.post(ASSISTANTS, &own).await.expect(201);
    let file = export(&admin).await;
    assert!(!file.contains("own") && !file.contains("canary"), "{file}");
    assert_eq!(
        counts(&send(&admin, "?prune=true", &file).await),
        [0, 0, 0, 4]
    );
    let taken = FILE.replace("name: plain", "name: OWN");
    let refused = send(&admin, "", &taken).await;
    refused.faults(409, "conflict", &[("/assistants/1/name", "conflict")]);
    assert_eq!(
        names(&user.get(ASSISTANTS).await),
        ["lawyer", "own", "plain"]
    );

    // The same elsewhere.
    let elsewhere = App::start().await;
    let theirs = elsewhere.admin().await;
    assert_eq!(counts(&send(&theirs, "", &file).await), [4, 0, 0, 0]);
    assert_eq!(export(&theirs).await, file);
}

#[tokio::test]
async fn groups_and_their_assistants_come_and_go_together() {
    let app = App::start().await;
    let (admin, (_, operator)) = (app.admin().await, person(&app, "operator").await);
    assert_eq!(counts(&send(&admin, "", FILE).await), [4, 0, 0, 0]);
    let (groups, assistants) = FILE.split_once("assistants:").unwrap();
    // A file that does not speak of assistants leaves them alone, and they hold their groups.
    let one_group = groups.replace("  - name: other\n", "");
    let refused = send(&admin, "?prune=true", &one_group).await;
    let problem = refused.problem(409, "in_use");
    assert_eq!(problem["used_by"][0]["kind"], "assistant");
    assert_eq!(problem["used_by"][0]["name"], "plain");
    // One that moves them to another group takes theirs away.
    let moved = format!(
        "{one_group}assistants:{}",
        assistants.replace("group: other", "group: CHAT")
    );
    let applied = send(&admin, "?prune=true", &moved).await;
    assert_eq!(counts(&applied), [0, 1, 1, 2]);
    let change = &applied.json()["changes"][0];
    assert_eq!(
        change["changes"],
        json!({"group": {"before": "other", "after": "Chat"}})
    );
    // One without them, and without their group.
    let nothing = "version: 1\ngroups: []\nassistants: []\n";
    assert_eq!(
        counts(&send(&admin, "?prune=true", nothing).await),
        [0, 0, 3, 0]
    );
    assert_eq!(names(&admin.get(ASSISTANTS).await).len(), 0);

    // Whose one is stays; what is wrong is told with its line.
    let group = app.group("Chat", []).await;
    let own = json!({"name": "Lawyer", "group_id": group.id, "visibility": "shared"});
    let made = operator.post(ASSISTANTS, &own).await.expect(201);
    let path = made.header("location").unwrap();
    assert_eq!(counts(&send(&admin, "", FILE).await), [2, 2, 0, 0]);
    let found = admin.get(path).await.expect(200).json();
    assert_eq!(found["name"], "lawyer");
    assert_ne!(found["owner"], Value::Null);
    let wrong = "version: 1
groups:
  - name: assistant/x
assistants:
  - {name: a, group: nowhere}
  - {name: b, group: Chat, visibility: private}
  - {name: c, group_id: x, parameters: {messages: []}}
  - {name: A, group: 7}
";
    let refused = send(&admin, "", wrong).await;
    let fault = "validation_failed";
    let unknown = "unknown_field";
    refused.faults(
        422,
        fault,
        &[
            ("/groups/0/name", fault),
            ("/assistants/0/group", fault),
            ("/assistants/1/visibility", unknown),
            ("/assistants/2/group", "missing_field"),
            ("/assistants/2/group_id", unknown),
            ("/assistants/3/group", "invalid_type"),
            ("/assistants/3/name", fault),
        ],
    );
}
