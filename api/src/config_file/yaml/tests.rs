use std::fmt::Write as _;

use serde_json::json;
use understudy_shared::ProblemCode;

use super::*;

fn value(text: &str) -> Value {
    match read(text.as_bytes()) {
        Ok(node) => node.to_json(),
        Err(faults) => panic!("{text:?}: {faults:?}"),
    }
}

#[track_caller]
fn refused(bytes: impl AsRef<[u8]>) -> FieldError {
    let faults = read(bytes.as_ref()).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.into_iter().next().unwrap()
}

#[track_caller]
fn refused_at(text: &str, line: u32, column: u32) -> FieldRule {
    let fault = refused(text);
    assert_eq!(
        (fault.line, fault.column),
        (Some(line), Some(column)),
        "{fault:?}"
    );
    fault.rule
}

#[test]
fn words_are_read_by_the_core_schema() {
    for (text, expected) in [
        ("no", json!("no")),
        ("true", json!(true)),
        ("~", json!(null)),
        ("0123", json!(123)),
        ("0x1F", json!(31)),
        ("0o17", json!(15)),
        ("+5", json!(5)),
        (".5", json!(0.5)),
        ("5.", json!(5)),
        ("1_000", json!("1_000")),
        ("0x", json!("0x")),
        ("1e", json!("1e")),
        ("-", json!([null])),
        ("12:30", json!("12:30")),
        ("'1'", json!("1")),
        ("2026-11-23", json!("2026-11-23")),
    ] {
        let read = value(&format!("a: {}", if text == "-" { "\n  -" } else { text }));
        assert_eq!(read["a"], expected, "{text}");
    }
    assert_eq!(
        refused_at("a: .inf", 1, 4),
        FieldRule::WrongType {
            expected: ValueType::Number
        }
    );
}

#[test]
fn what_is_no_yaml_says_where() {
    for (text, line) in [
        ("a: [1,\nb: 2", 2),
        ("a:\n\t- b", 2),
        ("a: 'b", 1),
        ("a: b: c", 1),
        ("a: *nothing", 1),
        ("a\nb: c", 2),
    ] {
        let fault = refused(text);
        assert_eq!(fault.code, ProblemCode::InvalidYaml, "{text:?}");
        assert!(
            fault.line.is_some_and(|found| found <= line + 1),
            "{text:?}: {fault:?}"
        );
    }
    let fault = refused(b"a: 1\nb: \xff");
    assert_eq!(
        (fault.line, fault.column, fault.rule),
        (Some(2), Some(4), FieldRule::NotUnicode)
    );
}

#[test]
fn what_a_file_of_settings_does_not_need_is_refused() {
    assert_eq!(refused("").rule, FieldRule::YamlEmpty);
    assert_eq!(refused("# nothing\n").rule, FieldRule::YamlEmpty);
    assert_eq!(
        refused_at("a: 1\n---\nb: 2", 2, 1),
        FieldRule::YamlDocuments
    );
    assert_eq!(refused_at("a: !!int 1", 1, 4), FieldRule::YamlTag);
    assert_eq!(
        refused_at("a: &x {b: 1}\nc:\n  <<: *x", 3, 3),
        FieldRule::YamlMerge
    );
    assert_eq!(refused_at("? [a]\n: b", 1, 3), FieldRule::YamlName);
    assert_eq!(refused_at("a: 1\nb: 2\na: 3", 3, 1), FieldRule::Duplicate);
    assert_eq!(refused_at("a: &x [*x]", 1, 8), FieldRule::YamlAlias);
}

#[test]
fn aliases_are_copies_and_do_not_grow_without_end() {
    assert_eq!(
        value("a: &x {b: 1}\nc: *x"),
        json!({"a": {"b": 1}, "c": {"b": 1}})
    );
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        let _ = writeln!(bomb, "a{level}: &a{level} [{}]", vec![before; 10].join(","));
    }
    assert!(matches!(refused(&bomb).rule, FieldRule::YamlNodes { .. }));
    let deep = format!("a: {}{}", "[".repeat(100), "]".repeat(100));
    assert!(matches!(refused(deep).rule, FieldRule::YamlDepth { .. }));
    let mut chain = "a0: &a0 [x]\n".to_owned();
    for level in 1..100 {
        let _ = writeln!(chain, "a{level}: &a{level} [*a{}]", level - 1);
    }
    assert!(matches!(refused(chain).rule, FieldRule::YamlDepth { .. }));
    let large = vec![b' '; CONFIG_FILE_MAX_BYTES + 1];
    assert!(matches!(refused(large).rule, FieldRule::TooLarge { .. }));
    let many = format!("a:\n{}", "- 1\n".repeat(300_000));
    assert!(matches!(refused(many).rule, FieldRule::YamlNodes { .. }));
}

#[test]
fn places_are_those_of_values_and_of_the_names_of_blocks() {
    let text = "version: 1\r\ngroups:\r\n  - name: чат\r\n    members:\r\n      - instance: X\r\n        weight: 0\r\n";
    let root = read(text.as_bytes()).unwrap();
    let at = |pointer: &str| {
        let place = root.find(pointer, false);
        (place.line, place.column)
    };
    assert_eq!(at("/groups/0/name"), (3, 11));
    assert_eq!(at("/groups/0/members/0/weight"), (6, 17));
    assert_eq!(at("/groups/0/members"), (4, 5));
    assert_eq!(at("/groups/0/strategy"), (3, 5));
    let name = root.find("/groups/0/members/0/weight", true);
    assert_eq!((name.line, name.column), (6, 9));
}
