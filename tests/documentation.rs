//! What the documentation says of tests is true.

use std::collections::BTreeSet;
use std::path::Path;

/// The source files in which a test of this name may stand: a black-box test, or a unit test of the service.
fn places(modules: &[&str]) -> Vec<String> {
    let path = modules.join("/");
    let outer = modules
        .strip_suffix(&["tests"])
        .map(|outer| outer.join("/"));
    [Some(path.clone()), outer]
        .into_iter()
        .flatten()
        .flat_map(|path| {
            [
                format!("{path}.rs"),
                format!("{path}/mod.rs"),
                format!("../api/src/{path}.rs"),
            ]
        })
        .collect()
}

fn is_test(name: &str) -> bool {
    let parts: Vec<&str> = name.split("::").collect();
    let (function, modules) = parts.split_last().expect("a name");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    places(modules)
        .iter()
        .filter_map(|place| std::fs::read_to_string(root.join(place)).ok())
        .any(|source| {
            let Some(at) = source.find(&format!("fn {function}()")) else {
                return false;
            };
            let before = source[..at].lines().rev().take(4);
            before.into_iter().any(|line| line.contains("test]"))
        })
}

/// Checks that there is a test for each name of one in a document, and that it names more than so many.
#[track_caller]
fn assert_named_tests_exist(document: &str, at_least: usize) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = std::fs::read_to_string(path).expect(document);
    let named: Vec<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.contains("::") && !code.contains(' '))
        .collect();
    assert!(named.len() > at_least, "{}", named.len());
    let wrong: Vec<&&str> = named.iter().filter(|name| !is_test(name)).collect();
    assert!(wrong.is_empty(), "no tests: {wrong:#?}");
}

#[test]
fn tests_that_the_table_of_failures_names_exist() {
    assert_named_tests_exist("../docs/FAILOVER.md", 60);
}

#[test]
fn tests_that_the_threat_model_names_exist() {
    assert_named_tests_exist("../docs/SECURITY.md", 60);
    assert_named_tests_exist("../docs/PERMISSIONS.md", 1);
}

#[test]
fn tests_that_the_coverage_of_the_description_names_exist() {
    assert_named_tests_exist("../docs/SEED-COVERAGE.md", 30);
}

#[test]
fn actions_that_are_recorded_are_those_that_the_documentation_names() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect(path);
    let source = read("../shared/src/audit.rs");
    let (_, list) = source
        .split_once("pub enum AuditAction {")
        .expect("the list");
    let (list, _) = list.split_once("\n    }").expect("its end");
    let recorded: BTreeSet<&str> = list.split('"').skip(1).step_by(2).collect();
    let text = read("../docs/AUDIT.md");
    let (_, table) = text.split_once("| action | when |").expect("the table");
    let (table, _) = table.split_once("\n\n").expect("its end");
    let mut named = BTreeSet::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cell = line.split('|').nth(1).unwrap_or_default();
        let mut noun = "";
        for name in cell.split('`').skip(1).step_by(2) {
            match name.strip_prefix('.') {
                Some(verb) => named.insert(format!("{noun}.{verb}")),
                None => {
                    noun = name.split('.').next().unwrap_or_default();
                    named.insert(name.to_owned())
                }
            };
        }
    }
    let named: BTreeSet<&str> = named.iter().map(String::as_str).collect();
    assert!(recorded.len() > 20, "{recorded:?}");
    assert_eq!(recorded, named);
}

#[test]
fn operations_say_what_to_do_about_every_alert_and_name_tests_that_exist() {
    assert_named_tests_exist("../docs/OPERATIONS.md", 1);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect(path);
    let alerts = read("../deploy/prometheus/alerts.yml");
    let alerts: Vec<&str> = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    let operations = read("../docs/OPERATIONS.md");
    let explained: Vec<&str> = operations
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect();
    assert!(alerts.len() > 5);
    assert_eq!(alerts, explained, "in the order of the file");
    // The codes that the running book explains are codes, and those that a member can be passed over for are all there.
    let codes = read("../shared/src/reason.rs");
    let failover = read("../docs/FAILOVER.md");
    let (_, book) = operations
        .split_once("## All instances of a group are down")
        .expect("the running book");
    let named: BTreeSet<&str> = book
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert!(named.len() > 25, "{named:?}");
    for code in &named {
        let known = code.starts_with("http_") || codes.contains(&format!("\"{code}\""));
        assert!(known, "{code} is no code");
    }
    let (_, table) = failover
        .split_once("| code | the member |")
        .expect("the table");
    let (table, _) = table.split_once("\n\n").expect("its end");
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cell = line.split('|').nth(1).unwrap_or_default();
        for code in cell.split('`').skip(1).step_by(2) {
            assert!(named.contains(code), "{code} is not explained");
        }
    }
}

#[test]
fn unit_of_systemd_waits_for_the_whole_drain() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let unit = std::fs::read_to_string(root.join("../deploy/systemd/understudy.service"));
    let unit = unit.expect("the unit");
    let value = |name: &str| {
        let mut values = unit
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        values.next().unwrap_or_else(|| panic!("no {name}"))
    };
    // The default of UNDERSTUDY_DRAIN_SECONDS, 5 s of accepting, 5 for last words, 5 for usage, 3 for traces.
    let stop: u32 = value("TimeoutStopSec").parse().expect("seconds");
    assert!((138..=150).contains(&stop), "{stop}");
    let compose = std::fs::read_to_string(root.join("../docker-compose.yml")).expect("a file");
    let (_, stop) = compose
        .split_once("stop_grace_period: ${UNDERSTUDY_STOP_GRACE:-")
        .expect("the service's time to stop");
    let (stop, _) = stop.split_once("s}").expect("seconds");
    let stop: u32 = stop.parse().expect("seconds");
    assert!((138..=150).contains(&stop), "{stop}");
    // The embedded database is the service's to stop.
    assert_eq!(value("KillMode"), "mixed");
    assert_eq!(value("RestartPreventExitStatus"), "78");
    assert_eq!(value("NoNewPrivileges"), "yes");
}
