//! What is wrong with one field: the rule that it breaks, with what a sentence about it needs, and that sentence in English.
//!
//! The rule is the whole of it: code and sentence are derived, so that no place can make an error that programs and
//! translations cannot tell apart, and no place can forget the numbers that belong into the sentence. Nothing here may carry
//! the value that was sent, since it might be a secret in the wrong place.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::ProblemCode;

mod rule;

pub use rule::*;

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "OnTheWire")]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field in the request's body.
    #[schema(example = "/endpoint/port")]
    pub pointer: String,
    /// What is wrong, for programs.
    #[schema(example = "validation_failed")]
    pub code: ProblemCode,
    /// What is wrong, for people.
    #[schema(example = "must be between 1 and 65535")]
    pub detail: String,
    /// Of a file: the line, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 14)]
    pub line: Option<u32>,
    /// Of a file: the column in characters, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 19)]
    pub column: Option<u32>,
    /// The rule that is broken (`rule`), and what a sentence about it needs (`params`; left out if nothing).
    #[serde(flatten)]
    pub rule: FieldRule,
}

impl FieldError {
    /// A field that breaks a rule.
    pub fn new(pointer: impl Into<String>, rule: FieldRule) -> Self {
        Self {
            pointer: pointer.into(),
            code: rule.code(),
            detail: rule.to_string(),
            line: None,
            column: None,
            rule,
        }
    }

    /// The field as people write it: `groups[0].members[1].instance`. Nothing for the whole.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for step in self.pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
            if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) {
                path.push_str(&format!("[{step}]"));
            } else if step.is_empty() || !step.chars().all(plain) {
                path.push_str(&format!("[{step:?}]"));
            } else {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&step);
            }
        }
        path
    }

    /// Where the field is: its pointer, or of a file the line, the column and the path.
    pub fn place(&self) -> String {
        let Some(line) = self.line else {
            return self.pointer.clone();
        };
        let column = self.column.map(|column| format!(", column {column}"));
        let (column, path) = (column.unwrap_or_default(), self.path());
        let separator = if path.is_empty() { "" } else { ", " };
        format!("line {line}{column}{separator}{path}")
    }
}

/// Read in two steps: `serde`'s own way through `flatten` does not survive numbers of arbitrary precision.
#[derive(Deserialize)]
struct OnTheWire {
    pointer: String,
    code: ProblemCode,
    detail: String,
    line: Option<u32>,
    column: Option<u32>,
    rule: String,
    params: Option<Value>,
}

impl TryFrom<OnTheWire> for FieldError {
    type Error = serde_json::Error;

    fn try_from(wire: OnTheWire) -> Result<Self, Self::Error> {
        Ok(Self {
            pointer: wire.pointer,
            code: wire.code,
            detail: wire.detail,
            line: wire.line,
            column: wire.column,
            rule: FieldRule::read(wire.rule, wire.params)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;
    use utoipa::PartialSchema as _;

    use super::*;

    /// One of each.
    fn all() -> Vec<FieldRule> {
        use FieldRule as R;
        let text = || "x".to_owned();
        vec![
            R::Missing,
            R::Required,
            R::RequiredWith { field: text() },
            R::RequiredWhen {
                field: text(),
                value: text(),
            },
            R::OnlyWhen {
                field: text(),
                value: text(),
            },
            R::SecretMissing,
            R::SecretAgain,
            R::Taken,
            R::UnknownField {
                known: vec![text()],
            },
            R::WrongType {
                expected: ValueType::NaturalNumber,
            },
            R::NotOneOf {
                allowed: vec![text()],
            },
            R::NotAUuid,
            R::NotATime,
            R::Unreadable,
            R::PORT,
            R::TooShort { min: 10 },
            R::TooLong {
                max: 100,
                actual: 101,
            },
            R::TooLarge { max: 65_536 },
            R::TooFewItems { min: 1 },
            R::TooManyItems {
                max: 20,
                actual: 21,
            },
            R::Duplicate,
            R::Blank,
            R::OuterSpaces,
            R::ControlCharacters,
            R::ControlCharactersInText,
            R::NotPrintableAscii,
            R::HeaderName,
            R::HeaderReserved { name: text() },
            R::HeaderOfToken,
            R::PathWithoutSlash,
            R::PathCharacters,
            R::PathClimbs,
            R::GroupName,
            R::GroupNameOfAssistant,
            R::PrivateWithoutOwner,
            R::HostAlone,
            R::NotAHost,
            R::TokensWithoutAuth,
            R::ParameterReserved { name: text() },
            R::ParameterSetAndStripped,
            R::ProxyUrl,
            R::ProxyUrlPath,
            R::CredentialsInUrl,
            R::CertificateUnreadable,
            R::CertificateMissing,
            R::NotInFuture,
            R::PasswordCommon,
            R::PasswordIsUsername,
            R::PasswordWrong,
            R::OfIdentityProvider,
            R::NotAPathOfSite,
            R::UnknownInstance,
            R::UnknownGroup,
            R::UnknownAssistant,
            R::UnknownQuestion,
            R::ExactlyOneOf {
                other: "a".to_owned(),
            },
            R::UnknownStoredItem,
            R::EmbeddingDimensions {
                dimensions: 768,
                other: 1024,
            },
            R::EmbeddingDimensionsInGroup {
                group: text(),
                other: 1024,
            },
            R::HttpsRequired,
            R::MetadataService { host: text() },
            R::AddressUnusable { address: text() },
            R::AddressOfService { address: text() },
            R::AddressDenied { address: text() },
            R::AddressNotPublic { address: text() },
            R::NotYaml { reason: text() },
            R::NotUnicode,
            R::YamlEmpty,
            R::YamlDocuments,
            R::YamlTag,
            R::YamlMerge,
            R::YamlAlias,
            R::YamlName,
            R::YamlDepth { max: 64 },
            R::YamlNodes { max: 250_000 },
            R::UnknownInstanceName { name: text() },
            R::UnknownGroupName { name: text() },
            R::SecretForm,
            R::SecretReference,
            R::SecretVariable { name: text() },
            R::SecretFile {
                path: text(),
                reason: text(),
            },
            R::SecretNotStored,
            R::SecretAmbiguous,
        ]
    }

    fn name(rule: &FieldRule) -> String {
        serde_json::to_value(rule).unwrap()["rule"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn every_rule_has_a_name_and_a_sentence_of_its_own() {
        let rules = all();
        let names: BTreeSet<String> = rules.iter().map(name).collect();
        assert_eq!(names.len(), rules.len());
        for name in &names {
            let snake = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(name.chars().all(snake), "{name}");
        }
        let sentences: BTreeSet<String> = rules.iter().map(ToString::to_string).collect();
        assert_eq!(sentences.len(), rules.len());
        // The description of the API is made from the type itself, so it knows whether one is missing above.
        let schema = serde_json::to_value(FieldRule::schema()).unwrap();
        let described: BTreeSet<String> = schema["oneOf"]
            .as_array()
            .unwrap()
            .iter()
            .map(|variant| {
                variant["properties"]["rule"]["enum"][0]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(names, described);
    }

    #[test]
    fn an_error_is_read_back_as_it_was_written() {
        for rule in all() {
            let error = FieldError::new("/field", rule);
            let text = serde_json::to_string(&error).unwrap();
            let read: FieldError = serde_json::from_str(&text).unwrap();
            assert_eq!(read, error, "{text}");
        }
    }

    #[test]
    fn a_fault_of_a_file_says_its_line_and_its_path() {
        let mut error = FieldError::new("/groups/0/members/1/instance", FieldRule::Missing);
        assert_eq!(error.place(), "/groups/0/members/1/instance");
        (error.line, error.column) = (Some(14), Some(19));
        assert_eq!(
            error.place(),
            "line 14, column 19, groups[0].members[1].instance"
        );
        error.pointer = "/instances/0/labels/a~1b".to_owned();
        assert_eq!(error.path(), "instances[0].labels[\"a/b\"]");
        error.pointer = String::new();
        assert_eq!(error.place(), "line 14, column 19");
        let text = serde_json::to_string(&error).unwrap();
        assert_eq!(serde_json::from_str::<FieldError>(&text).unwrap(), error);
    }

    #[test]
    fn rule_and_params_stand_beside_code_and_detail() {
        let error = FieldError::new("/endpoint/port", FieldRule::PORT);
        assert_eq!(
            serde_json::to_value(error).unwrap(),
            json!({
                "pointer": "/endpoint/port",
                "code": "validation_failed",
                "detail": "must be between 1 and 65535",
                "rule": "out_of_range",
                "params": {"min": 1, "max": 65535},
            })
        );
        let error = FieldError::new("/name", FieldRule::Taken);
        let value = serde_json::to_value(error).unwrap();
        assert_eq!(value["rule"], "taken");
        assert_eq!(value.get("params"), None);
    }
}
