//! JSON Merge Patch (RFC 7396): what a `PATCH` means for the JSON of a resource.
//!
//! A removed member gets its default back when the result is read. `null` for a member that the resource does not have would
//! be dropped without a word, so it is a fault here: nothing that a client says is ignored.

use serde_json::{Map, Value};
use understudy_shared::{FieldError, FieldRule, ValueType};

/// Applies a patch. `free` are pointers to objects whose members the client names itself, such as labels.
///
/// # Errors
/// If the patch is no object, or removes members that there are not.
pub fn merge(resource: Value, patch: Value, free: &[&str]) -> Result<Value, Vec<FieldError>> {
    if !patch.is_object() {
        let rule = FieldRule::WrongType {
            expected: ValueType::Object,
        };
        return Err(vec![FieldError::new("", rule)]);
    }
    let mut faults = Vec::new();
    let merged = apply(Some(resource), patch, "", free, &mut faults);
    if faults.is_empty() {
        Ok(merged)
    } else {
        Err(faults)
    }
}

fn apply(
    target: Option<Value>,
    patch: Value,
    pointer: &str,
    free: &[&str],
    faults: &mut Vec<FieldError>,
) -> Value {
    let Value::Object(patch) = patch else {
        return patch;
    };
    let known = matches!(target, Some(Value::Object(_))) && !free.contains(&pointer);
    let mut target = match target {
        Some(Value::Object(target)) => target,
        _ => Map::new(),
    };
    for (name, value) in patch {
        let at = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
        if !value.is_null() {
            let merged = apply(target.remove(&name), value, &at, free, faults);
            target.insert(name, merged);
        } else if target.remove(&name).is_none() && known {
            let rule = FieldRule::UnknownField { known: Vec::new() };
            faults.push(FieldError::new(at, rule));
        }
    }
    Value::Object(target)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_examples_of_the_rfc_hold() {
        for (original, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (
                json!({"a": "b", "b": "c"}),
                json!({"a": null}),
                json!({"b": "c"}),
            ),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!({"a": [{"b": "c"}]}),
                json!({"a": [1]}),
                json!({"a": [1]}),
            ),
            (
                json!({"e": null}),
                json!({"a": 1}),
                json!({"e": null, "a": 1}),
            ),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ] {
            assert_eq!(
                merge(original, patch.clone(), &["", "/a"]),
                Ok(result),
                "{patch}"
            );
        }
    }

    #[test]
    fn removing_what_is_not_there_is_a_fault_outside_of_free_objects() {
        let resource = json!({"labels": {}, "limits": {"n": null}});
        let patch =
            json!({"labels": {"x": null}, "limits": {"n": null, "a/b": null}, "bogus": null});
        let faults = merge(resource, patch, &["/labels"]).unwrap_err();
        let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/bogus", "/limits/a~1b"]);
    }

    #[test]
    fn a_patch_is_an_object() {
        for patch in [json!([]), json!(null), json!("x"), json!(1)] {
            assert!(merge(json!({}), patch, &[]).is_err());
        }
    }
}
