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

use crate::api::ApiError;
use crate::browser;

/// How often a page that somebody looks at asks again.
const INTERVAL: Duration = Duration::from_secs(10);

type Fetch<T> = Rc<dyn Fn() -> LocalBoxFuture<'static, Result<T, ApiError>>>;

/// Data from the service, its age, and what is wrong with it.
pub struct Load<T: Send + Sync + 'static> {
    value: RwSignal<Option<T>>,
    error: RwSignal<Option<ApiError>>,
    at: RwSignal<Option<DateTime<Utc>>>,
    busy: RwSignal<bool>,
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
    /// Loads now, and again every few seconds while the page is in sight; all ends with the component that asked.
    pub fn polling<F>(fetch: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<T, ApiError>> + 'static,
    {
        let fetch: Fetch<T> = Rc::new(move || fetch().boxed_local());
        let load = Self {
            value: RwSignal::new(None),
            error: RwSignal::new(None),
            at: RwSignal::new(None),
            busy: RwSignal::new(false),
            fetch: StoredValue::new_local(fetch),
            running: StoredValue::new(None),
        };
        on_cleanup(move || {
            if let Some(Some(running)) = load.running.try_get_value() {
                running.abort();
            }
        });
        load.refresh();
        let tick = move || {
            if !browser::is_hidden() {
                load.refresh();
            }
        };
        if let Ok(timer) = set_interval_with_handle(tick, INTERVAL) {
            on_cleanup(move || timer.clear());
        }
        load
    }

    /// Loads again, unless that is happening.
    pub fn refresh(self) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        let fetch = self.fetch.get_value();
        let work = async move {
            match fetch().await {
                Ok(value) => {
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
                Err(error) => self.error.set(Some(error)),
            }
            self.busy.set(false);
        };
        let (handle, registration) = AbortHandle::new_pair();
        self.running.set_value(Some(handle));
        spawn_local(Abortable::new(work, registration).map(drop));
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

    /// Whether it is being loaded; tracked.
    pub fn is_busy(self) -> bool {
        self.busy.get()
    }
}
