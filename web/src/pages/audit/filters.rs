//! What the log is narrowed by.

use leptos::prelude::*;
use understudy_shared::{AuditAction, AuditActorKind, AuditOutcome};

use super::SECTION;
use crate::components::table::{Chip, Choice, FilterSelect};
use crate::i18n::words::{self, Words};
use crate::i18n::{t_signal, use_i18n};
use crate::listing::{ListTools, Shown, Step};

/// The actions, each noun before what is done to it.
fn actions(i18n: Words) -> Vec<Choice> {
    let mut choices: Vec<Choice> = Vec::new();
    let mut noun = "";
    for action in AuditAction::ALL.iter().copied() {
        if action.noun() != noun {
            noun = action.noun();
            if let Some(all) = words::audit_noun(noun) {
                choices.push(Choice {
                    value: all,
                    label: Signal::derive(move || words::audit_all(i18n, action)),
                });
            }
        }
        choices.push(Choice {
            value: action.as_str(),
            // Below its noun.
            label: Signal::derive(move || {
                format!("\u{a0}\u{a0}{}", words::audit_action(i18n, action))
            }),
        });
    }
    choices
}

/// The search and the filters.
#[component]
pub fn Filters(
    /// What of the log is shown.
    shown: Shown,
) -> impl IntoView {
    let i18n = use_i18n();
    let (action, set_action) = shown.filter("action");
    let (kind, set_kind) = shown.filter("actor_kind");
    let (outcome, set_outcome) = shown.filter("outcome");
    let kinds = AuditActorKind::ALL
        .map(|kind| Choice::new(kind.as_str(), move || words::audit_actor(i18n, kind)));
    let outcomes = AuditOutcome::ALL.map(|outcome| {
        Choice::new(outcome.as_str(), move || {
            words::audit_outcome(i18n, outcome)
        })
    });
    view! {
        <ListTools shown section=SECTION label=t_signal!(i18n, audit.search)>
            <FilterSelect
                name="action"
                label=t_signal!(i18n, audit.columns.action)
                any=t_signal!(i18n, audit.any_action)
                choices=actions(i18n)
                value=action
                on_change=set_action
            />
            <FilterSelect
                name="actor_kind"
                label=t_signal!(i18n, audit.columns.actor)
                any=t_signal!(i18n, audit.any_actor)
                choices=kinds.to_vec()
                value=kind
                on_change=set_kind
            />
            <FilterSelect
                name="outcome"
                label=t_signal!(i18n, audit.columns.outcome)
                any=t_signal!(i18n, audit.any_outcome)
                choices=outcomes.to_vec()
                value=outcome
                on_change=set_outcome
            />
            <Day shown name="from" label=t_signal!(i18n, audit.from) />
            <Day shown name="to" label=t_signal!(i18n, audit.to) />
            <Related shown name="actor" text=t_signal!(i18n, audit.only_actor) />
            <Related shown name="target" text=t_signal!(i18n, audit.only_target) />
        </ListTools>
    }
}

/// A day, the first or the last.
#[component]
fn Day(shown: Shown, name: &'static str, label: Signal<String>) -> impl IntoView {
    let (value, _) = shown.filter(name);
    // While a day is being typed it is none for a moment, which must not empty the field.
    let change = move |day: String| {
        let day = (!day.is_empty()).then_some(day);
        shown.change(Step::Push, |state| state.set_filter(name, day.as_deref()));
    };
    view! {
        <label class="filter-day">
            <span>{label}</span>
            <input
                type="date"
                class="input"
                data-filter=name
                prop:value=move || value.get().unwrap_or_default()
                on:change:target=move |event| change(event.target().value())
            />
        </label>
    }
}

/// What a link in a record narrowed the log to.
#[component]
fn Related(shown: Shown, name: &'static str, text: Signal<String>) -> impl IntoView {
    let (value, set) = shown.filter(name);
    let is_set = Memo::new(move |_| value.with(Option::is_some));
    view! {
        <Show when=move || is_set.get()>
            <Chip name=name text on_remove=move |()| set.run(None) />
        </Show>
    }
}
