//! What is wrong with a body, said so that nothing of the body is repeated.

use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};
use understudy_shared::{FieldError, FieldRule, ValueType};

/// What is wrong with a body, and where.
#[derive(Debug)]
pub struct Fault(Box<FieldError>);

impl Fault {
    /// A fault of the value itself.
    pub(super) fn new(rule: FieldRule) -> Self {
        Self(Box::new(FieldError::new("", rule)))
    }

    /// The same fault, seen from one step further out.
    pub(super) fn below(mut self, step: &str) -> Self {
        self.0.pointer.insert_str(
            0,
            &format!("/{}", step.replace('~', "~0").replace('/', "~1")),
        );
        self
    }

    /// The fault as an answer carries it.
    pub fn into_field_error(self) -> FieldError {
        *self.0
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.pointer, self.0.detail)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    /// A rule of the type itself, such as the bounds of a port. `serde` hands on nothing but its sentence.
    fn custom<T: Display>(message: T) -> Self {
        let message = message.to_string();
        // Ids and times are read by their crates, whose messages speak of characters and indices.
        let rule = if message.starts_with("UUID parsing failed") {
            FieldRule::NotAUuid
        } else if message == FieldRule::PORT.to_string() {
            FieldRule::PORT
        } else if message.contains("input") || message.contains("trailing") {
            FieldRule::NotATime
        } else {
            FieldRule::Unreadable
        };
        Self::new(rule)
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(wrong_type(expected))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(bounds(expected).unwrap_or(FieldRule::Unreadable))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new(wrong_type(expected))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(FieldRule::NotOneOf {
            allowed: names(expected),
        })
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let known = names(expected);
        Self::new(FieldRule::UnknownField { known }).below(field)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(FieldRule::Missing).below(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(FieldRule::Duplicate).below(field)
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// What serde expected, in words of JSON.
pub(super) fn wrong_type(expected: &dyn Expected) -> FieldRule {
    let expected = match expected.to_string().as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" => ValueType::NaturalNumber,
        "i8" | "i16" | "i32" | "i64" | "isize" => ValueType::WholeNumber,
        "f32" | "f64" => ValueType::Number,
        "a boolean" => ValueType::Boolean,
        "a sequence" => ValueType::List,
        "a map" => ValueType::Object,
        "a string" | "string or map" | "variant identifier" | "a borrowed string" => {
            ValueType::String
        }
        text if text.starts_with("struct ") => ValueType::Object,
        text if text.starts_with("enum ") => ValueType::String,
        text if text.contains("UUID") => ValueType::Uuid,
        text if text.contains("date") => ValueType::Time,
        _ => return FieldRule::Unreadable,
    };
    FieldRule::WrongType { expected }
}

/// The bounds of a type of numbers.
fn bounds(expected: &dyn Expected) -> Option<FieldRule> {
    let (min, max) = match expected.to_string().as_str() {
        "u8" => (0, u8::MAX.into()),
        "u16" => (0, u16::MAX.into()),
        "u32" => (0, u32::MAX.into()),
        "u64" | "usize" => (0, i64::MAX),
        "i8" => (i8::MIN.into(), i8::MAX.into()),
        "i16" => (i16::MIN.into(), i16::MAX.into()),
        "i32" => (i32::MIN.into(), i32::MAX.into()),
        "i64" | "isize" => (i64::MIN, i64::MAX),
        _ => return None,
    };
    Some(FieldRule::OutOfRange { min, max })
}
