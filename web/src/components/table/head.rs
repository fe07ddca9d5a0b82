//! Headings, and the check boxes of headings and rows.

use leptos::html::Input;
use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t_string, use_i18n};

/// How a table is sorted, and how to ask for another order.
#[derive(Clone, Copy)]
pub struct Sorting {
    /// The key, and whether it falls.
    pub by: Signal<(&'static str, bool)>,
    /// Called with the key of the heading that was used.
    pub ask: Callback<&'static str>,
}

/// A heading by which the table can be sorted.
#[component]
pub fn SortHeading(
    /// Name of the column.
    column: &'static str,
    /// Name of the order for the service.
    key: &'static str,
    /// What it says.
    #[prop(into)]
    label: Signal<String>,
    /// How the table is sorted.
    sorting: Sorting,
) -> impl IntoView {
    let falls = Memo::new(move |_| {
        let (by, falling) = sorting.by.get();
        (by == key).then_some(falling)
    });
    let order = move || match falls.get() {
        Some(false) => "ascending",
        Some(true) => "descending",
        None => "none",
    };
    let icon = Signal::derive(move || match falls.get() {
        Some(false) => Icon::ArrowUp,
        Some(true) => Icon::ArrowDown,
        None => Icon::Sort,
    });
    view! {
        <th role="columnheader" scope="col" data-head=column aria-sort=order>
            <button
                type="button"
                class="sort"
                data-action="sort"
                on:click=move |_| sorting.ask.run(key)
            >
                {move || label.get()}
                <Glyph icon />
            </button>
        </th>
    }
}

/// A heading that is only that.
#[component]
pub fn Heading(
    /// Name of the column.
    column: &'static str,
    /// What it says.
    #[prop(into)]
    label: Signal<String>,
    /// Whether it is for those who cannot see what the column is.
    #[prop(optional)]
    unseen: bool,
) -> impl IntoView {
    view! {
        <th role="columnheader" scope="col" data-head=column>
            <span class:unseen=unseen>{move || label.get()}</span>
        </th>
    }
}

/// A check box that may be half checked.
#[component]
pub fn CheckBox(
    /// What it checks.
    #[prop(into)]
    label: Signal<String>,
    /// Whether all that it stands for is checked.
    #[prop(into)]
    checked: Signal<bool>,
    /// Whether some of it is.
    #[prop(optional, into)]
    some: Signal<bool>,
    /// Called with what it should be.
    #[prop(into)]
    on_change: Callback<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let node = NodeRef::<Input>::new();
    view! {
        // Around the box, as the target of a pointer must not be smaller than 24 px.
        <label class="tick">
            <span class="unseen">
                {move || t_string!(i18n, table.select, name = label.get())}
            </span>
            <input
                type="checkbox"
                node_ref=node
                prop:checked=move || checked.get()
                prop:indeterminate=move || some.get() && !checked.get()
                on:change:target=move |event| {
                    on_change.run(event.target().checked());
                    // What was asked for need not be what comes of it.
                    event.target().set_checked(checked.get_untracked());
                }
            />
        </label>
    }
}
