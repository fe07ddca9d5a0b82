//! The fields of a group that stand by themselves: its names, its strategy, its limits.

use std::collections::HashSet;

use leptos::html::Input;
use leptos::prelude::*;
use understudy_shared::InstanceKind;

use super::draft::{Draft, STRATEGIES};
use super::say;
use super::values::{ATTEMPTS, DEADLINE_DECIMALS, DEADLINE_MS};
use crate::components::form::{
    Folded, FormErrors, NumberField, Segment, Segmented, Switch, TextArea, TextField, number,
};
use crate::components::form_page::FormSection;
use crate::components::icon::Icon;
use crate::components::suggested_name::suggest_name;
use crate::i18n::{t, t_string, use_i18n, words};

/// Names, description, whether it is on.
#[component]
pub fn Names(
    /// The group.
    draft: Draft,
    /// The faults of the form.
    errors: FormErrors,
    /// The name under which it is saved; empty if it is new.
    #[prop(into)]
    saved_name: Signal<String>,
    /// Names that other groups have, in lower case.
    #[prop(into)]
    taken: Signal<HashSet<String>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let first = NodeRef::<Input>::new();
    let is_new = Signal::derive(move || saved_name.with(String::is_empty));
    let follows = suggest_name(draft.title, draft.name, is_new, taken);
    Effect::new(move |_| {
        if let Some(input) = first.get()
            && saved_name.with_untracked(String::is_empty)
        {
            // After the page itself has taken the focus.
            request_animation_frame(move || {
                let _ = input.focus();
            });
        }
    });
    let name_hint = Signal::derive(move || {
        let saved = saved_name.get();
        let name = draft.name.get();
        if !saved.is_empty() && name.trim() != saved {
            t_string!(i18n, group.field.name_renamed, name = saved)
        } else if follows.get() && !name.is_empty() {
            t_string!(i18n, group.field.name_suggested).to_owned()
        } else {
            t_string!(i18n, group.field.name_hint).to_owned()
        }
    });
    let string =
        move |text: fn(words::Words) -> &'static str| Signal::derive(move || text(i18n).to_owned());
    view! {
        <section class="form-section" id="names" aria-label=string(|i18n| t_string!(i18n, group.field.title))>
            <div class="form-fields">
                <div class="form-row">
                    <TextField
                        id="title"
                        label=string(|i18n| t_string!(i18n, group.field.title))
                        value=draft.title
                        hint=string(|i18n| t_string!(i18n, group.field.title_hint))
                        placeholder=string(|i18n| t_string!(i18n, group.field.title_example))
                        error=errors.at("title")
                        node=first
                    />
                    <TextField
                        id="name"
                        label=string(|i18n| t_string!(i18n, group.field.name))
                        value=draft.name
                        hint=name_hint
                        error=errors.at("name")
                        required=true
                        code=true
                    />
                </div>
                <TextArea
                    id="description"
                    label=string(|i18n| t_string!(i18n, group.field.description))
                    value=draft.description
                    rows=2
                    hint=string(|i18n| t_string!(i18n, group.field.description_hint))
                    error=errors.at("description")
                />
                <Switch
                    id="enabled"
                    label=string(|i18n| t_string!(i18n, group.field.enabled))
                    value=draft.enabled
                    hint=string(|i18n| t_string!(i18n, group.field.enabled_hint))
                />
            </div>
        </section>
    }
}

/// How the instance that answers is chosen.
#[component]
pub fn StrategySection(
    /// The group.
    draft: Draft,
    /// The faults of the form.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let icons = [Icon::Ordered, Icon::Scale, Icon::Gauge, Icon::Zap];
    let segments = STRATEGIES
        .into_iter()
        .zip(icons)
        .map(|(strategy, icon)| Segment {
            value: strategy.as_str(),
            icon: Some(icon),
            title: Signal::derive(move || say::strategy(i18n, strategy).to_owned()),
            text: Signal::derive(move || say::strategy_text(i18n, strategy).to_owned()),
        })
        .collect();
    let title = Signal::derive(move || t_string!(i18n, group.field.strategy).to_owned());
    view! {
        <FormSection id="strategy-section" title>
            <Segmented id="strategy" label=title value=draft.strategy segments bare=true error=errors.at("strategy") />
        </FormSection>
    }
}

/// What most people leave as it is.
#[component]
pub fn Limits(
    /// The group.
    draft: Draft,
    /// The faults of the form.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let changed = Memo::new(move |_| {
        let typed = |field: RwSignal<String>| field.with(|text| !text.trim().is_empty());
        [
            (typed(draft.max_attempts), "max_attempts"),
            (typed(draft.deadline), "deadline_ms"),
            (draft.kinds.iter().any(|kind| !kind.get()), "allowed_kinds"),
        ]
        .into_iter()
        .filter_map(|(changed, field)| changed.then_some(field))
        .collect::<Vec<_>>()
    });
    let summary = Signal::derive(move || {
        let changed = changed.get();
        if changed.is_empty() {
            let deadline = number::format(DEADLINE_MS, DEADLINE_DECIMALS);
            return t_string!(i18n, group.limits.default, attempts = ATTEMPTS, deadline);
        }
        let what = changed
            .into_iter()
            .map(|field| say::label(i18n, field).to_lowercase())
            .collect::<Vec<_>>()
            .join(", ");
        t_string!(i18n, group.limits.changed, what)
    });
    let string =
        move |text: fn(words::Words) -> &'static str| Signal::derive(move || text(i18n).to_owned());
    let kinds = InstanceKind::ALL
        .into_iter()
        .zip(draft.kinds)
        .map(|(kind, allowed)| {
            view! {
                <label class="check">
                    <input
                        type="checkbox"
                        id=format!("allowed-kinds-{}", kind.as_str())
                        prop:checked=allowed
                        on:change:target=move |event| allowed.set(event.target().checked())
                    />
                    <span>{move || words::kind(i18n, kind)}</span>
                </label>
            }
        })
        .collect_view();
    let kinds_error = errors.at("allowed-kinds");
    view! {
        <div class="form-section">
            <Folded
                id="limits"
                title=string(|i18n| t_string!(i18n, group.limits.title))
                summary
                changed=Signal::derive(move || changed.with(|changed| !changed.is_empty()))
            >
                <div class="form-row">
                    <NumberField
                        id="max-attempts"
                        label=string(|i18n| t_string!(i18n, group.field.max_attempts))
                        value=draft.max_attempts
                        default=ATTEMPTS
                        hint=string(|i18n| t_string!(i18n, group.field.max_attempts_hint))
                        error=errors.at("max-attempts")
                    />
                    <NumberField
                        id="deadline-ms"
                        label=string(|i18n| t_string!(i18n, group.field.deadline))
                        value=draft.deadline
                        default=DEADLINE_MS
                        decimals=DEADLINE_DECIMALS
                        unit=string(|i18n| t_string!(i18n, group.unit.seconds))
                        hint=string(|i18n| t_string!(i18n, group.field.deadline_hint))
                        error=errors.at("deadline-ms")
                    />
                </div>
                <fieldset
                    class="kinds"
                    id="allowed-kinds"
                    tabindex="-1"
                    aria-describedby="allowed-kinds-hint allowed-kinds-error"
                >
                    <legend>{t!(i18n, group.field.allowed_kinds)}</legend>
                    {kinds}
                    <p id="allowed-kinds-error" class="field-error">{kinds_error}</p>
                    <p id="allowed-kinds-hint" class="hint">{t!(i18n, group.field.allowed_kinds_hint)}</p>
                </fieldset>
            </Folded>
        </div>
    }
}
