//! The schema of a file, for editors and checks: made from the types that the API reads, so that there is no second description of them.

use serde_json::{Map, Value, json};
use understudy_shared::{CreateAssistant, CreateModelGroup, CreateModelInstance, Visibility};
use utoipa::ToSchema;

use super::read::VERSION;

const API: &str = "#/components/schemas/";
const HERE: &str = "#/$defs/";

/// The schema (JSON Schema 2020-12).
pub fn schema() -> Value {
    let mut defs = Map::new();
    add::<CreateModelInstance>(&mut defs);
    add::<CreateModelGroup>(&mut defs);
    add::<CreateAssistant>(&mut defs);
    for (name, secret) in [
        ("TokenInput", "value"),
        ("SecretHeaderInput", "value"),
        ("ProxyInput", "password"),
    ] {
        let item = defs.get_mut(name);
        change(item, "id", secret, secret == "value", &secret_ref());
    }
    let instance = json!({"type": "string", "description": "Name of the instance, in this file or stored already."});
    change(
        defs.get_mut("GroupMember"),
        "instance_id",
        "instance",
        true,
        &instance,
    );
    let group = json!({"type": "string", "description": "Name of the group that answers, in this file or stored already."});
    let assistant: &str = &CreateAssistant::name();
    change(defs.get_mut(assistant), "group_id", "group", true, &group);
    // A file has shared ones alone.
    without(defs.get_mut(assistant), "visibility");
    defs.remove(&*Visibility::name());
    defs.insert("Secret".to_owned(), secret());
    // Only `SecretInput` would be left over, which nothing refers to any more.
    defs.remove("SecretInput");
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of Understudy",
        "description": "What `understudy apply` reads and `understudy export` writes.",
        "type": "object",
        "required": ["version"],
        "additionalProperties": false,
        "properties": {
            "version": {"const": VERSION, "description": "Version of the format."},
            "instances": {
                "description": "Model instances. Left out, the file does not speak of them.",
                "type": "array",
                "items": {"$ref": format!("{HERE}{}", CreateModelInstance::name())},
            },
            "groups": {
                "description": "Model groups. Left out, the file does not speak of them.",
                "type": "array",
                "items": {"$ref": format!("{HERE}{}", CreateModelGroup::name())},
            },
            "assistants": {
                "description": "Assistants that everybody finds. Left out, the file does not speak of them.",
                "type": "array",
                "items": {"$ref": format!("{HERE}{}", CreateAssistant::name())},
            },
        },
        "$defs": defs,
    })
}

/// A type of the API with all that it refers to.
fn add<T: ToSchema>(defs: &mut Map<String, Value>) {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    for (name, schema) in schemas {
        let mut schema = serde_json::to_value(schema).unwrap_or_default();
        refer_here(&mut schema);
        defs.insert(name, schema);
    }
}

fn refer_here(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == "$ref" => *text = text.replace(API, HERE),
                    value => refer_here(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(refer_here),
        _ => {}
    }
}

/// What a file writes in another way than the API: no ids, and in place of the field `name` something else.
fn change(def: Option<&mut Value>, without: &str, name: &str, required: bool, field: &Value) {
    let Some(Value::Object(def)) = def else {
        return;
    };
    if let Some(Value::Object(properties)) = def.get_mut("properties") {
        properties.remove(without);
        properties.insert(name.to_owned(), field.clone());
    }
    let needed = def.entry("required").or_insert_with(|| json!([]));
    if let Value::Array(needed) = needed {
        needed.retain(|other| other != without && other != name);
        if required {
            needed.push(json!(name));
        }
    }
}

fn without(def: Option<&mut Value>, name: &str) {
    let properties = def.and_then(|def| def.get_mut("properties"));
    if let Some(Value::Object(properties)) = properties {
        properties.remove(name);
    }
}

fn secret_ref() -> Value {
    json!({"$ref": format!("{HERE}Secret")})
}

fn secret() -> Value {
    let one = |name: &str, field: Value| json!({"type": "object", "required": [name], "additionalProperties": false, "properties": {name: field}});
    json!({
        "description": "A secret: itself, where `understudy apply` takes it from, or that the stored one stays.",
        "oneOf": [
            {"type": "string", "description": "The secret itself."},
            one("env", json!({"type": "string", "description": "Environment variable of the command. Not through the API."})),
            one("file", json!({"type": "string", "description": "File that the command reads, relative to the folder of this one. Not through the API."})),
            one("keep", json!({"const": true, "description": "The one that is stored."})),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere_and_no_id_is_left() {
        let schema = schema();
        let text = schema.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(schema.pointer(pointer).is_some(), "{pointer}");
        }
        assert!(
            !text.contains(API) && !text.contains("instance_id"),
            "{text}"
        );
        let token = &schema["$defs"]["TokenInput"];
        assert_eq!(token["properties"]["id"], Value::Null);
        assert_eq!(token["properties"]["value"], secret_ref());
        assert_eq!(token["required"], json!(["value"]));
        assert_eq!(
            schema["$defs"]["GroupMember"]["required"],
            json!(["instance"])
        );
        assert_eq!(
            schema["$defs"]["CreateAssistant"]["required"],
            json!(["name", "group"])
        );
        for known in [
            "TokenInput",
            "CreateModelGroup",
            "CreateModelInstance",
            "CreateAssistant",
            "Endpoint",
        ] {
            let def = &schema["$defs"][known];
            assert_eq!(def["additionalProperties"], json!(false), "{known}: {def}");
        }
    }
}
