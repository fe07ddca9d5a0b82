//! What stands over a table: its search and filters, or, while rows are selected, what can be done with them.

use std::future::Future;

use leptos::prelude::*;
use understudy_shared::Page;

use super::deeds::{Deed, ReportNotice, Target};
use super::list::{List, Listed};
use crate::api::ApiError;
use crate::components::icon::{Glyph, Icon};
use crate::components::table::{CheckBox, Heading};
use crate::i18n::{t, t_string, use_i18n};
use crate::listing::ListTools;

/// The search, and beside it the filters of the table.
#[component]
pub fn Tools<T: Listed>(
    /// The list.
    list: List<T>,
    /// What one looks for.
    #[prop(into)]
    label: Signal<String>,
    /// The filters.
    children: Children,
) -> impl IntoView {
    view! {
        <ListTools
            shown=list.shown
            section=list.table.id()
            label
            hidden=Signal::derive(move || list.deeds.selection.count() > 0)
        >
            {children()}
        </ListTools>
    }
}

/// What can be done with the selected rows.
#[component]
pub fn BulkBar<T, F>(
    /// The list.
    list: List<T>,
    /// Asks the service for what a query selects.
    fetch: impl Fn(String) -> F + Clone + Send + Sync + 'static,
    /// Says what deleting would break.
    warn: Callback<Vec<Target>, ViewFn>,
) -> impl IntoView
where
    T: Listed,
    F: Future<Output = Result<Page<T>, ApiError>> + 'static,
{
    let i18n = use_i18n();
    let deeds = list.deeds;
    let busy = RwSignal::new(false);
    let count = Memo::new(move |_| deeds.selection.count());
    let working = Memo::new(move |_| deeds.progress().is_some());
    let more = move || {
        let total = list.total()?;
        let all_shown = list
            .targets()
            .iter()
            .all(|target| deeds.selection.has(target.id));
        let missing = u64::try_from(count.get()).unwrap_or(u64::MAX) < total;
        (all_shown && missing).then_some(total)
    };
    let select_all = {
        let fetch = fetch.clone();
        move |_| list.select_all(busy, fetch.clone())
    };
    let button = move |deed: Deed| {
        let (icon, action) = match deed {
            Deed::Enable => (Icon::Play, "bulk-enable"),
            Deed::Pause => (Icon::Pause, "bulk-pause"),
            Deed::Delete => (Icon::Trash, "bulk-delete"),
        };
        let word = move || match deed {
            Deed::Enable => t_string!(i18n, models.deeds.enable),
            Deed::Pause => t_string!(i18n, models.deeds.pause),
            Deed::Delete => t_string!(i18n, models.deeds.delete),
        };
        let run = move |_| {
            if working.get_untracked() {
                return;
            }
            let targets = deeds.selection.targets();
            match deed {
                Deed::Enable => deeds.set_enabled(targets, true),
                Deed::Pause => deeds.set_enabled(targets, false),
                Deed::Delete => deeds.delete(targets.clone(), warn.run(targets)),
            }
        };
        view! {
            <button
                type="button"
                class="button"
                data-action=action
                data-danger=(deed == Deed::Delete).to_string()
                aria-disabled=move || working.get().then_some("true")
                on:click=run
            >
                <Glyph icon />
                {word}
            </button>
        }
    };
    let progress = move || {
        deeds.progress().map(|progress| {
            let (done, total) = (progress.done, progress.total);
            t_string!(i18n, models.deeds.progress, done, total)
        })
    };
    view! {
        <div class="bulk" data-part="bulk" hidden=move || count.get() == 0>
            <p class="bulk-count" role="status">
                {move || t_string!(i18n, models.deeds.selected, count = count.get())}
            </p>
            <Show when=move || more().is_some()>
                <button
                    type="button"
                    class="button quiet"
                    data-action="select-all-matching"
                    aria-busy=move || busy.get().to_string()
                    on:click=select_all.clone()
                >
                    {move || {
                        more().map(|total| t_string!(i18n, models.deeds.select_all, total))
                    }}
                </button>
            </Show>
            {button(Deed::Enable)}
            {button(Deed::Pause)}
            {button(Deed::Delete)}
            <Show
                when=move || working.get()
                fallback=move || {
                    view! {
                        <button
                            type="button"
                            class="button quiet"
                            data-action="clear-selection"
                            on:click=move |_| {
                                deeds.selection.clear();
                                list.keep_focus_later();
                            }
                        >
                            {t!(i18n, models.deeds.clear)}
                        </button>
                    }
                }
            >
                <p class="bulk-progress" role="status">{progress}</p>
                <button
                    type="button"
                    class="button quiet"
                    data-action="stop"
                    on:click=move |_| deeds.stop()
                >
                    {t!(i18n, models.deeds.stop)}
                </button>
            </Show>
        </div>
    }
}

/// What the last deed left undone.
#[component]
pub fn Reports<T: Listed>(
    /// The list.
    list: List<T>,
) -> impl IntoView {
    view! { <ReportNotice deeds=list.deeds /> }
}

/// The heading of the column of check boxes: all rows of the page, or none.
#[component]
pub fn SelectAllHeading<T: Listed>(
    /// The list.
    list: List<T>,
) -> impl IntoView {
    let i18n = use_i18n();
    let selection = list.deeds.selection;
    let selected = Memo::new(move |_| {
        let shown = list.targets();
        let count = shown
            .iter()
            .filter(|target| selection.has(target.id))
            .count();
        (count, shown.len())
    });
    let all = Signal::derive(move || {
        let (count, total) = selected.get();
        total > 0 && count == total
    });
    view! {
        <th role="columnheader" scope="col" data-head="select">
            <CheckBox
                label=Signal::derive(move || t_string!(i18n, models.all_on_page).to_owned())
                checked=all
                some=Signal::derive(move || selected.get().0 > 0)
                on_change=move |checked| selection.set(list.targets(), checked)
            />
        </th>
    }
}

/// The heading of the column of buttons.
#[component]
pub fn ActionsHeading() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Heading
            column="actions"
            label=Signal::derive(move || t_string!(i18n, models.actions).to_owned())
            unseen=true
        />
    }
}
