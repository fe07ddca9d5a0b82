//! What the documentation says of tests is true.

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

#[test]
fn tests_that_the_table_of_failures_names_exist() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/FAILOVER.md");
    let text = std::fs::read_to_string(table).expect("the table");
    let named: Vec<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| code.contains("::") && !code.contains(' '))
        .collect();
    assert!(named.len() > 60, "{}", named.len());
    let wrong: Vec<&&str> = named.iter().filter(|name| !is_test(name)).collect();
    assert!(wrong.is_empty(), "no tests: {wrong:#?}");
}
