//! What a file would change, as a list; and what is wrong with it, line by line.

use leptos::prelude::*;
use understudy_shared::{ConfigPlan, FieldError, PlannedAction, PlannedChange, PlannedKind};

use crate::api::ApiError;
use crate::components::badge::{Badge, Tone};
use crate::components::changes::ChangesTable;
use crate::components::icon::Icon;
use crate::components::notice::{ErrorNotice, Notice};
use crate::i18n::{t, t_string, use_i18n, words};

/// The plan.
#[component]
pub fn Plan(
    /// The plan.
    plan: ConfigPlan,
) -> impl IntoView {
    let i18n = use_i18n();
    let counts = plan.counts;
    let numbers = move || {
        let (create, update) = (counts.create, counts.update);
        let (delete, unchanged) = (counts.delete, counts.unchanged);
        t_string!(
            i18n,
            settings.config.counts,
            create,
            update,
            delete,
            unchanged
        )
    };
    let lines = plan.changes.into_iter();
    let lines = lines.map(|change| view! { <Line change /> }).collect_view();
    view! {
        <p class="config-counts" role="status">{numbers}</p>
        <ul class="config-plan">{lines}</ul>
    }
}

#[component]
fn Line(change: PlannedChange) -> impl IntoView {
    let i18n = use_i18n();
    let PlannedChange {
        action,
        kind,
        name,
        changes,
    } = change;
    let label = name.clone();
    let (tone, icon, id) = match action {
        PlannedAction::Create => (Tone::Ok, Icon::Plus, "create"),
        PlannedAction::Update => (Tone::Warn, Icon::Pencil, "update"),
        PlannedAction::Delete => (Tone::Bad, Icon::Trash, "delete"),
    };
    let word = Signal::derive(move || {
        let word = match action {
            PlannedAction::Create => t_string!(i18n, settings.config.create),
            PlannedAction::Update => t_string!(i18n, settings.config.update),
            PlannedAction::Delete => t_string!(i18n, settings.config.delete),
        };
        word.to_owned()
    });
    let kind = move || match kind {
        PlannedKind::ModelInstance => t_string!(i18n, settings.config.instance),
        PlannedKind::ModelGroup => t_string!(i18n, settings.config.group),
        PlannedKind::Assistant => t_string!(i18n, settings.config.assistant),
    };
    view! {
        <li data-action=id data-name=label>
            <details>
                <summary>
                    <Badge tone icon word />
                    <span class="minor">{kind}</span>
                    <strong>{name}</strong>
                </summary>
                <ChangesTable changes />
            </details>
        </li>
    }
}

/// Why there is no plan: the faults of the file with their lines, or what else went wrong.
#[component]
pub fn Refusal(
    /// What the service said.
    error: ApiError,
) -> impl IntoView {
    let i18n = use_i18n();
    let faults = error.problem().map(|problem| problem.errors.clone());
    let faults = faults.unwrap_or_default();
    if faults.is_empty() {
        return view! { <ErrorNotice error /> }.into_any();
    }
    let fault = move |error: FieldError| {
        let (line, path) = (error.line, error.path());
        let text = move || words::rule(i18n, &error);
        view! {
            <li>
                {line.map(|line| {
                    view! { <strong>{move || t_string!(i18n, settings.config.line, line)}</strong> " " }
                })}
                <code>{path}</code>
                " "
                {text}
            </li>
        }
    };
    view! {
        <Notice tone=Tone::Bad title=Signal::derive(move || t_string!(i18n, settings.config.faults).to_owned())>
            <ul class="config-faults">{faults.into_iter().map(fault).collect_view()}</ul>
            <p>{t!(i18n, settings.config.nothing_changed)}</p>
        </Notice>
    }
    .into_any()
}
