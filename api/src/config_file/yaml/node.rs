//! A tree that knows where everything stands.

use std::fmt;

use saphyr_parser::Marker;
use serde_json::{Map, Value};

/// Where something stands in the file, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

/// A value with its place. Any of them may be a secret, so that none is printed.
#[derive(Clone)]
pub struct Node {
    pub(super) place: Place,
    /// Where its name stands, if it is a member of an object.
    pub(super) name: Option<Place>,
    pub(super) kind: Kind,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({:?}, …)", self.place)
    }
}

#[derive(Clone)]
pub(super) enum Kind {
    Scalar(Value),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Place {
    pub(super) fn of(marker: &Marker) -> Self {
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            line: number(marker.line().max(1)),
            column: number(marker.col() + 1),
        }
    }
}

impl Node {
    /// The members of an object.
    pub fn members(&self) -> Option<&[(String, Self)]> {
        match &self.kind {
            Kind::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn items(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let mut members = self.members()?.iter();
        members.find(|(own, _)| own == name).map(|(_, node)| node)
    }

    /// A text.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether there is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Scalar(Value::Null))
    }

    /// The value without its places.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => items.iter().map(Self::to_json).collect(),
            Kind::Object(members) => {
                let members = members
                    .iter()
                    .map(|(name, node)| (name.clone(), node.to_json()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    /// Where the value of a JSON pointer stands, or its name; of one that is missing, where the nearest around it does.
    pub fn find(&self, pointer: &str, wants_name: bool) -> Place {
        let mut node = self;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let inner = match &node.kind {
                Kind::List(items) => step.parse().ok().and_then(|index: usize| items.get(index)),
                Kind::Object(_) => node.get(&step),
                Kind::Scalar(_) => None,
            };
            let Some(inner) = inner else { break };
            node = inner;
        }
        match node.kind {
            Kind::Scalar(_) if !wants_name => node.place,
            // A block begins in the line after its name, where nobody looks for it.
            _ => node.name.unwrap_or(node.place),
        }
    }

    pub(super) fn count(&self) -> usize {
        1 + match &self.kind {
            Kind::Scalar(_) => 0,
            Kind::List(items) => items.iter().map(Self::count).sum(),
            Kind::Object(members) => members.iter().map(|(_, node)| node.count()).sum(),
        }
    }
}

/// Values within values.
pub(super) fn depth(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar(_) => 0,
        Kind::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Kind::Object(members) => {
            1 + members
                .iter()
                .map(|(_, node)| depth(node))
                .max()
                .unwrap_or(0)
        }
    }
}
