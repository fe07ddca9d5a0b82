//! Description and labels.

use leptos::prelude::*;

use super::super::form::Form;
use crate::components::form::{Folded, FormErrors, KeyValueEditor, TextArea};
use crate::i18n::{t_signal, t_string, use_i18n};

/// Description and labels.
#[component]
pub fn About(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let labels = Memo::new(move |_| {
        form.labels
            .typed()
            .object(form.labels.values)
            .map_or(0, |labels| labels.len())
    });
    let changed = Memo::new(move |_| labels.get() > 0 || !form.description.with(String::is_empty));
    let summary = Signal::derive(move || {
        if !changed.get() {
            return t_string!(i18n, instance.about.nothing).to_owned();
        }
        let description = form
            .description
            .with(|text| text.lines().next().unwrap_or_default().to_owned());
        let count = labels.get();
        let labels = (count > 0).then(|| t_string!(i18n, instance.about.labels, count));
        [Some(description).filter(|text| !text.is_empty()), labels]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" · ")
    });
    view! {
        <Folded id="about" title=t_signal!(i18n, instance.about.title) summary changed>
            <TextArea
                id="description"
                label=t_signal!(i18n, instance.about.description)
                value=form.description
                rows=2
                error=errors.at("description")
            />
            <KeyValueEditor
                id="labels"
                label=t_signal!(i18n, instance.about.labels_title)
                hint=t_signal!(i18n, instance.about.labels_hint)
                pairs=form.labels
                example=("site", "berlin")
                errors
            />
        </Folded>
    }
}
