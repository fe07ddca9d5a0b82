//! Reads YAML into a tree that knows where everything stands.
//!
//! The parser hands over events; what they become is decided here: numbers keep their digits, plain words are read as YAML 1.2's core
//! schema says (`no` is a text), and whatever a file of settings does not need is refused with its line: tags, merge keys, several
//! documents. Aliases are copies, and the bound on nodes counts copies, so that a small file cannot become a large tree.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};
use serde_json::Value;
use understudy_shared::{CONFIG_FILE_MAX_BYTES, FieldError, FieldRule, ValueType};

mod node;
mod scalar;

pub use node::{Node, Place};

use node::{Kind, depth};
use scalar::plain;

/// Values within values.
const MAX_DEPTH: usize = 64;
/// Values of a file, copies by aliases included.
const MAX_NODES: usize = 250_000;

/// A fault at a place.
pub fn fault(place: Place, pointer: impl Into<String>, rule: FieldRule) -> FieldError {
    FieldError {
        line: Some(place.line),
        column: Some(place.column),
        ..FieldError::new(pointer, rule)
    }
}

/// Reads one document.
///
/// # Errors
/// With what is wrong, and where. What does not keep the rest from being read is told all together.
pub fn read(bytes: &[u8]) -> Result<Node, Vec<FieldError>> {
    if bytes.len() > CONFIG_FILE_MAX_BYTES {
        let rule = FieldRule::TooLarge {
            max: CONFIG_FILE_MAX_BYTES as u64,
        };
        return Err(vec![FieldError::new("", rule)]);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let place = Place {
            line: before.matches('\n').count() as u32 + 1,
            column: line.chars().count() as u32 + 1,
        };
        vec![fault(place, "", FieldRule::NotUnicode)]
    })?;
    let mut reader = Reader::default();
    let outcome = reader.run(text.trim_start_matches('\u{feff}'));
    if let Err(fatal) = outcome {
        reader.faults.push(*fatal);
    }
    match reader.root {
        _ if !reader.faults.is_empty() => Err(reader.faults),
        Some(root) if !root.is_null() => Ok(root),
        _ => Err(vec![FieldError::new("", FieldRule::YamlEmpty)]),
    }
}

/// A list or an object that is not over.
struct Open {
    anchor: usize,
    place: Place,
    kind: Building,
}

enum Building {
    List(Vec<Node>),
    Object {
        members: Vec<(String, Node)>,
        names: HashSet<String>,
        /// The name whose value comes next.
        name: Option<(String, Place)>,
    },
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    documents: usize,
    root: Option<Node>,
    faults: Vec<FieldError>,
}

type Fatal = Box<FieldError>;

impl Reader {
    fn run(&mut self, text: &str) -> Result<(), Fatal> {
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| Box::new(not_yaml(&error)))?;
            let place = Place::of(&span.start);
            match event {
                Event::DocumentStart(_) => {
                    self.documents += 1;
                    if self.documents > 1 {
                        return self.stop(place, FieldRule::YamlDocuments);
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    self.refuse_tag(place, tag.is_some());
                    self.scalar(place, text.into_owned(), style, anchor)?;
                }
                Event::SequenceStart(anchor, tag) => {
                    self.refuse_tag(place, tag.is_some());
                    self.begin(place, anchor, Building::List(Vec::new()))?;
                }
                Event::MappingStart(anchor, tag) => {
                    self.refuse_tag(place, tag.is_some());
                    let kind = Building::Object {
                        members: Vec::new(),
                        names: HashSet::new(),
                        name: None,
                    };
                    self.begin(place, anchor, kind)?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.end()?,
                Event::Alias(anchor) => self.alias(place, anchor)?,
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            }
        }
        Ok(())
    }

    fn stop<T>(&self, place: Place, rule: FieldRule) -> Result<T, Fatal> {
        Err(Box::new(fault(place, self.pointer(), rule)))
    }

    fn refuse_tag(&mut self, place: Place, has_tag: bool) {
        if has_tag {
            let fault = fault(place, self.pointer(), FieldRule::YamlTag);
            self.faults.push(fault);
        }
    }

    /// Where in the tree the reader is.
    fn pointer(&self) -> String {
        let step = |open: &Open| match &open.kind {
            Building::List(items) => format!("/{}", items.len()),
            Building::Object { name, .. } => name.as_ref().map_or_else(String::new, |(name, _)| {
                format!("/{}", name.replace('~', "~0").replace('/', "~1"))
            }),
        };
        self.open.iter().map(step).collect()
    }

    fn begin(&mut self, place: Place, anchor: usize, kind: Building) -> Result<(), Fatal> {
        if self.open.len() >= MAX_DEPTH {
            let max = MAX_DEPTH as u64;
            return self.stop(place, FieldRule::YamlDepth { max });
        }
        if self.awaits_name() {
            return self.stop(place, FieldRule::YamlName);
        }
        self.open.push(Open {
            anchor,
            place,
            kind,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fatal> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let kind = match open.kind {
            Building::List(items) => Kind::List(items),
            Building::Object { members, .. } => Kind::Object(members),
        };
        let node = Node {
            place: open.place,
            name: None,
            kind,
        };
        self.add(node, open.anchor)
    }

    /// Whether what comes next is the name of a member.
    fn awaits_name(&self) -> bool {
        let last = self.open.last().map(|open| &open.kind);
        matches!(last, Some(Building::Object { name: None, .. }))
    }

    fn scalar(
        &mut self,
        place: Place,
        text: String,
        style: ScalarStyle,
        anchor: usize,
    ) -> Result<(), Fatal> {
        if self.awaits_name() {
            return self.name(place, text, style);
        }
        let value = match style {
            ScalarStyle::Plain => plain(text),
            _ => Some(Value::String(text)),
        };
        let Some(value) = value else {
            let rule = FieldRule::WrongType {
                expected: ValueType::Number,
            };
            return self.stop(place, rule);
        };
        let node = Node {
            place,
            name: None,
            kind: Kind::Scalar(value),
        };
        self.add(node, anchor)
    }

    fn name(&mut self, place: Place, text: String, style: ScalarStyle) -> Result<(), Fatal> {
        if text == "<<" && style == ScalarStyle::Plain {
            return self.stop(place, FieldRule::YamlMerge);
        }
        let Some(Building::Object { names, name, .. }) =
            self.open.last_mut().map(|open| &mut open.kind)
        else {
            return Ok(());
        };
        let twice = !names.insert(text.clone());
        *name = Some((text, place));
        if twice {
            let fault = fault(place, self.pointer(), FieldRule::Duplicate);
            self.faults.push(fault);
        }
        Ok(())
    }

    fn alias(&mut self, place: Place, anchor: usize) -> Result<(), Fatal> {
        if self.awaits_name() {
            return self.stop(place, FieldRule::YamlName);
        }
        let Some(node) = self.anchors.get(&anchor) else {
            return self.stop(place, FieldRule::YamlAlias);
        };
        // Counted before it is copied.
        self.nodes += node.count();
        if self.nodes > MAX_NODES {
            return self.too_many(place);
        }
        let copy = Node {
            place,
            name: None,
            ..node.clone()
        };
        if self.open.len() + depth(&copy) > MAX_DEPTH {
            let max = MAX_DEPTH as u64;
            return self.stop(place, FieldRule::YamlDepth { max });
        }
        self.put(copy);
        Ok(())
    }

    fn too_many<T>(&self, place: Place) -> Result<T, Fatal> {
        let max = MAX_NODES as u64;
        self.stop(place, FieldRule::YamlNodes { max })
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Fatal> {
        self.nodes += 1;
        if anchor > 0 {
            self.nodes += node.count();
        }
        if self.nodes > MAX_NODES {
            return self.too_many(node.place);
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.put(node);
        Ok(())
    }

    fn put(&mut self, mut node: Node) {
        match self.open.last_mut().map(|open| &mut open.kind) {
            Some(Building::List(items)) => items.push(node),
            Some(Building::Object { members, name, .. }) => {
                if let Some((text, place)) = name.take() {
                    node.name = Some(place);
                    members.push((text, node));
                }
            }
            None => self.root = Some(node),
        }
    }
}

/// The parser's own words speak of YAML and repeat a single character at most.
fn not_yaml(error: &ScanError) -> FieldError {
    let reason = error.info().to_owned();
    fault(Place::of(error.marker()), "", FieldRule::NotYaml { reason })
}

#[cfg(test)]
mod tests;
