//! A part of a form that most people leave as it is. Its head says what in it differs from the defaults, so that nobody has to open it to know.

use leptos::ev::Event;
use leptos::prelude::*;
use web_sys::wasm_bindgen::JsCast;

use crate::components::icon::{Glyph, Icon};

/// The part, folded until one opens it; [`super::focus_field`] opens it for a field inside.
#[component]
pub fn Folded(
    /// Id of the part.
    #[prop(into)]
    id: String,
    /// Its name.
    #[prop(into)]
    title: Signal<String>,
    /// What in it differs from the defaults, or that nothing does.
    #[prop(into)]
    summary: Signal<String>,
    /// Whether something does; it is then shown more clearly.
    #[prop(optional, into)]
    changed: Signal<bool>,
    /// Whether it is open from the start.
    #[prop(optional)]
    open: bool,
    /// Called when somebody unfolds it.
    #[prop(optional)]
    on_open: Option<Callback<()>>,
    /// What is inside.
    children: Children,
) -> impl IntoView {
    let toggled = move |event: Event| {
        let is_open = event.target().and_then(|target| {
            let details = target.dyn_into::<web_sys::HtmlDetailsElement>().ok()?;
            Some(details.open())
        });
        if let Some(on_open) = on_open.filter(|_| is_open == Some(true)) {
            on_open.run(());
        }
    };
    view! {
        <details id=id class="folded" open=open on:toggle=toggled>
            <summary>
                <Glyph icon=Icon::ChevronDown />
                <span class="folded-title">{title}</span>
                <span class="folded-summary" data-changed=move || changed.get().to_string()>
                    {summary}
                </span>
            </summary>
            <div class="folded-body">{children()}</div>
        </details>
    }
}
