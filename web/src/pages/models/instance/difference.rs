//! Fields of an instance in words, for whoever has to choose between two versions of them. Rule: of a secret only that it is there.

use serde_json::Value;

use crate::i18n::{t_string, words};

/// The fields in the order of the form.
pub const ORDER: [&str; 17] = [
    "kind",
    "endpoint",
    "auth",
    "tokens",
    "headers",
    "proxies",
    "model",
    "name",
    "enabled",
    "description",
    "labels",
    "parameters",
    "limits",
    "timeouts",
    "health_check",
    "tls",
    "capabilities",
];

/// What a field is called.
pub fn label(i18n: words::Words, field: &str) -> String {
    match field {
        "kind" => t_string!(i18n, instance.kind.title),
        "endpoint" => t_string!(i18n, instance.url.label),
        "auth" => t_string!(i18n, instance.auth.title),
        "tokens" => t_string!(i18n, instance.tokens.title),
        "headers" => t_string!(i18n, instance.headers.title),
        "proxies" => t_string!(i18n, instance.proxies.title),
        "model" => t_string!(i18n, instance.model.label),
        "name" => t_string!(i18n, instance.name.label),
        "enabled" => t_string!(i18n, instance.enabled),
        "description" => t_string!(i18n, instance.about.description),
        "labels" => t_string!(i18n, instance.about.labels_title),
        "parameters" => t_string!(i18n, instance.parameters.title),
        "limits" => t_string!(i18n, instance.limits.title),
        "timeouts" => t_string!(i18n, instance.timeouts.title),
        "health_check" => t_string!(i18n, instance.checks.title),
        "tls" => t_string!(i18n, instance.tls.title),
        "capabilities" => t_string!(i18n, instance.capabilities.title),
        other => return other.to_owned(),
    }
    .to_owned()
}

/// A value of it.
pub fn value(i18n: words::Words, field: &str, value: &Value) -> String {
    match (field, value) {
        (_, Value::Null) => String::new(),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Bool(true)) => t_string!(i18n, instance.capabilities.yes).to_owned(),
        (_, Value::Bool(false)) => t_string!(i18n, instance.capabilities.no).to_owned(),
        ("endpoint", value) => serde_json::from_value::<understudy_shared::Endpoint>(value.clone())
            .map(|endpoint| endpoint.base_url())
            .unwrap_or_default(),
        ("tokens", Value::Array(items)) => lines(items, "label", |number| {
            t_string!(i18n, instance.tokens.numbered, number)
        }),
        ("headers", Value::Array(items)) => lines(items, "name", |number| number.to_string()),
        ("proxies", Value::Array(items)) => lines(items, "url", |number| {
            t_string!(i18n, instance.proxies.numbered, number)
        }),
        (_, value) => plain(value, ""),
    }
}

/// A line for each item: what it is called, and never what it hides.
fn lines(items: &[Value], name: &str, unnamed: impl Fn(usize) -> String) -> String {
    let line = |(index, item): (usize, &Value)| {
        let text = item.get(name).and_then(Value::as_str).unwrap_or_default();
        if text.is_empty() {
            unnamed(index + 1)
        } else {
            text.to_owned()
        }
    };
    items
        .iter()
        .enumerate()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Settings as lines of name and value; what is not set is left out.
fn plain(value: &Value, path: &str) -> String {
    match value {
        Value::Object(fields) => {
            let line = |(name, value): (&String, &Value)| {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                plain(value, &path)
            };
            let lines: Vec<String> = fields
                .iter()
                .map(line)
                .filter(|line| !line.is_empty())
                .collect();
            lines.join("\n")
        }
        Value::Null => String::new(),
        Value::Array(items) if items.is_empty() => String::new(),
        value if path.is_empty() => value.to_string(),
        value => format!("{path}: {value}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let items = json!([{"label": "main", "value": "sk-canary"}, {"value": "sk-canary"}]);
        let text = lines(items.as_array().unwrap(), "label", |number| {
            format!("#{number}")
        });
        assert_eq!(text, "main\n#2");
    }

    #[test]
    fn settings_are_lines() {
        let value =
            json!({"defaults": {"temperature": 0.2}, "overrides": {}, "strip": [], "x": null});
        assert_eq!(plain(&value, ""), "defaults.temperature: 0.2");
        let value = json!({"max_concurrency": 8});
        assert_eq!(plain(&value, ""), "max_concurrency: 8");
    }

    #[test]
    fn every_field_of_an_instance_has_its_place() {
        let draft = super::super::draft::Draft::of(&super::super::tests::instance());
        let json = draft.json().unwrap();
        for name in json.as_object().unwrap().keys() {
            assert!(
                ORDER.contains(&name.as_str()) || name == "protocol",
                "{name}"
            );
        }
    }
}
