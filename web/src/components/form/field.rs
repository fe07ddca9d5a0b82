//! What stands around every control: its label above, its error and its hint below.

use leptos::prelude::*;

use crate::i18n::{t, use_i18n};

/// A labelled control.
#[component]
pub fn Field(
    /// Id of the control.
    #[prop(into)]
    id: String,
    /// The label.
    #[prop(into)]
    label: Signal<String>,
    /// The rule for the value, before it is broken, or an example.
    #[prop(optional_no_strip)]
    hint: Option<Signal<String>>,
    /// What is wrong with the value.
    #[prop(into)]
    error: Signal<Option<String>>,
    /// Whether the form cannot be saved without it.
    #[prop(optional)]
    required: bool,
    /// Whether the label is for those only who do not see the page, as in a row whose column is labelled.
    #[prop(optional)]
    bare: bool,
    /// The control, with the id and the attributes of `Described`.
    children: Children,
) -> impl IntoView {
    let i18n = use_i18n();
    let hint_id = format!("{id}-hint");
    let error_id = format!("{id}-error");
    view! {
        <div class="field">
            <label for=id class:unseen=bare>
                {label}
                {required
                    .then(|| {
                        view! {
                            <span class="required" aria-hidden="true">
                                " *"
                            </span>
                            <span class="unseen">{t!(i18n, form.required_mark)}</span>
                        }
                    })}
            </label>
            {children()}
            <p id=error_id class="field-error">{error}</p>
            {hint
                .map(|hint| {
                    // A broken rule is said once.
                    let text = move || hint.with(|hint| error.get().as_ref() != Some(hint)).then(|| hint.get());
                    view! { <p id=hint_id class="hint">{text}</p> }
                })}
        </div>
    }
}

/// The value of `aria-describedby` for a control: its error, if there is one, and its hint.
pub fn described_by(
    id: &str,
    has_hint: bool,
    error: Signal<Option<String>>,
) -> Signal<Option<String>> {
    let hint_id = has_hint.then(|| format!("{id}-hint"));
    let error_id = format!("{id}-error");
    Signal::derive(move || {
        let error = error.with(Option::is_some).then_some(error_id.as_str());
        let ids: Vec<&str> = [error, hint_id.as_deref()].into_iter().flatten().collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    })
}

/// The value of `aria-invalid` for a control.
pub fn invalid(
    error: Signal<Option<String>>,
) -> impl Fn() -> Option<&'static str> + Copy + Send + Sync {
    move || error.with(Option::is_some).then_some("true")
}
