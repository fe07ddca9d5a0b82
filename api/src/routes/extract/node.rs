//! Reads types out of a JSON tree with errors made for callers: the pointer of the field, and nothing of its value.
//!
//! The errors of `serde_json` repeat what they found (`invalid type: string "sk-…"`), which would put a secret that was sent in
//! the wrong place into an answer and a log. These errors cannot: they never get to see a value.

use std::fmt::{self, Display};

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Number, Value};
use understudy_shared::{FieldRule, ValueType};

use super::fault::{Fault, wrong_type};

/// A value of a JSON tree, to be read as a type.
pub struct Node(pub Value);

impl<'de> IntoDeserializer<'de, Fault> for Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Node {
    fn unexpected(&self) -> Unexpected<'static> {
        // Faults do not show it, so the kind is enough.
        Unexpected::Other("value")
    }
}

impl<'de> Deserializer<'de> for Node {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => visit_number(&number, visitor),
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => {
                let indexed = items.into_iter().enumerate();
                visitor.visit_seq(Items(indexed))
            }
            Value::Object(members) => visitor.visit_map(Members {
                rest: members.into_iter(),
                next: None,
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    /// Objects only: derived code would take a list of the fields' values, too, which no document mentions.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.0 {
            Value::Object(_) => self.deserialize_any(visitor),
            _ => Err(de::Error::invalid_type(self.unexpected(), &visitor)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(Name(name)),
            _ => Err(de::Error::invalid_type(self.unexpected(), &"a string")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

/// Numbers that fit are visited as such; others keep their digits the way that `serde_json` keeps them in its own tree.
fn visit_number<'de, V: Visitor<'de>>(number: &Number, visitor: V) -> Result<V::Value, Fault> {
    if let Some(value) = number.as_u64() {
        return visitor.visit_u64(value);
    }
    if let Some(value) = number.as_i64() {
        return visitor.visit_i64(value);
    }
    let expected = ExpectedBy(&visitor).to_string();
    let refused = |_| Fault::new(wrong_type(&expected.as_str()));
    number.deserialize_any(visitor).map_err(refused)
}

struct ExpectedBy<'a, V>(&'a V);

impl<'de, V: Visitor<'de>> Display for ExpectedBy<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }
}

struct Items<I>(I);

impl<'de, I: Iterator<Item = (usize, Value)>> SeqAccess<'de> for Items<I> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some((index, item)) = self.0.next() else {
            return Ok(None);
        };
        seed.deserialize(Node(item))
            .map(Some)
            .map_err(|fault| fault.below(&index.to_string()))
    }
}

struct Members {
    rest: serde_json::map::IntoIter,
    next: Option<(String, Value)>,
}

impl<'de> MapAccess<'de> for Members {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.next = self.rest.next();
        let Some((name, _)) = &self.next else {
            return Ok(None);
        };
        seed.deserialize(name.clone().into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (name, value) = self
            .next
            .take()
            .ok_or_else(|| de::Error::custom("a value without a name"))?;
        seed.deserialize(Node(value))
            .map_err(|fault| fault.below(&name))
    }
}

struct Name(String);

impl<'de> EnumAccess<'de> for Name {
    type Error = Fault;
    type Variant = Unit;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Unit), Fault> {
        Ok((seed.deserialize(self.0.into_deserializer())?, Unit))
    }
}

/// Variants on the wire are names alone.
struct Unit;

fn not_a_string() -> Fault {
    Fault::new(FieldRule::WrongType {
        expected: ValueType::String,
    })
}

impl<'de> VariantAccess<'de> for Unit {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Fault> {
        Err(not_a_string())
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Fault> {
        Err(not_a_string())
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Fault> {
        Err(not_a_string())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;
    use serde::de::DeserializeOwned;
    use serde_json::json;
    use understudy_shared::{
        CreateApiKey, CreateModelGroup, CreateModelInstance, FieldError, Parameters, ProblemCode,
    };

    use super::*;

    fn fault<T: DeserializeOwned>(value: Value) -> FieldError {
        match T::deserialize(Node(value)) {
            Err(fault) => fault.into_field_error(),
            Ok(_) => panic!("no fault"),
        }
    }

    fn instance(change: impl FnOnce(&mut Value)) -> FieldError {
        let mut input = json!({
            "name": "A", "kind": "local", "endpoint": {"scheme": "http", "host": "h", "port": 80}
        });
        change(&mut input);
        fault::<CreateModelInstance>(input)
    }

    #[test]
    fn every_fault_points_to_its_field() {
        use ProblemCode as C;
        let of = |error: FieldError| (error.pointer, error.code);
        let at = |pointer: &str, code| (pointer.to_owned(), code);
        assert_eq!(
            of(instance(|i| i["bogus"] = 1.into())),
            at("/bogus", C::UnknownField)
        );
        assert_eq!(
            of(instance(|i| i["endpoint"]["a/b"] = 1.into())),
            at("/endpoint/a~1b", C::UnknownField)
        );
        assert_eq!(
            of(instance(|i| i["endpoint"]["port"] = 70000.into())),
            at("/endpoint/port", C::ValidationFailed)
        );
        assert_eq!(
            of(instance(|i| i["endpoint"]["port"] = 0.into())),
            at("/endpoint/port", C::ValidationFailed)
        );
        assert_eq!(
            of(instance(|i| i["endpoint"]["port"] = "80".into())),
            at("/endpoint/port", C::InvalidType)
        );
        assert_eq!(
            of(instance(|i| i["endpoint"]["port"] = json!(8.5))),
            at("/endpoint/port", C::InvalidType)
        );
        assert_eq!(
            of(instance(|i| i["endpoint"]["scheme"] = "ftp".into())),
            at("/endpoint/scheme", C::ValidationFailed)
        );
        assert_eq!(
            of(instance(|i| i["endpoint"] = json!(["http", "h", 80, "/"]))),
            at("/endpoint", C::InvalidType)
        );
        assert_eq!(
            of(instance(|i| i["name"] = Value::Null)),
            at("/name", C::InvalidType)
        );
        assert_eq!(
            of(instance(
                |i| i["tokens"] = json!([{"value": "a"}, {"value": 1}])
            )),
            at("/tokens/1/value", C::InvalidType)
        );
        assert_eq!(
            of(instance(|i| i["tokens"] = json!([{"id": "x"}]))),
            at("/tokens/0/id", C::ValidationFailed)
        );
        assert_eq!(
            of(instance(|i| i["labels"] = json!({"a": 1}))),
            at("/labels/a", C::InvalidType)
        );
        assert_eq!(
            of(instance(|i| i["timeouts"] = json!({"connect_ms": -1}))),
            at("/timeouts/connect_ms", C::ValidationFailed)
        );
        assert_eq!(
            of(fault::<CreateModelInstance>(json!({"name": "A"}))),
            at("/kind", C::MissingField)
        );
        assert_eq!(
            of(fault::<CreateModelGroup>(json!([]))),
            at("", C::InvalidType)
        );
        let key = json!({"name": "k", "scopes": ["gateway"], "expires_at": "tomorrow"});
        assert_eq!(
            of(fault::<CreateApiKey>(key)),
            at("/expires_at", C::ValidationFailed)
        );
    }

    #[test]
    fn no_fault_shows_a_value() {
        let canary = "canary-c4n4ry";
        for error in [
            instance(|i| i["tokens"] = canary.into()),
            instance(|i| i["tokens"] = json!([canary])),
            instance(|i| i["tokens"] = json!([{"id": canary}])),
            instance(|i| i["kind"] = canary.into()),
            instance(|i| i["auth"] = canary.into()),
            instance(|i| i["enabled"] = canary.into()),
            instance(|i| i["endpoint"]["port"] = canary.into()),
            fault::<CreateApiKey>(json!({"name": "k", "scopes": [], "expires_at": canary})),
        ] {
            assert!(!format!("{error:?}").contains("c4n4ry"), "{error:?}");
        }
    }

    #[test]
    fn numbers_of_free_values_keep_their_digits() {
        let text = r#"{"defaults":{"a":1.10,"b":123456789012345678901234567890,"c":-0.0,"d":1e3,"e":[1,2.50]}}"#;
        let tree: Value = serde_json::from_str(text).unwrap();
        let parameters = Parameters::deserialize(Node(tree.clone())).unwrap();
        assert_eq!(Value::Object(parameters.defaults), tree["defaults"]);
    }
}
