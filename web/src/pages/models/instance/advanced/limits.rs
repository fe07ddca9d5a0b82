//! How much the instance is asked at most.

use leptos::prelude::*;

use super::super::form::Form;
use crate::components::form::{Folded, FormErrors, NumberField};
use crate::i18n::{t, t_signal, t_string, use_i18n};

/// How much the instance takes.
#[component]
pub fn LimitFields(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let filled = |text: RwSignal<String>| text.with(|text| !text.trim().is_empty());
    let changed =
        Signal::derive(move || filled(form.max_concurrency) || filled(form.requests_per_minute));
    let summary = Signal::derive(move || {
        let parts: Vec<String> = [
            filled(form.max_concurrency).then(|| {
                t_string!(
                    i18n,
                    instance.limits.at_once,
                    count = form.max_concurrency.get()
                )
            }),
            filled(form.requests_per_minute).then(|| {
                t_string!(
                    i18n,
                    instance.limits.a_minute,
                    count = form.requests_per_minute.get()
                )
            }),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() {
            t_string!(i18n, instance.limits.nothing).to_owned()
        } else {
            parts.join(" · ")
        }
    });
    view! {
        <Folded id="limits" title=t_signal!(i18n, instance.limits.title) summary changed>
            <p class="hint">{t!(i18n, instance.limits.hint)}</p>
            <div class="field-row">
                <NumberField
                    id="limits-max-concurrency"
                    label=t_signal!(i18n, instance.limits.max_concurrency)
                    value=form.max_concurrency
                    unset=Signal::derive(move || t_string!(i18n, instance.limits.unlimited).to_owned())
                    error=errors.at("limits-max-concurrency")
                />
                <NumberField
                    id="limits-requests-per-minute"
                    label=t_signal!(i18n, instance.limits.requests_per_minute)
                    value=form.requests_per_minute
                    unset=Signal::derive(move || t_string!(i18n, instance.limits.unlimited).to_owned())
                    error=errors.at("limits-requests-per-minute")
                />
            </div>
        </Folded>
    }
}
