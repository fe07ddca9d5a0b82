//! Model groups: reading, changing, and what they share.

mod list;
mod read;
mod try_it;
mod write;

pub use list::*;
pub use read::*;
pub use try_it::*;
pub use write::*;

use std::collections::HashMap;

use diesel_async::AsyncPgConnection;
use understudy_shared::{
    Availability, Capability, GroupMember, GroupStatus, InstanceRef, InstanceState, MemberPreview,
    ModelGroup, ModelGroupId, ModelInstanceId, Verdict,
};
use uuid::Uuid;

use crate::db;
use crate::db::model_groups::StoredModelGroup;
use crate::db::model_instances::MemberFacts;
use crate::domain::model_group::{
    MemberTraits, ValidModelGroup, has_capability, member_faults, warnings,
};
use crate::error::ApiError;
use crate::gateway::picker::Rules;
use crate::gateway::{Gateway, PickerMember};

/// What is known of the instances that are members.
pub(crate) type Facts = HashMap<Uuid, MemberFacts>;

/// What is known of all members of these groups.
pub(crate) async fn facts_of(
    conn: &mut AsyncPgConnection,
    groups: impl IntoIterator<Item = &StoredModelGroup>,
) -> Result<Facts, ApiError> {
    facts(conn, groups.into_iter().flat_map(|group| &group.members)).await
}

fn not_found() -> ApiError {
    ApiError::not_found("model group with this id")
}

async fn facts(
    conn: &mut AsyncPgConnection,
    members: impl IntoIterator<Item = &GroupMember>,
) -> Result<Facts, ApiError> {
    let members = members.into_iter();
    let ids: Vec<Uuid> = members.map(|member| member.instance_id.0).collect();
    Ok(db::model_instances::facts(conn, &ids).await?)
}

/// Whether a conversation with this group would be answered now, and if not, why.
pub(crate) fn availability(
    group: Option<&StoredModelGroup>,
    facts: &Facts,
    gateway: &Gateway,
) -> Result<Availability, ApiError> {
    let Some(group) = group else {
        return Ok(Availability::GroupDeleted);
    };
    if !group.row.enabled {
        return Ok(Availability::GroupDisabled);
    }
    let of = |id: ModelInstanceId| facts.get(&id.0);
    let enabled = |member: &GroupMember| {
        member.enabled && of(member.instance_id).is_some_and(|facts| facts.enabled)
    };
    if !group.members.iter().any(enabled) {
        return Ok(Availability::GroupEmpty);
    }
    let would_answer = |member: &MemberPreview| {
        let chats = |facts: &MemberFacts| has_capability(&facts.capabilities, Capability::Chat);
        member.verdict != Verdict::Skipped && of(member.instance_id).is_some_and(chats)
    };
    let available = verdicts(group, facts, gateway)?.iter().any(would_answer);
    Ok(if available {
        Availability::Available
    } else {
        Availability::Unavailable
    })
}

/// What is known of the members, if they go together.
async fn checked_facts(
    conn: &mut AsyncPgConnection,
    valid: &ValidModelGroup,
) -> Result<Facts, ApiError> {
    let facts = facts(conn, &valid.members).await?;
    let faults = member_faults(&valid.members, |id| traits(&facts, id));
    ApiError::check(faults)?;
    Ok(facts)
}

fn traits(facts: &Facts, id: ModelInstanceId) -> Option<MemberTraits<'_>> {
    let facts = facts.get(&id.0)?;
    Some(MemberTraits {
        model: facts.model.as_deref(),
        capabilities: &facts.capabilities,
    })
}

/// Every member in order, with what would happen to it now.
fn verdicts(
    stored: &StoredModelGroup,
    facts: &Facts,
    gateway: &Gateway,
) -> Result<Vec<MemberPreview>, ApiError> {
    let member = |member: &GroupMember| {
        let facts = facts.get(&member.instance_id.0)?;
        Some(PickerMember {
            id: member.instance_id,
            name: facts.name.clone(),
            kind: facts.kind,
            enabled: facts.enabled,
            member_enabled: member.enabled,
            weight: member.weight,
            capabilities: facts.capabilities.clone(),
        })
    };
    let members: Vec<PickerMember> = stored.members.iter().filter_map(member).collect();
    let rules = Rules {
        enabled: stored.row.enabled,
        strategy: stored.row.strategy()?,
        allowed_kinds: &stored.row.allowed_kinds()?,
    };
    Ok(gateway.verdicts(rules, &members))
}

fn would_answer(verdicts: &[MemberPreview]) -> Option<InstanceRef> {
    let answers = verdicts
        .iter()
        .find(|member| member.verdict == Verdict::Answers)?;
    Some(InstanceRef {
        instance_id: answers.instance_id,
        name: answers.name.clone(),
    })
}

/// What is known of a group at this moment: of an answer and of a live event, which must never disagree.
pub(crate) fn current_status(
    stored: &StoredModelGroup,
    facts: &Facts,
    gateway: &Gateway,
) -> Result<GroupStatus, ApiError> {
    let verdicts = verdicts(stored, facts, gateway)?;
    Ok(status(stored, facts, gateway, &verdicts))
}

fn status(
    stored: &StoredModelGroup,
    facts: &Facts,
    gateway: &Gateway,
    verdicts: &[MemberPreview],
) -> GroupStatus {
    let available = verdicts
        .iter()
        .filter(|member| member.verdict != Verdict::Skipped)
        .count();
    GroupStatus {
        available: available > 0,
        available_members: u32::try_from(available).unwrap_or(u32::MAX),
        total_members: u32::try_from(stored.members.len()).unwrap_or(u32::MAX),
        would_answer: would_answer(verdicts),
        member_states: member_states(&stored.members, facts, gateway),
        passed_over: passed_over(verdicts),
    }
}

/// The state of each member in order, by what its instance's own status says.
fn member_states(members: &[GroupMember], facts: &Facts, gateway: &Gateway) -> Vec<InstanceState> {
    let state = |member: &GroupMember| match facts.get(&member.instance_id.0) {
        Some(facts) if member.enabled => {
            gateway
                .instance_status(member.instance_id, facts.enabled, facts.updated_at)
                .state
        }
        _ => InstanceState::Disabled,
    };
    members.iter().map(state).collect()
}

/// Whom a caller would miss: the first member that is skipped before the one that answers.
fn passed_over(verdicts: &[MemberPreview]) -> Option<MemberPreview> {
    let before = verdicts
        .iter()
        .take_while(|member| member.verdict != Verdict::Answers);
    let mut skipped = before.filter(|member| member.verdict == Verdict::Skipped);
    skipped.next().cloned()
}

/// The group as an answer shows it.
fn describe(
    stored: StoredModelGroup,
    facts: &Facts,
    gateway: &Gateway,
) -> Result<ModelGroup, ApiError> {
    let status = current_status(&stored, facts, gateway)?;
    let row = &stored.row;
    Ok(ModelGroup {
        id: ModelGroupId(row.id),
        name: row.name.clone(),
        title: row.title.clone(),
        description: row.description.clone(),
        enabled: row.enabled,
        strategy: row.strategy()?,
        warnings: warnings(&stored.members, |id| traits(facts, id)),
        max_attempts: row.max_attempts()?,
        deadline_ms: row.deadline_ms()?,
        allowed_kinds: row.allowed_kinds()?,
        status,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        members: stored.members,
    })
}
