//! API keys: `us-` and 32 random bytes. Shown once; only a hash is stored.

use super::{TokenHash, random_token, token_hash};

const START: &str = "us-";
/// Characters of a key that are kept in clear, to recognise it by.
const PREFIX_CHARS: usize = 9;

/// A key that was just made.
pub struct NewKey {
    /// The key itself, for its owner alone.
    pub key: String,
    /// Its beginning, to recognise it by.
    pub prefix: String,
    /// What is stored of it.
    pub hash: TokenHash,
}

impl NewKey {
    /// A fresh key.
    pub fn generate() -> Self {
        let key = format!("{START}{}", random_token());
        Self {
            prefix: key.chars().take(PREFIX_CHARS).collect(),
            hash: token_hash(&key),
            key,
        }
    }
}

/// Whether a bearer credential has the form of a key, rather than of an access token.
pub fn looks_like_key(credential: &str) -> bool {
    credential.starts_with(START)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_random_and_recognisable() {
        let (one, two) = (NewKey::generate(), NewKey::generate());
        assert_ne!(one.key, two.key);
        assert!(one.key.len() >= START.len() + 43 && looks_like_key(&one.key));
        assert!(one.key.starts_with(&one.prefix) && one.prefix.len() == PREFIX_CHARS);
        assert_eq!(one.hash, token_hash(&one.key));
    }
}
