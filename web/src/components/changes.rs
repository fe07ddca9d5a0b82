//! The fields of a resource before and after a change.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde_json::Value;
use understudy_shared::AuditChange;

use crate::i18n::words::Words;
use crate::i18n::{t, t_string, use_i18n};

/// A value as a person reads it: text as it is, anything larger as JSON with a line for each part.
fn say(i18n: Words, value: &Value) -> String {
    match value {
        Value::Null => t_string!(i18n, audit.nothing).to_owned(),
        Value::Bool(true) => t_string!(i18n, audit.yes).to_owned(),
        Value::Bool(false) => t_string!(i18n, audit.no).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.is_empty() => t_string!(i18n, audit.nothing).to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => t_string!(i18n, audit.nothing).to_owned(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

/// The table of the fields.
#[component]
pub fn ChangesTable(
    /// The fields that differ.
    changes: BTreeMap<String, AuditChange>,
) -> impl IntoView {
    let i18n = use_i18n();
    let lines = changes
        .into_iter()
        .map(|(field, change)| {
            let (before, after) = (change.before, change.after);
            let name = field.clone();
            let (had, has) = (!before.is_null(), !after.is_null());
            view! {
                <tr role="row" data-field=name>
                    <th role="rowheader" scope="row">
                        <code>{field}</code>
                    </th>
                    <td role="cell" class="was" data-label=move || t_string!(i18n, audit.before) data-set=had.to_string()>
                        <code>{move || say(i18n, &before)}</code>
                    </td>
                    <td role="cell" class="now" data-label=move || t_string!(i18n, audit.after) data-set=has.to_string()>
                        <code>{move || say(i18n, &after)}</code>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table role="table" class="changes-table" aria-label=move || t_string!(i18n, audit.changes)>
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">{t!(i18n, audit.field)}</th>
                    <th role="columnheader" scope="col">{t!(i18n, audit.before)}</th>
                    <th role="columnheader" scope="col">{t!(i18n, audit.after)}</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{lines}</tbody>
        </table>
    }
}
