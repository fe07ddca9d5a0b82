//! What a plan shows of a change: that of the audit log without ids, which mean nothing in a file; and the plan as lines of text.

use std::fmt::Write as _;

use serde_json::Value;
use understudy_shared::{ConfigPlan, PlannedAction, PlannedCounts, PlannedKind};

use crate::domain::changes::Changes;

/// Characters of a value that a line shows.
const SHOWN: usize = 100;

/// The changes of a resource without ids.
pub fn shown(mut changes: Changes) -> Changes {
    // Of assistants: a file has the group's name, only shared ones, and nobody's.
    changes.retain(|name, _| !matches!(name.as_str(), "group_id" | "visibility" | "owner_id"));
    for (name, change) in &mut changes {
        if matches!(name.as_str(), "tokens" | "headers" | "proxies" | "members") {
            without_ids(&mut change.before);
            without_ids(&mut change.after);
        }
    }
    changes
}

fn without_ids(list: &mut Value) {
    let items = list.as_array_mut().into_iter().flatten();
    for item in items.filter_map(Value::as_object_mut) {
        item.remove("id");
        item.remove("instance_id");
    }
}

/// A plan for people.
pub fn text(plan: &ConfigPlan) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        let (sign, verb) = match change.action {
            PlannedAction::Create => ('+', "create"),
            PlannedAction::Update => ('~', "change"),
            PlannedAction::Delete => ('-', "delete"),
        };
        let kind = match change.kind {
            PlannedKind::ModelInstance => "instance",
            PlannedKind::ModelGroup => "group",
            PlannedKind::Assistant => "assistant",
        };
        let _ = writeln!(text, "{sign} {verb} {kind} {:?}", change.name);
        if change.action == PlannedAction::Delete {
            continue;
        }
        for (field, change) in &change.changes {
            let after = value(&change.after);
            let _ = if change.before.is_null() {
                writeln!(text, "    {field}: {after}")
            } else {
                writeln!(text, "    {field}: {} -> {after}", value(&change.before))
            };
        }
    }
    let PlannedCounts {
        create,
        update,
        delete,
        unchanged,
    } = plan.counts;
    let _ = if plan.is_empty() {
        writeln!(text, "No changes: {unchanged} as in the file already.")
    } else if plan.applied {
        writeln!(
            text,
            "Applied: {create} created, {update} changed, {delete} deleted, {unchanged} unchanged."
        )
    } else {
        writeln!(
            text,
            "Plan: {create} to create, {update} to change, {delete} to delete, {unchanged} unchanged."
        )
    };
    text
}

/// A value in one line: JSON without what would take over a terminal, cut where nobody reads on.
fn value(value: &Value) -> String {
    if value.is_null() {
        return "(none)".to_owned();
    }
    let text = value.to_string();
    let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut shown: String = text.chars().take(SHOWN).map(printable).collect();
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}
