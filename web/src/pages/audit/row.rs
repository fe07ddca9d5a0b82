//! One record, and below it, once it is opened, what was before and after.

use leptos::prelude::*;
use leptos_router::components::A;
use understudy_shared::{AuditAction, AuditActorKind, AuditOutcome, AuditRecord};

use super::changes::Details;
use crate::browser;
use crate::components::badge::{Badge, Tone};
use crate::components::icon::{Glyph, Icon};
use crate::components::section::Cell;
use crate::components::time::Ago;
use crate::i18n::{t_signal, t_string, use_i18n, words};
use crate::listing::Shown;

/// The row. A record never changes.
#[component]
pub fn RecordRow(
    /// The record.
    record: AuditRecord,
    /// What of the log is shown, for links that narrow it down.
    shown: Shown,
) -> impl IntoView {
    let i18n = use_i18n();
    let open = RwSignal::new(false);
    let details_id = format!("details-{}", record.id);
    let at = record.at;
    let exact = move || browser::local_time(at, i18n.get_locale().as_ref());
    let action = AuditAction::read(&record.action);
    let raw = record.action.clone();
    let done = move || match action {
        Some(action) => words::audit_action(i18n, action).to_owned(),
        // Of a later version.
        None => raw.clone(),
    };
    let kind = record.target.kind.clone();
    let target_kind = move || words::audit_target(i18n, &kind);
    let target_name = record.target.name.clone();
    let target_id = record.target.id;
    let target = move || {
        let name = target_name.clone();
        match (target_id, name) {
            (Some(id), name) => {
                let href = Memo::new(move |_| shown.related("target", &id.to_string()));
                let text = name.unwrap_or_else(|| id.to_string());
                view! {
                    <A href=move || href.get() attr:class="row-link" attr:data-action="only-target">
                        <span class="cut" data-tip-cut="">{text}</span>
                    </A>
                }
                .into_any()
            }
            (None, name) => view! { <span class="cut" data-tip-cut="">{name}</span> }.into_any(),
        }
    };
    let details = StoredValue::new(record.clone());
    let label = Signal::derive(move || {
        if open.get() {
            t_string!(i18n, audit.hide_details)
        } else {
            t_string!(i18n, audit.show_details)
        }
        .to_owned()
    });
    let controls = details_id.clone();
    let outcome = record.outcome;
    let (id, name) = (record.id.to_string(), record.action.clone());
    let whose = record.clone();
    view! {
        <tr
            role="row"
            data-id=id
            data-action-name=name
            data-outcome=outcome.as_str()
        >
            <th role="rowheader" scope="row" data-column="at">
                <time datetime=at.to_rfc3339()>{exact}</time>
                <span class="minor"><Ago at=Signal::stored(at) /></span>
            </th>
            <Cell column="actor" label=t_signal!(i18n, audit.columns.actor)>
                <Actor record=whose shown />
            </Cell>
            <Cell column="action" label=t_signal!(i18n, audit.columns.action)>
                <span class="strong">{done}</span>
            </Cell>
            <Cell column="target" label=t_signal!(i18n, audit.columns.target)>
                <span class="audit-target">
                    {target}
                    <span class="minor">{target_kind}</span>
                </span>
            </Cell>
            <Cell column="outcome" label=t_signal!(i18n, audit.columns.outcome)>
                <Outcome outcome />
            </Cell>
            <Cell column="actions" label=Signal::derive(String::new)>
                <div class="row-actions">
                    <button
                        type="button"
                        class="button quiet square small"
                        data-action="details"
                        data-tip=move || label.get()
                        aria-label=move || label.get()
                        aria-expanded=move || open.get().to_string()
                        aria-controls=controls
                        on:click=move |_| open.update(|open| *open = !*open)
                    >
                        <Glyph icon=Signal::derive(move || {
                            if open.get() { Icon::ChevronDown } else { Icon::ChevronRight }
                        }) />
                    </button>
                </div>
            </Cell>
        </tr>
        <tr role="row" class="audit-details" id=details_id hidden=move || !open.get()>
            <td role="cell" colspan="6">
                <Show when=move || open.get()>
                    <Details record=details.get_value() />
                </Show>
            </td>
        </tr>
    }
}

/// Who it was, and from where.
#[component]
fn Actor(record: AuditRecord, shown: Shown) -> impl IntoView {
    let i18n = use_i18n();
    let actor = record.actor;
    let kind = actor.kind;
    let icon = match kind {
        AuditActorKind::User => Icon::Person,
        AuditActorKind::ApiKey => Icon::Key,
        AuditActorKind::Command => Icon::Screen,
        AuditActorKind::Service => Icon::Mask,
        AuditActorKind::Anonymous => Icon::Question,
    };
    let name = match (actor.id, actor.name) {
        (Some(id), name) => {
            let href = Memo::new(move |_| shown.related("actor", &id.to_string()));
            let text = name.unwrap_or_else(|| id.to_string());
            view! {
                <A href=move || href.get() attr:class="row-link" attr:data-action="only-actor">
                    <span class="cut" data-tip-cut="">{text}</span>
                </A>
            }
            .into_any()
        }
        (None, Some(name)) => view! { <span class="cut" data-tip-cut="">{name}</span> }.into_any(),
        (None, None) => view! { <span>{move || words::audit_actor(i18n, kind)}</span> }.into_any(),
    };
    view! {
        <span class="audit-actor" data-kind=kind.as_str()>
            <span class="audit-kind" data-tip=move || words::audit_actor(i18n, kind)>
                <Glyph icon />
            </span>
            {name}
            {record.address.map(|address| view! { <code class="minor">{address}</code> })}
        </span>
    }
}

#[component]
fn Outcome(outcome: AuditOutcome) -> impl IntoView {
    let i18n = use_i18n();
    let (tone, icon) = match outcome {
        AuditOutcome::Success => (Tone::Ok, Icon::Check),
        AuditOutcome::Failure => (Tone::Bad, Icon::Cross),
        AuditOutcome::Denied => (Tone::Warn, Icon::Ban),
    };
    let word = Signal::derive(move || words::audit_outcome(i18n, outcome).to_owned());
    view! { <Badge tone icon word /> }
}
