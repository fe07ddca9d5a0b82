//! The address of the page as the state of its lists: everything that is shown is read from there, and every wish is written there.
//!
//! Rule: what one does on purpose (a filter, an order, a page) is a step that "back" undoes; typing and cleaning up are not.

use std::rc::Rc;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use crate::components::table::Sorting;

use super::query::{ListState, Spec, View};

/// Whether "back" undoes a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It does.
    Push,
    /// It does not.
    Replace,
}

type Go = Rc<dyn Fn(&str, NavigateOptions)>;

/// The address.
#[derive(Clone, Copy)]
pub struct Address {
    home: &'static str,
    view: Memo<View>,
    ignored: RwSignal<Vec<String>>,
    path: Memo<String>,
    go: StoredValue<Go, LocalStorage>,
}

/// The address of the page at the path `home`, which shows tables of these `specs`. What cannot be meant in it is taken out, and kept for a
/// notice.
pub fn use_address(home: &'static str, specs: &'static [&'static Spec]) -> Address {
    let location = use_location();
    let (path, search) = (location.pathname, location.search);
    let view = Memo::new(move |before: Option<&View>| match before {
        // On the way to another page, whose address means something else.
        Some(before) if path.get() != home => before.clone(),
        _ => View::read(specs, &search.get()).0,
    });
    let navigate = use_navigate();
    let go: Go = Rc::new(move |path, options| navigate(path, options));
    let address = Address {
        home,
        view,
        ignored: RwSignal::new(Vec::new()),
        path,
        go: StoredValue::new_local(go),
    };
    Effect::new(move || {
        let (_, ignored) = View::read(specs, &search.get());
        if !ignored.is_empty() && path.get_untracked() == home {
            address.ignored.set(ignored);
            address.write(&view.get_untracked(), Step::Replace);
        }
    });
    address
}

impl Address {
    /// One of the tables, by its place among the specs.
    pub fn table(self, index: usize) -> Shown {
        Shown {
            address: self,
            index,
        }
    }

    /// What of the address could not be meant; tracked.
    pub fn ignored(self) -> Vec<String> {
        self.ignored.get()
    }

    /// Forgets what could not be meant.
    pub fn forget_ignored(self) {
        self.ignored.set(Vec::new());
    }

    fn write(self, view: &View, step: Step) {
        let options = NavigateOptions {
            replace: step == Step::Replace,
            scroll: false,
            ..NavigateOptions::default()
        };
        (self.go.get_value())(&self.of(view), options);
    }

    fn of(self, view: &View) -> String {
        match view.write() {
            query if query.is_empty() => self.home.to_owned(),
            query => format!("{}?{query}", self.home),
        }
    }
}

/// What of one table is shown.
#[derive(Clone, Copy)]
pub struct Shown {
    address: Address,
    index: usize,
}

impl Shown {
    /// Its state; tracked.
    pub fn state(self) -> ListState {
        self.address.view.with(|view| view.list(self.index).clone())
    }

    /// Its state; not tracked.
    pub fn state_untracked(self) -> ListState {
        let view = self.address.view;
        view.with_untracked(|view| view.list(self.index).clone())
    }

    /// Changes it.
    pub fn change(self, step: Step, change: impl FnOnce(&mut ListState)) {
        let address = self.address;
        let mut view = address.view.get_untracked();
        change(view.list_mut(self.index));
        // A search that comes to rest after the page was left must not lead back to it.
        if view != address.view.get_untracked() && address.path.get_untracked() == address.home {
            address.write(&view, step);
        }
    }

    /// The address at which it shows what a filter lets through, and nothing else narrows it.
    pub fn related(self, filter: &str, id: &str) -> String {
        let mut view = self.address.view.get();
        let list = view.list_mut(self.index);
        list.widen();
        list.set_filter(filter, Some(id));
        self.address.of(&view)
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
}
