//! The address of the page as the state of its lists: everything that is shown is read from there, and every wish is written there.
//!
//! Rule: what one does on purpose (a filter, an order, a page) is a step that "back" undoes; typing and cleaning up are not.

use std::rc::Rc;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::query::{ListState, View};

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

    /// Its state.
    pub fn of(self, view: &View) -> &ListState {
        match self {
            Self::Groups => &view.groups,
            Self::Instances => &view.instances,
        }
    }

    fn of_mut(self, view: &mut View) -> &mut ListState {
        match self {
            Self::Groups => &mut view.groups,
            Self::Instances => &mut view.instances,
        }
    }
}

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
    view: Memo<View>,
    ignored: RwSignal<Vec<String>>,
    path: Memo<String>,
    go: StoredValue<Go, LocalStorage>,
}

/// The address of this page. What cannot be meant in it is taken out, and kept for a notice.
pub fn use_address() -> Address {
    let location = use_location();
    let (path, search) = (location.pathname, location.search);
    let view = Memo::new(move |before: Option<&View>| match before {
        // On the way to another page, whose address means something else.
        Some(before) if path.get() != PATH => before.clone(),
        _ => View::read(&search.get()).0,
    });
    let navigate = use_navigate();
    let go: Go = Rc::new(move |path, options| navigate(path, options));
    let address = Address {
        view,
        ignored: RwSignal::new(Vec::new()),
        path,
        go: StoredValue::new_local(go),
    };
    Effect::new(move || {
        let (_, ignored) = View::read(&search.get());
        if !ignored.is_empty() && path.get_untracked() == PATH {
            address.ignored.set(ignored);
            address.write(&view.get_untracked(), Step::Replace);
        }
    });
    address
}

impl Address {
    /// The state of one table; tracked.
    pub fn list(self, table: Table) -> ListState {
        self.view.with(|view| table.of(view).clone())
    }

    /// The state of one table; not tracked.
    pub fn list_untracked(self, table: Table) -> ListState {
        self.view.with_untracked(|view| table.of(view).clone())
    }

    /// What of the address could not be meant; tracked.
    pub fn ignored(self) -> Vec<String> {
        self.ignored.get()
    }

    /// Forgets what could not be meant.
    pub fn forget_ignored(self) {
        self.ignored.set(Vec::new());
    }

    /// Changes the state of one table.
    pub fn change(self, table: Table, step: Step, change: impl FnOnce(&mut ListState)) {
        let mut view = self.view.get_untracked();
        change(table.of_mut(&mut view));
        // A search that comes to rest after the page was left must not lead back to it.
        if view != self.view.get_untracked() && self.path.get_untracked() == PATH {
            self.write(&view, step);
        }
    }

    /// The address at which one table shows what is related to something of the other, and nothing else narrows it.
    pub fn related(self, table: Table, filter: &str, id: &str) -> String {
        let mut view = self.view.get();
        let list = table.of_mut(&mut view);
        list.widen();
        list.set_filter(filter, Some(id));
        address(&view)
    }

    fn write(self, view: &View, step: Step) {
        let options = NavigateOptions {
            replace: step == Step::Replace,
            scroll: false,
            ..NavigateOptions::default()
        };
        (self.go.get_value())(&address(view), options);
    }
}

fn address(view: &View) -> String {
    match view.write() {
        query if query.is_empty() => PATH.to_owned(),
        query => format!("{PATH}?{query}"),
    }
}
