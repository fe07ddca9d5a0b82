//! Whether the service can be reached, for the banner that says so and for whatever goes on when it is back.
//!
//! The rule: what counts is an answer of the service, not what the browser thinks of its network: on premises a computer without
//! internet reaches the service well. One request without an answer is a suspicion; it is confirmed by asking once more before anybody is told.

use std::time::Duration;

use chrono::{DateTime, Utc};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::Api;
use crate::browser;
use crate::pause::{Pauses, back_off};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// That the service cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// When it last answered: what the page shows is of that time. None if it never did.
    pub answered_at: Option<DateTime<Utc>>,
}

/// What is known of the way to the service.
#[derive(Clone, Copy)]
pub struct Network {
    lost: RwSignal<Option<Lost>>,
    returns: RwSignal<u32>,
    answered_at: StoredValue<Option<DateTime<Utc>>>,
    suspected: RwSignal<bool>,
    pauses: Pauses,
}

impl Network {
    /// All is well until something shows otherwise.
    pub fn new() -> Self {
        Self {
            lost: RwSignal::new(None),
            returns: RwSignal::new(0),
            answered_at: StoredValue::new(None),
            suspected: RwSignal::new(false),
            pauses: Pauses::new(),
        }
    }

    /// Whether the service cannot be reached; tracked.
    pub fn lost(self) -> Option<Lost> {
        self.lost.get()
    }

    /// As [`Self::lost`], without tracking.
    pub fn is_lost(self) -> bool {
        self.lost.with_untracked(Option::is_some)
    }

    /// How often the service came back; tracked. Whoever shows data reads it again when this changes.
    pub fn returns(self) -> u32 {
        self.returns.get()
    }

    /// Notes that the service has answered.
    pub fn note_answer(self) {
        self.answered_at.set_value(Some(browser::now()));
        // The loop that asks notices it: it is asking already.
        if self.is_lost() {
            self.pauses.wake();
        }
    }

    /// Notes that it has not.
    pub fn note_silence(self) {
        if !self.suspected.get_untracked() {
            self.suspected.set(true);
        }
    }

    /// Asks at once in place of waiting, if it is lost.
    pub fn ask_now(self) {
        self.pauses.wake();
    }

    /// Asks until there is an answer.
    async fn confirm(self, api: Api) {
        let mut tries = 0;
        while !api.is_reached().await {
            if !self.is_lost() {
                let answered_at = self.answered_at.get_value();
                self.lost.set(Some(Lost { answered_at }));
            }
            let pause = back_off(tries, FIRST_PAUSE, LONGEST_PAUSE, browser::random());
            tries += 1;
            self.pauses.sleep(pause).await;
        }
        self.suspected.set(false);
        if self.is_lost() {
            self.lost.set(None);
            self.returns.update(|count| *count += 1);
        }
    }
}

/// Follows up every suspicion, for as long as the application runs.
pub fn watch_network(network: Network, api: Api) {
    Effect::new(move || {
        if network.suspected.get() {
            spawn_local(network.confirm(api));
        }
    });
    // They are hints only; the answer of the service decides.
    let _ = window_event_listener(ev::offline, move |_| network.note_silence());
    let _ = window_event_listener(ev::online, move |_| network.ask_now());
}

/// What is known of the way to the service.
pub fn use_network() -> Network {
    expect_context::<Network>()
}
