//! The audit log as a file: whole, streamed, harmless to spreadsheets, and for nobody who has lost the right to it.

use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::{AUDIT_LOG, INSTANCES, instance, person, store_records};
use crate::support::App;
use crate::support::client::Client;
use crate::support::wait::soon;

async fn export(admin: &Client, query: &str) -> String {
    let path = format!("{AUDIT_LOG}/export?{query}");
    admin.get(&path).await.expect(200).text().to_owned()
}

/// The cells of a file of CSV. Every one is quoted.
fn cells(csv: &str) -> Vec<Vec<String>> {
    let line = |line: &str| -> Vec<String> {
        let inner = line
            .strip_prefix('"')
            .and_then(|line| line.strip_suffix('"'));
        let inner = inner.unwrap_or_else(|| panic!("not quoted: {line}"));
        inner
            .split("\",\"")
            .map(|cell| cell.replace("\"\"", "\""))
            .collect()
    };
    csv.strip_suffix("\r\n")
        .unwrap()
        .split("\r\n")
        .map(line)
        .collect()
}

#[tokio::test]
async fn both_formats_have_every_record_of_the_list() {
    let app = App::start().await;
    let admin = app.admin().await;
    let many = "SELECT '2020-01-01'::timestamptz + (n / 7) * interval '1 minute', 'Ada', 'user.update', 'n' || n, 'success', '192.0.2.1'
                FROM generate_series(1, 1203) n";
    store_records(&app, many).await;
    let mut fields = instance("=HYPERLINK(\"http://evil.example\")");
    fields["description"] = json!("Ünïcödé, «шторм», \"quoted\"");
    admin.post(INSTANCES, &fields).await.expect(201);
    let mut listed = Vec::new();
    for offset in (0..1400).step_by(200) {
        let path = format!("{AUDIT_LOG}?limit=200&offset={offset}");
        let page = admin.get(&path).await.expect(200).json();
        listed.extend(page["items"].as_array().unwrap().clone());
    }
    assert_eq!(listed.len(), 1203 + 3);

    let path = format!("{AUDIT_LOG}/export?format=jsonl");
    let answer = admin.get(&path).await.expect(200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/x-ndjson; charset=utf-8")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let name = answer.header("content-disposition").unwrap();
    assert!(
        name.starts_with("attachment; filename=\"audit-log-2") && name.ends_with(".jsonl\""),
        "{name}"
    );
    let lines = answer.text().strip_suffix('\n').unwrap().split('\n');
    let exported: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(exported, listed);

    // The export itself is recorded, and is in the next one.
    let answer = admin.get(&format!("{AUDIT_LOG}/export")).await.expect(200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/csv; charset=utf-8; header=present")
    );
    let rows = cells(answer.text());
    assert_eq!(rows.len(), 1 + 1 + listed.len());
    assert!(rows.iter().all(|row| row.len() == 13), "{rows:?}");
    assert_eq!(rows[0][..3], ["id", "at", "actor_kind"]);
    assert_eq!(rows[1][6], "audit_log.export");
    assert!(rows[1][12].contains("jsonl"), "{:?}", rows[1]);
    let made = &rows[2];
    assert_eq!(made[0], listed[0]["id"].as_str().unwrap());
    assert_eq!(made[1], listed[0]["at"].as_str().unwrap());
    assert_eq!(made[9], "'=HYPERLINK(\"http://evil.example\")");
    let changes: Value = serde_json::from_str(&made[12]).unwrap();
    assert_eq!(changes, listed[0]["changes"]);
    assert!(answer.text().contains("«шторм»"));
    let last = admin.get(&format!("{AUDIT_LOG}?limit=1")).await.json();
    assert_eq!(last["items"][0]["action"], "audit_log.export");

    let rows = cells(
        &export(
            &admin,
            "action=user.&from=2020-01-01T00:05:00Z&to=2020-01-01T00:06:00Z",
        )
        .await,
    );
    assert_eq!(rows.len(), 1 + 7);
    assert_eq!(cells(&export(&admin, "actor=nobody").await).len(), 1);
    assert_eq!(export(&admin, "actor=nobody&format=jsonl").await, "");
    for query in ["format=xml", "limit=5", "sort=at", "action=x"] {
        let path = format!("{AUDIT_LOG}/export?{query}");
        admin.get(&path).await.problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn export_breaks_off_when_its_reader_loses_the_right_to_it() {
    let app = App::start().await;
    let (name, reader) = person(&app, "admin").await;
    // More than all buffers between the two take in.
    let database = app.database().connect().await;
    let large = "INSERT INTO audit_log (id, actor_kind, action, target_kind, outcome, search, changes)
                 SELECT gen_random_uuid(), 'service', 'user.update', 'user', 'success', '',
                        json_build_object('x', json_build_object('before', repeat('x', 16000), 'after', null))
                 FROM generate_series(1, 3000)";
    database.batch_execute(large).await.unwrap();
    let opened = reader
        .get(&format!("{AUDIT_LOG}/export?format=jsonl"))
        .open()
        .await;
    assert_eq!(opened.status(), 200);
    let (mut body, _connection) = opened.into_body();
    let first = soon("the first piece", body.frame()).await;
    assert!(first.unwrap().unwrap().is_data());
    let admin = app.admin().await;
    let list = admin.get(&format!("/api/v1/users?q={name}")).await.json();
    let path = format!("/api/v1/users/{}", list["items"][0]["id"].as_str().unwrap());
    admin
        .patch(&path, &json!({"role": "operator"}))
        .await
        .expect(200);
    let rest = soon("the end of the file", body.collect()).await;
    assert!(rest.is_err(), "the file ended as if it were whole");
}
