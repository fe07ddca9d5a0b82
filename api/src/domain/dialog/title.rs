//! The title of a dialog, made from its first question: the words of its first line, without Markdown's marks.

use pulldown_cmark::{Event, Parser};

/// Characters of a title that nobody chose.
const MAX: usize = 80;
/// As much of a question as is looked at, in characters.
const LOOKED_AT: usize = 2_000;

/// The title that a question gives its dialog.
pub fn title_of(question: &str) -> String {
    let beginning: String = question.chars().take(LOOKED_AT).collect();
    let words = shortened(&first_line(&beginning));
    if words.is_empty() {
        // Nothing but marks, such as a rule.
        return shortened(&beginning);
    }
    words
}

/// The text of the first line that has any.
fn first_line(markdown: &str) -> String {
    let mut line = String::new();
    for event in Parser::new(markdown) {
        match event {
            // The text of a block of code has line breaks of its own.
            Event::Text(text) | Event::Code(text) | Event::InlineHtml(text) | Event::Html(text) => {
                let mut lines = text.lines();
                line.push_str(lines.next().unwrap_or_default());
                if text.contains('\n') && !line.trim().is_empty() {
                    break;
                }
            }
            Event::SoftBreak | Event::HardBreak | Event::End(_) => {
                // The end of an emphasis is no end of a line.
                let inline = matches!(&event, Event::End(tag) if is_inline(tag));
                if !inline && !line.trim().is_empty() {
                    break;
                }
            }
            _ => {}
        }
    }
    line
}

fn is_inline(tag: &pulldown_cmark::TagEnd) -> bool {
    use pulldown_cmark::TagEnd as T;
    matches!(
        tag,
        T::Emphasis | T::Strong | T::Strikethrough | T::Link | T::Image
    )
}

/// As many whole words as fit.
fn shortened(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let mut title = String::new();
    let mut length = 0;
    let mut words = plain.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let added = word.chars().count() + usize::from(length > 0);
        // The last word needs no room for what says that there is more.
        let most = if words.peek().is_some() { MAX - 1 } else { MAX };
        if length + added > most {
            if length == 0 {
                title.extend(word.chars().take(MAX - 1));
            }
            title.push('…');
            return title;
        }
        if length > 0 {
            title.push(' ');
        }
        title.push_str(word);
        length += added;
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_words_of_the_first_line() {
        for (question, title) in [
            ("What is 2 + 2?", "What is 2 + 2?"),
            ("\n\n  Hello\nthere", "Hello"),
            ("# Hello *there*, **you**\n\nMore", "Hello there, you"),
            ("- one\n- two", "one"),
            ("1. one", "one"),
            ("> quoted", "quoted"),
            (
                "See [the page](https://example.com) now",
                "See the page now",
            ),
            ("Why does `a_b_c` fail?", "Why does a_b_c fail?"),
            (
                "2 * 3 * 4 and snake_case_name",
                "2 * 3 * 4 and snake_case_name",
            ),
            ("```rust\nfn main() {}\n```", "fn main() {}"),
            ("Столица Франции?", "Столица Франции?"),
            ("a\u{7}b\tc", "a b c"),
            ("---", "---"),
            ("<b>bold</b> text", "<b>bold</b> text"),
            ("   ", ""),
        ] {
            assert_eq!(title_of(question), title, "{question:?}");
        }
    }

    #[test]
    fn a_title_ends_with_a_whole_word_and_is_never_longer_than_it_may_be() {
        let fits = format!("{} end", "word ".repeat(15).trim_end());
        assert_eq!(fits.chars().count(), 78);
        assert_eq!(title_of(&fits), fits);
        let long = title_of(&"слово ".repeat(40));
        assert!(long.ends_with("слово…"), "{long}");
        assert!(long.chars().count() <= MAX);
        let one = title_of(&"я".repeat(200));
        assert_eq!(one.chars().count(), MAX);
        for length in 60..100 {
            let text = format!("{} tail", "x".repeat(length));
            assert!(title_of(&text).chars().count() <= MAX, "{length}");
        }
    }
}
