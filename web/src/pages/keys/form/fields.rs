//! What the forms of a new key and of one that is there share.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use understudy_shared::ApiKeyScope;

use super::draft::Draft;
use super::expiry::Expiry;
use super::groups::Groups;
use super::limits::Limits;
use crate::components::form::{ErrorSummary, FormErrors, TextField};
use crate::i18n::{t, t_signal, t_string, use_i18n};
use crate::pages::keys::GroupNames;

/// The form around its fields: it is sent when it has no fault, and once.
#[component]
pub(super) fn Frame(
    errors: FormErrors,
    /// Whether it is under way.
    sending: RwSignal<bool>,
    #[prop(into)] on_submit: Callback<()>,
    #[prop(into)] on_cancel: Callback<()>,
    /// What the button says.
    submit: Signal<String>,
    /// What it says while it is under way.
    busy: Signal<String>,
    children: Children,
) -> impl IntoView {
    let i18n = use_i18n();
    let submitted = move |event: SubmitEvent| {
        event.prevent_default();
        if !sending.get_untracked() && errors.pass() {
            on_submit.run(());
        }
    };
    view! {
        <form
            id="key-form"
            class="modal-form"
            novalidate
            on:submit=submitted
            on:input=move |event| errors.on_input(&event)
            on:focusout=move |event| errors.on_left(&event)
        >
            <div class="modal-body key-form">
                <ErrorSummary errors />
                {children()}
            </div>
            <footer class="modal-foot">
                <button
                    type="button"
                    class="button"
                    data-action="cancel"
                    on:click=move |_| on_cancel.run(())
                >
                    {t!(i18n, keys.form.cancel)}
                </button>
                <button
                    type="submit"
                    class="button primary"
                    aria-disabled=move || sending.get().to_string()
                >
                    {move || if sending.get() { busy.get() } else { submit.get() }}
                </button>
            </footer>
        </form>
    }
}

/// The fields.
#[component]
pub(super) fn Fields(
    draft: Draft,
    errors: FormErrors,
    groups: GroupNames,
    /// What the key may do: to be chosen, or to be seen.
    #[prop(into)]
    scopes: ViewFnOnce,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <TextField
            id="key-name"
            label=t_signal!(i18n, keys.form.name)
            hint=t_signal!(i18n, keys.form.name_hint)
            placeholder=Signal::derive(move || Some(t_string!(i18n, keys.form.name_example).to_owned()))
            value=draft.name
            required=true
            error=errors.at("key-name")
        />
        {scopes.run()}
        <Show when=move || draft.scopes.with(|scopes| scopes.contains(&ApiKeyScope::Gateway))>
            <Groups draft groups error=errors.at("key-groups") />
            <Limits draft errors />
        </Show>
        <Expiry draft error=errors.at("key-until") />
    }
}
