//! Who is asked, and in which order; who is skipped, and why.
//!
//! Knows rules and no I/O: the request and the preview call the same functions.

use chrono::{DateTime, Utc};
use understudy_shared::{InstanceKind, ReasonCode};

use super::breaker::Passive;
use super::snapshot::{Group, Member};
use crate::domain::model_instance::Drill;

/// Why a member is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// For programs.
    pub code: ReasonCode,
    /// For people.
    pub reason: String,
    /// When it is asked again, if that is known.
    pub retry_at: Option<DateTime<Utc>>,
}

impl Skip {
    fn new(code: ReasonCode, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
            retry_at: None,
        }
    }
}

/// What decides whether a member may be asked.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Whether the group is enabled.
    pub group_enabled: bool,
    /// Whether the instance is enabled.
    pub enabled: bool,
    /// Whether it is enabled in this group.
    pub member_enabled: bool,
    /// Where it runs.
    pub kind: InstanceKind,
    /// Whether somebody pretends that it is down.
    pub drill: Option<Drill>,
}

impl Facts {
    /// Those of a member of the snapshot.
    pub fn of(group: &Group, member: &Member) -> Self {
        Self {
            group_enabled: group.enabled,
            enabled: member.instance.enabled,
            member_enabled: member.enabled,
            kind: member.instance.connection.kind,
            drill: member.instance.drill,
        }
    }
}

/// Why a member must not be asked, if so.
pub fn skip(facts: &Facts, allowed_kinds: &[InstanceKind], now: DateTime<Utc>) -> Option<Skip> {
    if !facts.group_enabled {
        return Some(Skip::new(ReasonCode::Disabled, "the group is disabled"));
    }
    if !facts.enabled {
        return Some(Skip::new(ReasonCode::Disabled, "the instance is paused"));
    }
    if !facts.member_enabled {
        return Some(Skip::new(
            ReasonCode::MemberDisabled,
            "it is paused in this group",
        ));
    }
    if !allowed_kinds.contains(&facts.kind) {
        let reason = format!(
            "the group does not allow instances of the kind {}",
            facts.kind.as_str()
        );
        return Some(Skip::new(ReasonCode::KindForbidden, reason));
    }
    let drill = facts.drill.filter(|drill| drill.is_on(now))?;
    Some(Skip {
        retry_at: Some(drill.until),
        ..Skip::new(ReasonCode::Drilled, "somebody pretends that it is down")
    })
}

/// Why a member that may be asked will probably not answer, by what was last seen of it. Requests still ask it in its turn.
pub fn unlikely((passive, error): &(Passive, Option<String>)) -> Option<Skip> {
    let because = |text: &str| match error {
        Some(error) => format!("{text}: {error}"),
        None => text.to_owned(),
    };
    match passive {
        Passive::Up | Passive::Unknown => None,
        Passive::Down => Some(Skip::new(
            ReasonCode::Down,
            because("it failed a moment ago"),
        )),
        Passive::AuthFailed => Some(Skip::new(
            ReasonCode::AuthFailed,
            because("it refuses its token"),
        )),
    }
}

/// The members that may be asked, in the order in which they are: the strategy `first_available`.
pub fn candidates(group: &Group, now: DateTime<Utc>) -> impl Iterator<Item = &Member> {
    group
        .members
        .iter()
        .filter(move |member| skip(&Facts::of(group, member), &group.allowed_kinds, now).is_none())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const OPEN: Facts = Facts {
        group_enabled: true,
        enabled: true,
        member_enabled: true,
        kind: InstanceKind::Cloud,
        drill: None,
    };

    #[test]
    fn each_rule_says_which_one_it_is() {
        let code = |change: fn(&mut Facts), kinds: &[InstanceKind]| {
            let mut facts = OPEN;
            change(&mut facts);
            skip(&facts, kinds, Utc::now()).map(|skip| skip.code)
        };
        let all = InstanceKind::ALL;
        assert_eq!(code(|_| (), &all), None);
        let disabled = Some(ReasonCode::Disabled);
        assert_eq!(code(|facts| facts.group_enabled = false, &all), disabled);
        assert_eq!(code(|facts| facts.enabled = false, &all), disabled);
        assert_eq!(
            code(|facts| facts.member_enabled = false, &all),
            Some(ReasonCode::MemberDisabled)
        );
        assert_eq!(
            code(|_| (), &[InstanceKind::Local]),
            Some(ReasonCode::KindForbidden)
        );
    }

    #[test]
    fn a_drilled_member_is_skipped_until_the_drill_ends() {
        let now = Utc::now();
        let until = now + TimeDelta::seconds(120);
        let facts = Facts {
            drill: Some(Drill { since: now, until }),
            ..OPEN
        };
        let at = |seconds| {
            let when = now + TimeDelta::seconds(seconds);
            skip(&facts, &InstanceKind::ALL, when)
        };
        let skipped = at(119).unwrap();
        assert_eq!(
            (skipped.code, skipped.retry_at),
            (ReasonCode::Drilled, Some(until))
        );
        assert_eq!(at(120), None);
    }
}
