//! A labelled field of a form, with its hint and its error tied to it for everybody who cannot see them stand beside it.

use leptos::html::Input;
use leptos::prelude::*;

use crate::i18n::{t, use_i18n};

/// One line of text.
#[component]
pub fn TextField(
    /// Id of the input; its hint and error have it as a prefix.
    id: &'static str,
    /// Name in the form, by which password managers know it.
    name: &'static str,
    /// The label.
    #[prop(into)]
    label: Signal<String>,
    /// The value, both ways.
    value: RwSignal<String>,
    /// What a password manager may fill in.
    autocomplete: &'static str,
    /// The rule for the value, before it is broken.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// What is wrong with the value.
    #[prop(into)]
    error: Signal<Option<String>>,
    /// Whether it is a password, which is hidden until one asks to see it.
    #[prop(optional)]
    secret: bool,
    /// The input, for whoever moves the focus.
    #[prop(optional)]
    node: NodeRef<Input>,
) -> impl IntoView {
    let i18n = use_i18n();
    let shown = RwSignal::new(!secret);
    let hint_id = format!("{id}-hint");
    let error_id = format!("{id}-error");
    let described = {
        let (hint_id, error_id) = (hint_id.clone(), error_id.clone());
        move || {
            let error = error.with(Option::is_some).then_some(error_id.as_str());
            let hint = hint.is_some().then_some(hint_id.as_str());
            let ids: Vec<&str> = [error, hint].into_iter().flatten().collect();
            (!ids.is_empty()).then(|| ids.join(" "))
        }
    };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                name=name
                class="input"
                type=move || if shown.get() { "text" } else { "password" }
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                required
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=described
                node_ref=node
                prop:value=value
                on:input:target=move |event| value.set(event.target().value())
            />
            {secret
                .then(|| {
                    view! {
                        <label class="check">
                            <input
                                type="checkbox"
                                on:change:target=move |event| shown.set(event.target().checked())
                            />
                            {t!(i18n, form.show_password)}
                        </label>
                    }
                })}
            <p id=error_id class="field-error">{move || error.get()}</p>
            {hint
                .map(|hint| {
                    // A broken rule is said once.
                    let text = move || hint.with(|hint| error.get().as_ref() != Some(hint)).then(|| hint.get());
                    view! { <p id=hint_id class="hint">{text}</p> }
                })}
        </div>
    }
}
