//! Text that is typed: one line or several.

use leptos::html::Input;
use leptos::prelude::*;

use super::field::{Field, described_by, invalid};
use crate::i18n::{t, use_i18n};

/// One line of text.
#[component]
pub fn TextField(
    /// Id of the input.
    #[prop(into)]
    id: String,
    /// The label.
    #[prop(into)]
    label: Signal<String>,
    /// The value, both ways.
    value: RwSignal<String>,
    /// Name in the form, by which password managers know it; its id if there is none.
    #[prop(optional)]
    name: Option<&'static str>,
    /// What a password manager may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// The rule for the value, before it is broken.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// An example, in the place of the value.
    #[prop(optional, into)]
    placeholder: MaybeProp<String>,
    /// What is wrong with the value.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Whether the form cannot be saved without it. Login forms need no mark: everything is required there.
    #[prop(optional)]
    required: bool,
    /// Whether it is a password, which is hidden until one asks to see it.
    #[prop(optional)]
    secret: bool,
    /// Whether it is for machines: an address, a path, a name in a protocol.
    #[prop(optional)]
    code: bool,
    /// Whether its label is unseen.
    #[prop(optional)]
    bare: bool,
    /// Runs when a changed value is left.
    #[prop(optional, into)]
    on_left: Option<Callback<()>>,
    /// The input, for whoever moves the focus.
    #[prop(optional)]
    node: NodeRef<Input>,
) -> impl IntoView {
    let i18n = use_i18n();
    let shown = RwSignal::new(!secret);
    let described = described_by(&id, hint.is_some(), error);
    let name = name.map_or_else(|| id.clone(), str::to_owned);
    view! {
        <Field id=id.clone() label hint error required bare>
            <input
                id=id
                name=name
                class="input"
                class:code=code
                type=move || if shown.get() { "text" } else { "password" }
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck=if code || secret || autocomplete != "off" { "false" } else { "true" }
                placeholder=move || placeholder.get()
                aria-required=required.then_some("true")
                aria-invalid=invalid(error)
                aria-describedby=described
                node_ref=node
                prop:value=value
                on:input:target=move |event| value.set(event.target().value())
                on:change=move |_| {
                    if let Some(on_left) = on_left {
                        on_left.run(());
                    }
                }
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
        </Field>
    }
}

/// Several lines of text.
#[component]
pub fn TextArea(
    /// Id of the control.
    #[prop(into)]
    id: String,
    /// The label.
    #[prop(into)]
    label: Signal<String>,
    /// The value, both ways.
    value: RwSignal<String>,
    /// Lines that are seen at once; the control grows by hand.
    #[prop(default = 3)]
    rows: u32,
    /// The rule for the value, before it is broken.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// An example, in the place of the value.
    #[prop(optional, into)]
    placeholder: MaybeProp<String>,
    /// What is wrong with the value.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Whether it is for machines: JSON, a certificate.
    #[prop(optional)]
    code: bool,
) -> impl IntoView {
    let described = described_by(&id, hint.is_some(), error);
    view! {
        <Field id=id.clone() label hint error>
            <textarea
                id=id
                class="input area"
                class:code=code
                rows=rows
                spellcheck=if code { "false" } else { "true" }
                placeholder=move || placeholder.get()
                aria-invalid=invalid(error)
                aria-describedby=described
                prop:value=value
                on:input:target=move |event| value.set(event.target().value())
            ></textarea>
        </Field>
    }
}
