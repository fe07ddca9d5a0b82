//! Names and values that the person makes up: parameters of a request, labels. What is typed, and what it means.

use leptos::prelude::*;
use serde_json::{Map, Value};

/// What values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Any JSON.
    Json,
    /// Text as it stands.
    Text,
}

/// One row as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairRow {
    /// Stays with the row while others come and go.
    pub key: u32,
    /// The name.
    pub name: RwSignal<String>,
    /// The value.
    pub value: RwSignal<String>,
}

/// Everything as it is typed: in rows, or as one JSON object.
#[derive(Clone, Copy)]
pub struct Pairs {
    /// What values are.
    pub values: Values,
    /// The rows.
    pub rows: RwSignal<Vec<PairRow>>,
    /// The JSON that is typed in place of the rows.
    pub raw: RwSignal<Option<String>>,
    next: StoredValue<u32>,
}

/// What is typed, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Rows: key, name, value.
    Rows(Vec<(u32, String, String)>),
    /// One JSON object.
    Raw(String),
}

impl Default for Typed {
    fn default() -> Self {
        Self::Rows(Vec::new())
    }
}

/// Why something typed means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairFault {
    /// A value without a name.
    NameMissing,
    /// The name is there already.
    NameTwice,
    /// A name without a value.
    ValueMissing,
    /// The value is no JSON.
    NotJson,
    /// The whole is no JSON object.
    NotAnObject,
    /// A value of the object is no text.
    NotText,
}

/// Where: the row by its key and the part of it, or the whole.
pub type PairPlace = Option<(u32, &'static str)>;

impl Pairs {
    /// Nothing yet.
    pub fn new(values: Values) -> Self {
        Self {
            values,
            rows: RwSignal::new(Vec::new()),
            raw: RwSignal::new(None),
            next: StoredValue::new(0),
        }
    }

    /// Shows `object`, in rows.
    pub fn set(self, object: &Map<String, Value>) {
        let rows = object
            .iter()
            .map(|(name, value)| self.row(name, &self.write(value)))
            .collect();
        self.raw.set(None);
        self.rows.set(rows);
    }

    /// Adds an empty row and gives its key.
    pub fn add(self) -> u32 {
        let row = self.row("", "");
        self.rows.update(|rows| rows.push(row));
        row.key
    }

    /// Takes a row away.
    pub fn remove(self, key: u32) {
        self.rows.update(|rows| rows.retain(|row| row.key != key));
    }

    /// What is typed; tracked.
    pub fn typed(self) -> Typed {
        if let Some(raw) = self.raw.get() {
            return Typed::Raw(raw);
        }
        let row = |row: &PairRow| (row.key, row.name.get(), row.value.get());
        Typed::Rows(self.rows.with(|rows| rows.iter().map(row).collect()))
    }

    /// Goes over to one JSON object. Rows that mean nothing stay as they are.
    ///
    /// # Errors
    /// If they mean nothing.
    pub fn to_raw(self) -> Result<(), Vec<(PairPlace, PairFault)>> {
        let object = untrack(|| self.typed()).object(self.values)?;
        let text = serde_json::to_string_pretty(&object).unwrap_or_default();
        self.raw.set(Some(text));
        Ok(())
    }

    /// Goes over to rows. JSON that means nothing stays as it is.
    ///
    /// # Errors
    /// If it means nothing.
    pub fn to_rows(self) -> Result<(), Vec<(PairPlace, PairFault)>> {
        let object = untrack(|| self.typed()).object(self.values)?;
        self.set(&object);
        Ok(())
    }

    fn row(self, name: &str, value: &str) -> PairRow {
        let key = self.next.get_value();
        self.next.set_value(key + 1);
        PairRow {
            key,
            name: RwSignal::new(name.to_owned()),
            value: RwSignal::new(value.to_owned()),
        }
    }

    fn write(self, value: &Value) -> String {
        match (self.values, value) {
            (Values::Text, Value::String(text)) => text.clone(),
            (_, value) => value.to_string(),
        }
    }
}

impl Typed {
    /// What it means. Rows that are wholly empty mean nothing and are no fault.
    ///
    /// # Errors
    /// Every place that means nothing.
    pub fn object(
        &self,
        values: Values,
    ) -> Result<Map<String, Value>, Vec<(PairPlace, PairFault)>> {
        match self {
            Self::Raw(text) => raw(text, values).map_err(|fault| vec![(None, fault)]),
            Self::Rows(rows) => read_rows(rows, values),
        }
    }
}

fn raw(text: &str, values: Values) -> Result<Map<String, Value>, PairFault> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    let object = match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object,
        Ok(_) => return Err(PairFault::NotAnObject),
        Err(_) => return Err(PairFault::NotJson),
    };
    if values == Values::Text && !object.values().all(Value::is_string) {
        return Err(PairFault::NotText);
    }
    Ok(object)
}

fn read_rows(
    rows: &[(u32, String, String)],
    values: Values,
) -> Result<Map<String, Value>, Vec<(PairPlace, PairFault)>> {
    let mut object = Map::new();
    let mut faults = Vec::new();
    for (key, name, text) in rows {
        let (key, name) = (*key, name.trim());
        if name.is_empty() && text.trim().is_empty() {
            continue;
        }
        let value = match values {
            Values::Text => Ok(Value::String(text.clone())),
            Values::Json if text.trim().is_empty() => Err(PairFault::ValueMissing),
            Values::Json => serde_json::from_str(text).map_err(|_| PairFault::NotJson),
        };
        if name.is_empty() {
            faults.push((Some((key, "name")), PairFault::NameMissing));
        } else if object.contains_key(name) {
            faults.push((Some((key, "name")), PairFault::NameTwice));
        }
        match value {
            Ok(value) => {
                object.insert(name.to_owned(), value);
            }
            Err(fault) => {
                faults.push((Some((key, "value")), fault));
                // The name is taken all the same.
                object.insert(name.to_owned(), Value::Null);
            }
        }
    }
    if faults.is_empty() {
        Ok(object)
    } else {
        Err(faults)
    }
}

/// What kind of JSON a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// A number.
    Number,
    /// A text.
    Text,
    /// True or false.
    Bool,
    /// An array.
    Array,
    /// An object.
    Object,
    /// `null`.
    Null,
}

/// What kind of JSON `text` is; none if it is no JSON.
pub fn json_kind(text: &str) -> Option<JsonKind> {
    Some(match serde_json::from_str(text).ok()? {
        Value::Number(_) => JsonKind::Number,
        Value::String(_) => JsonKind::Text,
        Value::Bool(_) => JsonKind::Bool,
        Value::Array(_) => JsonKind::Array,
        Value::Object(_) => JsonKind::Object,
        Value::Null => JsonKind::Null,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(rows: &[(&str, &str)]) -> Typed {
        let row = |(key, (name, value)): (usize, &(&str, &str))| {
            (
                u32::try_from(key).unwrap(),
                (*name).to_owned(),
                (*value).to_owned(),
            )
        };
        Typed::Rows(rows.iter().enumerate().map(row).collect())
    }

    #[test]
    fn rows_become_an_object_and_empty_ones_nothing() {
        let typed = rows(&[(" temperature ", "0.2"), ("", " "), ("stop", r#"["a"]"#)]);
        let object = typed.object(Values::Json).unwrap();
        assert_eq!(
            Value::Object(object),
            json!({"temperature": 0.2, "stop": ["a"]})
        );
        let labels = rows(&[("site", "berlin"), ("empty", "")]);
        assert_eq!(
            Value::Object(labels.object(Values::Text).unwrap()),
            json!({"site": "berlin", "empty": ""})
        );
    }

    #[test]
    fn each_fault_names_its_place() {
        let typed = rows(&[("a", "text"), ("", "1"), ("a", "2"), ("b", "")]);
        assert_eq!(
            typed.object(Values::Json).unwrap_err(),
            [
                (Some((0, "value")), PairFault::NotJson),
                (Some((1, "name")), PairFault::NameMissing),
                (Some((2, "name")), PairFault::NameTwice),
                (Some((3, "value")), PairFault::ValueMissing),
            ]
        );
    }

    #[test]
    fn raw_text_is_an_object_or_a_fault() {
        for (text, values, result) in [
            ("", Values::Json, Ok(json!({}))),
            (r#"{"a": 1}"#, Values::Json, Ok(json!({"a": 1}))),
            (r#"{"a": 1}"#, Values::Text, Err(PairFault::NotText)),
            ("[1]", Values::Json, Err(PairFault::NotAnObject)),
            ("{", Values::Json, Err(PairFault::NotJson)),
        ] {
            let read = Typed::Raw(text.to_owned()).object(values);
            let read = read.map(Value::Object).map_err(|faults| faults[0].1);
            assert_eq!(read, result, "{text}");
        }
    }

    #[test]
    fn rows_and_raw_say_the_same() {
        let owner = Owner::new();
        owner.set();
        let pairs = Pairs::new(Values::Json);
        let object = json!({"a": "text", "b": {"c": [1, null]}});
        pairs.set(object.as_object().unwrap());
        pairs.to_raw().unwrap();
        assert!(matches!(pairs.typed(), Typed::Raw(_)));
        pairs.to_rows().unwrap();
        let back = untrack(|| pairs.typed()).object(Values::Json).unwrap();
        assert_eq!(Value::Object(back), object);
        pairs.raw.set(Some("{".to_owned()));
        assert!(pairs.to_rows().is_err());
        assert_eq!(pairs.raw.get_untracked().as_deref(), Some("{"));
    }

    #[test]
    fn the_kind_of_a_value_is_told() {
        for (text, kind) in [
            ("1.5", Some(JsonKind::Number)),
            ("\"a\"", Some(JsonKind::Text)),
            ("true", Some(JsonKind::Bool)),
            ("[]", Some(JsonKind::Array)),
            ("{}", Some(JsonKind::Object)),
            ("null", Some(JsonKind::Null)),
            ("a", None),
            ("", None),
        ] {
            assert_eq!(json_kind(text), kind, "{text}");
        }
    }
}
