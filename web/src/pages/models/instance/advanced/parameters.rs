//! What the instance does to the parameters of requests.

use leptos::prelude::*;

use super::super::draft::Draft;
use super::super::form::Form;
use crate::components::form::{Folded, FormErrors, KeyValueEditor, TextField};
use crate::i18n::{t, t_signal, t_string, use_i18n};

/// What is changed in the body of a request.
#[component]
pub fn ParameterFields(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
    /// What the form means.
    draft: Memo<Draft>,
) -> impl IntoView {
    let i18n = use_i18n();
    let counts = Memo::new(move |_| {
        let parameters = draft.with(|draft| draft.read().0.parameters);
        (
            parameters.defaults.len(),
            parameters.overrides.len(),
            parameters.strip.len(),
        )
    });
    let summary = Signal::derive(move || {
        let (defaults, overrides, strip) = counts.get();
        let part = |count: usize, text: String| (count > 0).then_some(text);
        let parts: Vec<String> = [
            part(
                defaults,
                t_string!(i18n, instance.parameters.defaults_count, count = defaults),
            ),
            part(
                overrides,
                t_string!(i18n, instance.parameters.overrides_count, count = overrides),
            ),
            part(
                strip,
                t_string!(i18n, instance.parameters.strip_count, count = strip),
            ),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() {
            t_string!(i18n, instance.parameters.nothing).to_owned()
        } else {
            parts.join(" · ")
        }
    });
    view! {
        <Folded
            id="parameters"
            title=t_signal!(i18n, instance.parameters.title)
            summary
            changed=Signal::derive(move || counts.get() != (0, 0, 0))
        >
            <p class="hint">{t!(i18n, instance.parameters.order)}</p>
            <KeyValueEditor
                id="parameters-defaults"
                label=t_signal!(i18n, instance.parameters.defaults)
                hint=t_signal!(i18n, instance.parameters.defaults_hint)
                pairs=form.defaults
                example=("temperature", "0.2")
                errors
            />
            <KeyValueEditor
                id="parameters-overrides"
                label=t_signal!(i18n, instance.parameters.overrides)
                hint=t_signal!(i18n, instance.parameters.overrides_hint)
                pairs=form.overrides
                example=("max_tokens", "4096")
                errors
            />
            <TextField
                id="parameters-strip"
                label=t_signal!(i18n, instance.parameters.strip)
                hint=t_signal!(i18n, instance.parameters.strip_hint)
                value=form.strip
                placeholder=t_signal!(i18n, instance.parameters.strip_example)
                error=errors.at("parameters-strip")
                code=true
            />
        </Folded>
    }
}
