//! Words about whom a dialog is with.

use understudy_shared::{AnswerState, Availability, Dialog, FinishReason, TargetKind};

use super::talk::Stage;
use crate::components::badge::Tone;
use crate::components::icon::Icon;
use crate::i18n::words::Words;
use crate::i18n::{t_string, tu_string};

/// How an availability looks.
pub fn look(availability: Availability) -> (Tone, Icon) {
    match availability {
        Availability::Available => (Tone::Ok, Icon::Check),
        Availability::Unavailable => (Tone::Bad, Icon::Cross),
        Availability::GroupDisabled => (Tone::Idle, Icon::Pause),
        Availability::GroupEmpty => (Tone::Warn, Icon::Minus),
        Availability::GroupDeleted | Availability::AssistantDeleted => (Tone::Bad, Icon::Ban),
    }
}

/// Its name.
pub fn availability(i18n: Words, availability: Availability) -> &'static str {
    match availability {
        Availability::Available => t_string!(i18n, dialogs.availability.available),
        Availability::Unavailable => t_string!(i18n, dialogs.availability.unavailable),
        Availability::GroupDisabled => t_string!(i18n, dialogs.availability.group_disabled),
        Availability::GroupEmpty => t_string!(i18n, dialogs.availability.group_empty),
        Availability::GroupDeleted => t_string!(i18n, dialogs.availability.group_deleted),
        Availability::AssistantDeleted => t_string!(i18n, dialogs.availability.assistant_deleted),
    }
}

/// Why nobody can be asked there; none if somebody can.
pub fn why(i18n: Words, availability: Availability) -> Option<&'static str> {
    Some(match availability {
        Availability::Available => return None,
        Availability::Unavailable => t_string!(i18n, dialogs.why.unavailable),
        Availability::GroupDisabled => t_string!(i18n, dialogs.why.group_disabled),
        Availability::GroupEmpty => t_string!(i18n, dialogs.why.group_empty),
        Availability::GroupDeleted => t_string!(i18n, dialogs.why.group_deleted),
        Availability::AssistantDeleted => t_string!(i18n, dialogs.why.assistant_deleted),
    })
}

/// What a dialog says of whom it is with, if something has to be said.
pub fn banner(i18n: Words, availability: Availability, name: String) -> Option<String> {
    Some(match availability {
        Availability::Available => return None,
        Availability::Unavailable => t_string!(i18n, dialogs.banner.unavailable).to_owned(),
        Availability::GroupDisabled => t_string!(i18n, dialogs.banner.group_disabled, name),
        Availability::GroupEmpty => t_string!(i18n, dialogs.banner.group_empty, name),
        Availability::GroupDeleted => t_string!(i18n, dialogs.banner.group_deleted, name),
        Availability::AssistantDeleted => t_string!(i18n, dialogs.banner.assistant_deleted, name),
    })
}

/// Whether a question can be asked at all: one to nobody is worth a try, as somebody may be back.
pub fn can_be_asked(availability: Availability) -> bool {
    matches!(
        availability,
        Availability::Available | Availability::Unavailable
    )
}

/// How far an answer is.
pub fn stage(i18n: Words, stage: Stage) -> &'static str {
    match stage {
        Stage::Waiting => t_string!(i18n, dialogs.ask.waiting),
        Stage::Answering => t_string!(i18n, dialogs.ask.writing),
        Stage::Settling => t_string!(i18n, dialogs.ask.settling),
        Stage::Elsewhere => t_string!(i18n, dialogs.ask.elsewhere),
    }
}

/// How an answer ended, if not as it should.
pub fn ending(
    i18n: Words,
    state: AnswerState,
    cut_off_by: Option<FinishReason>,
    is_empty: bool,
) -> Option<&'static str> {
    Some(match (state, cut_off_by) {
        (AnswerState::Complete, None) => return None,
        (AnswerState::Complete, Some(FinishReason::Length)) => {
            t_string!(i18n, answer.cut_off_by_length)
        }
        (AnswerState::Complete, Some(FinishReason::ContentFilter)) => {
            t_string!(i18n, answer.cut_off_by_filter)
        }
        (AnswerState::Stopped, _) if is_empty => t_string!(i18n, answer.stopped_empty),
        (AnswerState::Stopped, _) => t_string!(i18n, answer.stopped),
        (AnswerState::Interrupted, _) => t_string!(i18n, answer.interrupted),
        (AnswerState::Failed, _) => t_string!(i18n, answer.failed),
    })
}

/// Whom a dialog is with: "Model: Chat".
pub fn with(i18n: Words, dialog: &Dialog) -> String {
    let name = dialog.target.title.clone();
    match dialog.target.kind {
        TargetKind::Group => t_string!(i18n, dialogs.with_group, name),
        TargetKind::Assistant => t_string!(i18n, dialogs.with_assistant, name),
    }
}

/// The title of a dialog; of one without a question yet, that it is new.
pub fn title(i18n: Words, dialog: &Dialog) -> String {
    if dialog.title.is_empty() {
        t_string!(i18n, dialogs.untitled).to_owned()
    } else {
        dialog.title.clone()
    }
}

/// As [`title`], not tracked.
pub fn title_now(i18n: Words, dialog: &Dialog) -> String {
    if dialog.title.is_empty() {
        tu_string!(i18n, dialogs.untitled).to_owned()
    } else {
        dialog.title.clone()
    }
}
