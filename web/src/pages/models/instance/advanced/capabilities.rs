//! What the instance can do.

use leptos::prelude::*;
use understudy_shared::Capability;

use super::super::form::Form;
use crate::components::form::{Check, Folded, FormErrors, NumberField, Select, SelectOption};
use crate::i18n::{t, t_signal, t_string, use_i18n};

/// What the backend can do.
#[component]
pub fn CapabilityFields(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let filled = |text: RwSignal<String>| text.with(|text| !text.trim().is_empty());
    let yes_no = move |value: RwSignal<String>, yes: &str, no: &str| {
        value.with(|value| match value.as_str() {
            "yes" => Some(yes.to_owned()),
            "no" => Some(no.to_owned()),
            _ => None,
        })
    };
    let parts = Memo::new(move |_| {
        let endpoints = form.endpoints.with(|endpoints| {
            let names: Vec<&str> = Capability::ALL
                .into_iter()
                .filter(|own| endpoints.contains(own))
                .map(Capability::name)
                .collect();
            (!names.is_empty()).then(|| names.join(", "))
        });
        let context = filled(form.context_length).then(|| {
            t_string!(
                i18n,
                instance.capabilities.context_short,
                count = form.context_length.get()
            )
        });
        let dimensions = filled(form.embedding_dimensions).then(|| {
            t_string!(
                i18n,
                instance.capabilities.dimensions_short,
                count = form.embedding_dimensions.get()
            )
        });
        let vision = yes_no(
            form.vision,
            t_string!(i18n, instance.capabilities.sees),
            t_string!(i18n, instance.capabilities.blind),
        );
        let tools = yes_no(
            form.tools,
            t_string!(i18n, instance.capabilities.calls),
            t_string!(i18n, instance.capabilities.no_calls),
        );
        [endpoints, context, vision, tools, dimensions]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
    });
    let changed = Signal::derive(move || parts.with(|parts| !parts.is_empty()));
    let summary = Signal::derive(move || {
        if changed.get() {
            parts.get().join(" · ")
        } else {
            t_string!(i18n, instance.capabilities.nothing).to_owned()
        }
    });
    let boxes = Capability::ALL
        .into_iter()
        .map(|own| {
            let (name, path) = (own.name(), own.path());
            let checked = RwSignal::new(false);
            // The list is the truth; the box follows it and changes it.
            Effect::new(move || {
                let now = form.endpoints.with(|endpoints| endpoints.contains(&own));
                if checked.get_untracked() != now {
                    checked.set(now);
                }
            });
            Effect::new(move |before: Option<bool>| {
                let now = checked.get();
                if before.is_some_and(|before| before != now) {
                    form.endpoints.update(|endpoints| {
                        endpoints.retain(|endpoint| *endpoint != own);
                        if now {
                            endpoints.push(own);
                        }
                        endpoints.sort();
                    });
                }
                now
            });
            view! {
                <Check id=format!("capabilities-{name}") label=Signal::derive(move || path.to_owned()) value=checked />
            }
        })
        .collect_view();
    let options = move || {
        vec![
            SelectOption {
                value: "",
                label: t_signal!(i18n, instance.capabilities.unknown),
            },
            SelectOption {
                value: "yes",
                label: t_signal!(i18n, instance.capabilities.yes),
            },
            SelectOption {
                value: "no",
                label: t_signal!(i18n, instance.capabilities.no),
            },
        ]
    };
    view! {
        <Folded id="capabilities" title=t_signal!(i18n, instance.capabilities.title) summary changed>
            <p class="hint">{t!(i18n, instance.capabilities.hint)}</p>
            <fieldset class="boxes" id="capabilities-endpoints" tabindex="-1">
                <legend>{t!(i18n, instance.capabilities.endpoints)}</legend>
                <div class="box-grid code">{boxes}</div>
            </fieldset>
            <div class="field-row">
                <NumberField
                    id="capabilities-context-length"
                    label=t_signal!(i18n, instance.capabilities.context)
                    value=form.context_length
                    unset=Signal::derive(move || t_string!(i18n, instance.capabilities.unknown).to_owned())
                    error=errors.at("capabilities-context-length")
                />
                <NumberField
                    id="capabilities-embedding-dimensions"
                    label=t_signal!(i18n, instance.capabilities.dimensions)
                    value=form.embedding_dimensions
                    unset=Signal::derive(move || t_string!(i18n, instance.capabilities.unknown).to_owned())
                    error=errors.at("capabilities-embedding-dimensions")
                />
                <Select
                    id="capabilities-vision"
                    label=t_signal!(i18n, instance.capabilities.vision)
                    value=form.vision
                    options=options()
                />
                <Select
                    id="capabilities-tools"
                    label=t_signal!(i18n, instance.capabilities.tools)
                    value=form.tools
                    options=options()
                />
            </div>
        </Folded>
    }
}
