//! Who would answer now: what requests do, without asking anybody.

use std::sync::Arc;

use understudy_shared::{
    Capabilities, InstanceKind, Limits, MemberPreview, ModelInstanceId, ReasonCode, Strategy,
    Verdict,
};

use super::picker::{self, Candidates, Facts, Pickable, Rules, Wanted};
use super::snapshot::{Instance, Snapshot};
use super::surroundings::Moment;

/// A member of a group as management knows it, which may be a draft.
#[derive(Clone, Debug)]
pub struct PickerMember {
    /// The instance.
    pub id: ModelInstanceId,
    /// Its name.
    pub name: String,
    /// Where it runs.
    pub kind: InstanceKind,
    /// Whether the instance is enabled.
    pub enabled: bool,
    /// Whether it is enabled in this group.
    pub member_enabled: bool,
    /// Its share.
    pub weight: u32,
    /// What it can do.
    pub capabilities: Capabilities,
}

/// A member, and what the gateway knows of its instance.
struct Known<'a> {
    member: &'a PickerMember,
    /// None if it was made a moment ago.
    instance: Option<Arc<Instance>>,
}

impl Pickable for Known<'_> {
    fn facts(&self) -> Facts<'_> {
        const NO_LIMITS: &Limits = &Limits {
            max_concurrency: None,
            requests_per_minute: None,
        };
        let instance = self.instance.as_deref();
        Facts {
            enabled: self.member.enabled,
            member_enabled: self.member.member_enabled,
            kind: self.member.kind,
            drill: instance.and_then(|instance| instance.drill),
            weight: self.member.weight,
            limits: instance.map_or(NO_LIMITS, |instance| &instance.connection.limits),
            capabilities: &self.member.capabilities,
            health: instance.map(|instance| &*instance.health),
        }
    }
}

/// What would happen to each member if somebody asked now. Where a strategy rolls dice, the likeliest is the one that answers.
pub(super) fn verdicts(
    rules: Rules<'_>,
    members: &[PickerMember],
    snapshot: &Snapshot,
    now: Moment,
) -> Vec<MemberPreview> {
    let known = members.iter().map(|member| Known {
        member,
        instance: snapshot.instance(member.id).cloned(),
    });
    let known: Vec<Known<'_>> = known.collect();
    let mut candidates = Candidates::new(rules, Wanted::default(), &known);
    // Whoever is asked as a last resort will hardly answer.
    let first = candidates.next(now, None, |_, _| {});
    let answers = first.filter(|first| !first.forced).map(|first| first.place);
    let verdict = |(place, known): (usize, &Known<'_>)| {
        let hindrance = picker::hindrance(&rules, known, Wanted::default(), now);
        let (verdict, code, reason) = match hindrance {
            Some(why) => {
                let health = known.instance.as_deref().map(|instance| &*instance.health);
                (Verdict::Skipped, why.code(), why.reason(health))
            }
            None if answers == Some(place) => {
                let reason = chosen(rules.strategy).to_owned();
                (Verdict::Answers, ReasonCode::Available, reason)
            }
            None => {
                let reason = waits(rules.strategy).to_owned();
                (Verdict::Standby, ReasonCode::Standby, reason)
            }
        };
        MemberPreview {
            instance_id: known.member.id,
            name: known.member.name.clone(),
            verdict,
            reason,
            code: code.to_string(),
            retry_at: hindrance.and_then(picker::Hindrance::retry_at),
        }
    };
    known.iter().enumerate().map(verdict).collect()
}

fn chosen(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::FirstAvailable => "first available member in the group's order",
        Strategy::Weighted => "the likeliest: no available member has a higher weight",
        Strategy::LeastBusy => "it has the fewest requests for its weight",
        Strategy::Fastest => "the likeliest: no available member has been faster of late",
    }
}

fn waits(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::FirstAvailable => "would answer if those before it failed",
        Strategy::Weighted => "answers its share by weight, and if others failed",
        Strategy::LeastBusy => "would answer if others had more requests, or failed",
        Strategy::Fastest => "would answer if others were slower, or failed",
    }
}
