//! One ticking clock for all ages on the page, so that they change together and cost one timer.

use std::time::Duration;

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::browser;

/// The time, renewed every second.
#[derive(Clone, Copy)]
pub struct Clock(RwSignal<DateTime<Utc>>);

impl Clock {
    /// The time; tracked.
    pub fn now(self) -> DateTime<Utc> {
        self.0.get()
    }
}

/// Starts the clock of the application.
pub fn provide_clock() {
    let clock = RwSignal::new(browser::now());
    // Without timers the ages stand still, which they show as of the time of loading.
    let _ = set_interval_with_handle(move || clock.set(browser::now()), Duration::from_secs(1));
    provide_context(Clock(clock));
}

/// The clock of the application.
pub fn use_clock() -> Clock {
    expect_context::<Clock>()
}
