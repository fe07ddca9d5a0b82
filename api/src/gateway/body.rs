//! Top-level fields of a JSON body: found and replaced without building a tree.
//!
//! What is not replaced goes on byte for byte: unknown fields, the spelling of numbers, white space. The scan validates the
//! whole document, so that no backend has to deal with what this gateway read differently.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use understudy_shared::Parameters;

mod add;
mod scan;

/// A top-level field.
#[derive(Debug)]
pub struct Field<'a> {
    /// Its name, unescaped.
    pub name: Cow<'a, str>,
    /// Its value as it stands in the text.
    pub value: &'a str,
}

/// The top-level fields of a JSON object, in order.
#[derive(Debug)]
pub struct Object<'a> {
    text: &'a str,
    /// The fields, repeated ones included.
    pub fields: Vec<Field<'a>>,
}

/// Why a body is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is not JSON.
    #[error("the body is not valid JSON: {0}")]
    NotJson(String),
    /// It is JSON, but no object.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// A field that decides what happens is missing, of another type, or there twice.
    #[error("{0} {1}")]
    Field(&'static str, &'static str),
}

impl<'a> Object<'a> {
    /// Finds the fields of a JSON object.
    ///
    /// # Errors
    /// If the bytes are not UTF-8, not JSON, or not an object.
    pub fn scan(body: &'a [u8]) -> Result<Self, BodyError> {
        let text =
            std::str::from_utf8(body).map_err(|error| BodyError::NotJson(error.to_string()))?;
        if !text
            .trim_start_matches([' ', '\t', '\r', '\n'])
            .starts_with('{')
        {
            // Whatever it is, the parser knows best what is wrong with it.
            return match serde_json::from_str::<serde::de::IgnoredAny>(text) {
                Ok(_) => Err(BodyError::NotAnObject),
                Err(error) => Err(BodyError::NotJson(error.to_string())),
            };
        }
        if let Some(fields) = scan::fields(text) {
            return Ok(Self { text, fields });
        }
        match serde_json::from_str::<Fields<'a>>(text) {
            Ok(Fields(fields)) => Ok(Self { text, fields }),
            Err(error) => Err(BodyError::NotJson(error.to_string())),
        }
    }

    /// The text of a field that must not be there twice: two readers could choose differently.
    ///
    /// # Errors
    /// If it is there twice.
    pub fn unique(&self, name: &'static str) -> Result<Option<&'a str>, BodyError> {
        let mut values = self.fields.iter().filter(|field| field.name == name);
        let value = values.next().map(|field| field.value);
        if values.next().is_some() {
            return Err(BodyError::Field(name, "is in the body twice"));
        }
        Ok(value)
    }

    /// The first field of this name.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.fields
            .iter()
            .find(|field| field.name == name)
            .map(|field| field.value)
    }

    fn range(&self, value: &str) -> Range<usize> {
        let start = value.as_ptr() as usize - self.text.as_ptr() as usize;
        start..start + value.len()
    }

    /// The same text with another value for every field of this name.
    pub fn with(&self, name: &str, value: &Value) -> Bytes {
        let value = value.to_string();
        let mut text = String::with_capacity(self.text.len() + value.len());
        let mut done = 0;
        for field in self.fields.iter().filter(|field| field.name == name) {
            let range = self.range(field.value);
            text.push_str(&self.text[done..range.start]);
            text.push_str(&value);
            done = range.end;
        }
        text.push_str(&self.text[done..]);
        text.into()
    }

    /// The body for one instance: its name of the model, and its parameters.
    pub fn for_instance(&self, model: &str, parameters: &Parameters) -> Bytes {
        let model = Value::from(model);
        let Parameters {
            defaults,
            overrides,
            strip,
        } = parameters;
        if defaults.is_empty() && overrides.is_empty() && strip.is_empty() {
            return self.with("model", &model);
        }
        let mut text = String::with_capacity(self.text.len() + 256);
        let mut put = |name: &str, value: &str| {
            text.push(if text.is_empty() { '{' } else { ',' });
            text.push_str(&Value::from(name).to_string());
            text.push(':');
            text.push_str(value);
        };
        for field in &self.fields {
            let name = field.name.as_ref();
            if name == "model" {
                put(name, &model.to_string());
            } else if !overrides.contains_key(name)
                && !strip.iter().any(|stripped| stripped == name)
            {
                put(name, field.value);
            }
        }
        for (name, value) in overrides {
            put(name, &value.to_string());
        }
        let absent = |name: &String| !overrides.contains_key(name) && self.get(name).is_none();
        for (name, value) in defaults.iter().filter(|(name, _)| absent(name)) {
            put(name, &value.to_string());
        }
        if text.is_empty() {
            text.push('{');
        }
        text.push('}');
        text.into()
    }
}

/// The text of a JSON string; none if it is no string.
pub fn unquote(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str::<String>(value).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

struct Fields<'a>(Vec<Field<'a>>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(8);
                while let Some(Name(name)) = map.next_key()? {
                    let value: &'de RawValue = map.next_value()?;
                    fields.push(Field {
                        name,
                        value: value.get(),
                    });
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// A name, borrowed unless it has escapes. (`Cow`'s own implementation always copies.)
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: serde::de::Error>(
                self,
                name: &'de str,
            ) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }

            fn visit_bytes<E: serde::de::Error>(self, _: &[u8]) -> Result<Self::Value, E> {
                Err(E::custom("a name that is not text"))
            }
        }

        deserializer
            .deserialize_str(NameVisitor)
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use understudy_shared::Capability;

    use super::*;
    use crate::gateway::question::{Question, Refused};

    fn read(body: impl Into<Bytes>) -> Result<(String, bool), BodyError> {
        let body = body.into();
        match Question::read(Capability::Chat, "application/json", &body) {
            Ok(question) => Ok((question.model.into_owned(), question.stream)),
            Err(Refused::Body(error)) => Err(error),
            Err(other) => panic!("{other}"),
        }
    }

    fn rewritten(body: &str, parameters: &Parameters) -> String {
        let object = Object::scan(body.as_bytes()).unwrap();
        String::from_utf8(object.for_instance("m", parameters).to_vec()).unwrap()
    }

    #[test]
    fn only_the_model_changes_and_all_else_stays_byte_for_byte() {
        let body = "{ \"a\" : 1.0e+05,\n\"model\": \"group\" ,\"deep\":{\"model\":\"x\"},\"n\":00.5,\"u\":\"\\u00e9\"}";
        // 00.5 is not JSON: the scan validates the whole document.
        assert!(matches!(
            Object::scan(body.as_bytes()),
            Err(BodyError::NotJson(_))
        ));
        let body = body.replace("00.5", "123456789012345678901234567890.10");
        assert_eq!(
            rewritten(&body, &Parameters::default()),
            body.replace("\"group\"", "\"m\"")
        );
    }

    #[test]
    fn escaped_names_are_the_names_they_spell() {
        assert_eq!(
            read(r#"{"mod\u0065l":"gr\u006fup","stream":true}"#),
            Ok(("group".into(), true))
        );
        assert_eq!(
            rewritten(r#"{"mod\u0065l":"g"}"#, &Parameters::default()),
            r#"{"mod\u0065l":"m"}"#
        );
    }

    #[test]
    fn bad_bodies_say_what_is_wrong() {
        for body in [
            "",
            "{",
            "[1,2",
            "{\"model\":\"a\"} x",
            "nul",
            "{\"model\":\"a\",}",
            "{'model':1}",
        ] {
            assert!(matches!(read(body), Err(BodyError::NotJson(_))), "{body}");
        }
        assert!(matches!(
            read(&b"{\"model\":\"\xff\"}"[..]),
            Err(BodyError::NotJson(_))
        ));
        for body in ["[]", "1", "\"model\"", "null"] {
            assert_eq!(read(body), Err(BodyError::NotAnObject), "{body}");
        }
        assert_eq!(read("{}"), Err(BodyError::Field("model", "is missing")));
        assert_eq!(
            read(r#"{"model":1}"#),
            Err(BodyError::Field("model", "must be a string"))
        );
        assert_eq!(
            read(r#"{"model":"a","stream":"yes"}"#),
            Err(BodyError::Field("stream", "must be true or false"))
        );
        assert_eq!(
            read(r#"{"model":"a","model":"b"}"#),
            Err(BodyError::Field("model", "is in the body twice"))
        );
        assert_eq!(
            read(r#"{"model":"a","stream":null}"#),
            Ok(("a".into(), false))
        );
    }

    #[test]
    fn parameters_add_force_and_remove() {
        let parameters = Parameters {
            defaults: json!({"temperature": 0.5, "top_p": 1})
                .as_object()
                .unwrap()
                .clone(),
            overrides: json!({"max_tokens": 7}).as_object().unwrap().clone(),
            strip: vec!["user".into()],
        };
        assert_eq!(
            rewritten(
                r#"{"model":"g","max_tokens":9,"user":"u","temperature":0.10,"max_tokens":8}"#,
                &parameters
            ),
            r#"{"model":"m","temperature":0.10,"max_tokens":7,"top_p":1}"#
        );
    }

    #[test]
    fn nothing_left_is_an_empty_object() {
        // Found by fuzzing.
        let parameters = Parameters {
            strip: vec!["a".into()],
            ..Parameters::default()
        };
        assert_eq!(rewritten("{\t}", &parameters), "{}");
        assert_eq!(rewritten("{\"a\":1}", &parameters), "{}");
    }

    #[test]
    fn depth_does_not_exhaust_the_stack() {
        let deep = format!(
            "{{\"model\":\"g\",\"x\":{}{}}}",
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        assert!(read(deep).is_ok());
    }
}
