//! Yes or no.

use leptos::prelude::*;

use super::field::{described_by, invalid};

/// A switch: what it says holds or does not.
#[component]
pub fn Switch(
    /// Id of the control.
    #[prop(into)]
    id: String,
    /// What holds when it is on.
    #[prop(into)]
    label: Signal<String>,
    /// The value, both ways.
    value: RwSignal<bool>,
    /// What that means.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// What is wrong with the value.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    view! { <Toggle id label value hint error is_switch=true /> }
}

/// A check box: one of several, or an agreement.
#[component]
pub fn Check(
    /// Id of the control.
    #[prop(into)]
    id: String,
    /// What holds when it is checked.
    #[prop(into)]
    label: Signal<String>,
    /// The value, both ways.
    value: RwSignal<bool>,
    /// What that means.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// What is wrong with the value.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    view! { <Toggle id label value hint error is_switch=false /> }
}

#[component]
fn Toggle(
    id: String,
    label: Signal<String>,
    value: RwSignal<bool>,
    #[prop(optional_no_strip)] hint: Option<Signal<String>>,
    error: Signal<Option<String>>,
    is_switch: bool,
) -> impl IntoView {
    let described = described_by(&id, hint.is_some(), error);
    let hint_id = format!("{id}-hint");
    let error_id = format!("{id}-error");
    view! {
        <div class="toggle">
            <label class="toggle-line" for=id.clone()>
                <input
                    id=id.clone()
                    type="checkbox"
                    class:switch-box=is_switch
                    role=is_switch.then_some("switch")
                    aria-invalid=invalid(error)
                    aria-describedby=described
                    prop:checked=value
                    on:change:target=move |event| value.set(event.target().checked())
                />
                <span>{label}</span>
            </label>
            <p id=error_id class="field-error">{error}</p>
            {hint.map(|hint| view! { <p id=hint_id class="hint">{hint}</p> })}
        </div>
    }
}
