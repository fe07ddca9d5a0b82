//! Reads YAML into a tree that knows where everything stands.
//!
//! The parser hands over events; what they become is decided here: numbers keep their digits, plain words are read as YAML 1.2's core
//! schema says (`no` is a text), and whatever a file of settings does not need is refused with its line: tags, merge keys, several
//! documents. Aliases are copies, and the bound on nodes counts copies, so that a small file cannot become a large tree.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError};
use serde_json::{Map, Number, Value};
use understudy_shared::{CONFIG_FILE_MAX_BYTES, FieldError, FieldRule, ValueType};

/// Values within values.
const MAX_DEPTH: usize = 64;
/// Values of a file, copies by aliases included.
const MAX_NODES: usize = 250_000;

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
    place: Place,
    /// Where its name stands, if it is a member of an object.
    name: Option<Place>,
    kind: Kind,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({:?}, …)", self.place)
    }
}

#[derive(Clone)]
enum Kind {
    Scalar(Value),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Place {
    fn of(marker: &Marker) -> Self {
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

    fn count(&self) -> usize {
        1 + match &self.kind {
            Kind::Scalar(_) => 0,
            Kind::List(items) => items.iter().map(Self::count).sum(),
            Kind::Object(members) => members.iter().map(|(_, node)| node.count()).sum(),
        }
    }
}

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

fn depth(node: &Node) -> usize {
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

/// The parser's own words speak of YAML and repeat a single character at most.
fn not_yaml(error: &ScanError) -> FieldError {
    let reason = error.info().to_owned();
    fault(Place::of(error.marker()), "", FieldRule::NotYaml { reason })
}

/// A plain scalar by the core schema of YAML 1.2; none if it is a number that JSON does not have.
fn plain(text: String) -> Option<Value> {
    Some(match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        other => {
            let unsigned = other.trim_start_matches(['-', '+']);
            if matches!(unsigned, ".inf" | ".Inf" | ".INF")
                || matches!(other, ".nan" | ".NaN" | ".NAN")
            {
                return None;
            }
            match number(other) {
                Some(number) => Value::Number(number),
                None => Value::String(text),
            }
        }
    })
}

/// A number by the core schema. Its digits are kept as they are wherever JSON would write them so, too.
fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return None;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let plain = digits.chars().all(|c| c.is_digit(radix));
            let value = u64::from_str_radix(digits, radix).ok().filter(|_| plain);
            return value.map(Number::from);
        }
    }
    let (sign, rest) = match text.split_at(1) {
        ("-", rest) => ("-", rest),
        ("+", rest) => ("", rest),
        _ => ("", text),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let some = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
    if !some || !digits(whole) || !digits(fraction.unwrap_or_default()) {
        return None;
    }
    let exponent_digits = exponent.trim_start_matches(['e', 'E']);
    let exponent_digits = exponent_digits
        .strip_prefix(['-', '+'])
        .unwrap_or(exponent_digits);
    if !exponent.is_empty() && (exponent_digits.is_empty() || !digits(exponent_digits)) {
        return None;
    }
    // As JSON writes it: a digit before the point and one after it, and no zeros in front.
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let fraction = match fraction {
        None | Some("") => String::new(),
        Some(fraction) => format!(".{fraction}"),
    };
    Number::from_str(&format!("{sign}{whole}{fraction}{exponent}")).ok()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::json;
    use understudy_shared::ProblemCode;

    use super::*;

    fn value(text: &str) -> Value {
        match read(text.as_bytes()) {
            Ok(node) => node.to_json(),
            Err(faults) => panic!("{text:?}: {faults:?}"),
        }
    }

    #[track_caller]
    fn refused(bytes: impl AsRef<[u8]>) -> FieldError {
        let faults = read(bytes.as_ref()).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults.into_iter().next().unwrap()
    }

    #[track_caller]
    fn refused_at(text: &str, line: u32, column: u32) -> FieldRule {
        let fault = refused(text);
        assert_eq!(
            (fault.line, fault.column),
            (Some(line), Some(column)),
            "{fault:?}"
        );
        fault.rule
    }

    #[test]
    fn words_are_read_by_the_core_schema() {
        for (text, expected) in [
            ("no", json!("no")),
            ("true", json!(true)),
            ("~", json!(null)),
            ("0123", json!(123)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("+5", json!(5)),
            (".5", json!(0.5)),
            ("5.", json!(5)),
            ("1_000", json!("1_000")),
            ("0x", json!("0x")),
            ("1e", json!("1e")),
            ("-", json!([null])),
            ("12:30", json!("12:30")),
            ("'1'", json!("1")),
            ("2026-11-23", json!("2026-11-23")),
        ] {
            let read = value(&format!("a: {}", if text == "-" { "\n  -" } else { text }));
            assert_eq!(read["a"], expected, "{text}");
        }
        assert_eq!(
            refused_at("a: .inf", 1, 4),
            FieldRule::WrongType {
                expected: ValueType::Number
            }
        );
    }

    #[test]
    fn what_is_no_yaml_says_where() {
        for (text, line) in [
            ("a: [1,\nb: 2", 2),
            ("a:\n\t- b", 2),
            ("a: 'b", 1),
            ("a: b: c", 1),
            ("a: *nothing", 1),
            ("a\nb: c", 2),
        ] {
            let fault = refused(text);
            assert_eq!(fault.code, ProblemCode::InvalidYaml, "{text:?}");
            assert!(
                fault.line.is_some_and(|found| found <= line + 1),
                "{text:?}: {fault:?}"
            );
        }
        let fault = refused(b"a: 1\nb: \xff");
        assert_eq!(
            (fault.line, fault.column, fault.rule),
            (Some(2), Some(4), FieldRule::NotUnicode)
        );
    }

    #[test]
    fn what_a_file_of_settings_does_not_need_is_refused() {
        assert_eq!(refused("").rule, FieldRule::YamlEmpty);
        assert_eq!(refused("# nothing\n").rule, FieldRule::YamlEmpty);
        assert_eq!(
            refused_at("a: 1\n---\nb: 2", 2, 1),
            FieldRule::YamlDocuments
        );
        assert_eq!(refused_at("a: !!int 1", 1, 4), FieldRule::YamlTag);
        assert_eq!(
            refused_at("a: &x {b: 1}\nc:\n  <<: *x", 3, 3),
            FieldRule::YamlMerge
        );
        assert_eq!(refused_at("? [a]\n: b", 1, 3), FieldRule::YamlName);
        assert_eq!(refused_at("a: 1\nb: 2\na: 3", 3, 1), FieldRule::Duplicate);
        assert_eq!(refused_at("a: &x [*x]", 1, 8), FieldRule::YamlAlias);
    }

    #[test]
    fn aliases_are_copies_and_do_not_grow_without_end() {
        assert_eq!(
            value("a: &x {b: 1}\nc: *x"),
            json!({"a": {"b": 1}, "c": {"b": 1}})
        );
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            let _ = writeln!(bomb, "a{level}: &a{level} [{}]", vec![before; 10].join(","));
        }
        assert!(matches!(refused(&bomb).rule, FieldRule::YamlNodes { .. }));
        let deep = format!("a: {}{}", "[".repeat(100), "]".repeat(100));
        assert!(matches!(refused(deep).rule, FieldRule::YamlDepth { .. }));
        let mut chain = "a0: &a0 [x]\n".to_owned();
        for level in 1..100 {
            let _ = writeln!(chain, "a{level}: &a{level} [*a{}]", level - 1);
        }
        assert!(matches!(refused(chain).rule, FieldRule::YamlDepth { .. }));
        let large = vec![b' '; CONFIG_FILE_MAX_BYTES + 1];
        assert!(matches!(refused(large).rule, FieldRule::TooLarge { .. }));
        let many = format!("a:\n{}", "- 1\n".repeat(300_000));
        assert!(matches!(refused(many).rule, FieldRule::YamlNodes { .. }));
    }

    #[test]
    fn places_are_those_of_values_and_of_the_names_of_blocks() {
        let text = "version: 1\r\ngroups:\r\n  - name: чат\r\n    members:\r\n      - instance: X\r\n        weight: 0\r\n";
        let root = read(text.as_bytes()).unwrap();
        let at = |pointer: &str| {
            let place = root.find(pointer, false);
            (place.line, place.column)
        };
        assert_eq!(at("/groups/0/name"), (3, 11));
        assert_eq!(at("/groups/0/members/0/weight"), (6, 17));
        assert_eq!(at("/groups/0/members"), (4, 5));
        assert_eq!(at("/groups/0/strategy"), (3, 5));
        let name = root.find("/groups/0/members/0/weight", true);
        assert_eq!((name.line, name.column), (6, 9));
    }
}
