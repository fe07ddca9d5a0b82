//! Writes what there is as a file: sorted by name, without what is as it is by default, and without secrets. Equal configurations give
//! equal files, byte for byte.

use std::collections::HashMap;

use chrono::DateTime;
use diesel::QueryResult;
use serde_json::{Map, Value, json};
use understudy_shared::{CreateModelGroup, CreateModelInstance};
use uuid::Uuid;

use super::emit::{self, Tree};
use super::plan::Stored;
use super::read::VERSION;
use crate::db::assistants::AssistantRow;
use crate::db::model_groups::StoredModelGroup;
use crate::db::model_instances::{ModelInstanceRow, StoredModelInstance};
use crate::domain::model_group::ValidModelGroup;
use crate::domain::model_instance::ValidModelInstance;
use crate::error::ApiError;

const HEAD: &str = "\
# Configuration of Understudy: `understudy apply FILE` brings a service into this state.
# What is left out is as it is by default. Secrets are not in here: `keep: true` stands for one that is stored.
";

/// The order in which fields are shown; those that are not here come after them.
const ORDER: [&str; 46] = [
    "name",
    "title",
    "description",
    "group",
    "system_prompt",
    "labels",
    "enabled",
    "kind",
    "protocol",
    "endpoint",
    "scheme",
    "host",
    "port",
    "base_path",
    "model",
    "auth",
    "type",
    "header",
    "tokens",
    "label",
    "headers",
    "proxies",
    "url",
    "username",
    "value",
    "password",
    "tls",
    "parameters",
    "defaults",
    "overrides",
    "strip",
    "limits",
    "timeouts",
    "connect_ms",
    "first_byte_ms",
    "idle_ms",
    "total_ms",
    "health_check",
    "mode",
    "capabilities",
    "strategy",
    "members",
    "instance",
    "weight",
    "max_attempts",
    "deadline_ms",
];
/// Fields without a default.
const REQUIRED: [&str; 6] = ["name", "kind", "scheme", "host", "port", "group"];
/// Objects whose members people name themselves.
const FREE: [&str; 3] = ["labels", "defaults", "overrides"];

/// The file.
///
/// # Errors
/// If something is stored that cannot be read.
pub fn export(stored: &Stored) -> Result<String, ApiError> {
    let names = stored.instances.iter();
    let names: HashMap<Uuid, String> = names
        .map(|instance| (instance.row.id, instance.row.name.clone()))
        .collect();
    let mut instances: Vec<&StoredModelInstance> = stored.instances.iter().collect();
    instances.sort_by_key(|instance| &instance.row.name_key);
    let mut groups: Vec<&StoredModelGroup> = stored.groups.iter().collect();
    groups.sort_by_key(|group| &group.row.name_key);
    let plain = default_instance()?;
    let instances = instances.into_iter().map(|stored| instance(stored, &plain));
    let instances = instances.collect::<QueryResult<Vec<Tree>>>()?;
    let groups = groups.into_iter().map(|stored| group(stored, &names));
    let groups = groups.collect::<Result<Vec<Tree>, ApiError>>()?;
    let names = stored.groups.iter();
    let names: HashMap<Uuid, String> = names
        .map(|group| (group.row.id, group.row.name.clone()))
        .collect();
    let mut assistants: Vec<&AssistantRow> = stored.assistants.iter().collect();
    assistants.sort_by_key(|row| &row.name_key);
    let assistants = assistants.into_iter().map(|row| assistant(row, &names));
    let members = [
        ("version".to_owned(), Tree::json(json!(VERSION))),
        ("instances".to_owned(), Tree::List(instances)),
        ("groups".to_owned(), Tree::List(groups)),
        ("assistants".to_owned(), Tree::List(assistants.collect())),
    ];
    let mut text = HEAD.to_owned();
    emit::document(&mut text, &members);
    Ok(text)
}

/// An instance of which nothing is said that has a default.
fn default_instance() -> Result<Value, ApiError> {
    let least = json!({"name": "-", "kind": "local", "endpoint": {"scheme": "http", "host": "localhost", "port": 1}});
    let least: CreateModelInstance = serde_json::from_value(least).map_err(ApiError::internal)?;
    let valid = ValidModelInstance::try_from(least).map_err(ApiError::fields)?;
    let plain = StoredModelInstance {
        row: ModelInstanceRow::new(Uuid::nil(), &valid, DateTime::UNIX_EPOCH)?,
        tokens: Vec::new(),
        headers: Vec::new(),
        proxies: Vec::new(),
    };
    Ok(plain.audited(None)?)
}

/// A group of this name of which nothing else is said.
fn default_group(name: &str) -> Result<Value, ApiError> {
    let least: CreateModelGroup =
        serde_json::from_value(json!({"name": name})).map_err(ApiError::internal)?;
    let valid = ValidModelGroup::try_from(least).map_err(ApiError::fields)?;
    let plain = StoredModelGroup::new(&valid, DateTime::UNIX_EPOCH)?;
    Ok(plain.audited(&HashMap::new())?)
}

fn instance(stored: &StoredModelInstance, plain: &Value) -> QueryResult<Tree> {
    let mut fields = stored.audited(None)?;
    for (list, secret) in [
        ("tokens", "value"),
        ("headers", "value"),
        ("proxies", "password"),
    ] {
        for item in items(&mut fields, list) {
            for name in ["id", "hint"] {
                item.remove(name);
            }
            let is_set = item.remove(secret).is_some_and(|set| !set.is_null());
            if is_set {
                item.insert(secret.to_owned(), json!({"keep": true}));
            }
            item.retain(|_, value| !value.is_null() && value != "");
        }
    }
    Ok(tree(fields, Some(plain)))
}

fn group(stored: &StoredModelGroup, names: &HashMap<Uuid, String>) -> Result<Tree, ApiError> {
    let mut fields = stored.audited(names)?;
    for member in items(&mut fields, "members") {
        member.remove("instance_id");
        let name = member.remove("name").unwrap_or_default();
        member.insert("instance".to_owned(), name);
        let default = |name: &str, value: &Value| match name {
            "weight" => *value == 1,
            "enabled" => *value == true,
            _ => value.is_null(),
        };
        member.retain(|name, value| !default(name, value));
    }
    Ok(tree(fields, Some(&default_group(&stored.row.name)?)))
}

/// A shared assistant, without whose it is: that differs between systems.
fn assistant(row: &AssistantRow, groups: &HashMap<Uuid, String>) -> Tree {
    let mut fields = row.audited(None, groups);
    if let Value::Object(fields) = &mut fields {
        fields.retain(|name, _| !matches!(name.as_str(), "group_id" | "visibility" | "owner_id"));
    }
    let plain =
        json!({"title": row.name, "description": "", "system_prompt": "", "parameters": {}});
    tree(fields, Some(&plain))
}

fn items<'a>(
    fields: &'a mut Value,
    list: &str,
) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    let list = fields.get_mut(list).and_then(Value::as_array_mut);
    list.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// Fields in the order in which people read them, without those that are as they are by default.
fn tree(value: Value, plain: Option<&Value>) -> Tree {
    let members = match value {
        Value::Object(members) => members,
        Value::Array(items) => {
            return Tree::List(items.into_iter().map(|item| tree(item, None)).collect());
        }
        scalar => return Tree::json(scalar),
    };
    let differs = |(name, value): &(String, Value)| {
        let default = plain.and_then(|plain| plain.get(name));
        REQUIRED.contains(&name.as_str()) || default != Some(value)
    };
    let mut members: Vec<(String, Value)> = members.into_iter().filter(differs).collect();
    members.sort_by_key(|(name, _)| rank(name));
    let member = |(name, value): (String, Value)| {
        let value = if FREE.contains(&name.as_str()) {
            Tree::json(value)
        } else {
            let plain = plain.and_then(|plain| plain.get(&name));
            tree(value, plain)
        };
        (name, value)
    };
    Tree::Object(members.into_iter().map(member).collect())
}

fn rank(name: &str) -> usize {
    let place = ORDER.iter().position(|known| *known == name);
    place.unwrap_or(ORDER.len())
}
