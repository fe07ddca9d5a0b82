//! Whom a dialog is with, at this moment: what is there, whether it would answer, and what it is called.

use diesel_async::AsyncPgConnection;
use understudy_shared::{
    AssistantId, Availability, DialogTarget, FieldError, FieldRule, GroupRef, ModelGroupId,
    ProblemCode, TargetKind,
};
use uuid::Uuid;

use crate::db;
use crate::db::dialogs::{ChosenTarget, DialogRow, TargetAssistant, Targets};
use crate::db::model_groups::StoredModelGroup;
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::gateway::snapshot::Group;
use crate::routes::model_groups::availability;

/// Whom a dialog is with, as far as it is still there.
pub(super) struct Found<'a> {
    pub assistant: Option<&'a TargetAssistant>,
    pub group: Option<&'a StoredModelGroup>,
}

impl<'a> Found<'a> {
    /// Its name and title, if it is there.
    pub fn names(&self) -> Option<(&'a String, &'a String)> {
        match (self.assistant, self.group) {
            (Some(assistant), _) => Some((&assistant.name, &assistant.title)),
            (None, Some(group)) => Some((&group.row.name, &group.row.title)),
            (None, None) => None,
        }
    }
}

/// What is left of what a dialog is with. An assistant that is not shared any more is as good as gone.
pub(super) fn found<'a>(row: &DialogRow, targets: &'a Targets) -> Found<'a> {
    let assistant = row.assistant_id.and_then(|id| targets.assistants.get(&id));
    let group = match assistant {
        Some(assistant) => assistant.group_id,
        None => row.group_id,
    };
    Found {
        assistant,
        group: group.and_then(|id| targets.groups.get(&id)),
    }
}

/// Whom a dialog is with, as an answer shows it.
pub(super) fn describe(
    row: &DialogRow,
    targets: &Targets,
    gateway: &Gateway,
) -> Result<DialogTarget, ApiError> {
    let kind = row.target_kind()?;
    let found = found(row, targets);
    let (name, title) = found
        .names()
        .unwrap_or((&row.target_name, &row.target_title));
    let snapshot = gateway.snapshot();
    let known = found.group.and_then(|group| {
        let mut groups = snapshot.groups();
        groups.find(|known| known.id.0 == group.row.id)
    });
    let availability = match (kind, found.assistant) {
        (TargetKind::Assistant, None) => Availability::AssistantDeleted,
        _ => availability(found.group, &targets.facts, gateway)?,
    };
    Ok(DialogTarget {
        kind,
        name: name.clone(),
        title: title.clone(),
        group: found.group.map(|group| GroupRef {
            id: ModelGroupId(group.row.id),
            name: group.row.name.clone(),
            title: group.row.title.clone(),
        }),
        availability,
        context_length: known.and_then(|group| smallest_context(group)),
    })
}

/// The smallest context that somebody who may answer declares.
pub(super) fn smallest_context(group: &Group) -> Option<u64> {
    let members = group.members.iter().filter(|member| {
        let instance = &member.instance;
        member.enabled
            && instance.enabled
            && group.allowed_kinds.contains(&instance.connection.kind)
    });
    let declared = |member: &crate::gateway::snapshot::Member| {
        member.instance.connection.capabilities.context_length
    };
    members.filter_map(declared).min().map(u64::from)
}

/// What is chosen, if there is one of it for this person. It need not be available.
pub(super) async fn chosen(
    conn: &mut AsyncPgConnection,
    person: Uuid,
    group: Option<ModelGroupId>,
    assistant: Option<AssistantId>,
) -> Result<ChosenTarget, ApiError> {
    match (group, assistant) {
        (Some(id), None) => {
            let mut found = db::model_groups::get_many(conn, &[id.0]).await?;
            let group = found
                .pop()
                .ok_or_else(|| ApiError::field("/group_id", FieldRule::UnknownGroup))?
                .row;
            Ok(ChosenTarget {
                group_id: Some(group.id),
                assistant_id: None,
                target_kind: TargetKind::Group.as_str(),
                target_name: group.name,
                target_title: group.title,
            })
        }
        (None, Some(id)) => {
            let mut found = db::dialogs::assistants_of(conn, person, &[id.0]).await?;
            let assistant = found
                .pop()
                .ok_or_else(|| ApiError::field("/assistant_id", FieldRule::UnknownAssistant))?;
            Ok(ChosenTarget {
                group_id: None,
                assistant_id: Some(assistant.id),
                target_kind: TargetKind::Assistant.as_str(),
                target_name: assistant.name,
                target_title: assistant.title,
            })
        }
        (None, None) | (Some(_), Some(_)) => Err(not_exactly_one()),
    }
}

fn not_exactly_one() -> ApiError {
    let rule = |other: &str| FieldRule::ExactlyOneOf {
        other: other.to_owned(),
    };
    ApiError::fields(vec![
        FieldError::new("/group_id", rule("assistant_id")),
        FieldError::new("/assistant_id", rule("group_id")),
    ])
}

/// Nobody is there to be asked.
pub(super) fn gone(kind: TargetKind, found: &Found<'_>, row: &DialogRow) -> ApiError {
    let (name, what) = match (kind, found.assistant) {
        (TargetKind::Assistant, None) => (
            &row.target_name,
            "the assistant is deleted, or not shared any more",
        ),
        (TargetKind::Assistant, Some(assistant)) => {
            (&assistant.name, "the group that answered for it is deleted")
        }
        (TargetKind::Group, _) => (&row.target_name, "the group is deleted"),
    };
    let detail = format!("{name} cannot be asked any more: {what}. Choose another one.");
    ApiError::new(ProblemCode::TargetGone, detail)
}
