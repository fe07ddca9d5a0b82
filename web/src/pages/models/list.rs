//! What both tables of the page have in common: what is loaded, what of it is shown, and what one can do with it.

use std::future::Future;

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{Page, ResourceKind};
use uuid::Uuid;

use super::address::{Address, Step, Table};
use super::deeds::{Deeds, Target, use_deeds};
use super::query::ListState;
use crate::api::ApiError;
use crate::browser;
use crate::components::section::Stage;
use crate::components::table::{Row, Sorting, keyed};
use crate::load::Load;

/// How often a list asks that is narrowed to a state: an instance may come into that state that is not in the list.
const BY_STATE: std::time::Duration = std::time::Duration::from_secs(5);
/// Items in one portion when everything is asked for.
pub const PORTION: u32 = 200;

/// Either kind of row.
pub trait Listed: Clone + PartialEq + Send + Sync + 'static {
    /// What one can do something to.
    fn target(&self) -> Target;
}

/// What was asked for, and what came.
#[derive(Clone, PartialEq)]
pub struct Found<T> {
    /// The query.
    pub query: String,
    /// The page.
    pub page: Page<T>,
}

/// The list of one table.
pub struct List<T: Listed> {
    /// Which table.
    pub table: Table,
    /// What of it is shown.
    pub address: Address,
    /// What was loaded.
    pub load: Load<Found<T>>,
    /// Its rows.
    pub rows: RwSignal<Vec<Row<Uuid, T>>>,
    /// What one can do with them.
    pub deeds: Deeds,
}

impl<T: Listed> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Listed> Copy for List<T> {}

/// The list of a table, kept fresh; `fetch` asks the service for the page that a query selects.
pub fn use_list<T, F>(
    table: Table,
    address: Address,
    fetch: impl Fn(String) -> F + Clone + 'static,
) -> List<T>
where
    T: Listed,
    F: Future<Output = Result<Page<T>, ApiError>> + 'static,
{
    let kinds = &[ResourceKind::ModelInstance, ResourceKind::ModelGroup];
    let load = Load::live(kinds, move || {
        let query = address.list_untracked(table).to_request();
        let answer = fetch(query.clone());
        async move {
            let page = answer.await?;
            Ok(Found { query, page })
        }
    });
    let deeds = use_deeds(table, Callback::new(move |()| load.refresh()));
    let rows = keyed(
        move || {
            let found = load.value()?;
            Some((found.query, found.page.items))
        },
        |item: &T| item.target().id,
        deeds.pointer,
    );
    let list = List {
        table,
        address,
        load,
        rows,
        deeds,
    };
    list.follow_the_address();
    list.renew_the_selection();
    list.leave_empty_pages();
    list.ask_while_narrowed_to_a_state();
    list
}

impl<T: Listed> List<T> {
    /// What of it is shown; tracked.
    pub fn state(self) -> ListState {
        self.address.list(self.table)
    }

    /// Changes what of it is shown.
    pub fn change(self, step: Step, change: impl FnOnce(&mut ListState)) {
        self.address.change(self.table, step, change);
    }

    /// A filter, both ways.
    pub fn filter(self, name: &'static str) -> (Signal<Option<String>>, Callback<Option<String>>) {
        let value = Signal::derive(move || self.state().filter(name).map(str::to_owned));
        let set = move |value: Option<String>| {
            self.change(Step::Push, |state| state.set_filter(name, value.as_deref()));
        };
        (value, Callback::new(set))
    }

    /// Its order.
    pub fn sorting(self) -> Sorting {
        Sorting {
            by: Signal::derive(move || self.state().sort()),
            ask: Callback::new(move |key: &'static str| {
                self.change(Step::Push, |state| state.sort_by(key));
            }),
        }
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

    /// The rows on the page, as targets; tracked.
    pub fn shown(self) -> Vec<Target> {
        self.load
            .with(|found| found.page.items.iter().map(Listed::target).collect())
            .unwrap_or_default()
    }

    /// Moves the focus to the heading, when what had it is gone.
    pub fn keep_focus(self) {
        browser::focus_if_lost(&format!("{}-title", self.table.id()));
    }

    /// As [`Self::keep_focus`], once the page shows what has just been asked for.
    pub fn keep_focus_later(self) {
        request_animation_frame(move || self.keep_focus());
    }

    fn follow_the_address(self) {
        let state = Memo::new(move |_| self.state());
        Effect::new(move |before: Option<ListState>| {
            let state = state.get();
            if let Some(before) = before.filter(|before| *before != state) {
                self.load.restart();
                if before.to_request_for_all(PORTION, 0) != state.to_request_for_all(PORTION, 0) {
                    // What one does not see any more should not be acted upon.
                    self.deeds.selection.clear();
                }
            }
            state
        });
    }

    fn renew_the_selection(self) {
        Effect::new(move || self.deeds.selection.renew(&self.shown()));
        Effect::new(move || {
            self.rows.with(|_| ());
            // Only after one's own deed: somebody who clicked beside everything must not be moved about.
            if self.deeds.pointer.is_acting() {
                self.keep_focus_later();
            }
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

    fn ask_while_narrowed_to_a_state(self) {
        let look = move || {
            let narrowed = self.address.list_untracked(self.table);
            if narrowed.filter("state").is_some() && !browser::is_hidden() {
                self.load.refresh();
            }
        };
        if let Ok(timer) = set_interval_with_handle(look, BY_STATE) {
            on_cleanup(move || timer.clear());
        }
    }

    /// Selects everything that matches, on whatever page; `fetch` as for [`use_list`].
    pub fn select_all<F>(self, busy: RwSignal<bool>, fetch: impl Fn(String) -> F + 'static)
    where
        F: Future<Output = Result<Page<T>, ApiError>> + 'static,
    {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let state = self.address.list_untracked(self.table);
        spawn_local(async move {
            let mut offset = 0;
            loop {
                let Ok(page) = fetch(state.to_request_for_all(PORTION, offset)).await else {
                    break;
                };
                let targets: Vec<Target> = page.items.iter().map(Listed::target).collect();
                offset += u64::from(PORTION);
                let as_before = self.address.list_untracked(self.table) == state;
                if as_before {
                    self.deeds.selection.set(targets, true);
                }
                if offset >= page.total || !as_before {
                    break;
                }
            }
            busy.try_set(false);
        });
    }
}
