//! Finds words that a person would read and that stand in the code instead of in the translations.
//!
//! Missing translations fail the build; this fails the tests for what was never given to a translator. It reads the sources as tokens:
//! text and labels in `view!` may have no letters at all, and no other string may look like words of a language.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Attributes and properties that are read out or shown.
const READ: [&str; 14] = [
    "alt",
    "aria-description",
    "aria-label",
    "aria-placeholder",
    "aria-roledescription",
    "aria-valuetext",
    "data-tip",
    "hint",
    "label",
    "lead",
    "placeholder",
    "summary",
    "text",
    "title",
];

/// Attributes whose values are words of machines.
const MACHINE: [&str; 6] = ["class", "d", "rel", "viewBox", "style", "reason"];

/// Strings that look like words and are none, or are the same in every language.
const SAME_EVERYWHERE: &[&str] = &[
    // Languages call themselves by their own names, and so do programs and formats.
    "Рус",
    "Русский",
    "Eng",
    "English",
    "Python",
    "JavaScript",
    "JSON Lines",
    "LM Studio",
    "Open WebUI",
    "pip install openai",
    "npm install openai",
];

/// A word where none may be.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    line: usize,
    text: String,
}

/// Where a token stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// In the code.
    Code,
    /// In `view!`, inside of a tag.
    Tag,
    /// In `view!`, between tags.
    Text,
}

fn find(source: &str) -> Vec<Found> {
    let tokens: TokenStream = source.parse().expect("the source is Rust");
    let mut found = Vec::new();
    walk(tokens, At::Code, None, &mut found);
    found
}

/// Looks through tokens. `read` is the name of the attribute in whose value they stand, if it is one.
fn walk(tokens: TokenStream, mut at: At, inside: Option<&str>, found: &mut Vec<Found>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut index = 0;
    // The name before the last `=` in a tag.
    let mut attribute = inside.map(str::to_owned);
    while index < tokens.len() {
        let token = &tokens[index];
        match token {
            // What only tests say, and attributes.
            TokenTree::Punct(hash) if hash.as_char() == '#' && at == At::Code => {
                if let Some(next) = after_attributes(&tokens, index) {
                    index = next;
                    continue;
                }
            }
            TokenTree::Punct(punct) => match (punct.as_char(), at) {
                ('<', At::Text) => {
                    at = At::Tag;
                    attribute = None;
                }
                ('>', At::Tag) if !is_arrow(&tokens, index) => {
                    at = At::Text;
                    attribute = None;
                }
                ('=', At::Tag) => attribute = Some(name_before(&tokens, index)),
                _ => {}
            },
            TokenTree::Group(group) => {
                let is_view = group.delimiter() == Delimiter::Brace
                    && is_bang(&tokens, index)
                    && matches!(&tokens[index - 2], TokenTree::Ident(name) if name == "view");
                // In braces there is code again, whatever stands around them.
                let (next, name) = if is_view {
                    (At::Text, None)
                } else {
                    (At::Code, attribute.as_deref())
                };
                walk(group.stream(), next, name, found);
            }
            TokenTree::Ident(word) if at == At::Text => found.push(Found {
                line: word.span().start().line,
                text: word.to_string(),
            }),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let text = text
                    .trim_start_matches(['b', 'r', 'c', '#'])
                    .trim_matches(['"', '#']);
                let is_string = literal.to_string().contains('"');
                let name = attribute.as_deref().unwrap_or_default();
                // An address is the same in every language.
                let has_letter =
                    text.chars().any(char::is_alphabetic) && !text.contains("/api/v1/");
                let wrong = match at {
                    At::Text => has_letter,
                    _ if MACHINE.contains(&name) => false,
                    At::Tag | At::Code if READ.contains(&name) && inside.is_none() => has_letter,
                    At::Tag | At::Code => looks_like_words(text),
                };
                if is_string && wrong && !SAME_EVERYWHERE.contains(&text) {
                    found.push(Found {
                        line: literal.span().start().line,
                        text: text.to_owned(),
                    });
                }
            }
            TokenTree::Ident(_) => {}
        }
        index += 1;
    }
}

/// Letters of no programming language, a word with a capital, or several words.
fn looks_like_words(text: &str) -> bool {
    let is_foreign = |c: &char| c.is_alphabetic() && !c.is_ascii();
    // One alone is a key of a keyboard.
    if text.chars().filter(is_foreign).count() > 1 {
        return true;
    }
    let words: Vec<&str> = text
        .split(|c: char| !c.is_ascii_alphabetic() && c != '\'')
        .filter(|word| word.len() > 1)
        .collect();
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphabetic() || " .,:;!?'…—".contains(c));
    let begins = text.starts_with(|c: char| c.is_ascii_uppercase());
    plain
        && (words.len() > 1 && text.contains(' ') && begins
            || words.len() > 2 && text.contains(' '))
}

/// The index behind attributes, and behind what they keep for tests.
fn after_attributes(tokens: &[TokenTree], hash: usize) -> Option<usize> {
    let mut index = hash + 1;
    if matches!(tokens.get(index), Some(TokenTree::Punct(bang)) if bang.as_char() == '!') {
        index += 1;
    }
    let Some(TokenTree::Group(attribute)) = tokens.get(index) else {
        return None;
    };
    let for_tests = attribute.stream().to_string().replace(' ', "") == "cfg(test)";
    index += 1;
    if for_tests {
        // Up to the end of the item.
        while let Some(token) = tokens.get(index) {
            index += 1;
            match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => break,
                TokenTree::Punct(end) if end.as_char() == ';' => break,
                _ => {}
            }
        }
    }
    Some(index)
}

fn is_bang(tokens: &[TokenTree], group: usize) -> bool {
    group >= 2 && matches!(&tokens[group - 1], TokenTree::Punct(bang) if bang.as_char() == '!')
}

/// Whether a `>` belongs to `->` or `=>`.
fn is_arrow(tokens: &[TokenTree], index: usize) -> bool {
    index > 0
        && matches!(&tokens[index - 1], TokenTree::Punct(before)
            if matches!(before.as_char(), '-' | '=') && before.spacing() == proc_macro2::Spacing::Joint)
}

/// The name of an attribute: `aria-label`, or what stands behind `attr:`.
fn name_before(tokens: &[TokenTree], equals: usize) -> String {
    let mut parts = Vec::new();
    for token in tokens[..equals].iter().rev() {
        match token {
            TokenTree::Ident(part) if parts.last().is_none_or(|last| last == "-") => {
                parts.push(part.to_string());
            }
            TokenTree::Punct(dash)
                if dash.as_char() == '-' && parts.last().is_some_and(|last| last != "-") =>
            {
                parts.push("-".to_owned());
            }
            _ => break,
        }
    }
    parts.reverse();
    parts.concat()
}

/// Every source file of the application.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn no_word_on_a_screen_stands_in_the_code() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    assert!(files.len() > 40);
    let mut wrong = Vec::new();
    let is_test = |file: &PathBuf| file.ends_with("i18n/literals.rs") || file.ends_with("tests.rs");
    for file in files.iter().filter(|file| !is_test(file)) {
        let source = std::fs::read_to_string(file).expect("a source file");
        for Found { line, text } in find(&source) {
            wrong.push(format!("{}:{line}: {text}", file.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "words outside the translations:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_word_is_found_wherever_it_hides() {
    let wrong = |code: &str| find(&format!("fn page() {{ {code} }}")).len();
    for code in [
        r#"view! { <p>"Save"</p> }"#,
        r#"view! { <p>Save</p> }"#,
        r#"view! { <p class="a">{t!(i18n, a.b)} " of " {count}</p> }"#,
        r#"view! { <button aria-label="close">"×"</button> }"#,
        r#"view! { <input placeholder="gpt-4" /> }"#,
        r#"view! { <A href="/" attr:title="home">{icon}</A> }"#,
        r#"view! { <TextField label="name" value /> }"#,
        r#"view! { <p>{move || "Готово"}</p> }"#,
        r#"view! { <Show when=move || a.get()><p>"Nothing"</p></Show> }"#,
        r#"toasts.success("Saved at last")"#,
        r#"let text = format!("Сохранено: {name}");"#,
    ] {
        assert_eq!(wrong(code), 1, "{code}");
    }
    for code in [
        r#"view! { <p class="minor strong">{t!(i18n, a.b)} " · " {name}</p> }"#,
        r#"view! { <path d="M4 5c5-2 11-2 16 0"></path> }"#,
        r#"view! { <button type="button" data-action="sign-out" on:click=move |_| go()>{x}</button> }"#,
        r#"request.header("content-type", "application/json"); key == "ArrowDown""#,
        r#"#[doc = "Some words of a comment."] struct A;"#,
        r#"#[cfg(test)] mod tests { const A: &str = "Any words here"; }"#,
        r#"document().query_selector("main h1")"#,
    ] {
        assert_eq!(wrong(code), 0, "{code}");
    }
}
