//! Elements for what was read: each made by its name and filled with text, never with HTML.

use leptos::prelude::document;
use leptos::web_sys::{Document, Element, Node as DomNode, Url};
use wasm_bindgen::JsValue;

use super::{Align, Kind, Node, target};

/// The classes of a button.
const BUTTON: [&str; 3] = ["button", "quiet", "small"];
/// What the page that a link leads to does not learn and does not get.
const APART: [&str; 3] = ["noopener", "noreferrer", "nofollow"];

/// What stands between the words of an answer, in the language of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// On the button that copies code.
    pub copy: &'static str,
    /// What it says when that is done.
    pub copied: &'static str,
    /// What a block of code is.
    pub code: &'static str,
    /// What a table is.
    pub table: &'static str,
    /// Before what a picture shows.
    pub picture: &'static str,
    /// What a checked box means.
    pub done: &'static str,
    /// What an unchecked one means.
    pub open: &'static str,
}

/// The element of a block. None if the browser makes no elements, which then shows nothing at all.
pub fn build(node: &Node, words: &Words) -> Option<DomNode> {
    let build = Builder {
        document: document(),
        words,
        in_link: false,
    };
    build.node(node).ok()
}

struct Builder<'a> {
    document: Document,
    words: &'a Words,
    in_link: bool,
}

type Made<T> = Result<T, JsValue>;

impl Builder<'_> {
    fn node(&self, node: &Node) -> Made<DomNode> {
        let name = match &node.kind {
            Kind::Text(text) => return Ok(self.document.create_text_node(text).into()),
            Kind::Code(text) => return Ok(self.text("code", "", text)?.into()),
            Kind::Plain(text) => return Ok(self.text("div", "md-plain", text)?.into()),
            Kind::CodeBlock { language, text } => return self.code(language, text),
            Kind::Task(done) => return self.task(*done),
            Kind::Table => return self.table(node),
            Kind::Link(to) if !self.in_link => return self.link(to, node),
            Kind::Picture(to) => return self.picture(to, node),
            Kind::Heading(level) => return self.filled(&format!("h{level}"), node),
            Kind::List(Some(first)) => {
                let list = self.element("ol", "")?;
                list.set_attribute("start", &first.to_string())?;
                return self.fill(list, node);
            }
            Kind::Break => "br",
            Kind::Rule => "hr",
            Kind::Paragraph => "p",
            Kind::Quote => "blockquote",
            Kind::List(None) => "ul",
            Kind::Item => "li",
            Kind::Emphasis => "em",
            Kind::Strong => "strong",
            Kind::Strike => "s",
            Kind::Row | Kind::Cell(_) | Kind::Link(_) => "span",
        };
        self.filled(name, node)
    }

    fn element(&self, name: &str, class: &str) -> Made<Element> {
        let element = self.document.create_element(name)?;
        if !class.is_empty() {
            element.set_class_name(class);
        }
        Ok(element)
    }

    fn text(&self, name: &str, class: &str, text: &str) -> Made<Element> {
        let element = self.element(name, class)?;
        element.set_text_content(Some(text));
        Ok(element)
    }

    fn filled(&self, name: &str, node: &Node) -> Made<DomNode> {
        let element = self.element(name, "")?;
        if matches!(
            node.kind,
            Kind::Paragraph | Kind::Heading(_) | Kind::Item | Kind::Quote
        ) {
            // Each by its own letters: an answer may be in a language that runs the other way.
            element.set_attribute("dir", "auto")?;
        }
        self.fill(element, node)
    }

    fn fill(&self, element: Element, node: &Node) -> Made<DomNode> {
        for inside in &node.inside {
            element.append_child(&self.node(inside)?)?;
        }
        Ok(element.into())
    }

    /// What scrolls by itself can be reached by the keyboard, and is called something.
    fn scrolls(&self, element: &Element, label: &str) -> Made<()> {
        element.set_attribute("tabindex", "0")?;
        element.set_attribute("role", "group")?;
        element.set_attribute("aria-label", label)
    }

    fn code(&self, language: &str, text: &str) -> Made<DomNode> {
        let block = self.element("div", "md-code")?;
        let head = self.element("div", "md-code-head")?;
        head.append_child(&self.text("span", "md-language", language)?.into())?;
        let copy = self.text("button", &BUTTON.join(" "), self.words.copy)?;
        copy.set_attribute("type", "button")?;
        copy.set_attribute("data-action", "copy-code")?;
        copy.set_attribute("data-said", self.words.copied)?;
        copy.set_attribute("aria-live", "polite")?;
        head.append_child(&copy)?;
        block.append_child(&head)?;
        let lines = self.element("pre", "")?;
        self.scrolls(&lines, &format!("{} {language}", self.words.code))?;
        lines.append_child(&self.text("code", "", text)?.into())?;
        block.append_child(&lines)?;
        Ok(block.into())
    }

    fn task(&self, done: bool) -> Made<DomNode> {
        let (sign, word) = if done {
            ("☑", self.words.done)
        } else {
            ("☐", self.words.open)
        };
        let task = self.text("span", "md-task", sign)?;
        task.set_attribute("role", "img")?;
        task.set_attribute("aria-label", word)?;
        Ok(task.into())
    }

    fn table(&self, node: &Node) -> Made<DomNode> {
        let around = self.element("div", "md-table")?;
        self.scrolls(&around, self.words.table)?;
        let table = self.element("table", "")?;
        for (index, row) in node.inside.iter().enumerate() {
            let line = self.element("tr", "")?;
            for cell in &row.inside {
                // A heading without words is none.
                let name = if index == 0 && !cell.inside.is_empty() {
                    "th"
                } else {
                    "td"
                };
                let element = self.element(name, "")?;
                if let Kind::Cell(align @ (Align::Center | Align::End)) = cell.kind {
                    let align = if align == Align::End { "end" } else { "center" };
                    element.set_attribute("data-align", align)?;
                }
                line.append_child(&self.fill(element, cell)?)?;
            }
            table.append_child(&line)?;
        }
        around.append_child(&table)?;
        Ok(around.into())
    }

    fn link(&self, to: &str, node: &Node) -> Made<DomNode> {
        let Some(target) = target(to) else {
            return self.filled("span", node);
        };
        let link = self.anchor(&target.href)?;
        let inside = Builder {
            document: self.document.clone(),
            words: self.words,
            in_link: true,
        };
        inside.fill(link.clone(), node)?;
        let place = place(&target.href, target.place);
        let said = link.text_content().unwrap_or_default();
        if !says(&said, &place) {
            let host = format!(" ({place})");
            link.append_child(&self.text("span", "md-host", &host)?.into())?;
        }
        Ok(link.into())
    }

    fn anchor(&self, href: &str) -> Made<Element> {
        let link = self.element("a", "")?;
        link.set_attribute("href", href)?;
        link.set_attribute("target", "_blank")?;
        link.set_attribute("rel", &APART.join(" "))?;
        Ok(link)
    }

    /// A picture is not loaded, as whoever keeps it would learn of the reader: it is a link to it.
    fn picture(&self, to: &str, node: &Node) -> Made<DomNode> {
        let shown = self.element("span", "md-picture")?;
        let prefix = format!("{}: ", self.words.picture);
        shown.append_child(&self.document.create_text_node(&prefix).into())?;
        if self.in_link {
            return self.fill(shown, node);
        }
        let named = Node {
            kind: Kind::Link(to.to_owned()),
            inside: node.inside.clone(),
        };
        shown.append_child(&self.link(to, &named)?)?;
        Ok(shown.into())
    }
}

/// Where an address leads, as the browser understands it: letters that only look like others become what they are.
fn place(href: &str, written: String) -> String {
    Url::new(href)
        .ok()
        .map(|url| url.host())
        .filter(|host| !host.is_empty())
        .unwrap_or(written)
}

/// Whether the words of a link are its address, so that where it leads need not be said again.
fn says(words: &str, place: &str) -> bool {
    let words = words.trim().to_lowercase();
    let words = words
        .strip_prefix("https://")
        .or_else(|| words.strip_prefix("http://"))
        .unwrap_or(&words);
    let rest = words.strip_prefix(place);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_address_itself_says_where_a_link_leads() {
        for words in [
            "example.org",
            "https://example.org/a",
            "Example.org?x",
            " http://example.org ",
        ] {
            assert!(says(words, "example.org"), "{words}");
        }
        for words in [
            "",
            "here",
            "example.org.evil.example",
            "https://example.org@evil.example",
            "exаmple.org",
        ] {
            assert!(!says(words, "example.org"), "{words}");
        }
    }
}
