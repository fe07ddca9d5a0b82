//! A dialog as Markdown, for people to keep.
//!
//! The rule: a line that begins with a heading's mark is ours. What somebody said stands in a quotation, every line of it, so that an answer
//! that contains «## You» is seen to be a part of the answer; and its HTML is written out as text, since an open comment or tag would reach
//! beyond the quotation and hide what follows.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use pulldown_cmark::{Event, Options, Parser};

/// A piece of text on one line, in which nothing is a mark.
pub fn escaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_line_break(c) {
            plain.push(' ');
        } else {
            if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | ':' | '/' | '-' | '?') {
                plain.push('\\');
            }
            plain.push(c);
        }
    }
    plain
}

/// When something was said.
pub fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What somebody said, as a quotation.
pub fn quoted(out: &mut String, text: &str) {
    let text: String = text
        .replace("\r\n", "\n")
        .chars()
        .map(|c| if is_line_break(c) { '\n' } else { c })
        .collect();
    for line in without_html(&text).trim_end_matches('\n').split('\n') {
        let space = if line.is_empty() { "" } else { " " };
        // Nothing fails that writes to a text.
        let _ = writeln!(out, ">{space}{line}");
    }
}

/// What some reader takes for the end of a line.
fn is_line_break(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// The text with its HTML written out as text. What stands in code is left alone: it is text there already.
fn without_html(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut parts = Parser::new_ext(text, options)
        .into_offset_iter()
        .filter(|(event, _)| matches!(event, Event::Html(_) | Event::InlineHtml(_)))
        .map(|(_, range)| range)
        .peekable();
    if parts.peek().is_none() {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut done = 0;
    for part in parts {
        if part.start < done {
            continue;
        }
        plain.push_str(&text[done..part.start]);
        plain.push_str(&text[part.clone()].replace('<', "\\<"));
        done = part.end;
    }
    plain.push_str(&text[done..]);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(text: &str) -> String {
        let mut out = String::new();
        quoted(&mut out, text);
        out
    }

    #[test]
    fn every_line_of_what_was_said_is_quoted() {
        assert_eq!(quote("a\n\n## You\nb"), "> a\n>\n> ## You\n> b\n");
        for line_break in [
            "\n", "\r\n", "\r", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}",
        ] {
            let quoted = quote(&format!("a{line_break}## You"));
            assert_eq!(quoted, "> a\n> ## You\n", "{line_break:?}");
        }
        assert_eq!(quote(""), ">\n");
    }

    #[test]
    fn html_is_text_and_code_stays_as_it_is() {
        for (said, written) in [
            ("a <!-- b", "a <!-- b"),
            ("<!-- hidden", "\\<!-- hidden"),
            ("a <b>c</b>", "a \\<b>c\\</b>"),
            ("`<b>` and 1 < 2", "`<b>` and 1 < 2"),
            ("```html\n<b>\n```", "```html\n<b>\n```"),
            ("<div>\n\n## You", "\\<div>\n\n## You"),
        ] {
            let expected: String = written
                .split('\n')
                .map(|line| {
                    if line.is_empty() {
                        ">\n".to_owned()
                    } else {
                        format!("> {line}\n")
                    }
                })
                .collect();
            assert_eq!(quote(said), expected, "{said}");
        }
    }

    #[test]
    fn no_reader_finds_html_or_a_heading_of_ours_in_what_was_said() {
        for said in [
            "<!--\n## You",
            "a\n<script>\n## You\n</script>",
            "<details><summary>x</summary>\n\n# You",
            "<b",
            "x <b\nc=\"d\">",
            "<?php ?>",
            "<![CDATA[ x",
            "    <b>\n\n<b>",
            "- <i>a\n  <b>",
            "| <b> |\n|---|\n| </b> |",
            "&lt;b> <b>",
            "\\<b>",
            "\\\\<b>",
        ] {
            let document = format!("{}\n## Ours\n", quote(said));
            let html = Parser::new_ext(&document, Options::ENABLE_TABLES)
                .filter(|event| matches!(event, Event::Html(_) | Event::InlineHtml(_)));
            assert_eq!(html.count(), 0, "{document}");
            let lines = document.lines().filter(|line| !line.is_empty());
            let ours: Vec<&str> = lines.filter(|line| !line.starts_with('>')).collect();
            assert_eq!(ours, ["## Ours"], "{document}");
        }
    }

    #[test]
    fn a_name_in_a_heading_marks_nothing() {
        assert_eq!(
            escaped("a*b* <i> [x](y) #1\n## You"),
            "a\\*b\\* \\<i\\> \\[x\\]\\(y\\) \\#1 \\#\\# You"
        );
        assert_eq!(
            escaped("GPU server 1, 10.0.0.1:80"),
            "GPU server 1, 10.0.0.1:80"
        );
    }
}
