//! Assistants of a file. Those are shared ones: a private one is its owner's, and no file speaks of it.

use std::collections::HashMap;

use understudy_shared::{ASSISTANT_PREFIX, FieldError, FieldRule, ModelGroupId};
use uuid::Uuid;

use super::{Prepared, WriteAssistant, told};
use crate::config_file::read::FileAssistant;
use crate::db::assistants::AssistantRow;
use crate::db::time::now;
use crate::domain::assistant::ValidAssistant;

/// An assistant by all rules of the API. `before` is the one of this name, whoever finds it.
pub(super) fn prepare(
    wanted: &FileAssistant,
    before: Option<&AssistantRow>,
    groups: &HashMap<String, Uuid>,
) -> Prepared<WriteAssistant> {
    let Some(mut input) = wanted.input.clone() else {
        return (Vec::new(), None);
    };
    let mut own = Vec::new();
    if let Some(name) = &wanted.group {
        match groups.get(&name.to_lowercase()) {
            Some(id) => input.group_id = ModelGroupId(*id),
            None => {
                let name: String = name.chars().take(100).collect();
                let rule = FieldRule::UnknownGroupName { name };
                own.push(FieldError::new("/group", rule));
            }
        }
    }
    // Somebody's own has the name, or a group that programs would ask in its place.
    let as_model = format!("{ASSISTANT_PREFIX}{}", input.name.to_lowercase());
    if before.is_some_and(|before| !before.is_shared()) || groups.contains_key(&as_model) {
        own.push(FieldError::new("/name", FieldRule::Taken));
    }
    let valid = match ValidAssistant::try_from(input) {
        Ok(valid) => Some(valid),
        Err(faults) => {
            own.extend(faults);
            None
        }
    };
    let valid = valid.filter(|_| own.is_empty());
    let write = valid.map(|valid| WriteAssistant {
        before: before.cloned(),
        after: match before {
            Some(before) => before.changed(valid.clone(), before.owner_id, now()),
            None => AssistantRow::new(valid.clone(), None, now()),
        },
        valid,
    });
    (told(&wanted.pointer, own), write)
}
