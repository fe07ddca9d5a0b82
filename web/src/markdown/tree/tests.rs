use std::time::{Duration, Instant};

use super::*;

fn tree(text: &str) -> Vec<Node> {
    let blocks = read(text, &mut (TOP - 1));
    blocks.into_iter().map(|(_, node)| node).collect()
}

/// A short notation of a tree: what is in a part stands in brackets behind its name.
fn short(nodes: &[Node]) -> String {
    let one = |node: &Node| {
        let name = match &node.kind {
            Kind::Text(text) => return format!("'{text}'"),
            Kind::Code(text) => return format!("`{text}`"),
            Kind::CodeBlock { language, text } => return format!("code:{language}'{text}'"),
            Kind::Plain(text) => return format!("plain'{text}'"),
            Kind::Break => return "br".to_owned(),
            Kind::Rule => return "hr".to_owned(),
            Kind::Task(done) => return format!("task:{done}"),
            Kind::Paragraph => "p".to_owned(),
            Kind::Heading(level) => format!("h{level}"),
            Kind::Quote => "quote".to_owned(),
            Kind::List(None) => "ul".to_owned(),
            Kind::List(Some(first)) => format!("ol:{first}"),
            Kind::Item => "li".to_owned(),
            Kind::Table => "table".to_owned(),
            Kind::Row => "tr".to_owned(),
            Kind::Cell(Align::Start) => "td".to_owned(),
            Kind::Cell(align) => format!("td:{align:?}"),
            Kind::Emphasis => "em".to_owned(),
            Kind::Strong => "b".to_owned(),
            Kind::Strike => "s".to_owned(),
            Kind::Link(to) => format!("a:{to}"),
            Kind::Picture(to) => format!("img:{to}"),
        };
        format!("{name}({})", short(&node.inside))
    };
    nodes.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn is(text: &str, expected: &str) {
    assert_eq!(short(&tree(text)), expected, "{text}");
}

#[test]
fn what_models_write_is_understood() {
    is(
        "One **two** *three* ~~four~~ `five`",
        "p('One ' b('two') ' ' em('three') ' ' s('four') ' ' `five`)",
    );
    is("a\nb", "p('a' br 'b')");
    is(
        "1. one\n2. two\n   - three",
        "ol:1(li('one') li('two' ul(li('three'))))",
    );
    is(
        "- [x] done\n- [ ] open",
        "ul(li(task:true 'done') li(task:false 'open'))",
    );
    is("> said\n\n---", "quote(p('said')) hr");
    is(
        "```rust,ignore\nfn main() {}\n```",
        "code:rust'fn main() {}'",
    );
    is("    four spaces", "code:'four spaces'");
    is(
        "| a | b |\n|---|--:|\n| 1 | 2 |",
        "table(tr(td('a') td:End('b')) tr(td('1') td:End('2')))",
    );
    is("[x](https://example.org)", "p(a:https://example.org('x'))");
    is(
        "See https://example.org.",
        "p('See ' a:https://example.org('https://example.org') '.')",
    );
    is(
        "![a cat](https://example.org/cat.png)",
        "p(img:https://example.org/cat.png('a cat'))",
    );
    is("", "");
}

#[test]
fn a_fence_that_is_still_open_is_code_already() {
    is(
        "Look:\n\n```js\nlet a = 1;\n",
        "p('Look:') code:js'let a = 1;'",
    );
    is("```", "code:''");
}

#[test]
fn headings_leave_no_level_out() {
    is(
        "# a\n# b\n### c\n###### d",
        "h3('a') h3('b') h4('c') h5('d')",
    );
    is("##### deep", "h3('deep')");
}

#[test]
fn html_is_text_wherever_it_stands() {
    is("a <b>c</b>", "p('a <b>c</b>')");
    is(
        "<script>alert(1)</script>",
        "plain'<script>alert(1)</script>'",
    );
    is(
        "<img src=x onerror=alert(1)>\n\nb",
        "plain'<img src=x onerror=alert(1)>' p('b')",
    );
    is("&lt;b&gt;", "p('<b>')");
    is("<!-- a -->", "plain'<!-- a -->'");
}

#[test]
fn links_that_may_lead_nowhere_are_text() {
    is(
        "[x](javascript:alert(1))",
        "p(em('x' ' (javascript:alert(1))'))",
    );
    is("[x](data:text/html,y)", "p(em('x' ' (data:text/html,y)'))");
    is(
        "[x](/api/v1/auth/logout)",
        "p(em('x' ' (/api/v1/auth/logout)'))",
    );
    is(
        "[x]: javascript:alert(1)\n\n[x]",
        "p(em('x' ' (javascript:alert(1))'))",
    );
    is(
        "<javascript:alert(1)>",
        "p(em('javascript:alert(1)' ' (javascript:alert(1))'))",
    );
    is(
        "![x](data:image/svg+xml,y)",
        "p(em('x' ' (data:image/svg+xml,y)'))",
    );
}

#[test]
fn letters_that_turn_others_round_are_seen() {
    is("a\u{202e}b", "p('a[U+202E]b')");
    is("`a\u{2066}b`", "p(`a[U+2066]b`)");
    is("```\na\u{202e}b\n```", "code:'a[U+202E]b'");
}

fn depth(nodes: &[Node]) -> usize {
    nodes
        .iter()
        .map(|node| 1 + depth(&node.inside))
        .max()
        .unwrap_or(0)
}

fn count(nodes: &[Node]) -> usize {
    nodes.iter().map(|node| 1 + count(&node.inside)).sum()
}

/// Everything that is shown.
fn letters(nodes: &[Node]) -> usize {
    let own = |node: &Node| match &node.kind {
        Kind::Text(text) | Kind::Code(text) | Kind::Plain(text) | Kind::CodeBlock { text, .. } => {
            text.len()
        }
        _ => 0,
    };
    nodes
        .iter()
        .map(|node| own(node) + letters(&node.inside))
        .sum()
}

#[test]
fn what_is_made_to_choke_on_is_bounded() {
    let many = |part: &str, count: usize| part.repeat(count);
    let hostile = [
        many("> ", 10_000) + "deep",
        many("- ", 10_000) + "deep",
        many("1. ", 10_000) + "deep",
        many("> - ", 5_000) + "deep",
        many("*a ", 30_000),
        many("**a", 30_000),
        many("*a_", 30_000),
        many("[", 100_000),
        many("[a](", 25_000),
        many("![", 50_000),
        many("`a``", 20_000),
        many("<", 100_000),
        many("<a ", 30_000),
        many("<!--", 25_000),
        many("&", 100_000),
        many("\\", 100_000),
        many("a\u{200b}", 40_000),
        many("https://", 12_000),
        many("https://a.b ", 8_000),
        many("x", 200_000),
        many("a\n", 60_000),
        many("# a\n", 40_000),
        many("\n", 200_000),
        many("|a", 500) + "\n" + &many("|-", 500) + "\n" + &many("|\n", 60_000),
        many("|a", 20_000) + "\n" + &many("|-", 20_000) + "\n" + &many("|a", 20_000),
        (1..600).map(|depth| " ".repeat(depth) + "- a\n").collect(),
        (1..400).map(|depth| ">".repeat(depth) + "a\n\n").collect(),
        many("[a]: https://b.c\n", 10_000) + &many("[a]", 10_000),
    ];
    for text in hostile {
        let begun = Instant::now();
        let tree = tree(&text);
        let head: String = text.chars().take(12).collect();
        // Built without optimisation, and beside whatever else runs.
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{head:?} took {:?}",
            begun.elapsed()
        );
        assert!(
            depth(&tree) <= DEEPEST + 4,
            "{head:?} is {} deep",
            depth(&tree)
        );
        assert!(
            count(&tree) <= MOST + 10_000,
            "{head:?} has {}",
            count(&tree)
        );
    }
}

#[test]
fn what_is_too_much_is_shown_as_it_is_written() {
    let text = "a **b** c\n\n".repeat(20_000);
    let tree = tree(&text);
    let Some(Node {
        kind: Kind::Plain(rest),
        ..
    }) = tree.last()
    else {
        panic!("{:?}", tree.last());
    };
    assert!(text.ends_with(rest.as_str()));
    assert!(letters(&tree) > text.len() / 2);
}
