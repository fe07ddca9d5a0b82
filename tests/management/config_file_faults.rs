//! Files of settings that are refused: every fault with its line, and nothing changed.

use serde_json::json;

use super::config_file::{APPLY, TOKEN, YAML, counts, export, faults, send, traces};
use crate::gateway::{CHAT, chat};
use crate::support::App;
use crate::support::upstream::Upstream;

#[tokio::test]
async fn broken_file_changes_nothing_and_says_every_line() {
    let app = App::start().await;
    let admin = app.admin().await;
    let before = traces(&app).await;
    let mut file = "version: 1\ninstances:\n".to_owned();
    for number in 0..50 {
        file.push_str(&format!("  - {{name: I{number}, kind: network, endpoint: {{scheme: http, host: 10.0.0.7, port: 80}}}}\n"));
    }
    let valid = file.clone();
    file.push_str(
        "groups:
  - name: chat
    members:
      - instance: i1
      - instance: I1
      - instance: X
        wieght: 2
        instance_id: 01890a5d-ac96-774b-bcce-b302099a8057
  - name: CHAT
    max_attempts: 21
    deadline_ms: soon
  - members: []
  - name: bad name
    strategy: fastets
",
    );
    let refused = send(&admin, APPLY, &file).await;
    let expected: Vec<(u64, &str, &str)> = vec![
        (59, "/groups/0/members/2/wieght", "unknown_field"),
        (60, "/groups/0/members/2/instance_id", "unknown_field"),
        (61, "/groups/1/name", "duplicate"),
        (63, "/groups/1/deadline_ms", "wrong_type"),
        (64, "/groups/2/name", "missing"),
        (66, "/groups/3/strategy", "not_one_of"),
    ];
    let found = faults(&refused);
    let found: Vec<(u64, &str, &str)> = found
        .iter()
        .map(|(line, pointer, rule)| (*line, pointer.as_str(), rule.as_str()))
        .collect();
    assert_eq!(found, expected, "{refused:?}");
    let detail = refused.problem(422, "validation_failed")["detail"].clone();
    assert!(
        detail
            .as_str()
            .unwrap()
            .contains("line 59, column 9, groups[0].members[2].wieght: "),
        "{detail}"
    );
    // What is right in its shape is looked at by the rules, all at once, over all resources.
    let file = format!(
        "{valid}  - name: i7
    kind: cloud
    endpoint: {{scheme: http, host: 169.254.169.254, port: 8000}}
    tokens:
      - label: t
        value: {{env: PATH}}
      - value: {{file: /etc/passwd}}
      - value: 12345
      - label: none
groups:
  - name: bad name
    members: [{{instance: X}}, {{instance: I1}}, {{instance: i1}}]
    max_attempts: 21
"
    );
    let refused = send(&admin, APPLY, &file).await;
    let found = faults(&refused);
    let found: Vec<(u64, &str, &str)> = found
        .iter()
        .map(|(line, pointer, rule)| (*line, pointer.as_str(), rule.as_str()))
        .collect();
    let expected: Vec<(u64, &str, &str)> = vec![
        (53, "/instances/50/name", "duplicate"),
        (58, "/instances/50/tokens/0/value", "secret_reference"),
        (59, "/instances/50/tokens/1/value", "secret_reference"),
        (60, "/instances/50/tokens/2/value", "secret_form"),
        (61, "/instances/50/tokens/3/value", "missing"),
        (63, "/groups/0/name", "group_name"),
        (64, "/groups/0/members/0/instance", "unknown_instance_name"),
        (64, "/groups/0/members/2/instance", "duplicate"),
        (65, "/groups/0/max_attempts", "out_of_range"),
    ];
    assert_eq!(found, expected, "{refused:?}");
    assert!(!refused.text().contains("root:"), "{refused:?}");
    assert!(
        refused.text().contains("there is no instance «X»"),
        "{refused:?}"
    );
    let denied = valid.replace(
        "name: I7, kind: network, endpoint: {scheme: http",
        "name: I7, kind: cloud, endpoint: {scheme: http",
    );
    let refused = send(&admin, APPLY, &denied).await;
    assert_eq!(
        faults(&refused),
        [(
            10,
            "/instances/7/endpoint/scheme".to_owned(),
            "https_required".to_owned()
        )]
    );
    assert_eq!(traces(&app).await, before);
    assert_eq!(counts(send(&admin, APPLY, &valid).await), [50, 0, 0, 0]);
}

#[tokio::test]
async fn what_is_no_file_is_refused() {
    let app = App::start().await;
    let admin = app.admin().await;
    for (file, line) in [
        ("", 0),
        ("a: ]", 1),
        ("version: 1\n---\nversion: 1\n", 2),
        ("version: 1\nx: !!str a\n", 2),
        ("version: 1\ninstances:\n\t- a\n", 3),
    ] {
        let refused = send(&admin, APPLY, file).await;
        refused.problem(400, "invalid_yaml");
        assert_eq!(faults(&refused)[0].0, line, "{file:?}: {refused:?}");
    }
    let not_utf8 = admin
        .call("POST", APPLY)
        .body(YAML, &b"version: \xff"[..])
        .await;
    not_utf8.problem(400, "invalid_yaml");
    for (file, pointer, rule) in [
        ("[]", "", "wrong_type"),
        ("instances: []", "/version", "missing"),
        ("version: 2", "/version", "not_one_of"),
        ("version: 1\ndialogs: []", "/dialogs", "unknown_field"),
        ("version: 1\nversion: 1", "/version", "duplicate"),
    ] {
        let refused = send(&admin, APPLY, file).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        let found = faults(&refused);
        assert!(
            found
                .iter()
                .any(|fault| fault.1 == pointer && fault.2 == rule),
            "{file:?}: {found:?}"
        );
    }
    let large = format!("version: 1 #{}", "x".repeat(4 * 1024 * 1024));
    send(&admin, APPLY, &large)
        .await
        .problem(413, "body_too_large");
    let call = admin.call("POST", APPLY).body("application/json", "{}");
    call.await.problem(415, "unsupported_media_type");
    for query in ["dry_run=1", "prune=yes", "fingerprint=x", "bogus=1"] {
        let answer = send(&admin, &format!("{APPLY}?{query}"), "version: 1").await;
        answer.problem(400, "invalid_parameter");
    }
    let schema = app
        .anonymous()
        .get("/api/v1/config/schema")
        .await
        .expect(200)
        .json();
    assert_eq!(schema["properties"]["version"]["const"], 1);
}

#[tokio::test]
async fn kept_secrets_go_where_they_were_entered_for_and_nowhere_else() {
    let app = App::start().await;
    let admin = app.admin().await;
    let (upstream, elsewhere) = (Upstream::start("a"), Upstream::start("b"));
    let tokens = json!({"auth": {"type": "bearer"}, "tokens": [{"label": "t", "value": TOKEN}]});
    let made = app.instance_with("A", upstream.port(), tokens).await;
    app.group("chat", [&made]).await;
    let caller = app.gateway().await;
    let file = export(&admin).await;
    let described = file.replace("name: A\n", "name: A\n    description: seen\n");
    assert_eq!(counts(send(&admin, APPLY, &described).await), [0, 1, 0, 1]);
    caller.post(CHAT, &chat("chat")).await.expect(200);
    let sent = upstream.requests();
    let sent = sent
        .last()
        .unwrap()
        .header("authorization")
        .map(str::to_owned);
    assert_eq!(sent.as_deref(), Some(format!("Bearer {TOKEN}").as_str()));

    let port = |port: u16| {
        described.replace(
            &format!("port: {}", upstream.port()),
            &format!("port: {port}"),
        )
    };
    let moved = port(elsewhere.port());
    assert_ne!(moved, described);
    let refused = send(&admin, APPLY, &moved).await;
    refused.problem(422, "secrets_required");
    assert_eq!(faults(&refused)[0].1, "/instances/0/tokens/0/value");
    let entered = moved.replace("\n          keep: true", &format!(" {TOKEN}"));
    assert_eq!(counts(send(&admin, APPLY, &entered).await), [0, 1, 0, 1]);
    caller.post(CHAT, &chat("chat")).await.expect(200);
    let sent = elsewhere.requests();
    let sent = sent
        .last()
        .unwrap()
        .header("authorization")
        .map(str::to_owned);
    assert_eq!(sent.as_deref(), Some(format!("Bearer {TOKEN}").as_str()));
    // A label that nothing has, and fewer of the same label than are stored.
    let renamed = export(&admin).await.replace("label: t", "label: other");
    assert_eq!(
        faults(&send(&admin, APPLY, &renamed).await)[0].2,
        "secret_not_stored"
    );
    let transcript = app.transcript();
    assert!(!transcript.contains("canary"), "{transcript}");
    assert!(!app.log().contains("canary"));
    let stored = app.database().everything().await;
    assert!(!stored.contains("canary"), "{stored}");
}
