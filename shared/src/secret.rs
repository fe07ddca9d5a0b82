//! A secret on its way in. It can be read once by the code that encrypts or hashes it, and by nothing that prints.

use std::fmt;

use serde::Deserialize;
use utoipa::ToSchema;

/// A secret that a request carries: write-only. `Debug` shows nothing of it, and only a client can serialise it.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct SecretInput(String);

impl SecretInput {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, for the code that encrypts, hashes or sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretInput(…)")
    }
}

#[cfg(feature = "client")]
impl serde::Serialize for SecretInput {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::SecretInput;

    #[test]
    fn debug_shows_nothing_of_the_secret() {
        let shown = format!("{:?}", SecretInput::new("sk-canary"));
        assert!(!shown.contains("canary"), "{shown}");
    }
}
