//! Words of the form of a group that are made of parts.

use chrono::{DateTime, Utc};
use serde_json::Value;
use understudy_shared::{GroupMember, InstanceKind, Strategy};

use super::known::Known;
use crate::components::conflict::FieldValue;
use crate::components::form::number;
use crate::i18n::t_string;
use crate::i18n::words::{self, Words};

/// The name of a strategy.
pub fn strategy(i18n: Words, strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::FirstAvailable => t_string!(i18n, group.strategy.first_available),
        Strategy::Weighted => t_string!(i18n, group.strategy.weighted),
        Strategy::LeastBusy => t_string!(i18n, group.strategy.least_busy),
        Strategy::Fastest => t_string!(i18n, group.strategy.fastest),
    }
}

/// What a strategy does, in a sentence.
pub fn strategy_text(i18n: Words, strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::FirstAvailable => t_string!(i18n, group.strategy.first_available_text),
        Strategy::Weighted => t_string!(i18n, group.strategy.weighted_text),
        Strategy::LeastBusy => t_string!(i18n, group.strategy.least_busy_text),
        Strategy::Fastest => t_string!(i18n, group.strategy.fastest_text),
    }
}

/// What a field is called in the form.
pub fn label(i18n: Words, field: &str) -> String {
    match field {
        "title" => t_string!(i18n, group.field.title),
        "name" => t_string!(i18n, group.field.name),
        "description" => t_string!(i18n, group.field.description),
        "enabled" => t_string!(i18n, group.field.enabled),
        "strategy" => t_string!(i18n, group.field.strategy),
        "members" => t_string!(i18n, group.field.members),
        "max_attempts" => t_string!(i18n, group.field.max_attempts),
        "deadline_ms" => t_string!(i18n, group.field.deadline),
        "allowed_kinds" => t_string!(i18n, group.field.allowed_kinds),
        other => return other.to_owned(),
    }
    .to_owned()
}

/// A value of a field; a list has a line for each item.
pub fn value(i18n: Words, known: Known, value: &FieldValue) -> String {
    let FieldValue { field, value } = value;
    match (field.as_str(), value) {
        ("strategy", value) => read::<Strategy>(value)
            .map(|value| strategy(i18n, value).to_owned())
            .unwrap_or_default(),
        ("members", value) => read::<Vec<GroupMember>>(value)
            .unwrap_or_default()
            .iter()
            .enumerate()
            .map(|(index, one)| format!("{}. {}", index + 1, member(i18n, known, one)))
            .collect::<Vec<_>>()
            .join("\n"),
        ("allowed_kinds", value) => read::<Vec<InstanceKind>>(value)
            .unwrap_or_default()
            .into_iter()
            .map(|kind| words::kind(i18n, kind))
            .collect::<Vec<_>>()
            .join("\n"),
        ("deadline_ms", value) => {
            let seconds = number::format(value.as_u64().unwrap_or_default(), 3);
            t_string!(i18n, group.time.s, count = seconds)
        }
        (_, Value::Bool(true)) => t_string!(i18n, group.value.yes).to_owned(),
        (_, Value::Bool(false)) => t_string!(i18n, group.value.no).to_owned(),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Null) => String::new(),
        (_, other) => other.to_string(),
    }
}

fn member(i18n: Words, known: Known, member: &GroupMember) -> String {
    let name = known.name(member.instance_id);
    let name = if name.is_empty() {
        t_string!(i18n, group.members.unknown).to_owned()
    } else {
        name
    };
    let mut more = Vec::new();
    if !member.enabled {
        more.push(t_string!(i18n, group.value.off).to_owned());
    }
    if member.weight != 1 {
        more.push(t_string!(i18n, group.value.weight, weight = member.weight));
    }
    more.extend(member.model.clone());
    if more.is_empty() {
        name
    } else {
        format!("{name} ({})", more.join(", "))
    }
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

/// The time from now to `at`, as a clock shows it: "38 s", "1:05". None when it is over.
pub fn until(i18n: Words, at: DateTime<Utc>, now: DateTime<Utc>) -> Option<String> {
    // A started second counts, so that the last one is not "0".
    let ms = (at - now).num_milliseconds();
    let seconds = (ms > 0).then(|| (ms + 999) / 1_000)?;
    Some(if seconds < 60 {
        words::age(i18n, seconds_of(seconds))
    } else {
        clock(seconds)
    })
}

fn seconds_of(count: i64) -> crate::age::Age {
    crate::age::Age {
        count,
        unit: crate::age::Unit::Seconds,
    }
}

fn clock(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_are_shown_as_a_clock_does() {
        assert_eq!(clock(65), "1:05");
        assert_eq!(clock(120), "2:00");
        assert_eq!(clock(3_661), "1:01:01");
    }
}
