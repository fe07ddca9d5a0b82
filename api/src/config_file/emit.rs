//! Writes YAML: the same tree is the same text, byte for byte, and reads back as the same tree in every reader.
//!
//! A text stands without quotes only if no version of YAML could take it for something else; numbers keep their digits.

use std::fmt::Write as _;

use serde_json::Value;

/// What is written, its members in the order in which they are shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// A text, a number, true, false or null.
    Scalar(Value),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(String, Self)>),
}

impl Tree {
    /// Any JSON; members in alphabetical order.
    pub fn json(value: Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.into_iter().map(Self::json).collect()),
            Value::Object(members) => {
                let members = members.into_iter();
                Self::Object(
                    members
                        .map(|(name, value)| (name, Self::json(value)))
                        .collect(),
                )
            }
            scalar => Self::Scalar(scalar),
        }
    }
}

/// Writes the members of an object as a document.
pub fn document(text: &mut String, members: &[(String, Tree)]) {
    object(text, members, 0, true);
}

/// `within` says that the first member stands in a line that has begun.
fn object(text: &mut String, members: &[(String, Tree)], indent: usize, within: bool) {
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 || !within {
            line(text, indent);
        }
        scalar_text(text, name, None);
        text.push(':');
        inner(text, value, indent, false);
    }
}

/// What follows a name or the dash of an item.
fn inner(text: &mut String, value: &Tree, indent: usize, is_item: bool) {
    match value {
        Tree::Scalar(value) => {
            text.push(' ');
            scalar(text, value, indent);
            text.push('\n');
        }
        Tree::List(items) if items.is_empty() => text.push_str(" []\n"),
        Tree::Object(members) if members.is_empty() => text.push_str(" {}\n"),
        Tree::List(items) => {
            text.push('\n');
            for item in items {
                line(text, indent + 2);
                text.push('-');
                inner(text, item, indent + 2, true);
            }
        }
        Tree::Object(members) if is_item => {
            text.push(' ');
            object(text, members, indent + 2, true);
        }
        Tree::Object(members) => {
            text.push('\n');
            object(text, members, indent + 2, false);
        }
    }
}

fn line(text: &mut String, indent: usize) {
    text.extend(std::iter::repeat_n(' ', indent));
}

fn scalar(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::String(value) => scalar_text(text, value, Some(indent)),
        // A number, true, false or null: JSON's words for them are YAML's.
        value => {
            let _ = write!(text, "{value}");
        }
    }
}

/// A text; with an indent it may take several lines.
fn scalar_text(text: &mut String, value: &str, indent: Option<usize>) {
    if is_plain(value) {
        text.push_str(value);
    } else if let Some(indent) = indent.filter(|_| is_block(value)) {
        block(text, value, indent + 2);
    } else {
        quoted(text, value);
    }
}

/// Words that some version of YAML takes for true, false or nothing.
const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

/// Whether nobody could take a text for anything else. Whatever begins like a number could be one of YAML 1.1.
fn is_plain(value: &str) -> bool {
    let begins = |c: char| c.is_alphabetic() || c == '/' || c == '_';
    let inside = |c: char| c.is_alphanumeric() || " _-./()+".contains(c);
    let colons = || {
        let mut rest = value.chars().peekable();
        while let Some(c) = rest.next() {
            let fits = match c {
                // Before a space and at the end it would end a name.
                ':' => rest
                    .peek()
                    .is_some_and(|next| inside(*next) && *next != ' '),
                c => inside(c),
            };
            if !fits {
                return false;
            }
        }
        true
    };
    value.starts_with(begins)
        && !value.ends_with(' ')
        && colons()
        && !WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Whether a text of several lines can stand as it is.
fn is_block(value: &str) -> bool {
    let printable = |c: char| c == '\n' || !needs_escape(c);
    value.contains('\n') && !value.starts_with([' ', '\n']) && value.chars().all(printable)
}

fn block(text: &mut String, value: &str, indent: usize) {
    let body = value.trim_end_matches('\n');
    let breaks = value.len() - body.len();
    text.push_str(match breaks {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for part in body.split('\n') {
        text.push('\n');
        if !part.is_empty() {
            line(text, indent);
            text.push_str(part);
        }
    }
    // The caller ends the line; the others are part of the text.
    text.extend(std::iter::repeat_n('\n', breaks.saturating_sub(1)));
}

fn quoted(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            c if needs_escape(c) => {
                let code = u32::from(c);
                let _ = if code > 0xffff {
                    write!(text, "\\U{code:08x}")
                } else {
                    write!(text, "\\u{code:04x}")
                };
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

/// What YAML cannot print, or some reader takes for a line break or the beginning of a file.
fn needs_escape(c: char) -> bool {
    let code = u32::from(c);
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
        || (0xfdd0..=0xfdef).contains(&code)
        || code & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config_file::yaml;

    fn written(value: &Value) -> String {
        let mut text = String::new();
        document(
            &mut text,
            &[("value".to_owned(), Tree::json(value.clone()))],
        );
        text
    }

    #[track_caller]
    fn assert_survives(value: &Value) {
        let text = written(value);
        let read =
            yaml::read(text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
        let read = read.get("value").unwrap().to_json();
        assert_eq!(read, *value, "{text}");
    }

    /// Texts that some reader of YAML takes for something else, or that no line can hold.
    const HOSTILE: [&str; 74] = [
        "",
        " ",
        "  a",
        "a ",
        "no",
        "No",
        "NO",
        "yes",
        "on",
        "off",
        "y",
        "N",
        "true",
        "True",
        "null",
        "Null",
        "~",
        "1",
        "-1",
        "+1",
        "0123",
        "0o17",
        "0x1F",
        "0b11",
        "1e3",
        "1E400",
        "1.",
        ".5",
        "1_000",
        "12:30:45",
        ".inf",
        "-.INF",
        ".nan",
        "2026-11-23",
        "10.0.0.7",
        "a:",
        "a: b",
        "a:b",
        ":",
        "::",
        "- a",
        "-",
        "---",
        "...",
        "?",
        "? a",
        "* a",
        "*a",
        "&a",
        "!a",
        "!!str",
        "|",
        ">",
        "%a",
        "@a",
        "`a`",
        "#a",
        "a #b",
        "[a]",
        "{a}",
        "a, b",
        "\"",
        "'",
        "it's",
        "\\n",
        "<<",
        "=",
        "🦀",
        "наш сервер",
        "a\u{7}b",
        "a\u{85}b",
        "a\u{2028}b",
        "\u{feff}a",
        "\u{fffe}",
    ];
    /// Texts of several lines.
    const LINES: [&str; 16] = [
        "a\nb",
        "a\nb\n",
        "a\nb\n\n\n",
        "\na",
        " a\nb",
        "a\n b",
        "a\n\tb",
        "\ta\nb",
        "a\r\nb",
        "a\nb ",
        "---\na",
        "a\n---\n",
        "a\n\n\nb",
        "\n",
        "\n\n",
        "# a\n- b: c\n",
    ];

    #[test]
    fn hostile_texts_survive_as_values_names_and_items() {
        for text in HOSTILE.iter().chain(&LINES) {
            assert_survives(&json!(text));
            assert_survives(&json!([text, {"a": text}, [text]]));
            assert_survives(&json!({*text: text, "z": 1}));
        }
    }

    #[test]
    fn trees_survive() {
        for value in [
            json!([]),
            json!({}),
            json!([[], {}, null, true, false]),
            json!([[[1, 2], [3]], [{"a": [{"b": "c\nd"}]}]]),
            json!({"a": {"b": {"c": []}}, "d": [{"e": {"f": "g"}, "h": [1]}]}),
        ] {
            assert_survives(&value);
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        for digits in [
            "0",
            "-0.0",
            "1.10",
            "1e+3",
            "1e+400",
            "123456789012345678901234567890",
            "-2.50e-7",
        ] {
            let value: Value = serde_json::from_str(digits).unwrap();
            assert_eq!(written(&value), format!("value: {digits}\n"));
            assert_survives(&value);
        }
    }

    #[test]
    fn whatever_characters_come_together_survive() {
        // Chosen by a fixed sequence, so that a failure comes again.
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let alphabet: Vec<char> =
            "aя0 :-#\"'\\\n\t\r[]{},&*!|>%@`?~.<=_/\u{0}\u{1f}\u{7f}\u{9f}\u{2029}🦀\u{feff}"
                .chars()
                .collect();
        for _ in 0..4_000 {
            let mut text = String::new();
            for _ in 0..1 + state % 9 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let index = usize::try_from(state % alphabet.len() as u64).unwrap();
                text.push(alphabet[index]);
            }
            assert_survives(&json!({"a": {"b": [text.clone(), {text.clone(): text}]}}));
        }
    }

    #[test]
    fn usual_texts_have_no_quotes() {
        let text = written(&json!([
            "GPU server 1",
            "meta-llama/Llama-3.1-8B-Instruct",
            "qwen2.5:7b",
            "/v1",
            "сервер",
            "http://proxy.example:3128",
        ]));
        assert!(!text.contains('"'), "{text}");
    }
}
