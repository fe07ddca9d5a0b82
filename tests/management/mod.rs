//! The management API, noun by noun.

mod api_keys;
mod assistants;
mod audit_actions;
mod audit_export;
mod audit_list;
mod audit_retention;
mod audit_sign_ins;
mod bad_input;
mod check_codes;
mod checks;
mod config_assistants;
mod config_file;
mod config_file_faults;
mod description;
mod dialog_answers;
mod dialog_context;
mod dialog_keeps;
mod dialog_limits;
mod dialog_losses;
mod dialog_targets;
pub mod dialogs;
mod discovery;
mod egress;
mod events;
mod events_access;
mod field_rules;
mod group_members;
mod groups;
mod instance_secrets;
mod instances;
mod list_filters;
mod lists;
mod oidc;
mod passwords;
mod previews;
mod problems;
mod rights;
mod sessions;
mod settings;
mod setup;
mod sign_in_limits;
mod tokens;
pub mod tries;
mod try_limits;
mod usage;
mod users;

use serde_json::{Value, json};

use crate::support::App;
use crate::support::client::{Answer, Client};
use crate::support::server::ADMIN_PASSWORD;

const INSTANCES: &str = "/api/v1/model-instances";
const ASSISTANTS: &str = "/api/v1/assistants";
const GROUPS: &str = "/api/v1/model-groups";
const KEYS: &str = "/api/v1/api-keys";
const EVENTS: &str = "/api/v1/events";
const USERS: &str = "/api/v1/users";
const AUDIT_LOG: &str = "/api/v1/audit-log";
const SETTINGS: &str = "/api/v1/settings";

/// A person of this role who is signed in, with the administrator's password.
async fn person(app: &App, role: &str) -> (String, Client) {
    let name = app.unique(role);
    let body = json!({"username": name, "role": role, "password": ADMIN_PASSWORD});
    let admin = app.admin().await;
    admin.post(USERS, &body).await.expect(201);
    let client = app.sign_in(&name, ADMIN_PASSWORD).await;
    (name, client)
}

/// The refresh cookie that an answer sets, as a request sends it back.
#[track_caller]
fn cookie(answer: &Answer) -> String {
    let set = answer
        .header("set-cookie")
        .unwrap_or_else(|| panic!("no cookie: {answer:?}"));
    set.split(';').next().unwrap().to_owned()
}

/// The least that makes an instance.
fn least(name: &str) -> Value {
    json!({
        "name": name, "kind": "network",
        "endpoint": {"scheme": "http", "host": "10.20.30.40", "port": 8000},
    })
}

/// An instance that nobody checks, so that nothing happens to it but what a test does.
fn instance(name: &str) -> Value {
    let mut fields = least(name);
    fields["health_check"] = json!({"mode": "off"});
    fields
}

/// Names of the items of a list, in order.
#[track_caller]
fn names(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let items = answer.json()["items"].clone();
    let name = |item: &Value| item["name"].as_str().unwrap().to_owned();
    items.as_array().unwrap().iter().map(name).collect()
}

/// Stores records of another time, without the service: `(at, actor, action, target, outcome, address)` each. What is not ASCII in them is in
/// lower case: the database of the tests knows no other letters.
async fn store_records(app: &App, rows: &str) {
    let statement = format!(
        "INSERT INTO audit_log (id, at, actor_kind, actor_name, actor_key, action, target_kind, target_name, outcome, address, changes, search)
         SELECT gen_random_uuid(), at::timestamptz, 'user', actor, lower(actor), action, split_part(action, '.', 1), target, outcome, address,
                '{{}}', lower(concat_ws(E'\n', actor, target, address, action))
         FROM ({rows}) AS rows (at, actor, action, target, outcome, address)"
    );
    let database = app.database().connect().await;
    database.batch_execute(&statement).await.unwrap();
}
