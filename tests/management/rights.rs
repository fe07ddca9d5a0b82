//! Who may do what: every operation of the description, as everybody, against one table.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{EVENTS, person};
use crate::support::App;
use crate::support::client::Client;

/// Who may use an operation, in the order of [`PERSONAS`].
const TABLE: &[(&str, &str)] = &[
    // signed in: a person, never a key
    ("me", "-xxx----"),
    ("change_password", "-xxx----"),
    ("list_api_keys", "-xxx----"),
    ("create_api_key", "-xxx----"),
    ("get_api_key", "-xxx----"),
    ("update_api_key", "-xxx----"),
    ("revoke_api_key", "-xxx----"),
    // administrators
    ("list_users", "---x----"),
    ("create_user", "---x----"),
    ("get_user", "---x----"),
    ("update_user", "---x----"),
    ("delete_user", "---x----"),
    ("list_audit_log", "---x----"),
    ("export_audit_log", "---x----"),
    ("get_settings", "---x----"),
    ("update_settings", "---x----"),
    // reading groups
    ("list_model_groups", "-xxx-xxx"),
    ("get_model_group", "-xxx-xxx"),
    ("preview_model_group", "-xxx-xxx"),
    ("stream_events", "-xxx-xxx"),
    // reading usage: people their own
    ("get_usage", "-xxx--xx"),
    // reading all that operators read
    ("list_model_instances", "--xx--xx"),
    ("get_model_instance", "--xx--xx"),
    ("preview_model_group_draft", "--xx--xx"),
    // changing
    ("create_model_instance", "--xx---x"),
    ("update_model_instance", "--xx---x"),
    ("delete_model_instance", "--xx---x"),
    ("check_model_instance", "--xx---x"),
    ("check_model_instance_draft", "--xx---x"),
    ("duplicate_model_instance", "--xx---x"),
    ("start_model_instance_drill", "--xx---x"),
    ("end_model_instance_drill", "--xx---x"),
    ("create_model_group", "--xx---x"),
    ("update_model_group", "--xx---x"),
    ("delete_model_group", "--xx---x"),
    ("try_model_group", "--xx---x"),
    // open: their own credentials are in the body or the cookie
    ("login", "xxxxxxxx"),
    ("get_setup", "xxxxxxxx"),
    ("finish_setup", "xxxxxxxx"),
    ("get_openapi", "xxxxxxxx"),
];

const PERSONAS: &str =
    "anonymous, user, operator, admin, gateway, groups:read, manage:read, manage:write";

async fn personas(app: &App) -> Vec<Client> {
    let mut personas = vec![
        app.anonymous(),
        person(app, "user").await.1,
        person(app, "operator").await.1,
        app.admin().await,
    ];
    for scope in ["gateway", "groups:read", "manage:read", "manage:write"] {
        personas.push(app.key(&[scope]).await);
    }
    personas
}

/// Method and path of every operation of the management API.
async fn operations(app: &App) -> BTreeMap<String, (String, String)> {
    let document = app
        .anonymous()
        .get("/api/v1/openapi.json")
        .await
        .expect(200)
        .json();
    let mut operations = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if path.starts_with("/api/v1/") && operation["operationId"].is_string() {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                operations.insert(id, (method.to_uppercase(), path.clone()));
            }
        }
    }
    operations
}

/// Whether somebody is let through. What is wrong with the request itself comes only after that.
async fn is_let_through(client: &Client, method: &str, path: &str) -> bool {
    let path = path.replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057");
    let mut call = client.call(method, &path);
    if matches!(method, "POST" | "PATCH") {
        call = call.json(&json!("no object"));
    }
    if path == EVENTS {
        // It never ends by itself.
        let status = call.open().await.status();
        assert!(matches!(status, 200 | 401 | 403), "{status}");
        return status == 200;
    }
    let answer = call.await;
    match answer.status {
        401 => {
            answer.problem(401, "unauthenticated");
            false
        }
        403 => {
            answer.problem(403, "forbidden");
            false
        }
        status => {
            assert!(status < 500, "{answer:?}");
            true
        }
    }
}

#[tokio::test]
async fn every_operation_lets_through_whom_the_table_says() {
    let app = App::start().await;
    let personas = personas(&app).await;
    let operations = operations(&app).await;
    let mut table: BTreeMap<&str, &str> = TABLE.iter().copied().collect();
    for (id, (method, path)) in &operations {
        // Their credential is the cookie, which `sessions.rs` tests.
        if matches!(id.as_str(), "refresh" | "logout") {
            continue;
        }
        let expected = table
            .remove(id.as_str())
            .unwrap_or_else(|| panic!("{id} is not in the table"));
        let mut found = String::new();
        for client in &personas {
            found.push(if is_let_through(client, method, path).await {
                'x'
            } else {
                '-'
            });
        }
        assert_eq!(found, expected, "{id}: {PERSONAS}");
    }
    assert!(table.is_empty(), "no operations any more: {table:?}");
}

#[tokio::test]
async fn key_does_not_outlive_the_rights_of_its_maker() {
    let app = App::start().await;
    let (name, operator) = person(&app, "operator").await;
    let body = json!({"name": "k", "scopes": ["manage:read"]});
    let key = operator
        .post("/api/v1/api-keys", &body)
        .await
        .expect(201)
        .json();
    let key = app.anonymous().with_bearer(key["key"].as_str().unwrap());
    key.get("/api/v1/model-instances").await.expect(200);
    let database = app.database().connect().await;
    database
        .execute(
            "UPDATE users SET role = 'user' WHERE username = $1",
            &[&name],
        )
        .await
        .unwrap();
    key.get("/api/v1/model-instances")
        .await
        .problem(403, "forbidden");
    operator
        .get("/api/v1/model-instances")
        .await
        .problem(403, "forbidden");
    operator.get("/api/v1/model-groups").await.expect(200);
}

#[tokio::test]
async fn users_see_groups_without_how_they_are_connected() {
    let app = App::start().await;
    let fields = json!({"description": "canary-description", "endpoint": {"host": "10.99.88.77"}});
    let instance = app.instance_with("canary-free", 8123, fields).await;
    let group = app.group("chat", [&instance]).await;
    let (_, user) = person(&app, "user").await;
    for path in [
        "/api/v1/model-groups",
        &group.path,
        &format!("{}/preview", group.path),
    ] {
        let answer = user.get(path).await.expect(200);
        let seen: Value = answer.json();
        assert!(
            seen.to_string().contains("canary-free"),
            "who would answer: {seen}"
        );
        for hidden in ["10.99.88.77", "8123", "canary-description"] {
            assert!(!answer.text().contains(hidden), "{hidden} in {answer:?}");
        }
    }
}
