//! How much a key may ask for.

use leptos::prelude::*;

use super::draft::Draft;
use crate::components::form::{FormErrors, NumberField};
use crate::i18n::{t, t_signal, use_i18n};

/// The two limits; empty for none.
#[component]
pub(super) fn Limits(draft: Draft, errors: FormErrors) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <fieldset class="options" id="key-limits">
            <legend>{t!(i18n, keys.form.limits)}</legend>
            <div class="form-row">
                <NumberField
                    id="key-requests-per-minute"
                    label=t_signal!(i18n, keys.form.requests_per_minute)
                    value=draft.requests_per_minute
                    unset=t_signal!(i18n, keys.form.unlimited)
                    error=errors.at("key-requests-per-minute")
                />
                <NumberField
                    id="key-max-concurrency"
                    label=t_signal!(i18n, keys.form.max_concurrency)
                    value=draft.max_concurrency
                    unset=t_signal!(i18n, keys.form.unlimited)
                    error=errors.at("key-max-concurrency")
                />
            </div>
            <p class="hint">{t!(i18n, keys.form.limits_hint)}</p>
        </fieldset>
    }
}
