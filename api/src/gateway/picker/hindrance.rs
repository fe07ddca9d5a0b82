//! Why a member is not asked: decided without a word, put into words only when somebody wants to read it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use understudy_shared::{InstanceKind, ReasonCode};

use super::{Facts, Rules, Wanted};
use crate::domain::model_group::has_capability;
use crate::gateway::breaker::{Block, Health};
use crate::gateway::surroundings::Moment;

/// Why a member is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// The group is disabled.
    GroupDisabled,
    /// The instance is paused.
    Disabled,
    /// The instance is paused in this group.
    MemberDisabled,
    /// The group does not allow its kind.
    KindForbidden(InstanceKind),
    /// It does not have the endpoint.
    EndpointMissing,
    /// The request is too long for its context.
    ContextTooSmall,
    /// Somebody pretends that it is down.
    Drilled(DateTime<Utc>),
    /// What is known of it, or its limits, speak against it.
    Blocked(Block),
}

/// What the caller is told if all members are hindered like this and nobody was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 429: come back after this time.
    Busy(Duration),
    /// 400: the request is too long.
    TooLong,
    /// Nothing yet: it is asked all the same when nobody else is left.
    Passing,
    /// 503
    Off,
}

/// Why a member is not asked for this now, if so.
pub(super) fn of(
    rules: &Rules<'_>,
    facts: &Facts<'_>,
    wanted: Wanted,
    now: Moment,
) -> Option<Hindrance> {
    if !rules.enabled {
        return Some(Hindrance::GroupDisabled);
    }
    if !facts.enabled {
        return Some(Hindrance::Disabled);
    }
    if !facts.member_enabled {
        return Some(Hindrance::MemberDisabled);
    }
    if !rules.allowed_kinds.contains(&facts.kind) {
        return Some(Hindrance::KindForbidden(facts.kind));
    }
    if wanted
        .endpoint
        .is_some_and(|endpoint| !has_capability(facts.capabilities, endpoint))
    {
        return Some(Hindrance::EndpointMissing);
    }
    let context = facts.capabilities.context_length;
    if context.is_some_and(|context| wanted.tokens > context.into()) {
        return Some(Hindrance::ContextTooSmall);
    }
    if let Some(drill) = facts.drill.filter(|drill| drill.is_on(now.utc())) {
        return Some(Hindrance::Drilled(drill.until));
    }
    let block = facts.health?.block(facts.limits, now)?;
    Some(Hindrance::Blocked(block))
}

impl Hindrance {
    /// Why, for programs.
    pub fn code(self) -> ReasonCode {
        match self {
            Self::GroupDisabled | Self::Disabled => ReasonCode::Disabled,
            Self::MemberDisabled => ReasonCode::MemberDisabled,
            Self::KindForbidden(_) => ReasonCode::KindForbidden,
            Self::EndpointMissing => ReasonCode::EndpointMissing,
            Self::ContextTooSmall => ReasonCode::ContextTooSmall,
            Self::Drilled(_) => ReasonCode::Drilled,
            Self::Blocked(block) => block.code(),
        }
    }

    /// Why, for people; with the error behind it, where there is one.
    pub fn reason(self, health: Option<&Health>) -> String {
        match self {
            Self::GroupDisabled => "the group is disabled".to_owned(),
            Self::Disabled => "the instance is paused".to_owned(),
            Self::MemberDisabled => "it is paused in this group".to_owned(),
            Self::KindForbidden(kind) => {
                let kind = kind.as_str();
                format!("the group does not allow instances of the kind {kind}")
            }
            Self::EndpointMissing => "it does not have this endpoint".to_owned(),
            Self::ContextTooSmall => "the request is too long for its context".to_owned(),
            Self::Drilled(_) => "somebody pretends that it is down".to_owned(),
            Self::Blocked(block) => match health.and_then(Health::last_error) {
                Some(error) if !matches!(block, Block::AtLimit | Block::Unreadable) => {
                    format!("{}: {error}", block.text())
                }
                _ => block.text().to_owned(),
            },
        }
    }

    /// When it is asked again, if that is known.
    pub fn retry_at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Drilled(until) => Some(until),
            Self::Blocked(block) => block.retry_at(),
            _ => None,
        }
    }

    /// What the caller is told because of it.
    pub fn class(self, now: Moment) -> Class {
        match self {
            Self::ContextTooSmall => Class::TooLong,
            Self::Blocked(block) if block.is_passing() => Class::Passing,
            Self::Blocked(block) => block.pause(now).map_or(Class::Off, Class::Busy),
            _ => Class::Off,
        }
    }
}
