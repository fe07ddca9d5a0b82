//! What changed between two states of a resource, field by field: what a record of the audit log shows.
//!
//! The rule: what comes in carries no secret. A large value is shown as its size and its SHA-256, so that one can see that it changed,
//! and a page of the log stays small.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use understudy_shared::AuditChange;

/// Bytes of a value that is shown as it is.
const SHOWN_BYTES: usize = 4096;
/// Objects whose members people name themselves: each is one field, since such names may have dots.
const WHOLE: [&str; 1] = ["labels"];

/// What changed, by field.
pub type Changes = BTreeMap<String, AuditChange>;

/// The fields that differ. `null` in place of a resource means that there is none: the other one is shown without its empty fields.
pub fn changes(before: &Value, after: &Value) -> Changes {
    let (before, after) = (fields(before), fields(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let value = |fields: &BTreeMap<String, &Value>, name: &String| {
        fields
            .get(name)
            .copied()
            .filter(|value| !is_empty(value))
            .cloned()
    };
    let mut changes = Changes::new();
    for name in names {
        let (before, after) = (value(&before, name), value(&after, name));
        if before != after {
            let change = AuditChange {
                before: shown(before),
                after: shown(after),
            };
            changes.insert(name.clone(), change);
        }
    }
    changes
}

/// A single field.
pub fn change(name: &str, before: Value, after: Value) -> Changes {
    Changes::from([(name.to_owned(), AuditChange { before, after })])
}

/// The members of a resource, those of objects in it with a dot in their names.
fn fields(resource: &Value) -> BTreeMap<String, &Value> {
    let mut fields = BTreeMap::new();
    for (name, value) in members(resource) {
        match value {
            Value::Object(inner) if !WHOLE.contains(&name.as_str()) => {
                for (inner, value) in inner {
                    fields.insert(format!("{name}.{inner}"), value);
                }
            }
            value => {
                fields.insert(name.clone(), value);
            }
        }
    }
    fields
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// Empty and missing are the same to whoever reads the log.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn shown(value: Option<Value>) -> Value {
    let value = value.unwrap_or_default();
    let text = value.to_string();
    if text.len() <= SHOWN_BYTES {
        return value;
    }
    let digest = Sha256::digest(text.as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({"bytes": text.len(), "sha256": digest})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(before: Value, after: Value) -> Value {
        serde_json::to_value(changes(&before, &after)).unwrap()
    }

    #[test]
    fn only_fields_that_differ_are_there() {
        let before = json!({"name": "a", "port": 1, "endpoint": {"host": "x", "port": 1}, "labels": {"a.b": "1"}});
        let after =
            json!({"name": "a", "port": 2, "endpoint": {"host": "y", "port": 1}, "labels": {}});
        assert_eq!(
            shape(before.clone(), after),
            json!({
                "port": {"before": 1, "after": 2},
                "endpoint.host": {"before": "x", "after": "y"},
                "labels": {"before": {"a.b": "1"}, "after": null},
            })
        );
        assert_eq!(shape(before.clone(), before), json!({}));
    }

    #[test]
    fn what_is_new_or_gone_is_shown_without_its_empty_fields() {
        let one =
            json!({"name": "a", "description": "", "members": [], "enabled": false, "model": null});
        assert_eq!(
            shape(Value::Null, one.clone()),
            json!({"name": {"before": null, "after": "a"}, "enabled": {"before": null, "after": false}})
        );
        assert_eq!(
            shape(one, Value::Null),
            json!({"name": {"before": "a", "after": null}, "enabled": {"before": false, "after": null}})
        );
    }

    #[test]
    fn large_values_are_shown_by_size_and_digest() {
        let large = |letter: &str| json!({"ca_pem": letter.repeat(10_000)});
        let shown = shape(large("a"), large("b"));
        let (before, after) = (&shown["ca_pem"]["before"], &shown["ca_pem"]["after"]);
        assert_eq!(
            (&before["bytes"], &after["bytes"]),
            (&json!(10_002), &json!(10_002))
        );
        assert_ne!(before["sha256"], after["sha256"]);
        assert!(shown.to_string().len() < 500);
    }
}
