//! Enums that are written as a tag and its content among other members of an object.
//!
//! `serde` reads such members through a buffer that loses the numbers of `serde_json`'s arbitrary precision, and the code that it
//! derives for them is there twice, for either order of the two: a tenth of the web application. So they are read as if the tag
//! were the name of its content, by a twin of the type that [`adjacently_tagged`] defines beside it.

use serde_json::{Map, Value};

/// Defines an enum that is written with its tag beside its content. `$name_again` is its name as a literal, for `serde`.
macro_rules! adjacently_tagged {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident ($tag:tt, $content:tt), read as $twin:ident of $name_again:tt {
            $($variants:tt)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
        #[serde(tag = $tag, content = $content, rename_all = "snake_case")]
        pub enum $name {
            $($variants)*
        }

        #[derive(serde::Deserialize)]
        #[serde(remote = $name_again, rename_all = "snake_case")]
        enum $twin {
            $($variants)*
        }

        impl $name {
            /// Reads a tag and its content.
            pub(crate) fn read(
                tag: String,
                content: Option<serde_json::Value>,
            ) -> Result<Self, serde_json::Error> {
                $twin::deserialize($crate::tagged::named(tag, content))
            }
        }
    };
}

pub(crate) use adjacently_tagged;

/// A tag and its content as `serde` reads an enum by default: the name alone, or the name of the content.
pub(crate) fn named(tag: String, content: Option<Value>) -> Value {
    match content {
        None => Value::String(tag),
        Some(content) => Value::Object(Map::from_iter([(tag, content)])),
    }
}
