//! A list that is kept fresh, and shows what the address says.

use std::future::Future;

use leptos::prelude::*;
use understudy_shared::{Page, ResourceKind};
use uuid::Uuid;

use super::address::{Shown, Step};
use super::query::ListState;
use crate::api::ApiError;
use crate::browser;
use crate::components::section::Stage;
use crate::components::table::{Pointer, Row, keyed};
use crate::load::Load;

/// What was asked for, and what came.
#[derive(Clone, PartialEq)]
pub struct Found<T> {
    /// The query.
    pub query: String,
    /// The page.
    pub page: Page<T>,
}

/// The list of one table.
pub struct Listing<T: Clone + PartialEq + Send + Sync + 'static> {
    /// What of it is shown.
    pub shown: Shown,
    /// What was loaded.
    pub load: Load<Found<T>>,
    /// Its rows.
    pub rows: RwSignal<Vec<Row<Uuid, T>>>,
    /// Where the pointer is.
    pub pointer: Pointer,
    section: &'static str,
}

impl<T: Clone + PartialEq + Send + Sync + 'static> Clone for Listing<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Clone + PartialEq + Send + Sync + 'static> Copy for Listing<T> {}

/// The list of a table in the section of this id, kept fresh by events of these `kinds`; `fetch` asks the service for the page that a query
/// selects, `id` tells its items apart.
pub fn use_listing<T, F>(
    section: &'static str,
    shown: Shown,
    kinds: &'static [ResourceKind],
    id: fn(&T) -> Uuid,
    fetch: impl Fn(String) -> F + Clone + 'static,
) -> Listing<T>
where
    T: Clone + PartialEq + Send + Sync + 'static,
    F: Future<Output = Result<Page<T>, ApiError>> + 'static,
{
    let load = Load::live(kinds, move || {
        let query = shown.state_untracked().to_request();
        let answer = fetch(query.clone());
        async move {
            let page = answer.await?;
            Ok(Found { query, page })
        }
    });
    let pointer = Pointer::new();
    let source = move || {
        let found = load.value()?;
        Some((found.query, found.page.items))
    };
    let list = Listing {
        shown,
        load,
        rows: keyed(source, id, pointer),
        pointer,
        section,
    };
    list.follow_the_address();
    list.leave_empty_pages();
    list
}

impl<T: Clone + PartialEq + Send + Sync + 'static> Listing<T> {
    /// What of it is shown; tracked.
    pub fn state(self) -> ListState {
        self.shown.state()
    }

    /// Changes what of it is shown.
    pub fn change(self, step: Step, change: impl FnOnce(&mut ListState)) {
        self.shown.change(step, change);
    }

    /// Items that match, once known; tracked.
    pub fn total(self) -> Option<u64> {
        self.load.with(|found| found.page.total)
    }

    /// How far it is: what was loaded once stays, whatever happens to its renewal; tracked.
    pub fn stage(self) -> Stage {
        let narrowed = self.state().is_narrowed();
        match (self.total(), self.load.error()) {
            (Some(0), _) if narrowed => Stage::NoMatch,
            (Some(0), _) => Stage::Empty,
            (Some(_), _) => Stage::Ready,
            (None, Some(error)) => Stage::Failed(error),
            (None, None) => Stage::Loading,
        }
    }

    /// Whether something else was asked for than is shown; tracked.
    pub fn is_changing(self) -> bool {
        let wanted = self.state().to_request();
        self.load.with(|found| found.query != wanted) == Some(true)
    }

    /// Why what is shown could not be renewed; tracked.
    pub fn stale(self) -> Option<ApiError> {
        self.load.error().filter(|_| self.total().is_some())
    }

    /// Moves the focus to the heading, when what had it is gone.
    pub fn keep_focus(self) {
        browser::focus_if_lost(&format!("{}-title", self.section));
    }

    /// As [`Self::keep_focus`], once the page shows what has just been asked for.
    pub fn keep_focus_later(self) {
        request_animation_frame(move || self.keep_focus());
    }

    fn follow_the_address(self) {
        let state = Memo::new(move |_| self.state());
        Effect::new(move |before: Option<ListState>| {
            let state = state.get();
            if before.is_some_and(|before| before != state) {
                self.load.restart();
            }
            state
        });
    }

    /// A page can lose all that was on it.
    fn leave_empty_pages(self) {
        Effect::new(move || {
            let found = self.load.with(|found| {
                let query = found.query.clone();
                (found.page.items.is_empty(), found.page.total, query)
            });
            if let Some((true, total, query)) = found {
                let state = self.state();
                if state.to_request() == query && state.page() > state.last_page(total) {
                    let last = state.last_page(total);
                    self.change(Step::Replace, |state| state.go_to(last));
                }
            }
        });
    }
}
