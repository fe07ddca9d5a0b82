//! What stands around a list: its search, its pages, and what to say when nothing is shown.

use leptos::prelude::*;

use super::address::{Address, Shown, Step};
use super::query::{ListState, SIZES};
use crate::browser;
use crate::components::badge::Tone;
use crate::components::button::IconButton;
use crate::components::icon::Icon;
use crate::components::notice::Notice;
use crate::components::table::{Pager, Search};
use crate::i18n::{t, t_string, use_i18n};

/// The search, beside it the filters, and the way to take all of them away.
#[component]
pub fn ListTools(
    /// The list.
    shown: Shown,
    /// Id of its section.
    section: &'static str,
    /// What one looks for.
    #[prop(into)]
    label: Signal<String>,
    /// Whether something else takes this place.
    #[prop(optional, into)]
    hidden: Signal<bool>,
    /// The filters.
    children: Children,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="tools-filters" hidden=move || hidden.get()>
            <Search
                label
                value=Signal::derive(move || shown.state().q().to_owned())
                on_search=move |text: String| {
                    shown.change(Step::Replace, |state| state.search(&text))
                }
            />
            {children()}
            <Show when=move || shown.state().is_narrowed()>
                <button
                    type="button"
                    class="button quiet"
                    data-action="widen"
                    on:click=move |_| widen(shown, section)
                >
                    {t!(i18n, table.widen)}
                </button>
            </Show>
        </div>
    }
}

fn widen(shown: Shown, section: &'static str) {
    shown.change(Step::Push, ListState::widen);
    // What had the focus goes away with what it took away.
    request_animation_frame(move || browser::focus_if_lost(&format!("{section}-title")));
}

/// The pages of a list.
#[component]
pub fn ListPager(
    /// The list.
    shown: Shown,
    /// Items that match.
    #[prop(into)]
    total: Signal<Option<u64>>,
) -> impl IntoView {
    view! {
        <Pager
            page=Signal::derive(move || shown.state().page())
            size=Signal::derive(move || shown.state().size())
            total=Signal::derive(move || total.get().unwrap_or_default())
            sizes=&SIZES
            on_page=move |page| shown.change(Step::Push, |state| state.go_to(page))
            on_size=move |size| shown.change(Step::Push, |state| state.set_size(size))
        />
    }
}

/// Nothing is what is looked for.
#[component]
pub fn NoMatch(
    /// The list.
    shown: Shown,
    /// Id of its section.
    section: &'static str,
    /// Says so.
    #[prop(into)]
    title: Signal<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <p class="empty-title">{title}</p>
        <p>{t!(i18n, table.no_match_hint)}</p>
        <p>
            <button
                type="button"
                class="button"
                data-action="widen"
                on:click=move |_| widen(shown, section)
            >
                {t!(i18n, table.widen)}
            </button>
        </p>
    }
}

/// Says what of the address could not be meant.
#[component]
pub fn IgnoredParts(
    /// The address.
    address: Address,
) -> impl IntoView {
    let i18n = use_i18n();
    let title = Signal::derive(move || t_string!(i18n, table.ignored).to_owned());
    move || {
        let ignored = address.ignored();
        (!ignored.is_empty()).then(|| {
            let items = ignored
                .into_iter()
                .map(|item| view! { <li><code>{item}</code></li> })
                .collect_view();
            view! {
                <div class="report" data-part="ignored">
                    <Notice tone=Tone::Warn title>
                        <ul class="inline-list">{items}</ul>
                    </Notice>
                    <IconButton
                        icon=Icon::Cross
                        label=Signal::derive(move || t_string!(i18n, components.close).to_owned())
                        action="close-ignored"
                        on_click=move |()| address.forget_ignored()
                    />
                </div>
            }
        })
    }
}
