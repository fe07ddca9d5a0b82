//! Between columns and types. What the tables do not allow cannot be read back, and says so as an error of the query.

use diesel::QueryResult;
use diesel::result::Error;
use serde::Serialize;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer as _};
use serde_json::Value;

/// A value of an enum by its name on the wire, which is its name in the database, too.
pub(super) fn named<T: DeserializeOwned>(name: &str) -> QueryResult<T> {
    let name: StrDeserializer<'_, ValueError> = name.into_deserializer();
    T::deserialize(name).map_err(|error| Error::DeserializationError(Box::new(error)))
}

/// A value from a column of JSON.
pub(super) fn from_json<T: DeserializeOwned>(json: &Value) -> QueryResult<T> {
    T::deserialize(json).map_err(|error| Error::DeserializationError(Box::new(error)))
}

/// A value for a column of JSON.
pub(super) fn to_json<T: Serialize>(value: &T) -> QueryResult<Value> {
    serde_json::to_value(value).map_err(|error| Error::SerializationError(Box::new(error)))
}

/// A number from a column that is wider or signed.
pub(super) fn number<T, U: TryFrom<T>>(value: T) -> QueryResult<U>
where
    U::Error: std::error::Error + Send + Sync + 'static,
{
    U::try_from(value).map_err(|error| Error::DeserializationError(Box::new(error)))
}
