//! What narrows a list down.

use std::time::Duration;

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t_string, use_i18n};

/// How long typing must rest before it is looked for.
const REST: Duration = Duration::from_millis(250);

/// A text to look for. The field is its own master while somebody types in it: what comes back from the address never overtakes them.
#[component]
pub fn Search(
    /// What is looked for.
    #[prop(into)]
    label: Signal<String>,
    /// The text that the list is narrowed by.
    #[prop(into)]
    value: Signal<String>,
    /// Called when typing rests.
    #[prop(into)]
    on_search: Callback<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    let text = RwSignal::new(value.get_untracked());
    // What was asked for last; the address says the same a moment later.
    let asked = StoredValue::new(value.get_untracked());
    let waiting = StoredValue::new_local(None::<TimeoutHandle>);
    let forget = move || {
        if let Some(waiting) = waiting.try_update_value(Option::take).flatten() {
            waiting.clear();
        }
    };
    on_cleanup(forget);
    Effect::new(move || {
        let value = value.get();
        if value != asked.get_value() {
            // Somebody went back, or followed a link.
            forget();
            asked.set_value(value.clone());
            text.set(value);
        }
    });
    let ask = move || {
        forget();
        let wanted = text.get_untracked().trim().to_owned();
        if wanted != asked.get_value() {
            asked.set_value(wanted.clone());
            on_search.run(wanted);
        }
    };
    let typed = move |typed: String| {
        text.set(typed);
        forget();
        match set_timeout_with_handle(ask, REST) {
            Ok(handle) => waiting.set_value(Some(handle)),
            Err(_) => ask(),
        }
    };
    view! {
        <div class="search" role="search" aria-label=move || label.get()>
            <Glyph icon=Icon::Search />
            <input
                type="search"
                class="input"
                data-action="search"
                autocomplete="off"
                spellcheck="false"
                maxlength="200"
                aria-label=move || label.get()
                placeholder=move || label.get()
                prop:value=text
                on:input:target=move |event| typed(event.target().value())
                on:keydown=move |event| {
                    match event.key().as_str() {
                        "Enter" => ask(),
                        "Escape" if !text.with_untracked(String::is_empty) => {
                            event.prevent_default();
                            text.set(String::new());
                            ask();
                        }
                        _ => {}
                    }
                }
            />
            <Show when=move || !text.with(String::is_empty)>
                <button
                    type="button"
                    class="search-clear"
                    data-action="clear-search"
                    aria-label=move || t_string!(i18n, table.clear_search)
                    on:click=move |_| {
                        text.set(String::new());
                        ask();
                    }
                >
                    <Glyph icon=Icon::Cross />
                </button>
            </Show>
        </div>
    }
}

/// A value that a filter can have.
#[derive(Clone)]
pub struct Choice {
    /// Its name in the address.
    pub value: &'static str,
    /// Its words.
    pub label: Signal<String>,
}

impl Choice {
    /// A choice.
    pub fn new(
        value: &'static str,
        label: impl Fn() -> &'static str + Send + Sync + 'static,
    ) -> Self {
        Self {
            value,
            label: Signal::derive(move || label().to_owned()),
        }
    }
}

/// Narrows a list down to one of a few values.
#[component]
pub fn FilterSelect(
    /// Name of the filter.
    name: &'static str,
    /// What it is about.
    #[prop(into)]
    label: Signal<String>,
    /// What it says when it narrows nothing.
    #[prop(into)]
    any: Signal<String>,
    /// The values.
    choices: Vec<Choice>,
    /// The present one.
    #[prop(into)]
    value: Signal<Option<String>>,
    /// Called with another one.
    #[prop(into)]
    on_change: Callback<Option<String>>,
) -> impl IntoView {
    let value = Memo::new(move |_| value.get().unwrap_or_default());
    let options = choices
        .into_iter()
        .map(|choice| {
            let Choice { value: own, label } = choice;
            view! {
                <option value=own prop:selected=move || value.get() == own>
                    {move || label.get()}
                </option>
            }
        })
        .collect_view();
    view! {
        <select
            class="input select filter"
            data-filter=name
            data-set=move || value.with(|value| !value.is_empty()).to_string()
            aria-label=move || label.get()
            on:change:target=move |event| {
                let value = event.target().value();
                on_change.run((!value.is_empty()).then_some(value));
            }
        >
            <option value="" prop:selected=move || value.with(String::is_empty)>
                {move || any.get()}
            </option>
            {options}
        </select>
    }
}

/// A filter that was set elsewhere, as words that can be taken away.
#[component]
pub fn Chip(
    /// Name of the filter.
    name: &'static str,
    /// What it narrows the list to.
    #[prop(into)]
    text: Signal<String>,
    /// Takes it away.
    #[prop(into)]
    on_remove: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <span class="filter-chip" data-chip=name>
            <span class="filter-chip-text" data-tip-cut="">{move || text.get()}</span>
            <button
                type="button"
                class="filter-chip-remove"
                data-action="remove-filter"
                aria-label=move || t_string!(i18n, table.remove_filter, name = text.get())
                on:click=move |_| on_remove.run(())
            >
                <Glyph icon=Icon::Cross />
            </button>
        </span>
    }
}
