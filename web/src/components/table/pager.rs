//! Which part of a list is shown, and the way to the others.

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};

/// The line under a table.
#[component]
pub fn Pager(
    /// The page, from 1.
    #[prop(into)]
    page: Signal<u32>,
    /// Items on a page.
    #[prop(into)]
    size: Signal<u32>,
    /// Items in all.
    #[prop(into)]
    total: Signal<u64>,
    /// The sizes to choose from.
    sizes: &'static [u32],
    /// Goes to a page.
    #[prop(into)]
    on_page: Callback<u32>,
    /// Changes the size.
    #[prop(into)]
    on_size: Callback<u32>,
) -> impl IntoView {
    let i18n = use_i18n();
    let span = move || span(page.get(), size.get(), total.get());
    let text = move || {
        let (first, last) = span();
        t_string!(i18n, table.span, first, last, total = total.get())
    };
    let is_first = move || page.get() <= 1;
    let is_last = move || span().1 >= total.get();
    // It stays where the focus is: a button that vanishes or is disabled would drop it.
    let back = move |_| {
        if !is_first() {
            on_page.run(page.get_untracked() - 1);
        }
    };
    let on = move |_| {
        if !is_last() {
            on_page.run(page.get_untracked() + 1);
        }
    };
    let options = sizes
        .iter()
        .map(|own| {
            view! {
                <option value=own.to_string() prop:selected=move || size.get() == *own>
                    {own.to_string()}
                </option>
            }
        })
        .collect_view();
    view! {
        <div class="pager">
            <p class="pager-span" role="status" data-part="span">{text}</p>
            <label class="pager-size">
                {t!(i18n, table.size)}
                <select
                    class="input select small"
                    data-action="page-size"
                    on:change:target=move |event| {
                        if let Ok(size) = event.target().value().parse() {
                            on_size.run(size);
                        }
                    }
                >
                    {options}
                </select>
            </label>
            <div class="pager-buttons">
                <button
                    type="button"
                    class="button square small"
                    data-action="previous-page"
                    data-tip=move || t_string!(i18n, table.previous)
                    aria-label=move || t_string!(i18n, table.previous)
                    aria-disabled=move || is_first().then_some("true")
                    on:click=back
                >
                    <Glyph icon=Icon::ChevronLeft />
                </button>
                <button
                    type="button"
                    class="button square small"
                    data-action="next-page"
                    data-tip=move || t_string!(i18n, table.next)
                    aria-label=move || t_string!(i18n, table.next)
                    aria-disabled=move || is_last().then_some("true")
                    on:click=on
                >
                    <Glyph icon=Icon::ChevronRight />
                </button>
            </div>
        </div>
    }
}

/// The numbers of the first and the last item of a page.
fn span(page: u32, size: u32, total: u64) -> (u64, u64) {
    let before = u64::from(page.saturating_sub(1)) * u64::from(size);
    let last = (before + u64::from(size)).min(total);
    ((before + 1).min(total), last)
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn items_are_counted_as_people_do() {
        assert_eq!(span(1, 10, 57), (1, 10));
        assert_eq!(span(6, 10, 57), (51, 57));
        assert_eq!(span(1, 10, 0), (0, 0));
        assert_eq!(span(9, 10, 57), (57, 57));
    }
}
