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
