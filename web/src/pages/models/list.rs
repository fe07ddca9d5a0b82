//! What both tables of the page have in common: a list each, and what one can do with it.

use std::future::Future;
use std::ops::Deref;

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{Page, ResourceKind};

use super::deeds::{Deeds, Target, use_deeds};
use crate::api::ApiError;
use crate::browser;
use crate::listing::{Address, ListState, Listing, Shown, use_listing};

/// The path of the page.
pub const PATH: &str = "/models";

/// One of the two tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// The groups.
    Groups,
    /// The instances.
    Instances,
}

impl Table {
    /// Id of its section.
    pub fn id(self) -> &'static str {
        match self {
            Self::Groups => "groups",
            Self::Instances => "instances",
        }
    }

    /// What of it is shown.
    pub fn at(self, address: Address) -> Shown {
        address.table(match self {
            Self::Groups => 0,
            Self::Instances => 1,
        })
    }
}

/// How often a list asks that is narrowed to a state: an instance may come into that state that is not in the list.
const BY_STATE: std::time::Duration = std::time::Duration::from_secs(5);
/// Items in one portion when everything is asked for.
pub const PORTION: u32 = 200;

/// Either kind of row.
pub trait Listed: Clone + PartialEq + Send + Sync + 'static {
    /// What one can do something to.
    fn target(&self) -> Target;
}

/// The list of one table.
pub struct List<T: Listed> {
    /// Which table.
    pub table: Table,
    /// The address of the page.
    pub address: Address,
    listing: Listing<T>,
    /// What one can do with them.
    pub deeds: Deeds,
}

impl<T: Listed> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Listed> Copy for List<T> {}

impl<T: Listed> Deref for List<T> {
    type Target = Listing<T>;

    fn deref(&self) -> &Listing<T> {
        &self.listing
    }
}

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
    let id = |item: &T| item.target().id;
    let listing = use_listing(table.id(), table.at(address), kinds, id, fetch);
    let renew = Callback::new(move |()| listing.load.refresh());
    let list = List {
        table,
        address,
        listing,
        deeds: use_deeds(table, listing.pointer, renew),
    };
    list.forget_what_is_out_of_sight();
    list.renew_the_selection();
    list.ask_while_narrowed_to_a_state();
    list
}

impl<T: Listed> List<T> {
    /// The rows on the page, as targets; tracked.
    pub fn targets(self) -> Vec<Target> {
        self.load
            .with(|found| found.page.items.iter().map(Listed::target).collect())
            .unwrap_or_default()
    }

    /// What one does not see any more should not be acted upon.
    fn forget_what_is_out_of_sight(self) {
        let state = Memo::new(move |_| self.state());
        Effect::new(move |before: Option<ListState>| {
            let state = state.get();
            let all = |state: &ListState| state.to_request_for_all(PORTION, 0);
            if before.is_some_and(|before| all(&before) != all(&state)) {
                self.deeds.selection.clear();
            }
            state
        });
    }

    fn renew_the_selection(self) {
        Effect::new(move || self.deeds.selection.renew(&self.targets()));
        Effect::new(move || {
            self.rows.with(|_| ());
            // Only after one's own deed: somebody who clicked beside everything must not be moved about.
            if self.deeds.pointer.is_acting() {
                self.keep_focus_later();
            }
        });
    }

    fn ask_while_narrowed_to_a_state(self) {
        let look = move || {
            let narrowed = self.shown.state_untracked();
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
        let state = self.shown.state_untracked();
        spawn_local(async move {
            let mut offset = 0;
            loop {
                let Ok(page) = fetch(state.to_request_for_all(PORTION, offset)).await else {
                    break;
                };
                let targets: Vec<Target> = page.items.iter().map(Listed::target).collect();
                offset += u64::from(PORTION);
                let as_before = self.shown.state_untracked() == state;
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
