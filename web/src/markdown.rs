//! What a model writes, made into parts of a page: Markdown, read by `pulldown-cmark` and built as elements one by one.
//!
//! The rule: whoever wrote the text wants to harm the reader. No text of it is ever parsed as HTML: what looks like HTML is shown as it is.
//! Nothing is loaded: a picture is a link. A link goes to the web or to a mailbox only, and says where. Marks that turn the order of letters
//! round are shown. How deep it nests, how much it is and how long it takes are bounded, whatever it is.
//!
//! [`read_whole`] and [`Reader`] know nothing of a browser; [`dom`] builds what they give.

pub mod dom;
mod links;
mod reader;
mod tree;

pub use links::target;
pub use reader::Reader;
pub use tree::{Align, Kind, Node, visible};

/// The blocks of a whole text.
pub fn read_whole(text: &str) -> Vec<Node> {
    let blocks = tree::read(text, &mut (tree::TOP - 1));
    blocks.into_iter().map(|(_, node)| node).collect()
}

/// Bytes of an answer that are shown as Markdown. A page with more of it is slow, and nobody reads it.
pub const MOST: usize = 200_000;

/// The part of a text that is shown as Markdown, and the rest.
pub fn cut(text: &str) -> (&str, &str) {
    let mut at = text.len().min(MOST);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    // Not in the middle of a line, unless it has no end.
    if at < text.len()
        && let Some(end) = text[..at].rfind('\n')
        && end > MOST / 2
    {
        at = end + 1;
    }
    text.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_lines_and_letters() {
        assert_eq!(cut("short"), ("short", ""));
        let line = "ж".repeat(MOST);
        let (shown, rest) = cut(&line);
        assert!(shown.len() <= MOST && shown.len() + rest.len() == line.len());
        let lines = "abcdefg\n".repeat(MOST);
        let (shown, rest) = cut(&lines);
        assert!(shown.ends_with('\n') && rest.starts_with('a'));
    }
}
