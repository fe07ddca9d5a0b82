//! A text as a tree of what it is made of.

use std::ops::Range;

use pulldown_cmark::{Alignment, CodeBlockKind, Event, Options, Parser, Tag};

use super::links::{Part, parts, target, turns};

/// How deep parts stand in each other. What is deeper is shown at this depth.
const DEEPEST: usize = 16;

/// How many parts a text has. What is left is shown as it is written.
const MOST: usize = 30_000;

/// Characters of a code block's language that are shown.
const LANGUAGE: usize = 24;

/// How a column of a table is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// As the text runs.
    Start,
    /// In the middle.
    Center,
    /// At the end.
    End,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text(String),
    /// Something for machines, in a line.
    Code(String),
    /// A new line.
    Break,
    /// A line between parts.
    Rule,
    /// A box that is checked or not.
    Task(bool),
    /// Something for machines, in a block of its own.
    CodeBlock {
        /// In which language, as the text says.
        language: String,
        /// The text.
        text: String,
    },
    /// What is not read as Markdown and shown as it is written.
    Plain(String),
    /// A paragraph.
    Paragraph,
    /// A heading; never more than one level below the one before.
    Heading(u8),
    /// Somebody else's words.
    Quote,
    /// A list; with the number of its first item, if it has numbers.
    List(Option<u64>),
    /// An item of a list.
    Item,
    /// A table: a [`Kind::Row`] with the headings, and a row for each line.
    Table,
    /// A line of a table.
    Row,
    /// A cell.
    Cell(Align),
    /// Emphasis.
    Emphasis,
    /// Strong emphasis.
    Strong,
    /// Struck out.
    Strike,
    /// A link, to wherever the text says.
    Link(String),
    /// A picture, from wherever the text says; inside stands what it shows.
    Picture(String),
}

/// A part, and what stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// What stands in it.
    pub inside: Vec<Node>,
}

impl Node {
    /// A part with nothing in it.
    pub fn leaf(kind: Kind) -> Self {
        Self {
            kind,
            inside: Vec::new(),
        }
    }
}

/// The least level of a heading in an answer, on a page whose messages are headings themselves.
pub const TOP: u8 = 3;

/// Reads a text: its blocks, and where each stands. `level` is that of the last heading before it ([`TOP`] − 1 for none).
pub fn read(text: &str, level: &mut u8) -> Vec<(Range<usize>, Node)> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut build = Build::new(level);
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        if build.made >= MOST {
            let rest = &text[build.plain_from(range.start)..];
            build.close_all(text.len());
            if !rest.is_empty() {
                let start = text.len() - rest.len();
                build
                    .blocks
                    .push((start..text.len(), Node::leaf(Kind::Plain(visible(rest)))));
            }
            break;
        }
        build.take(event, range);
    }
    build.blocks
}

/// A text in which marks that turn the order of letters are seen.
pub fn visible(text: &str) -> String {
    if !text.contains(turns) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if turns(c) {
            shown.push_str(&format!("[U+{:04X}]", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

struct Build<'a> {
    /// Parts that are not closed yet, the outermost first, with where the outermost began.
    open: Vec<Node>,
    from: usize,
    blocks: Vec<(Range<usize>, Node)>,
    /// For each open tag of the text whether a part stands for it.
    tags: Vec<bool>,
    made: usize,
    aligns: Vec<Align>,
    level: &'a mut u8,
    /// How many links are open: in them no address becomes one.
    links: usize,
    /// What the present text is, if not words.
    literal: Option<Literal>,
}

/// Text that is taken as it stands.
enum Literal {
    Code { language: String, text: String },
    Html(String),
}

impl<'a> Build<'a> {
    fn new(level: &'a mut u8) -> Self {
        Self {
            open: Vec::new(),
            from: 0,
            blocks: Vec::new(),
            tags: Vec::new(),
            made: 0,
            aligns: Vec::new(),
            level,
            links: 0,
            literal: None,
        }
    }

    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range.start),
            Event::End(_) => self.end(range),
            Event::Text(text) | Event::InlineHtml(text) | Event::Html(text) => {
                match &mut self.literal {
                    Some(Literal::Code { text: to, .. } | Literal::Html(to)) => to.push_str(&text),
                    None => self.words(&text, range),
                }
            }
            Event::Code(text) => self.add(Kind::Code(visible(&text)), range),
            Event::SoftBreak | Event::HardBreak => self.add(Kind::Break, range),
            Event::Rule => self.add(Kind::Rule, range),
            Event::TaskListMarker(done) => self.add(Kind::Task(done), range),
            // None of them is read without its option; if it is one day, it is text.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.words(&text, range);
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>, at: usize) {
        if self.tags.is_empty() {
            self.from = at;
        }
        let kind = match tag {
            Tag::Paragraph => Kind::Paragraph,
            Tag::Heading { level, .. } => {
                let wished = (level as u8).saturating_add(TOP - 1);
                *self.level = wished.min(*self.level + 1).min(6);
                Kind::Heading(*self.level)
            }
            Tag::BlockQuote(_) => Kind::Quote,
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => info
                        .split([' ', ',', '{', '\t'])
                        .next()
                        .unwrap_or_default()
                        .chars()
                        .take(LANGUAGE)
                        .collect(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.literal = Some(Literal::Code {
                    language: visible(&language),
                    text: String::new(),
                });
                return self.tags.push(false);
            }
            Tag::HtmlBlock => {
                self.literal = Some(Literal::Html(String::new()));
                return self.tags.push(false);
            }
            Tag::List(first) => Kind::List(first),
            Tag::Item => Kind::Item,
            Tag::Table(aligns) => {
                self.aligns = aligns.into_iter().map(align).collect();
                Kind::Table
            }
            Tag::TableHead | Tag::TableRow => Kind::Row,
            Tag::TableCell => {
                let column = self.open.last().map_or(0, |row| row.inside.len());
                let align = self.aligns.get(column).copied();
                Kind::Cell(align.unwrap_or(Align::Start))
            }
            Tag::Emphasis => Kind::Emphasis,
            Tag::Strong => Kind::Strong,
            Tag::Strikethrough => Kind::Strike,
            Tag::Link { dest_url, .. } => {
                self.links += 1;
                Kind::Link(dest_url.into_string())
            }
            Tag::Image { dest_url, .. } => {
                self.links += 1;
                Kind::Picture(dest_url.into_string())
            }
            // Not read without their options.
            Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => return self.tags.push(false),
        };
        // A table is flat by itself, and of no use without its rows and cells.
        let of_table = matches!(kind, Kind::Row | Kind::Cell(_))
            && self
                .open
                .last()
                .is_some_and(|node| matches!(node.kind, Kind::Table | Kind::Row));
        let kept = self.open.len() < DEEPEST || of_table;
        self.tags.push(kept);
        if kept {
            self.made += 1;
            self.open.push(Node::leaf(kind));
        } else if matches!(kind, Kind::Link(_) | Kind::Picture(_)) {
            self.links -= 1;
        }
    }

    fn end(&mut self, range: Range<usize>) {
        let kept = self.tags.pop() == Some(true);
        match self.literal.take() {
            Some(Literal::Code { language, text }) => {
                let text = visible(text.strip_suffix('\n').unwrap_or(&text));
                self.add(Kind::CodeBlock { language, text }, range.clone());
            }
            Some(Literal::Html(text)) => {
                self.add(Kind::Plain(visible(text.trim_end())), range.clone());
            }
            None => {}
        }
        if !kept {
            return;
        }
        if let Some(node) = self.open.pop() {
            if matches!(node.kind, Kind::Link(_) | Kind::Picture(_)) {
                self.links -= 1;
            }
            self.put(node, self.from..range.end);
        }
    }

    fn words(&mut self, text: &str, range: Range<usize>) {
        let shown = visible(text);
        if self.links > 0 || !shown.contains("http") {
            return self.add(Kind::Text(shown), range);
        }
        for part in parts(&shown) {
            match part {
                Part::Words(words) => self.add(Kind::Text(words.to_owned()), range.clone()),
                Part::Address(address) => {
                    self.made += 1;
                    let link = Node {
                        kind: Kind::Link(address.to_owned()),
                        inside: vec![Node::leaf(Kind::Text(address.to_owned()))],
                    };
                    self.put(link, range.clone());
                }
            }
        }
    }

    fn add(&mut self, kind: Kind, range: Range<usize>) {
        // Texts that follow each other are one: a bracket that opens nothing comes as a text of its own.
        if let Kind::Text(text) = &kind
            && let Some(Node {
                kind: Kind::Text(before),
                ..
            }) = self.open.last_mut().and_then(|node| node.inside.last_mut())
        {
            return before.push_str(text);
        }
        self.made += 1;
        self.put(Node::leaf(kind), range);
    }

    fn put(&mut self, node: Node, range: Range<usize>) {
        let node = without_dead_link(node);
        match self.open.last_mut() {
            Some(around) => around.inside.push(node),
            None => self.blocks.push((range, node)),
        }
    }

    /// Where what is not built yet begins.
    fn plain_from(&self, here: usize) -> usize {
        here.max(self.blocks.last().map_or(0, |(range, _)| range.end))
    }

    fn close_all(&mut self, end: usize) {
        while let Some(node) = self.open.pop() {
            self.put(node, self.from..end);
        }
    }
}

/// A link that may lead nowhere is what stands in it, and its address for whoever wants to know it.
fn without_dead_link(node: Node) -> Node {
    match &node.kind {
        Kind::Link(to) | Kind::Picture(to) if target(to).is_none() => {
            let mut inside = node.inside;
            if !to.is_empty() {
                inside.push(Node::leaf(Kind::Text(format!(" ({})", visible(to)))));
            }
            Node {
                kind: Kind::Emphasis,
                inside,
            }
        }
        _ => node,
    }
}

fn align(align: Alignment) -> Align {
    match align {
        Alignment::None | Alignment::Left => Align::Start,
        Alignment::Center => Align::Center,
        Alignment::Right => Align::End,
    }
}

#[cfg(test)]
mod tests;
