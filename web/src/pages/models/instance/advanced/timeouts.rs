//! How long the instance may take.

use leptos::prelude::*;
use understudy_shared::Timeouts;

use super::super::draft::Draft;
use super::super::form::Form;
use crate::components::form::number;
use crate::components::form::{Folded, FormErrors, NumberField};
use crate::i18n::{t_signal, t_string, use_i18n};

/// How long to wait.
#[component]
pub fn TimeoutFields(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
    /// What the form means.
    draft: Memo<Draft>,
) -> impl IntoView {
    let i18n = use_i18n();
    let usual = Timeouts::default();
    let read = Memo::new(move |_| draft.with(|draft| draft.read().0.timeouts));
    let seconds = move |ms: u64| t_string!(i18n, instance.seconds, seconds = number::format(ms, 3));
    let changed = Signal::derive(move || read.get() != usual);
    let summary = Signal::derive(move || {
        let now = read.get();
        let part = |now: u64, usual: u64, name: &str| {
            (now != usual).then(|| format!("{name} {}", seconds(now)))
        };
        let parts: Vec<String> = [
            part(
                now.connect_ms,
                usual.connect_ms,
                t_string!(i18n, instance.timeouts.connect_short),
            ),
            part(
                now.first_byte_ms,
                usual.first_byte_ms,
                t_string!(i18n, instance.timeouts.first_byte_short),
            ),
            part(
                now.idle_ms,
                usual.idle_ms,
                t_string!(i18n, instance.timeouts.idle_short),
            ),
            part(
                now.total_ms,
                usual.total_ms,
                t_string!(i18n, instance.timeouts.total_short),
            ),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() {
            t_string!(i18n, instance.usual).to_owned()
        } else {
            parts.join(" · ")
        }
    });
    let unit = move || t_string!(i18n, instance.second).to_owned();
    let field = move |id: &'static str,
                      label: Signal<String>,
                      hint: Signal<String>,
                      value: RwSignal<String>,
                      usual: u64| {
        view! {
            <NumberField
                id
                label
                hint
                value
                unit=Signal::derive(unit)
                default=usual
                decimals=3
                error=errors.at(id)
            />
        }
    };
    view! {
        <Folded id="timeouts" title=t_signal!(i18n, instance.timeouts.title) summary changed>
            <div class="field-row">
                {field(
                    "timeouts-connect-ms",
                    t_signal!(i18n, instance.timeouts.connect),
                    t_signal!(i18n, instance.timeouts.connect_hint),
                    form.connect,
                    usual.connect_ms,
                )}
                {field(
                    "timeouts-first-byte-ms",
                    t_signal!(i18n, instance.timeouts.first_byte),
                    t_signal!(i18n, instance.timeouts.first_byte_hint),
                    form.first_byte,
                    usual.first_byte_ms,
                )}
                {field(
                    "timeouts-idle-ms",
                    t_signal!(i18n, instance.timeouts.idle),
                    t_signal!(i18n, instance.timeouts.idle_hint),
                    form.idle,
                    usual.idle_ms,
                )}
                {field(
                    "timeouts-total-ms",
                    t_signal!(i18n, instance.timeouts.total),
                    t_signal!(i18n, instance.timeouts.total_hint),
                    form.total,
                    usual.total_ms,
                )}
            </div>
        </Folded>
    }
}
