//! Who may do what: every operation of the description, as everybody, against one table.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{EVENTS, INSTANCES, KEYS, USERS, person};
use crate::support::App;
use crate::support::app::{file, merge};
use crate::support::client::Client;
use crate::support::server::ADMIN_PASSWORD;
use crate::support::wait::{SOON, until};

/// The kinds of callers, in the order of the table's columns.
const PERSONAS: [&str; 8] = [
    "anonymous",
    "user",
    "operator",
    "admin",
    "gateway",
    "groups:read",
    "manage:read",
    "manage:write",
];
/// The scopes among them.
const SCOPES: [&str; 4] = ["gateway", "groups:read", "manage:read", "manage:write"];

/// An operation as the description has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Operation {
    id: String,
    method: String,
    path: String,
}

/// The table of docs/PERMISSIONS.md: for each operation, which of [`PERSONAS`] may use it.
fn table() -> BTreeMap<Operation, String> {
    let text = std::fs::read_to_string(file("../docs/PERMISSIONS.md")).expect("the table");
    let mut table = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (method, path) = cells[1].trim_matches('`').split_once(' ').expect("a route");
        let operation = Operation {
            id: cells[0].trim_matches('`').to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
        };
        let rights: String = cells[2..].concat();
        assert_eq!(rights.chars().count(), PERSONAS.len(), "{line}");
        assert!(table.insert(operation, rights).is_none(), "twice: {line}");
    }
    table
}

/// A row of the table, to be copied into it.
fn row(operation: &Operation, rights: &str) -> String {
    let cells: Vec<String> = rights.chars().map(|right| right.to_string()).collect();
    let Operation { id, method, path } = operation;
    format!("| `{id}` | `{method} {path}` | {} |", cells.join(" | "))
}

async fn personas(app: &App) -> Vec<Client> {
    let mut personas = vec![
        app.anonymous(),
        person(app, "user").await.1,
        person(app, "operator").await.1,
        app.admin().await,
    ];
    for scope in SCOPES {
        personas.push(app.key(&[scope]).await);
    }
    personas
}

/// Credentials that are no longer any, or never were: nobody may do with them what one may not do without.
async fn ended(app: &App) -> Vec<(&'static str, Client)> {
    let anonymous = app.anonymous();
    let admin = app.admin().await;
    let key_of = async |maker: &Client, fields: Value| {
        let mut body = json!({"name": app.unique("key"), "scopes": SCOPES});
        merge(&mut body, fields);
        let made = maker.post(KEYS, &body).await.expect(201).json();
        let path = format!("{KEYS}/{}", made["id"].as_str().unwrap());
        (path, anonymous.with_bearer(made["key"].as_str().unwrap()))
    };
    let (_, signed_out) = person(app, "admin").await;
    signed_out
        .call("POST", "/api/v1/auth/logout")
        .await
        .expect(204);
    let (name, disabled) = person(app, "admin").await;
    let (_, key_of_disabled) = key_of(&disabled, json!({})).await;
    let path = path_of(app, &name).await;
    let off = json!({"enabled": false});
    admin.patch(&path, &off).await.expect(200);
    let (name, deleted) = person(app, "admin").await;
    admin.delete(&path_of(app, &name).await).await.expect(204);
    let (path, revoked) = key_of(&admin, json!({})).await;
    admin.delete(&path).await.expect(204);
    let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(2);
    let (_, expired) = key_of(&admin, json!({"expires_at": soon.to_rfc3339()})).await;
    let ended = vec![
        ("no token", anonymous.with_bearer("nonsense")),
        ("no key", anonymous.with_bearer("us-nonsense")),
        ("signed out", signed_out),
        ("disabled user", disabled),
        ("key of a disabled user", key_of_disabled),
        ("deleted user", deleted),
        ("revoked key", revoked),
        ("expired key", expired),
    ];
    // The gateway, which knows nothing of sessions, takes a token that is over for somebody else's: 403.
    for (who, client) in &ended {
        until(SOON, who, async || {
            let answer = client.get("/v1/models").await;
            matches!(answer.status, 401 | 403).then_some(())
        })
        .await;
    }
    ended
}

async fn path_of(app: &App, username: &str) -> String {
    let admin = app.admin().await;
    let list = admin.get(&format!("{USERS}?q={username}")).await.json();
    format!("{USERS}/{}", list["items"][0]["id"].as_str().unwrap())
}

/// A key of every scope whose maker was an operator and is a user now.
async fn key_of_a_demoted_operator(app: &App) -> Client {
    let (name, operator) = person(app, "operator").await;
    let body = json!({"name": "of an operator", "scopes": SCOPES});
    let made = operator.post(KEYS, &body).await.expect(201).json();
    let user = json!({"role": "user"});
    let path = path_of(app, &name).await;
    app.admin().await.patch(&path, &user).await.expect(200);
    app.anonymous().with_bearer(made["key"].as_str().unwrap())
}

/// Every operation of the description, on both surfaces. Signing out comes last, since it ends who does it.
async fn operations(app: &App) -> Vec<Operation> {
    let call = app.anonymous().get("/api/v1/openapi.json");
    let document = call.await.expect(200).json();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if let Some(id) = operation["operationId"].as_str() {
                operations.push(Operation {
                    id: id.to_owned(),
                    method: method.to_uppercase(),
                    path: path.clone(),
                });
            }
        }
    }
    operations.sort_by_key(|operation| operation.id == "logout");
    operations
}

/// Whether somebody is let through, or the status of the refusal. What is wrong with the request itself comes only after that.
async fn knock(client: &Client, operation: &Operation) -> Result<(), u16> {
    let Operation { method, path, .. } = operation;
    let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
    let path = path.replace("{id}", nobody).replace("{message_id}", nobody);
    let mut call = client.call(method, &path);
    if matches!(method.as_str(), "POST" | "PATCH") {
        call = call.json(&json!("no object"));
    }
    if path == EVENTS {
        // It never ends by itself.
        return match call.open().await.status() {
            200 => Ok(()),
            status => Err(status),
        };
    }
    let answer = call.await;
    let code = match answer.status {
        status @ (401 | 403) => (status, status == 401),
        status => {
            assert!(status < 500, "{answer:?}");
            return Ok(());
        }
    };
    match (path.starts_with("/v1/"), code) {
        (true, (status, true)) => drop(answer.gateway_error(status, "invalid_api_key")),
        (true, (status, false)) => drop(answer.gateway_error(status, "forbidden")),
        (false, (status, true)) => drop(answer.problem(status, "unauthenticated")),
        (false, (status, false)) => drop(answer.problem(status, "forbidden")),
    }
    Err(code.0)
}

fn mark(let_through: bool) -> char {
    if let_through { 'x' } else { '-' }
}

#[tokio::test]
async fn every_operation_lets_through_whom_the_table_says() {
    let app = App::start().await;
    let (personas, ended) = (personas(&app).await, ended(&app).await);
    let demoted = key_of_a_demoted_operator(&app).await;
    let elsewhere = json!({"group_ids": [app.group("elsewhere", []).await.id]});
    let limited = app.key_with(&["gateway"], elsewhere).await;
    let mut found = BTreeMap::new();
    for operation in operations(&app).await {
        let mut rights = String::new();
        for (client, who) in personas.iter().zip(PERSONAS) {
            let knocked = knock(client, &operation).await;
            if let Err(status) = knocked {
                // Its credential is the cookie, which nobody here has: `sessions.rs` has it.
                let is_known = who != "anonymous" && operation.id != "refresh";
                let expected = if is_known { 403 } else { 401 };
                assert_eq!(status, expected, "{} as {who}", operation.id);
            }
            rights.push(mark(knocked.is_ok()));
        }
        let as_anonymous = rights.starts_with('x');
        for (who, client) in &ended {
            let let_through = knock(client, &operation).await.is_ok();
            assert_eq!(let_through, as_anonymous, "{} as {who}", operation.id);
        }
        // A user makes keys for the gateway, so that is what is left. Which groups a key may ask is another matter.
        for (who, client) in [("demoted", &demoted), ("limited", &limited)] {
            let right = mark(knock(client, &operation).await.is_ok());
            assert_eq!(
                rights.chars().nth(4),
                Some(right),
                "{} as {who}",
                operation.id
            );
        }
        found.insert(operation, rights);
    }
    let rows: Vec<String> = found.iter().map(|(what, who)| row(what, who)).collect();
    assert!(
        found == table(),
        "docs/PERMISSIONS.md has another table than:\n{}",
        rows.join("\n")
    );
}

#[tokio::test]
async fn nobody_writes_what_is_not_theirs_to_write() {
    let app = App::start().await;
    let (name, user) = person(&app, "user").await;
    let (_, operator) = person(&app, "operator").await;
    let own = path_of(&app, &name).await;
    for client in [&user, &operator] {
        for fields in [
            json!({"role": "admin"}),
            json!({"display_name": "me"}),
            json!({"password": "a password of my own"}),
        ] {
            client.patch(&own, &fields).await.problem(403, "forbidden");
        }
    }
    // Fields beside those of the operation, as everybody may call it.
    let password =
        json!({"current_password": ADMIN_PASSWORD, "new_password": "a password of my own"});
    let key = json!({"name": "mine", "scopes": ["gateway"]});
    let made = user.post(KEYS, &key).await.expect(201).json();
    let path = format!("{KEYS}/{}", made["id"].as_str().unwrap());
    for (field, value) in [
        ("role", json!("admin")),
        ("id", json!("01890a5d-ac96-774b-bcce-b302099a8057")),
        ("created_by", Value::Null),
        ("revoked_at", Value::Null),
        ("key", json!("us-chosen")),
        ("key_hash", json!("00")),
        ("prefix", json!("us-chosen")),
        ("last_used_at", Value::Null),
    ] {
        for (route, body) in [("/api/v1/auth/password", &password), (KEYS, &key)] {
            let mut body = body.clone();
            body[field] = value.clone();
            user.post(route, &body).await.problem(422, "unknown_field");
        }
        let patch = json!({field: value});
        user.patch(&path, &patch)
            .await
            .problem(422, "unknown_field");
    }
    let more = json!({"scopes": ["gateway", "manage:write"]});
    user.patch(&path, &more).await.problem(422, "unknown_field");
    let me = user.get("/api/v1/auth/me").await.expect(200).json();
    assert_eq!(me["role"], "user");
    user.get(INSTANCES).await.problem(403, "forbidden");
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
