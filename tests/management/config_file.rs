//! Configuration as code through the API: what an export says, and what applying a file does.

use serde_json::{Value, json};

use super::{AUDIT_LOG, GROUPS, INSTANCES, instance, names, person};
use crate::support::App;
use crate::support::app::merge;
use crate::support::client::{Answer, Client};

pub(super) const EXPORT: &str = "/api/v1/config/export";
pub(super) const APPLY: &str = "/api/v1/config/apply";
pub(super) const DRY: &str = "/api/v1/config/apply?dry_run=true";
pub(super) const PRUNE: &str = "/api/v1/config/apply?prune=true";
pub(super) const YAML: &str = "application/yaml";
pub(super) const TOKEN: &str = "sk-canary-of-the-file-0123456789";

pub(super) async fn send(client: &Client, path: &str, file: &str) -> Answer {
    client.call("POST", path).body(YAML, file.to_owned()).await
}

/// How many are created, changed, deleted, unchanged.
#[track_caller]
pub(super) fn counts(answer: Answer) -> [u64; 4] {
    let plan = answer.expect(200).json();
    ["create", "update", "delete", "unchanged"].map(|name| plan["counts"][name].as_u64().unwrap())
}

/// The places and rules of all faults, in the order of the file.
#[track_caller]
pub(super) fn faults(answer: &Answer) -> Vec<(u64, String, String)> {
    let problem = answer.json();
    let errors = problem["errors"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer:?}"));
    let fault = |error: &Value| {
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (
            error["line"].as_u64().unwrap_or_default(),
            text("pointer"),
            text("rule"),
        )
    };
    errors.iter().map(fault).collect()
}

pub(super) async fn export(client: &Client) -> String {
    client.get(EXPORT).await.expect(200).text().to_owned()
}

/// Everything that is recorded and how often each resource was changed: what a change that did not happen leaves alone.
pub(super) async fn traces(app: &App) -> (Value, Vec<Value>) {
    let admin = app.admin().await;
    let records = admin
        .get(&format!("{AUDIT_LOG}?limit=1"))
        .await
        .expect(200)
        .json()["total"]
        .clone();
    let mut versions = Vec::new();
    for list in [INSTANCES, GROUPS] {
        let items = admin.get(list).await.expect(200).json()["items"].clone();
        let version = |item: &Value| json!([item["name"], item["version"], item["updated_at"]]);
        versions.extend(items.as_array().unwrap().iter().map(version));
    }
    (records, versions)
}

#[tokio::test]
async fn export_applied_again_changes_nothing_and_has_no_secret() {
    let app = App::start().await;
    let admin = app.admin().await;
    let mut full = instance("сервер: №1 \"главный\"");
    merge(
        &mut full,
        json!({
            "description": "Two A100\nin rack 4 # left\n", "labels": {"no": "0123", "site": "берлин"}, "model": "*odd",
            "auth": {"type": "header", "header": "api-key"},
            "tokens": [{"label": "a", "value": TOKEN}, {"label": "a", "value": format!("{TOKEN}-2")}, {"value": "short"}],
            "headers": [{"name": "X-Org", "value": TOKEN}],
            "proxies": [{"url": "socks5h://10.0.0.9", "username": "us", "password": TOKEN}, {"url": "http://10.0.0.9:3128"}],
            "parameters": {"defaults": {"temperature": 0.10, "stop": ["\n", "---"]}, "strip": ["logit_bias"]},
            "capabilities": {"endpoints": ["chat"], "vision": false}, "timeouts": {"total_ms": 1000}, "enabled": false,
        }),
    );
    let full = admin.post(INSTANCES, &full).await.expect(201).json();
    admin.post(INSTANCES, &instance("yes")).await.expect(201);
    let group = json!({"name": "chat", "members": [{"instance_id": full["id"], "weight": 3, "model": "x"}], "max_attempts": 2});
    admin.post(GROUPS, &group).await.expect(201);
    let before = traces(&app).await;
    let file = export(&admin).await;
    assert!(!file.contains("canary") && !file.contains("6789"), "{file}");
    assert!(
        !file.contains("connect_ms") && !file.contains("protocol"),
        "defaults are left out: {file}"
    );
    assert_eq!(counts(send(&admin, DRY, &file).await), [0, 0, 0, 3]);
    assert_eq!(counts(send(&admin, PRUNE, &file).await), [0, 0, 0, 3]);
    assert_eq!(traces(&app).await, before);
    assert_eq!(export(&admin).await, file);

    // The same on a system of its own, with the secrets entered.
    let other = App::start().await;
    let theirs = other.admin().await;
    let refused = send(&theirs, APPLY, &file).await;
    let kept = faults(&refused);
    assert_eq!(kept.len(), 5, "{kept:?}");
    for (line, pointer, rule) in &kept {
        assert_eq!(rule, "secret_not_stored");
        let line = file
            .lines()
            .nth(usize::try_from(*line).unwrap() - 1)
            .unwrap();
        assert!(
            line.contains("keep") || line.contains("value:") || line.contains("password:"),
            "{pointer}: {line}"
        );
    }
    let entered = file.replace("\n          keep: true", " sk-entered-again-0123456789");
    assert_eq!(counts(send(&theirs, APPLY, &entered).await), [3, 0, 0, 0]);
    assert_eq!(export(&theirs).await, file);
    assert_eq!(counts(send(&theirs, APPLY, &entered).await), [0, 0, 0, 3]);
}

#[tokio::test]
async fn plan_says_what_happens_and_a_dry_run_writes_nothing() {
    let app = App::start().await;
    let admin = app.admin().await;
    for name in ["A", "B", "C"] {
        let mut fields = instance(name);
        merge(
            &mut fields,
            json!({"tokens": [{"label": "t", "value": TOKEN}]}),
        );
        admin.post(INSTANCES, &fields).await.expect(201);
    }
    let file = format!(
        "version: 1
instances:
  - name: a
    kind: network
    endpoint: {{scheme: http, host: 10.20.30.40, port: 8000}}
    tokens: [{{label: t, value: {TOKEN}-new}}]
    health_check: {{mode: \"off\"}}
    description: changed
  - name: B
    kind: network
    endpoint: {{scheme: http, host: 10.20.30.40, port: 8000}}
    tokens: [{{label: t, value: {{keep: true}}}}]
    health_check: {{mode: \"off\"}}
  - name: D
    kind: network
    endpoint: {{scheme: http, host: 10.20.30.41, port: 8000}}
groups:
  - name: chat
    members: [{{instance: b}}, {{instance: d}}]
"
    );
    let before = traces(&app).await;
    let plan = send(&admin, &format!("{DRY}&prune=true"), &file).await;
    assert!(!plan.text().contains("canary"), "{plan:?}");
    let plan = plan.expect(200).json();
    assert_eq!(traces(&app).await, before);
    let shown = |change: &Value| {
        format!(
            "{} {} {}",
            change["action"].as_str().unwrap(),
            change["kind"].as_str().unwrap(),
            change["name"].as_str().unwrap()
        )
    };
    let shown: Vec<String> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(shown)
        .collect();
    assert_eq!(
        shown,
        [
            "update model_instance a",
            "create model_instance D",
            "create model_group chat",
            "delete model_instance C"
        ]
    );
    assert_eq!(plan["applied"], false);
    let changes = &plan["changes"][0]["changes"];
    assert_eq!(changes["name"], json!({"before": "A", "after": "a"}));
    assert_eq!(changes["description"]["after"], "changed");
    assert_eq!(changes["tokens"]["after"][0]["value"], "replaced");

    // What was looked at is what happens, or nothing.
    let fingerprint = plan["fingerprint"].as_str().unwrap();
    let confirmed = format!("{PRUNE}&fingerprint={fingerprint}");
    for other in [
        format!("{APPLY}?fingerprint={fingerprint}"),
        format!("{PRUNE}&fingerprint={}", "0".repeat(32)),
    ] {
        send(&admin, &other, &file)
            .await
            .problem(412, "precondition_failed");
    }
    send(&admin, &confirmed, &file.replace("changed", "Changed"))
        .await
        .problem(412, "precondition_failed");
    assert_eq!(traces(&app).await, before);
    let done = send(&admin, &confirmed, &file).await.expect(200).json();
    assert_eq!(
        (&done["applied"], &done["counts"]),
        (&json!(true), &plan["counts"])
    );
    send(&admin, &confirmed, &file)
        .await
        .problem(412, "precondition_failed");
    assert_eq!(names(&admin.get(INSTANCES).await), ["a", "B", "D"]);
    let members = admin.get(GROUPS).await.json()["items"][0]["status"]["total_members"].clone();
    assert_eq!(members, 2);
    // Each change has its record, by whoever sent the file.
    let records = admin.get(&format!("{AUDIT_LOG}?limit=4")).await.json()["items"].clone();
    let actions: Vec<&str> = records
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "model_instance.delete",
            "model_group.create",
            "model_instance.create",
            "model_instance.update"
        ]
    );
    assert!(
        records
            .as_array()
            .unwrap()
            .iter()
            .all(|r| r["actor"]["name"] == "admin"),
        "{records}"
    );
    let before = traces(&app).await;
    assert_eq!(counts(send(&admin, PRUNE, &file).await), [0, 0, 0, 4]);
    assert_eq!(traces(&app).await, before);
}

#[tokio::test]
async fn only_sections_that_are_there_are_pruned_and_what_is_used_stays() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = admin
        .post(INSTANCES, &instance("used"))
        .await
        .expect(201)
        .json();
    let group = json!({"name": "chat", "members": [{"instance_id": made["id"]}]});
    admin.post(GROUPS, &group).await.expect(201);
    assert_eq!(
        counts(send(&admin, PRUNE, "version: 1").await),
        [0, 0, 0, 0]
    );
    let in_use = send(&admin, PRUNE, "version: 1\ninstances: []").await;
    assert_eq!(in_use.problem(409, "in_use")["used_by"][0]["name"], "chat");
    assert_eq!(
        counts(send(&admin, APPLY, "version: 1\ninstances: []\ngroups: []").await),
        [0, 0, 0, 0]
    );
    // An empty value could be a template that went wrong.
    let empty = send(&admin, PRUNE, "version: 1\ninstances:\n").await;
    assert_eq!(
        faults(&empty),
        [(2, "/instances".to_owned(), "wrong_type".to_owned())]
    );
    // A member that the file itself removes.
    let gone = "version: 1\ninstances: []\ngroups:\n  - name: chat\n    members:\n      - instance: used\n";
    assert_eq!(
        faults(&send(&admin, PRUNE, gone).await),
        [(
            6,
            "/groups/0/members/0/instance".to_owned(),
            "unknown_instance_name".to_owned()
        )]
    );
    assert_eq!(
        counts(send(&admin, APPLY, gone).await),
        [0, 0, 0, 1],
        "without prune it is there"
    );
    assert_eq!(
        counts(send(&admin, PRUNE, "version: 1\ninstances: []\ngroups: []").await),
        [0, 0, 2, 0]
    );
}

#[tokio::test]
async fn rules_between_resources_hold_also_for_what_is_not_in_the_file() {
    let app = App::start().await;
    let admin = app.admin().await;
    let mut ids = Vec::new();
    for name in ["A", "B"] {
        let mut fields = instance(name);
        merge(
            &mut fields,
            json!({"capabilities": {"embedding_dimensions": 768}}),
        );
        ids.push(admin.post(INSTANCES, &fields).await.expect(201).json()["id"].clone());
    }
    let group =
        json!({"name": "vectors", "members": [{"instance_id": ids[0]}, {"instance_id": ids[1]}]});
    admin.post(GROUPS, &group).await.expect(201);
    let whole = export(&admin).await;
    let only_instances = whole.split("groups:").next().unwrap();
    let one = only_instances.replacen("768", "1024", 1);
    let found = faults(&send(&admin, APPLY, &one).await);
    assert_eq!(
        (found[0].1.as_str(), found[0].2.as_str()),
        (
            "/instances/0/capabilities/embedding_dimensions",
            "embedding_dimensions_in_group"
        )
    );
    let found = faults(&send(&admin, APPLY, &whole.replacen("768", "1024", 1)).await);
    assert_eq!(
        (found[0].1.as_str(), found[0].2.as_str()),
        ("/groups/0/members/1/instance", "embedding_dimensions")
    );
    // Both at once was never possible one by one.
    assert_eq!(
        counts(send(&admin, APPLY, &only_instances.replace("768", "1024")).await),
        [0, 2, 0, 0]
    );
}

#[tokio::test]
async fn two_files_at_once_are_applied_one_after_the_other() {
    let app = App::start().await;
    let admin = app.admin().await;
    let file = |text: &str| {
        let mut file = "version: 1\ninstances:\n".to_owned();
        for number in 0..20 {
            file.push_str(&format!("  - {{name: I{number}, kind: network, description: {text}, endpoint: {{scheme: http, host: 10.0.0.7, port: 80}}}}\n"));
        }
        file
    };
    let (one, two) = (file("one"), file("two"));
    let (first, second) = tokio::join!(send(&admin, PRUNE, &one), send(&admin, PRUNE, &two));
    first.expect(200);
    second.expect(200);
    let items = admin.get(INSTANCES).await.expect(200).json()["items"].clone();
    let texts: std::collections::HashSet<&str> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["description"].as_str().unwrap())
        .collect();
    assert_eq!(
        (items.as_array().unwrap().len(), texts.len()),
        (20, 1),
        "{texts:?}"
    );
}

#[tokio::test]
async fn refused_people_change_nothing_and_are_recorded() {
    let app = App::start().await;
    let (name, user) = person(&app, "user").await;
    let file = "version: 1\ninstances: []\ngroups: []\n";
    send(&user, PRUNE, file).await.problem(403, "forbidden");
    user.get(EXPORT).await.problem(403, "forbidden");
    let reader = app.key(&["manage:read"]).await;
    reader.get(EXPORT).await.expect(200);
    send(&reader, DRY, file).await.problem(403, "forbidden");
    let query = format!("{AUDIT_LOG}?action=access.deny&actor={name}");
    let log = app.admin().await.get(&query).await.expect(200).json();
    assert_eq!(log["total"], 1, "{log}");
}
