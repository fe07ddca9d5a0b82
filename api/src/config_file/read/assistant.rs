//! Assistants of a file: the group by its name, and always shared.

use serde_json::{Value, json};
use understudy_shared::{CreateAssistant, FieldError, FieldRule, ValueType, Visibility};
use uuid::Uuid;

use super::{Node, below, shape, wrong};

/// An assistant of a file.
#[derive(Clone, Debug)]
pub struct FileAssistant {
    /// Where it stands in the file.
    pub pointer: String,
    /// Its name, if it can be read.
    pub name: Option<String>,
    /// Its fields, if they can be read. The id of its group has no meaning.
    pub input: Option<CreateAssistant>,
    /// The name of its group, if it can be read.
    pub group: Option<String>,
}

pub(super) fn read(pointer: String, node: &Node, faults: &mut Vec<FieldError>) -> FileAssistant {
    let mut own = Vec::new();
    let mut fields = node.to_json();
    let group = node.get("group").and_then(Node::text).map(str::to_owned);
    if let Value::Object(fields) = &mut fields {
        for name in ["group_id", "visibility"] {
            if fields.remove(name).is_some() {
                let rule = FieldRule::UnknownField { known: Vec::new() };
                own.push(FieldError::new(format!("/{name}"), rule));
            }
        }
        match (fields.remove("group"), &group) {
            (None, _) => own.push(FieldError::new("/group", FieldRule::Missing)),
            (Some(_), None) => own.push(wrong("/group", ValueType::String)),
            (Some(_), Some(_)) => {}
        }
        fields.insert("group_id".to_owned(), json!(Uuid::nil()));
        fields.insert("visibility".to_owned(), json!(Visibility::Shared));
    }
    let input = shape(fields, &mut own);
    let input = input.filter(|_| own.is_empty());
    faults.extend(own.into_iter().map(|error| below(&pointer, error)));
    FileAssistant {
        name: node.get("name").and_then(Node::text).map(str::to_owned),
        pointer,
        input,
        group,
    }
}
