//! What a record says in full: every field before and after, and how to find it in the service's log.

use leptos::prelude::*;
use understudy_shared::AuditRecord;

use crate::components::changes::ChangesTable;
use crate::i18n::words::Words;
use crate::i18n::{t, t_string, use_i18n};

/// The details of a record.
#[component]
pub fn Details(
    /// The record.
    record: AuditRecord,
) -> impl IntoView {
    let i18n = use_i18n();
    let AuditRecord {
        changes,
        request_id,
        actor,
        target,
        ..
    } = record;
    let has_changes = !changes.is_empty();
    let id = move |label: fn(Words) -> &'static str, id: Option<String>| {
        id.map(|id| {
            view! {
                <dt>{move || label(i18n)}</dt>
                <dd>
                    <code>{id}</code>
                </dd>
            }
        })
    };
    view! {
        <div class="changes">
            {if has_changes {
                view! { <ChangesTable changes /> }
                    .into_any()
            } else {
                view! { <p class="minor">{t!(i18n, audit.no_changes)}</p> }.into_any()
            }}
            <dl class="changes-ids">
                {id(|i18n| t_string!(i18n, audit.request_id), request_id)}
                {id(|i18n| t_string!(i18n, audit.actor_id), actor.id.map(|id| id.to_string()))}
                {id(|i18n| t_string!(i18n, audit.target_id), target.id.map(|id| id.to_string()))}
            </dl>
        </div>
    }
}
