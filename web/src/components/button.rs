//! A button that is only an icon. Its name is in its label for everybody and in a tooltip for the eye.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// The button.
#[component]
pub fn IconButton(
    /// What it shows.
    #[prop(into)]
    icon: Signal<Icon>,
    /// What it does, in words.
    #[prop(into)]
    label: Signal<String>,
    /// Its name for tests.
    action: &'static str,
    /// Called when it is used.
    #[prop(into)]
    on_click: Callback<()>,
    /// Whether it cannot be used now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="button quiet square small"
            data-action=action
            data-tip=move || label.get()
            aria-label=move || label.get()
            aria-disabled=move || disabled.get().then_some("true")
            on:click=move |_| {
                if !disabled.get_untracked() {
                    on_click.run(());
                }
            }
        >
            <Glyph icon />
        </button>
    }
}
