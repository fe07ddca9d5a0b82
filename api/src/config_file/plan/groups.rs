//! Groups of a file, and what there will be of them afterwards.

use std::collections::{HashMap, HashSet};

use understudy_shared::{FieldError, FieldRule, ModelInstanceId};
use uuid::Uuid;

use super::instances::After;
use super::{Prepared, WriteGroup, told};
use crate::config_file::read::FileGroup;
use crate::db::assistants::AssistantRow;
use crate::db::model_groups::StoredModelGroup;
use crate::db::time::now;
use crate::domain::model_group::{ValidModelGroup, member_faults};
use crate::error::ApiError;
use crate::routes::model_groups::check_name;

/// A group by all rules of the API.
pub(super) fn prepare(
    wanted: &FileGroup,
    before: Option<&StoredModelGroup>,
    after: &After,
) -> Result<Prepared<WriteGroup>, ApiError> {
    let Some(mut input) = wanted.input.clone() else {
        return Ok((Vec::new(), None));
    };
    let mut own = Vec::new();
    for (index, (member, name)) in input.members.iter_mut().zip(&wanted.members).enumerate() {
        let id = after.ids.get(&name.to_lowercase()).copied();
        if id.is_none() {
            let name: String = name.chars().take(100).collect();
            let rule = FieldRule::UnknownInstanceName { name };
            own.push(FieldError::new(format!("/members/{index}/instance"), rule));
        }
        member.instance_id = ModelInstanceId(id.unwrap_or_else(Uuid::now_v7));
    }
    let valid = match ValidModelGroup::try_from(input) {
        Ok(valid) => {
            let members = member_faults(&valid.members, |id| after.traits(id));
            // Those that there are not, or that have faults of their own, are told already.
            let is_news = |error: &FieldError| error.rule != FieldRule::UnknownInstance;
            own.extend(members.into_iter().filter(is_news));
            if let Err(error) = check_name(&valid.name, before) {
                own.extend_from_slice(error.errors());
            }
            Some(valid)
        }
        Err(faults) => {
            own.extend(faults);
            None
        }
    };
    let valid = valid.filter(|_| own.is_empty());
    let faults = told(&wanted.pointer, own);
    let Some(valid) = valid else {
        return Ok((faults, None));
    };
    let after = match before {
        Some(before) => before.changed(&valid, now())?,
        None => StoredModelGroup::new(&valid, now())?,
    };
    let write = WriteGroup {
        before: before.cloned(),
        after,
        valid,
    };
    Ok((faults, Some(write)))
}

/// The groups that there will be, by name: what assistants can name.
pub(super) fn after(
    kept: &[&StoredModelGroup],
    wanted: &[&FileGroup],
    writes: &[Option<WriteGroup>],
) -> HashMap<String, Uuid> {
    let kept = kept
        .iter()
        .map(|group| (group.row.name_key.clone(), group.row.id));
    let written = wanted.iter().zip(writes).filter_map(|(wanted, write)| {
        // One with faults of its own is there all the same.
        let id = write.as_ref().map(|write| write.after.row.id);
        Some((
            wanted.name.as_ref()?.to_lowercase(),
            id.unwrap_or_else(Uuid::now_v7),
        ))
    });
    kept.chain(written).collect()
}

/// The names of all groups, those of before included.
pub(super) fn names(stored: &[StoredModelGroup], writes: &[WriteGroup]) -> HashMap<Uuid, String> {
    let written = writes.iter().map(|write| &write.after);
    let all = stored.iter().chain(written);
    all.map(|group| (group.row.id, group.row.name.clone()))
        .collect()
}

/// Groups that are used outside of the file are not removed.
pub(super) fn refuse_in_use(
    deleted: &[&StoredModelGroup],
    assistants: &[&AssistantRow],
) -> Result<(), ApiError> {
    let gone: HashSet<Uuid> = deleted.iter().map(|group| group.row.id).collect();
    let uses = |row: &&&AssistantRow| row.group_id.is_some_and(|id| gone.contains(&id));
    let users: Vec<&&AssistantRow> = assistants.iter().filter(uses).collect();
    if users.is_empty() {
        return Ok(());
    }
    let used = |group: &&&StoredModelGroup| {
        let mut users = users.iter();
        users.any(|row| row.group_id == Some(group.row.id))
    };
    let used = deleted.iter().filter(used);
    let used: Vec<&str> = used.map(|group| group.row.name.as_str()).collect();
    let users = users.iter().map(|row| (row.id, row.name.clone()));
    let way_out = format!(
        "Groups that are not in the file ({}) answer for assistants that the file does not speak of; add those to it, or change them first",
        used.join(", ")
    );
    Err(ApiError::in_use(&way_out, "assistant", users.collect()))
}
