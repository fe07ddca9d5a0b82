//! One of a few choices, in the browser's own list.

use leptos::prelude::*;

use super::field::{Field, described_by, invalid};

/// One choice.
#[derive(Clone)]
pub struct SelectOption {
    /// Its value.
    pub value: &'static str,
    /// Its words.
    pub label: Signal<String>,
}

/// The list.
#[component]
pub fn Select(
    /// Id of the control.
    #[prop(into)]
    id: String,
    /// The label.
    #[prop(into)]
    label: Signal<String>,
    /// The value, both ways.
    value: RwSignal<String>,
    /// What there is to choose from.
    options: Vec<SelectOption>,
    /// What the choice means.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// What is wrong with the value.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Whether its label is unseen.
    #[prop(optional)]
    bare: bool,
) -> impl IntoView {
    let described = described_by(&id, hint.is_some(), error);
    let options = options
        .into_iter()
        .map(|option| {
            let SelectOption { value: own, label } = option;
            view! {
                <option value=own prop:selected=move || value.get() == own>
                    {label}
                </option>
            }
        })
        .collect_view();
    view! {
        <Field id=id.clone() label hint error bare>
            <select
                id=id
                class="input select"
                aria-invalid=invalid(error)
                aria-describedby=described
                on:change:target=move |event| value.set(event.target().value())
            >
                {options}
            </select>
        </Field>
    }
}
