//! Whose certificates are believed.

use leptos::prelude::*;

use super::super::form::Form;
use crate::components::form::{Folded, FormErrors, Switch, TextArea};
use crate::i18n::{t, t_signal, t_string, use_i18n};

/// How the backend proves who it is.
#[component]
pub fn TlsFields(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let has_pem = move || form.ca_pem.with(|pem| !pem.trim().is_empty());
    let changed = Signal::derive(move || form.insecure.get() || has_pem());
    let summary = Signal::derive(move || {
        match (form.insecure.get(), has_pem()) {
            (true, _) => t_string!(i18n, instance.tls.insecure_short),
            (false, true) => t_string!(i18n, instance.tls.own),
            (false, false) => t_string!(i18n, instance.tls.usual),
        }
        .to_owned()
    });
    view! {
        <Folded id="tls" title=t_signal!(i18n, instance.tls.title) summary changed>
            <TextArea
                id="tls-ca-pem"
                label=t_signal!(i18n, instance.tls.ca_pem)
                hint=t_signal!(i18n, instance.tls.ca_pem_hint)
                value=form.ca_pem
                rows=4
                placeholder=t_signal!(i18n, instance.tls.ca_pem_example)
                error=errors.at("tls-ca-pem")
                code=true
            />
            <Switch
                id="tls-insecure-skip-verify"
                label=t_signal!(i18n, instance.tls.insecure)
                value=form.insecure
                error=errors.at("tls-insecure-skip-verify")
            />
            <Show when=move || form.insecure.get()>
                <p class="field-error" role="status">
                    {t!(i18n, instance.tls.insecure_warning)}
                </p>
            </Show>
        </Folded>
    }
}
