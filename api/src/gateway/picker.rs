//! Who is asked, and in which order; who is skipped, and why.
//!
//! Knows rules and no I/O. The request and the preview run this very code; they differ in one thing: a request rolls dice where
//! the strategy says so, the preview names the likeliest.

use understudy_shared::{Capabilities, Capability, InstanceKind, Limits, Strategy};

use super::breaker::Health;
use super::snapshot::{Group, Member};
use super::surroundings::Moment;
use crate::domain::model_instance::Drill;

mod candidates;
mod hindrance;
mod strategy;

pub use candidates::{Candidate, Candidates};
pub use hindrance::{Class, Hindrance};

/// What a group says about all its members.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Whether it is enabled.
    pub enabled: bool,
    /// How the one that answers is chosen.
    pub strategy: Strategy,
    /// Kinds of instances that may answer.
    pub allowed_kinds: &'a [InstanceKind],
}

impl<'a> From<&'a Group> for Rules<'a> {
    fn from(group: &'a Group) -> Self {
        Self {
            enabled: group.enabled,
            strategy: group.strategy,
            allowed_kinds: &group.allowed_kinds,
        }
    }
}

/// What a request asks for, as far as it decides who can answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// The endpoint; none = any.
    pub endpoint: Option<Capability>,
    /// Tokens that the request has at the least.
    pub tokens: u64,
}

/// What decides whether a member may be asked.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Whether the instance is enabled.
    pub enabled: bool,
    /// Whether it is enabled in this group.
    pub member_enabled: bool,
    /// Where it runs.
    pub kind: InstanceKind,
    /// Whether somebody pretends that it is down.
    pub drill: Option<Drill>,
    /// Its share.
    pub weight: u32,
    /// How much it takes.
    pub limits: &'a Limits,
    /// What it can do.
    pub capabilities: &'a Capabilities,
    /// What is known of it, if anything.
    pub health: Option<&'a Health>,
}

/// Something that can be picked.
pub trait Pickable {
    /// What decides about it.
    fn facts(&self) -> Facts<'_>;
}

impl Pickable for Member {
    fn facts(&self) -> Facts<'_> {
        let instance = &*self.instance;
        Facts {
            enabled: instance.enabled,
            member_enabled: self.enabled,
            kind: instance.connection.kind,
            drill: instance.drill,
            weight: self.weight,
            limits: &instance.connection.limits,
            capabilities: &instance.connection.capabilities,
            health: Some(&instance.health),
        }
    }
}

/// Why a member is not asked for this now, if so.
pub fn hindrance<M: Pickable>(
    rules: &Rules<'_>,
    member: &M,
    wanted: Wanted,
    now: Moment,
) -> Option<Hindrance> {
    hindrance::of(rules, &member.facts(), wanted, now)
}

/// Whether at least one member of a group would be asked now at this endpoint; at any, if none is named.
pub fn is_available(group: &Group, endpoint: Option<Capability>, now: Moment) -> bool {
    usable(group, endpoint, now).next().is_some()
}

/// Whether a member other than the one at this place would be asked now, for anything.
pub fn others_usable(group: &Group, place: usize, now: Moment) -> bool {
    usable(group, None, now).any(|other| other != place)
}

fn usable(group: &Group, endpoint: Option<Capability>, now: Moment) -> impl Iterator<Item = usize> {
    let wanted = Wanted {
        endpoint,
        tokens: 0,
    };
    let rules = Rules::from(group);
    let fits = move |member: &Member| hindrance::of(&rules, &member.facts(), wanted, now).is_none();
    let members = group.members.iter().enumerate();
    members.filter_map(move |(place, member)| fits(member).then_some(place))
}

#[cfg(test)]
mod tests;
