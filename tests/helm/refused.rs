//! Values that must not work: they are refused with a word about what is wrong, before anything reaches a cluster.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{SETS, least, render, with};
use crate::support::app::file;

#[test]
fn wrong_values_are_refused_and_the_message_names_them() {
    let key = |name: &str| json!({"settings": {name: "x"}});
    let wrong = [
        (json!({}), "secrets.keys.name is needed"),
        (
            json!({"secrets": {"keys": {"name": "keys"}}}),
            "a database is needed",
        ),
        (
            with(json!({"database": {"cnpg": {"enabled": true}}})),
            "exclude each other",
        ),
        (with(json!({"drainSeconds": 19})), "/drainSeconds"),
        (with(json!({"drainSeconds": "120"})), "/drainSeconds"),
        (with(json!({"replicas": 0})), "/replicas"),
        (with(json!({"replica": 3})), "'replica' not allowed"),
        (
            with(json!({"terminationGracePeriodSeconds": 30})),
            "'terminationGracePeriodSeconds' not allowed",
        ),
        (
            with(json!({"secrets": {"keys": {"value": "k1:x"}}})),
            "'value' not allowed",
        ),
        (
            with(json!({"trustedProxies": ["everybody"]})),
            "/trustedProxies/0",
        ),
        (
            with(json!({"autoscaling": {"enabled": true, "minReplicas": 4, "maxReplicas": 3}})),
            "autoscaling.maxReplicas",
        ),
        (
            with(json!({"autoscaling": {"enabled": true}, "metrics": {"enabled": false}})),
            "needs metrics.enabled",
        ),
        (
            with(json!({"ingress": {"enabled": true}})),
            "ingress.hosts is needed",
        ),
        (
            with(json!({"httpRoute": {"enabled": true}})),
            "httpRoute.parentRefs is needed",
        ),
        (with(key("UNDERSTUDY_LISTN")), "UNDERSTUDY_LISTN"),
        // Those of the chart, and secrets.
        (
            with(key("UNDERSTUDY_DRAIN_SECONDS")),
            "UNDERSTUDY_DRAIN_SECONDS",
        ),
        (
            with(key("UNDERSTUDY_SECRET_KEYS")),
            "UNDERSTUDY_SECRET_KEYS",
        ),
        (with(key("DATABASE_URL")), "DATABASE_URL"),
        (
            with(key("UNDERSTUDY_OIDC_CLIENT_SECRET")),
            "UNDERSTUDY_OIDC_CLIENT_SECRET",
        ),
        (
            with(json!({"settings": {"RUST_LOG": ""}})),
            "/settings/RUST_LOG",
        ),
    ];
    let mut sets = serde_json::Map::new();
    for (number, (values, _)) in wrong.iter().enumerate() {
        sets.insert(number.to_string(), values.clone());
    }
    let rendered = render(&sets.into());
    for (number, (values, word)) in wrong.iter().enumerate() {
        let error = rendered[&number.to_string()].error();
        assert!(error.contains(word), "{values}: {error}");
    }
    // What was added to them is what is wrong with them.
    assert!(
        !render(&json!({"least": least()}))["least"]
            .objects()
            .is_empty()
    );
}

/// Names of variables in the table of the README.
pub(super) fn documented() -> BTreeSet<String> {
    let readme = std::fs::read_to_string(file("../README.md")).unwrap();
    let (_, table) = readme
        .split_once("| variable | meaning | default |")
        .expect("the table");
    let (table, _) = table.split_once("\n\n").expect("its end");
    table
        .lines()
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_variable_can_be_set_or_is_the_charts_own() {
    // What the chart sets by itself, and what has no meaning in a cluster: folders of a database of one's own and of a site.
    let own = [
        "DATABASE_URL",
        "UNDERSTUDY_ADMIN_PASSWORD",
        "UNDERSTUDY_ADMIN_USERNAME",
        "UNDERSTUDY_DATA_DIR",
        "UNDERSTUDY_DRAIN_SECONDS",
        "UNDERSTUDY_JWT_KEYS",
        "UNDERSTUDY_LISTEN",
        "UNDERSTUDY_METRICS_LISTEN",
        "UNDERSTUDY_POSTGRES_BIN",
        "UNDERSTUDY_SECRET_KEYS",
        "UNDERSTUDY_TRUSTED_PROXIES",
        "UNDERSTUDY_WEB_ROOT",
    ];
    let properties = &SETS[""].0["schema"]["properties"];
    let allowed = ["settings", "secretSettings"].map(|part| {
        let names = properties[part]["propertyNames"]["enum"].as_array();
        names
            .expect("a list")
            .iter()
            .map(|name| Value::as_str(name).unwrap())
    });
    let mut settable: BTreeSet<&str> = allowed.into_iter().flatten().collect();
    // Those of the standard are not in the README one by one.
    let telemetry: Vec<&str> = settable
        .iter()
        .copied()
        .filter(|name| name.starts_with("OTEL_"))
        .collect();
    let observability = std::fs::read_to_string(file("../docs/OBSERVABILITY.md")).unwrap();
    for name in telemetry {
        assert!(observability.contains(name), "{name}");
        settable.remove(name);
    }
    settable.extend(own);
    let documented = documented();
    let documented: BTreeSet<&str> = documented
        .iter()
        .map(String::as_str)
        .filter(|name| !name.starts_with("OTEL_"))
        .collect();
    assert_eq!(
        settable, documented,
        "values.schema.json (settings, secretSettings) and the table of the README"
    );
}
