//! Reads a tag and its content that stand among other members of an object.
//!
//! `serde` reads such members through a buffer that loses the numbers of `serde_json`'s arbitrary precision. Handing it the tag
//! first needs no buffer.

use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;
use serde_json::{Error, Value};

/// Reads an adjacently tagged enum.
///
/// # Errors
/// If there is no such variant, or its content has another shape.
pub(crate) fn read<T: DeserializeOwned>(
    tag_name: &'static str,
    tag: String,
    content_name: &'static str,
    content: Option<Value>,
) -> Result<T, Error> {
    let members = [(tag_name, Value::String(tag))].into_iter();
    let members = members.chain(content.map(|content| (content_name, content)));
    T::deserialize(MapDeserializer::<_, Error>::new(members))
}
