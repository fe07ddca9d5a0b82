//! A text that grows: what is read once stays, and only its end is read again.
//!
//! The rule: all blocks but the last are done, as far as lines are whole. A block that another has followed does not change any more, whatever
//! comes, but the line that is being written may still become a part of it. Only links that are defined further below are found when the
//! whole is read.

use super::tree::{Node, TOP, read};

/// Reads a text as it comes.
#[derive(Debug, Default)]
pub struct Reader {
    /// Bytes of the text that are in blocks which are done.
    done: usize,
    /// How many blocks are.
    blocks: usize,
    /// Level of the last heading in them.
    level: Option<u8>,
}

/// What became of the text's end.
#[derive(Debug, PartialEq, Eq)]
pub struct Fresh {
    /// From which block on there are new ones.
    pub from: usize,
    /// These.
    pub blocks: Vec<Node>,
}

impl Reader {
    /// Takes the whole text as it is now: it begins with what it was before.
    pub fn read(&mut self, text: &str) -> Fresh {
        let from = self.blocks;
        let Some(end) = text.get(self.done..) else {
            return Fresh {
                from,
                blocks: Vec::new(),
            };
        };
        let mut level = self.level.unwrap_or(TOP - 1);
        let found = read(end, &mut level);
        let whole = line_start(end, end.len());
        let last = found.iter().rposition(|(range, _)| range.start < whole);
        if let Some(last @ 1..) = last {
            // The level up to the last block, which is read again.
            for (_, node) in &found[..last] {
                self.level = last_heading(node).or(self.level);
            }
            // A block of code with spaces before it begins with them.
            self.done += line_start(end, found[last].0.start);
            self.blocks += last;
        }
        Fresh {
            from,
            blocks: found.into_iter().map(|(_, node)| node).collect(),
        }
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

fn last_heading(node: &Node) -> Option<u8> {
    let own = match node.kind {
        super::Kind::Heading(level) => Some(level),
        _ => None,
    };
    node.inside.iter().rev().find_map(last_heading).or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Title\n\nOne *two*\nthree\n\n- a\n\n  b\n- c\n  1. d\n\n    code\n\n> q\n> r\n\n```py\nx = 1\n\ny = 2\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n### Sub\nSetext\n===\n\n    four\n    spaces\n\nEnd, привет 👋\n\n---\nlast";

    fn whole(text: &str) -> Vec<Node> {
        let blocks = read(text, &mut (TOP - 1));
        blocks.into_iter().map(|(_, node)| node).collect()
    }

    #[test]
    fn a_text_that_comes_in_pieces_is_the_same_in_the_end_and_on_the_way() {
        for size in [1, 2, 3, 7, 50] {
            let mut reader = Reader::default();
            let mut shown = Vec::new();
            let letters: Vec<char> = TEXT.chars().collect();
            let mut text = String::new();
            for piece in letters.chunks(size) {
                text.extend(piece);
                let fresh = reader.read(&text);
                shown.truncate(fresh.from);
                shown.extend(fresh.blocks);
                assert_eq!(shown, whole(&text), "{size}: {text}");
            }
        }
    }

    #[test]
    fn only_the_end_is_read_again() {
        let mut reader = Reader::default();
        let mut text = "word\n\n".repeat(1_000);
        assert_eq!(reader.read(&text).blocks.len(), 1_000);
        text.push_str("more");
        let fresh = reader.read(&text);
        assert_eq!((fresh.from, fresh.blocks.len()), (999, 2));
        text.push_str(" and more");
        let fresh = reader.read(&text);
        assert_eq!((fresh.from, fresh.blocks.len()), (999, 2));
        text.push_str("\n\nnew");
        reader.read(&text);
        let fresh = reader.read(&text);
        assert_eq!((fresh.from, fresh.blocks.len()), (1_000, 2));
    }
}
