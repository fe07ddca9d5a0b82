//! From a file to what it says: the types of the API, with names in place of ids and references in place of secrets.
//!
//! The rule: no field is described here. What an instance, a group or an assistant may have is read by the type that the API reads it with; only what a
//! file writes in another way (members and groups by name, secrets) is translated
//! before.

use std::collections::HashSet;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use understudy_shared::{CreateModelGroup, CreateModelInstance, FieldError, FieldRule, ValueType};
use uuid::Uuid;

use super::secret::{self, FileSecret};
use super::yaml::{self, Node};
use crate::routes::extract::try_read_as;

mod assistant;

pub use assistant::FileAssistant;

/// The version of the format.
pub const VERSION: u64 = 1;
/// Lists of an instance whose items have a secret, and its field.
const SECRETS: [(&str, &str); 3] = [
    ("tokens", "value"),
    ("headers", "value"),
    ("proxies", "password"),
];
/// Faults that are told at once.
const MAX_FAULTS: usize = 100;
/// In place of a secret that cannot be read, so that the other fields are still looked at.
const STAND_IN: &str = "-";

/// Where references of secrets lead.
#[derive(Clone, Debug)]
pub enum References {
    /// To the environment and the files of this process, which the person at the command line may read anyway.
    Local {
        /// Where paths begin that are not absolute.
        folder: PathBuf,
    },
    /// Nowhere: whoever sends a file to the service must not read the service's own files and variables through it.
    Refused,
}

/// What a file says.
#[derive(Debug)]
pub struct ConfigFile {
    root: Node,
    digest: [u8; 32],
    /// What cannot be read.
    pub faults: Vec<FieldError>,
    /// The section of instances; none if the file does not speak of them.
    pub instances: Option<Vec<FileInstance>>,
    /// The section of groups; none if the file does not speak of them.
    pub groups: Option<Vec<FileGroup>>,
    /// The section of assistants; none if the file does not speak of them.
    pub assistants: Option<Vec<FileAssistant>>,
}

/// An instance of a file.
#[derive(Clone, Debug)]
pub struct FileInstance {
    /// Where it stands in the file.
    pub pointer: String,
    /// Its name, if it can be read.
    pub name: Option<String>,
    /// Its fields, if they can be read. Items whose secret is kept have an id of no meaning.
    pub input: Option<CreateModelInstance>,
}

/// A group of a file.
#[derive(Clone, Debug)]
pub struct FileGroup {
    /// Where it stands in the file.
    pub pointer: String,
    /// Its name, if it can be read.
    pub name: Option<String>,
    /// Its fields, if they can be read. The ids of its members have no meaning.
    pub input: Option<CreateModelGroup>,
    /// The names of its members' instances.
    pub members: Vec<String>,
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    /// If it is no YAML that can be read to its end.
    pub fn read(bytes: &[u8], references: &References) -> Result<Self, Vec<FieldError>> {
        let root = yaml::read(bytes)?;
        let mut file = Self {
            root,
            digest: Sha256::digest(bytes).into(),
            faults: Vec::new(),
            instances: None,
            groups: None,
            assistants: None,
        };
        let mut faults = Vec::new();
        file.head(&mut faults);
        file.instances = section(&file.root, "instances", &mut faults).map(|nodes| {
            let read = |(pointer, node)| instance(pointer, node, references, &mut faults);
            nodes.into_iter().map(read).collect()
        });
        file.groups = section(&file.root, "groups", &mut faults).map(|nodes| {
            let read = |(pointer, node)| group(pointer, node, &mut faults);
            nodes.into_iter().map(read).collect()
        });
        file.assistants = section(&file.root, "assistants", &mut faults).map(|nodes| {
            let read = |(pointer, node)| assistant::read(pointer, node, &mut faults);
            nodes.into_iter().map(read).collect()
        });
        let instances = file.instances.iter().flatten();
        twice(instances.map(|i| (&i.pointer, &i.name)), &mut faults);
        let groups = file.groups.iter().flatten();
        twice(groups.map(|g| (&g.pointer, &g.name)), &mut faults);
        let assistants = file.assistants.iter().flatten();
        twice(assistants.map(|a| (&a.pointer, &a.name)), &mut faults);
        file.faults = faults;
        Ok(file)
    }

    fn head(&self, faults: &mut Vec<FieldError>) {
        const KNOWN: [&str; 4] = ["version", "instances", "groups", "assistants"];
        let Some(members) = self.root.members() else {
            faults.push(wrong("", ValueType::Object));
            return;
        };
        for (name, _) in members {
            if !KNOWN.contains(&name.as_str()) {
                let known = KNOWN.map(str::to_owned).to_vec();
                let pointer = format!("/{}", escape(name));
                faults.push(FieldError::new(pointer, FieldRule::UnknownField { known }));
            }
        }
        match self.root.get("version").map(Node::to_json) {
            None => faults.push(FieldError::new("/version", FieldRule::Missing)),
            Some(version) if version.as_u64() == Some(VERSION) => {}
            Some(_) => {
                let allowed = vec![VERSION.to_string()];
                faults.push(FieldError::new("/version", FieldRule::NotOneOf { allowed }));
            }
        }
    }

    /// What names this text among all others.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Faults with their places, in the order of the file, and not more than somebody reads.
    pub fn located(&self, faults: Vec<FieldError>) -> Vec<FieldError> {
        let locate = |error: FieldError| {
            let place = self.root.find(&error.pointer, is_about_name(&error.rule));
            FieldError {
                line: Some(place.line),
                column: Some(place.column),
                ..error
            }
        };
        let mut faults: Vec<FieldError> = faults.into_iter().map(locate).collect();
        faults.sort_by_key(|error| (error.line, error.column));
        faults.truncate(MAX_FAULTS);
        faults
    }
}

fn is_about_name(rule: &FieldRule) -> bool {
    matches!(rule, FieldRule::UnknownField { .. })
}

fn escape(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

fn wrong(pointer: impl Into<String>, expected: ValueType) -> FieldError {
    FieldError::new(pointer, FieldRule::WrongType { expected })
}

/// The items of a section. One with no value is a fault and not an empty list: with `prune` that would remove everything.
fn section<'a>(
    root: &'a Node,
    name: &str,
    faults: &mut Vec<FieldError>,
) -> Option<Vec<(String, &'a Node)>> {
    let node = root.get(name)?;
    let Some(items) = node.items() else {
        faults.push(wrong(format!("/{name}"), ValueType::List));
        return None;
    };
    let numbered = items.iter().enumerate();
    Some(
        numbered
            .map(|(index, node)| (format!("/{name}/{index}"), node))
            .collect(),
    )
}

fn instance(
    pointer: String,
    node: &Node,
    references: &References,
    faults: &mut Vec<FieldError>,
) -> FileInstance {
    let mut own = Vec::new();
    let mut fields = node.to_json();
    for (list, field) in SECRETS {
        let items = node.get(list).and_then(Node::items).unwrap_or_default();
        for (index, item) in items.iter().enumerate() {
            let Some(Value::Object(fields)) = fields.pointer_mut(&format!("/{list}/{index}"))
            else {
                continue;
            };
            let at = format!("/{list}/{index}/{field}");
            if fields.remove("id").is_some() {
                let rule = FieldRule::UnknownField { known: Vec::new() };
                own.push(FieldError::new(format!("/{list}/{index}/id"), rule));
            }
            let stand_in = json!(STAND_IN);
            let value = match item.get(field).filter(|node| !node.is_null()) {
                None if field == "password" => continue,
                None => {
                    own.push(FieldError::new(at, FieldRule::Missing));
                    stand_in
                }
                Some(node) => match secret::read(node, references) {
                    Ok(FileSecret::Value(value)) => json!(value),
                    Ok(FileSecret::Keep) => {
                        let id = Uuid::from_u128(index as u128 + 1);
                        fields.insert("id".to_owned(), json!(id));
                        fields.remove(field);
                        continue;
                    }
                    Err(rule) => {
                        own.push(FieldError::new(at, rule));
                        stand_in
                    }
                },
            };
            fields.insert(field.to_owned(), value);
        }
    }
    let input = shape(fields, &mut own);
    let input = input.filter(|_| own.is_empty());
    faults.extend(own.into_iter().map(|error| below(&pointer, error)));
    FileInstance {
        name: node.get("name").and_then(Node::text).map(str::to_owned),
        pointer,
        input,
    }
}

fn group(pointer: String, node: &Node, faults: &mut Vec<FieldError>) -> FileGroup {
    let mut own = Vec::new();
    let mut fields = node.to_json();
    let mut members = Vec::new();
    let items = node
        .get("members")
        .and_then(Node::items)
        .unwrap_or_default();
    for (index, item) in items.iter().enumerate() {
        let Some(Value::Object(fields)) = fields.pointer_mut(&format!("/members/{index}")) else {
            continue;
        };
        if fields.remove("instance_id").is_some() {
            let rule = FieldRule::UnknownField { known: Vec::new() };
            own.push(FieldError::new(
                format!("/members/{index}/instance_id"),
                rule,
            ));
        }
        fields.remove("instance");
        fields.insert(
            "instance_id".to_owned(),
            json!(Uuid::from_u128(index as u128 + 1)),
        );
        let at = || format!("/members/{index}/instance");
        match item.get("instance") {
            None => own.push(FieldError::new(at(), FieldRule::Missing)),
            Some(name) => match name.text() {
                None => own.push(wrong(at(), ValueType::String)),
                Some(name) => members.push(name.to_owned()),
            },
        }
    }
    let input = shape(fields, &mut own);
    let input = input.filter(|_| own.is_empty());
    faults.extend(own.into_iter().map(|error| below(&pointer, error)));
    FileGroup {
        name: node.get("name").and_then(Node::text).map(str::to_owned),
        pointer,
        input,
        members,
    }
}

/// Reads fields as a type. `serde` tells one fault at a time, so what is at fault is taken out and the rest is read again.
fn shape<T: DeserializeOwned>(mut fields: Value, faults: &mut Vec<FieldError>) -> Option<T> {
    for _ in 0..MAX_FAULTS {
        let error = match try_read_as(fields.clone()) {
            Ok(read) => return Some(read),
            Err(fault) => fault.into_field_error(),
        };
        let removed = remove(&mut fields, &error.pointer);
        if !faults.iter().any(|known| known.pointer == error.pointer) {
            faults.push(error);
        }
        if !removed {
            break;
        }
    }
    None
}

fn remove(fields: &mut Value, pointer: &str) -> bool {
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        return false;
    };
    let name = name.replace("~1", "/").replace("~0", "~");
    match fields.pointer_mut(parent) {
        Some(Value::Object(members)) => members.remove(&name).is_some(),
        _ => false,
    }
}

/// A fault of an item as a fault of the file, in the words of the file.
pub fn below(item: &str, error: FieldError) -> FieldError {
    let inner = error.pointer.as_str();
    let in_list = SECRETS
        .iter()
        .any(|(list, _)| inner.starts_with(&format!("/{list}/")));
    let in_members = inner.starts_with("/members/");
    let of_assistant = item.starts_with("/assistants/");
    let rule = match error.rule {
        FieldRule::UnknownField { known } => {
            let word = |name: String| match name.as_str() {
                "id" if in_list => None,
                "instance_id" if in_members => Some("instance".to_owned()),
                "group_id" if of_assistant => Some("group".to_owned()),
                "visibility" if of_assistant => None,
                _ => Some(name),
            };
            FieldRule::UnknownField {
                known: known.into_iter().filter_map(word).collect(),
            }
        }
        rule => rule,
    };
    let unknown = matches!(rule, FieldRule::UnknownField { .. });
    let inner = match inner.strip_suffix("/instance_id") {
        Some(member) if in_members && !unknown => format!("{member}/instance"),
        _ => inner.to_owned(),
    };
    FieldError::new(format!("{item}{inner}"), rule)
}

/// Names are there once, regardless of case.
fn twice<'a>(
    items: impl Iterator<Item = (&'a String, &'a Option<String>)>,
    faults: &mut Vec<FieldError>,
) {
    let mut seen = HashSet::new();
    for (pointer, name) in items {
        let Some(name) = name else { continue };
        if !seen.insert(name.to_lowercase()) {
            faults.push(FieldError::new(
                format!("{pointer}/name"),
                FieldRule::Duplicate,
            ));
        }
    }
}
