//! What the rows show of the state of groups and instances, decided without a browser.

use understudy_shared::{GroupStatus, InstanceState, ModelInstanceId, Verdict};

use crate::components::badge::Tone;
use crate::components::icon::Icon;

/// What a group can do for a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Somebody would answer.
    Ready,
    /// Nobody would.
    Unavailable,
    /// It is paused.
    Paused,
}

impl Condition {
    /// Of a group.
    pub fn of(enabled: bool, available: bool) -> Self {
        match (enabled, available) {
            (false, _) => Self::Paused,
            (true, true) => Self::Ready,
            (true, false) => Self::Unavailable,
        }
    }

    /// Its name for tests and the style sheet.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Unavailable => "unavailable",
            Self::Paused => "paused",
        }
    }

    /// How it looks.
    pub fn look(self) -> (Tone, Icon) {
        match self {
            Self::Ready => (Tone::Ok, Icon::Check),
            Self::Unavailable => (Tone::Bad, Icon::Cross),
            Self::Paused => (Tone::Idle, Icon::Pause),
        }
    }
}

/// The state to show of an instance that somebody has just paused or enabled, before the service says the same.
pub fn shown_state(enabled: bool, told: InstanceState) -> InstanceState {
    match (enabled, told) {
        (false, _) => InstanceState::Disabled,
        (true, InstanceState::Disabled) => InstanceState::Unknown,
        (true, told) => told,
    }
}

/// Why it is not the first member that answers, or why it is nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is no other order than the members'.
    FirstInOrder,
    /// It has no members.
    NoMembers,
    /// Somebody before it is skipped. Name, code and words of the service.
    PassedOver(Box<understudy_shared::MemberPreview>),
    /// The strategy chose it.
    Strategy,
}

/// Why a group with these members answers as it does. `first` is its first member.
pub fn why(status: &GroupStatus, first: Option<ModelInstanceId>) -> Why {
    let answers = status.would_answer.as_ref().map(|who| who.instance_id);
    match (&status.passed_over, answers) {
        _ if status.total_members == 0 => Why::NoMembers,
        (Some(member), _) if member.verdict == Verdict::Skipped => {
            Why::PassedOver(Box::new(member.clone()))
        }
        (_, Some(answers)) if Some(answers) == first => Why::FirstInOrder,
        _ => Why::Strategy,
    }
}

/// How the pip of a member looks.
pub fn pip(state: InstanceState) -> &'static str {
    match state {
        InstanceState::Up | InstanceState::Unknown => "ok",
        InstanceState::Cooling | InstanceState::Drilled => "warn",
        InstanceState::Down | InstanceState::Ejected | InstanceState::AuthFailed => "bad",
        InstanceState::Disabled => "idle",
    }
}

#[cfg(test)]
mod tests {
    use understudy_shared::{InstanceRef, MemberPreview};

    use super::*;

    fn id(number: u8) -> ModelInstanceId {
        format!("01890a5d-ac96-774b-bcce-b302099a80{number:02}")
            .parse()
            .unwrap()
    }

    fn status(answers: Option<u8>, passed_over: Option<u8>) -> GroupStatus {
        GroupStatus {
            available: answers.is_some(),
            available_members: 1,
            total_members: 2,
            would_answer: answers.map(|number| InstanceRef {
                instance_id: id(number),
                name: number.to_string(),
            }),
            member_states: vec![InstanceState::Down, InstanceState::Up],
            passed_over: passed_over.map(|number| MemberPreview {
                instance_id: id(number),
                name: number.to_string(),
                verdict: Verdict::Skipped,
                reason: "timeout".to_owned(),
                code: "timeout".to_owned(),
                retry_at: None,
            }),
        }
    }

    #[test]
    fn a_paused_group_is_paused_whoever_could_answer() {
        assert_eq!(Condition::of(false, true), Condition::Paused);
        assert_eq!(Condition::of(false, false), Condition::Paused);
        assert_eq!(Condition::of(true, true), Condition::Ready);
        assert_eq!(Condition::of(true, false), Condition::Unavailable);
    }

    #[test]
    fn a_pause_shows_at_once_and_its_end_promises_nothing() {
        assert_eq!(
            shown_state(false, InstanceState::Up),
            InstanceState::Disabled
        );
        assert_eq!(
            shown_state(true, InstanceState::Disabled),
            InstanceState::Unknown
        );
        assert_eq!(shown_state(true, InstanceState::Down), InstanceState::Down);
    }

    #[test]
    fn whoever_is_passed_over_explains_who_answers() {
        assert_eq!(why(&status(Some(1), None), Some(id(1))), Why::FirstInOrder);
        assert_eq!(why(&status(Some(2), None), Some(id(1))), Why::Strategy);
        let Why::PassedOver(member) = why(&status(Some(2), Some(1)), Some(id(1))) else {
            panic!("the first member is passed over");
        };
        assert_eq!(member.instance_id, id(1));
        let mut empty = status(None, None);
        empty.total_members = 0;
        assert_eq!(why(&empty, None), Why::NoMembers);
    }

    #[test]
    fn only_a_usable_member_has_a_good_pip() {
        for state in [
            InstanceState::Up,
            InstanceState::Down,
            InstanceState::Unknown,
            InstanceState::Cooling,
            InstanceState::Ejected,
            InstanceState::AuthFailed,
            InstanceState::Drilled,
            InstanceState::Disabled,
        ] {
            assert_eq!(pip(state) == "ok", state.is_usable(), "{state:?}");
        }
    }
}
