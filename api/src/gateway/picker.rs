//! Who is asked, and in which order; who is skipped, and why.
//!
//! Knows rules and no I/O: the request and the preview call the same functions.

use understudy_shared::InstanceKind;

use super::breaker::Passive;
use super::snapshot::{Group, Member};

/// Why a member is not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub reason: String,
}

impl Skip {
    fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
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
}

impl Facts {
    /// Those of a member of the snapshot.
    pub fn of(group: &Group, member: &Member) -> Self {
        Self {
            group_enabled: group.enabled,
            enabled: member.instance.enabled,
            member_enabled: member.enabled,
            kind: member.instance.connection.kind,
        }
    }
}

/// Why a member must not be asked, if so.
pub fn skip(facts: &Facts, allowed_kinds: &[InstanceKind]) -> Option<Skip> {
    if !facts.group_enabled {
        return Some(Skip::new("disabled", "the group is disabled"));
    }
    if !facts.enabled {
        return Some(Skip::new("disabled", "the instance is paused"));
    }
    if !facts.member_enabled {
        return Some(Skip::new("member_disabled", "it is paused in this group"));
    }
    if !allowed_kinds.contains(&facts.kind) {
        let reason = format!(
            "the group does not allow instances of the kind {}",
            facts.kind.as_str()
        );
        return Some(Skip::new("kind_forbidden", reason));
    }
    None
}

/// Why a member that may be asked will probably not answer, by what was last seen of it. Requests still ask it in its turn.
pub fn unlikely((passive, error): &(Passive, Option<String>)) -> Option<Skip> {
    let because = |text: &str| match error {
        Some(error) => format!("{text}: {error}"),
        None => text.to_owned(),
    };
    match passive {
        Passive::Up | Passive::Unknown => None,
        Passive::Down => Some(Skip::new("down", because("it failed a moment ago"))),
        Passive::AuthFailed => Some(Skip::new("auth_failed", because("it refuses its token"))),
    }
}

/// The members that may be asked, in the order in which they are: the strategy `first_available`.
pub fn candidates(group: &Group) -> impl Iterator<Item = &Member> {
    group
        .members
        .iter()
        .filter(|member| skip(&Facts::of(group, member), &group.allowed_kinds).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_says_which_one_it_is() {
        let open = Facts {
            group_enabled: true,
            enabled: true,
            member_enabled: true,
            kind: InstanceKind::Cloud,
        };
        let code = |facts: Facts, kinds: &[InstanceKind]| skip(&facts, kinds).map(|skip| skip.code);
        let all = InstanceKind::ALL;
        assert_eq!(code(open, &all), None);
        assert_eq!(
            code(
                Facts {
                    group_enabled: false,
                    ..open
                },
                &all
            ),
            Some("disabled")
        );
        assert_eq!(
            code(
                Facts {
                    enabled: false,
                    ..open
                },
                &all
            ),
            Some("disabled")
        );
        assert_eq!(
            code(
                Facts {
                    member_enabled: false,
                    ..open
                },
                &all
            ),
            Some("member_disabled")
        );
        assert_eq!(code(open, &[InstanceKind::Local]), Some("kind_forbidden"));
    }
}
