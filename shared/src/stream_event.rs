//! Events of streams: each is a name in the line `event:` and JSON in the line `data:`.

/// Gives an enum of events its two lines, and reads it from them.
macro_rules! stream_event {
    ($name:ident { $($variant:ident = $line:literal),+ $(,)? }) => {
        impl $name {
            /// What stands in the line `event:`.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $line,)+
                }
            }

            /// What stands in the line `data:`.
            ///
            /// # Errors
            /// Never for these types; JSON does not say so in its signature.
            pub fn data(&self) -> serde_json::Result<String> {
                match self {
                    $(Self::$variant(data) => serde_json::to_string(data),)+
                }
            }

            /// Reads an event from its two lines. None if its name is of a later version, which a client passes over.
            ///
            /// # Errors
            /// If the data is not what the name promises.
            pub fn read(name: &str, data: &str) -> serde_json::Result<Option<Self>> {
                Ok(Some(match name {
                    $($line => Self::$variant(serde_json::from_str(data)?),)+
                    _ => return Ok(None),
                }))
            }
        }
    };
}

pub(crate) use stream_event;
