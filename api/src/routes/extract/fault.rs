//! What is wrong with a body, said so that nothing of the body is repeated.

use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};
use understudy_shared::{FieldError, ProblemCode};

/// What is wrong with a body, and where.
#[derive(Debug)]
pub struct Fault(FieldError);

impl Fault {
    /// A fault of the value itself.
    pub(super) fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self(FieldError {
            pointer: String::new(),
            code,
            detail: detail.into(),
        })
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
        self.0
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.pointer, self.0.detail)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    /// A rule of the type itself, such as the bounds of a port.
    fn custom<T: Display>(message: T) -> Self {
        let message = message.to_string();
        // Ids and times are read by their crates, whose messages speak of characters and indices.
        let detail = if message.starts_with("UUID parsing failed") {
            "must be a UUID".to_owned()
        } else if message.contains("input") || message.contains("trailing") {
            "must be a time as in RFC 3339, such as 2027-01-31T12:00:00Z".to_owned()
        } else {
            message
        };
        Self::new(ProblemCode::ValidationFailed, detail)
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(ProblemCode::InvalidType, must_be(expected))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(ProblemCode::ValidationFailed, must_be(expected))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new(ProblemCode::InvalidType, must_be(expected))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(
            ProblemCode::ValidationFailed,
            format!("must be one of {}", expected.join(", ")),
        )
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let known = if expected.is_empty() {
            "none".to_owned()
        } else {
            expected.join(", ")
        };
        Self::new(
            ProblemCode::UnknownField,
            format!("is not a field that can be written; those are {known}"),
        )
        .below(field)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(ProblemCode::MissingField, "is missing").below(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(ProblemCode::ValidationFailed, "is there twice").below(field)
    }
}

/// What serde expected, in words of JSON.
pub(super) fn must_be(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    let words = match expected.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "a string" | "string or map" | "variant identifier" | "a borrowed string" => "a string",
        text if text.starts_with("struct ") => "an object",
        text if text.starts_with("enum ") => "a string",
        text if text.contains("UUID") => "a UUID",
        text if text.contains("date") => "a time as in RFC 3339, such as 2027-01-31T12:00:00Z",
        text => text,
    };
    format!("must be {words}")
}
