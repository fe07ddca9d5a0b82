//! The rules of fields, as the description of the API knows them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::Value;

use crate::support::app;

/// Name of each described rule, and of its params.
static DESCRIBED: LazyLock<BTreeMap<String, BTreeSet<String>>> = LazyLock::new(|| {
    let text = std::fs::read_to_string(app::file("../openapi.json")).expect("a file");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let variants = &document["components"]["schemas"]["FieldRule"]["oneOf"];
    let variants = variants.as_array().expect("a list of rules").iter();
    let described = variants.map(|variant| {
        let rule = &variant["properties"]["rule"]["enum"][0];
        let params = &variant["properties"]["params"]["required"];
        let params = params.as_array().into_iter().flatten();
        (
            rule.as_str().expect("a name").to_owned(),
            params
                .map(|name| name.as_str().expect("a name").to_owned())
                .collect(),
        )
    });
    described.collect()
});

/// Checks that an error names a rule that is described, with all that is described to belong to it, and a sentence.
#[track_caller]
pub fn assert_described(error: &Value) {
    let rule = error["rule"].as_str().unwrap_or_default();
    let expected = DESCRIBED
        .get(rule)
        .unwrap_or_else(|| panic!("no such rule: {error}"));
    let params = error["params"].as_object();
    let found: BTreeSet<String> = params
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect();
    assert_eq!(found, *expected, "{error}");
    assert!(
        !error["detail"].as_str().unwrap_or_default().is_empty(),
        "{error}"
    );
}
