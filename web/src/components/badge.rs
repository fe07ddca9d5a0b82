//! A state as a coloured label. Rule: never colour alone; a badge has an icon and a word.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use understudy_shared::InstanceState;

use super::icon::{Glyph, Icon};
use super::time::{Ago, Wording};
use crate::i18n::{use_i18n, words};

/// What a state means for the person who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Ok,
    /// It may pass by itself.
    Warn,
    /// Somebody has to act.
    Bad,
    /// Meant to be so, or not known.
    Idle,
}

impl Tone {
    /// Its name in the style sheet.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Idle => "idle",
        }
    }
}

/// How the state of an instance looks.
pub fn look(state: InstanceState) -> (Tone, Icon) {
    match state {
        InstanceState::Up => (Tone::Ok, Icon::Check),
        InstanceState::Down => (Tone::Bad, Icon::Cross),
        InstanceState::Unknown => (Tone::Idle, Icon::Question),
        InstanceState::Cooling => (Tone::Warn, Icon::Clock),
        InstanceState::Ejected => (Tone::Bad, Icon::Ban),
        InstanceState::AuthFailed => (Tone::Bad, Icon::Key),
        InstanceState::Drilled => (Tone::Warn, Icon::Cone),
        InstanceState::Disabled => (Tone::Idle, Icon::Pause),
    }
}

/// An icon and a word on a tinted ground.
#[component]
pub fn Badge(
    /// The tint.
    tone: Tone,
    /// The icon.
    icon: Icon,
    /// The word.
    #[prop(into)]
    word: Signal<String>,
) -> impl IntoView {
    view! {
        <span class="badge" data-tone=tone.as_str()>
            <Glyph icon />
            {word}
        </span>
    }
}

/// The state of an instance: icon, word, and for how long it has been so.
#[component]
pub fn StateBadge(
    /// The state.
    #[prop(into)]
    state: Signal<InstanceState>,
    /// Since when.
    #[prop(into)]
    since: Signal<DateTime<Utc>>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <span class="badge" data-tone=move || look(state.get()).0.as_str()>
            <Glyph icon=Signal::derive(move || look(state.get()).1) />
            {move || words::state(i18n, state.get())}
        </span>
        <span class="minor">
            <Ago at=since wording=Wording::Bare />
        </span>
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const STATES: [InstanceState; 8] = [
        InstanceState::Up,
        InstanceState::Down,
        InstanceState::Unknown,
        InstanceState::Cooling,
        InstanceState::Ejected,
        InstanceState::AuthFailed,
        InstanceState::Drilled,
        InstanceState::Disabled,
    ];

    #[test]
    fn no_two_states_share_an_icon() {
        let icons: HashSet<Icon> = STATES.iter().map(|state| look(*state).1).collect();
        assert_eq!(icons.len(), STATES.len());
    }

    #[test]
    fn only_a_working_instance_looks_well_and_a_usable_one_never_bad() {
        for state in STATES {
            let (tone, _) = look(state);
            assert_eq!(tone == Tone::Ok, state == InstanceState::Up, "{state:?}");
            assert!(!(state.is_usable() && tone == Tone::Bad), "{state:?}");
        }
    }
}
