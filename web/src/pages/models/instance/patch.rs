//! What a merge patch (RFC 7396) has to carry to turn what is stored into what is wanted: only what differs, at whatever depth.
//!
//! Rule: applying the result to `old` gives `new`. A merge patch cannot put a `null` into an object, so [`unsendable`] finds such wishes.

use serde_json::{Map, Value};

/// The difference; empty if there is none.
pub fn difference(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (name, value) in new {
        match (old.get(name), value) {
            (Some(before), value) if before == value => {}
            (Some(Value::Object(before)), Value::Object(value)) => {
                patch.insert(name.clone(), Value::Object(difference(before, value)));
            }
            _ => {
                patch.insert(name.clone(), value.clone());
            }
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    patch
}

/// Names in `object` whose value has a `null` in an object, which a patch would take for "remove this". Those that `old` has just so are sent by nobody.
pub fn unsendable<'a>(old: &Map<String, Value>, object: &'a Map<String, Value>) -> Vec<&'a String> {
    fn has_null(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Object(fields) => fields.values().any(has_null),
            _ => false,
        }
    }
    object
        .iter()
        .filter(|(name, value)| has_null(value) && old.get(*name) != Some(value))
        .map(|(name, _)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn diff(old: Value, new: Value) -> Value {
        Value::Object(difference(
            old.as_object().unwrap(),
            new.as_object().unwrap(),
        ))
    }

    #[test]
    fn only_what_differs_is_carried() {
        for (old, new, patch) in [
            (json!({"a": 1}), json!({"a": 1}), json!({})),
            (
                json!({"a": 1, "b": 2}),
                json!({"a": 1, "b": 3}),
                json!({"b": 3}),
            ),
            (json!({"a": "x"}), json!({"a": null}), json!({"a": null})),
            (
                json!({"timeouts": {"connect_ms": 1, "idle_ms": 2}}),
                json!({"timeouts": {"connect_ms": 5, "idle_ms": 2}}),
                json!({"timeouts": {"connect_ms": 5}}),
            ),
            (
                json!({"parameters": {"defaults": {"a": 1, "b": {"c": 1}}}}),
                json!({"parameters": {"defaults": {"b": {"d": 1}}}}),
                json!({"parameters": {"defaults": {"a": null, "b": {"c": null, "d": 1}}}}),
            ),
            (
                json!({"tokens": [{"id": 1}]}),
                json!({"tokens": []}),
                json!({"tokens": []}),
            ),
        ] {
            assert_eq!(diff(old.clone(), new), patch, "{old}");
        }
    }

    #[test]
    fn a_null_in_an_object_cannot_be_sent() {
        let old = json!({"kept": null});
        let new = json!({"kept": null, "a": null, "b": {"c": null}, "d": [null], "e": 1});
        assert_eq!(
            unsendable(old.as_object().unwrap(), new.as_object().unwrap()),
            ["a", "b"]
        );
    }
}
