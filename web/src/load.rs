//! Data that a page shows and keeps fresh.
//!
//! The rule: what was loaded once stays on the screen. A refresh that fails leaves it there and says so beside it; only a first load
//! that fails leaves the place to the error.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::{AbortHandle, Abortable, LocalBoxFuture};
use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::ResourceKind;

use crate::api::ApiError;
use crate::browser;
use crate::live::use_live;
use crate::network::use_network;
use crate::session::use_session;

/// How often a page that somebody looks at asks again while nothing is told by itself.
const INTERVAL: Duration = Duration::from_secs(10);
/// Every so many of these intervals it asks although changes are told, in case that one was not.
const CONFIRM_EVERY: u32 = 12;

type Fetch<T> = Rc<dyn Fn() -> LocalBoxFuture<'static, Result<T, ApiError>>>;

/// Data from the service, its age, and what is wrong with it.
pub struct Load<T: Send + Sync + 'static> {
    value: RwSignal<Option<T>>,
    error: RwSignal<Option<ApiError>>,
    at: RwSignal<Option<DateTime<Utc>>>,
    asked_at: RwSignal<Option<DateTime<Utc>>>,
    busy: RwSignal<bool>,
    again: StoredValue<bool>,
    fetch: StoredValue<Fetch<T>, LocalStorage>,
    running: StoredValue<Option<AbortHandle>>,
}

impl<T: Send + Sync + 'static> Clone for Load<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Load<T> {}

impl<T: Clone + PartialEq + Send + Sync + 'static> Load<T> {
    /// Loads now, and again whenever it may have changed while the page is in sight: when the service tells so of a resource of one of
    /// these `kinds`, when it is reached again, and every few seconds as long as it tells nothing. All ends with the component that asked.
    pub fn live<F>(kinds: &'static [ResourceKind], fetch: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<T, ApiError>> + 'static,
    {
        let load = Self::polling(fetch);
        use_live().on_change(move |change| {
            if change.concerns(kinds) {
                load.refresh();
            }
        });
        load
    }

    /// As [`Self::live`], for what nobody tells of.
    pub fn polling<F>(fetch: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<T, ApiError>> + 'static,
    {
        let fetch: Fetch<T> = Rc::new(move || fetch().boxed_local());
        let load = Self {
            value: RwSignal::new(None),
            error: RwSignal::new(None),
            at: RwSignal::new(None),
            asked_at: RwSignal::new(None),
            busy: RwSignal::new(false),
            again: StoredValue::new(false),
            fetch: StoredValue::new_local(fetch),
            running: StoredValue::new(None),
        };
        on_cleanup(move || {
            if let Some(Some(running)) = load.running.try_get_value() {
                running.abort();
            }
        });
        load.refresh();
        let (live, network, session) = (use_live(), use_network(), use_session());
        let ticks = StoredValue::new(0_u32);
        let tick = move || {
            ticks.update_value(|ticks| *ticks = ticks.wrapping_add(1));
            let due = !live.is_connected() || ticks.get_value().is_multiple_of(CONFIRM_EVERY);
            // Nobody sees it, it would be in vain, or it would ask for a password: not without the person.
            let idle = browser::is_hidden() || network.is_lost() || session.is_ended();
            if due && !idle {
                load.refresh();
            }
        };
        if let Ok(timer) = set_interval_with_handle(tick, INTERVAL) {
            on_cleanup(move || timer.clear());
        }
        Effect::new(move |before: Option<(u32, bool)>| {
            let now = (network.returns(), session.is_usable());
            if before.is_some_and(|before| before != now) && now.1 {
                load.refresh();
            }
            now
        });
        load
    }

    /// Loads again. What is on its way may be older than the reason for this, so it is not enough: it is loaded once more after it.
    pub fn refresh(self) {
        if self.busy.get_untracked() {
            return self.again.set_value(true);
        }
        self.busy.set(true);
        let fetch = self.fetch.get_value();
        let work = async move {
            let begun = browser::now();
            match fetch().await {
                Ok(value) => {
                    self.asked_at.set(Some(begun));
                    // Equal data is left alone, so that nothing on the page is rebuilt for it.
                    if self
                        .value
                        .with_untracked(|old| old.as_ref() != Some(&value))
                    {
                        self.value.set(Some(value));
                    }
                    self.at.set(Some(browser::now()));
                    self.error.set(None);
                }
                // What is shown stays, and the banner says why.
                Err(ApiError::NoAnswer) if self.value.with_untracked(Option::is_some) => {}
                Err(error) => self.error.set(Some(error)),
            }
            self.busy.set(false);
            if self.again.try_update_value(std::mem::take) == Some(true) {
                self.refresh();
            }
        };
        let (handle, registration) = AbortHandle::new_pair();
        self.running.set_value(Some(handle));
        spawn_local(Abortable::new(work, registration).map(drop));
    }

    /// Loads something else than until now: what is on its way is of no use any more.
    pub fn restart(self) {
        let running = self.running.try_update_value(Option::take).flatten();
        if let Some(running) = running {
            running.abort();
        }
        self.again.set_value(false);
        self.busy.set(false);
        self.refresh();
    }

    /// The data; tracked.
    pub fn value(self) -> Option<T> {
        self.value.get()
    }

    /// Looks at the data without copying it; tracked.
    pub fn with<U>(self, look: impl FnOnce(&T) -> U) -> Option<U> {
        self.value.with(|value| value.as_ref().map(look))
    }

    /// Why the last attempt failed; tracked.
    pub fn error(self) -> Option<ApiError> {
        self.error.get()
    }

    /// When the data came; tracked.
    pub fn loaded_at(self) -> Option<DateTime<Utc>> {
        self.at.get()
    }

    /// When the data was asked for: what was told later is newer than it; tracked.
    pub fn asked_at(self) -> Option<DateTime<Utc>> {
        self.asked_at.get()
    }

    /// Whether it is being loaded; tracked.
    pub fn is_busy(self) -> bool {
        self.busy.get()
    }
}
