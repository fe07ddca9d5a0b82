//! A secret in a file: the value itself, where it is to be taken from, or that the stored one stays.
//!
//! References are followed where the file is applied, and by the command line alone. Nothing that is read here is ever repeated.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use understudy_shared::FieldRule;

use super::read::References;
use super::yaml::Node;

/// Bytes of a file with one secret.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// What a file says of a secret.
pub enum FileSecret {
    /// This is it.
    Value(String),
    /// The stored one stays.
    Keep,
}

/// Reads a secret and follows its reference.
///
/// # Errors
/// With the rule that it breaks.
pub fn read(node: &Node, references: &References) -> Result<FileSecret, FieldRule> {
    if let Some(text) = node.text() {
        return Ok(FileSecret::Value(text.to_owned()));
    }
    let Some([(name, node)]) = node.members() else {
        return Err(FieldRule::SecretForm);
    };
    match (name.as_str(), node.text()) {
        ("keep", None) if node.to_json() == true => Ok(FileSecret::Keep),
        ("env", Some(name)) => match references {
            References::Refused => Err(FieldRule::SecretReference),
            References::Local { .. } => variable(name).map(FileSecret::Value),
        },
        ("file", Some(path)) => match references {
            References::Refused => Err(FieldRule::SecretReference),
            References::Local { folder } => content(folder, path).map(FileSecret::Value),
        },
        _ => Err(FieldRule::SecretForm),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a variable that the file names, not one of the service"
)]
fn variable(name: &str) -> Result<String, FieldRule> {
    // Asking for a name that cannot be one panics.
    let possible = !name.is_empty() && !name.contains(['=', '\0']);
    let value = possible.then(|| std::env::var(name).ok()).flatten();
    value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| FieldRule::SecretVariable {
            name: name.to_owned(),
        })
}

fn content(folder: &Path, path: &str) -> Result<String, FieldRule> {
    let refused = |reason: &str| FieldRule::SecretFile {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let io = |error: std::io::Error| {
        refused(match error.kind() {
            ErrorKind::NotFound => "it does not exist",
            ErrorKind::PermissionDenied => "this user may not read it",
            ErrorKind::IsADirectory => "it is a folder",
            ErrorKind::InvalidData => "it is not UTF-8",
            _ => "it cannot be read",
        })
    };
    let path = folder.join(path);
    // A pipe would be waited for without end.
    if !path.metadata().map_err(io)?.is_file() {
        return Err(refused("it is no file"));
    }
    let mut text = String::new();
    let file = File::open(path).map_err(io)?;
    file.take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(io)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(refused("it is larger than 64 KiB"));
    }
    // Editors and `echo` end a file with a line break, which belongs to no secret.
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.is_empty() {
        return Err(refused("it is empty"));
    }
    Ok(value.to_owned())
}
