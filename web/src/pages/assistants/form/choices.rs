//! What there is to choose from, and how values are called.

use leptos::prelude::*;
use serde_json::Value;
use understudy_shared::{Assistant, ModelGroup, Visibility};

use crate::components::conflict::FieldValue;
use crate::components::form::{Choice, Segment};
use crate::components::icon::Icon;
use crate::i18n::words::Words;
use crate::i18n::{t_signal, t_string, use_i18n};
use crate::live::use_live;
use crate::load::Load;
use crate::pages::dialogs::targets::{now, of_group};
use crate::pages::dialogs::words as say;

/// The groups, with how they are. One that cannot answer now can still be chosen: it may be back tomorrow.
pub fn group_choices(
    groups: Load<Vec<ModelGroup>>,
    saved: RwSignal<Option<Assistant>>,
) -> Signal<Vec<Choice>> {
    let i18n = use_i18n();
    let live = use_live();
    Signal::derive(move || {
        let since = groups.asked_at();
        let choice = |group: &ModelGroup| {
            let known = of_group(group, group.status.available);
            let availability = now(live, known, Some(group.id), since);
            let state = say::availability(i18n, availability);
            let detail = if group.title == group.name {
                state.to_owned()
            } else {
                format!("{} · {state}", group.name)
            };
            Choice {
                value: group.id.to_string(),
                label: group.title.clone(),
                detail,
                disabled: false,
            }
        };
        let known = groups.with(|groups| groups.iter().map(choice).collect());
        // Until they are read, the one that is chosen has its name all the same.
        known.unwrap_or_else(|| {
            let group = saved.with(|saved| saved.as_ref()?.group.clone());
            let chosen = group.map(|group| Choice {
                value: group.id.to_string(),
                label: group.title,
                detail: group.name,
                disabled: false,
            });
            chosen.into_iter().collect()
        })
    })
}

pub fn segments(i18n: Words) -> Vec<Segment> {
    vec![
        Segment {
            value: "private",
            icon: Some(Icon::Lock),
            title: t_signal!(i18n, assistants.visibility.private),
            text: t_signal!(i18n, assistants.visibility.private_text),
        },
        Segment {
            value: "shared",
            icon: Some(Icon::People),
            title: t_signal!(i18n, assistants.visibility.shared),
            text: t_signal!(i18n, assistants.visibility.shared_text),
        },
    ]
}

pub fn label(i18n: Words, field: &str) -> String {
    match field {
        "title" => t_string!(i18n, assistants.field.title),
        "name" => t_string!(i18n, assistants.field.name),
        "description" => t_string!(i18n, assistants.field.description),
        "group_id" => t_string!(i18n, assistants.field.group),
        "system_prompt" => t_string!(i18n, assistants.field.prompt),
        "parameters" => t_string!(i18n, assistants.field.parameters),
        "visibility" => t_string!(i18n, assistants.field.visibility),
        other => return other.to_owned(),
    }
    .to_owned()
}

pub fn value_in_words(i18n: Words, value: &FieldValue, groups: &[ModelGroup]) -> String {
    let FieldValue { field, value } = value;
    match (field.as_str(), value) {
        ("visibility", Value::String(name)) if name == Visibility::Shared.as_str() => {
            t_string!(i18n, assistants.visibility.shared).to_owned()
        }
        ("visibility", _) => t_string!(i18n, assistants.visibility.private).to_owned(),
        ("group_id", Value::String(id)) => groups
            .iter()
            .find(|group| group.id.to_string() == *id)
            .map_or_else(|| id.clone(), |group| group.title.clone()),
        ("parameters", Value::Object(parameters)) => parameters
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect::<Vec<_>>()
            .join("\n"),
        (_, Value::String(text)) => text.clone(),
        _ => String::new(),
    }
}
