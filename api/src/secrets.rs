//! Secrets at rest: authenticated encryption, bound to the place where each one is stored.
//!
//! The only code that reads and writes `*_encrypted` columns. A ciphertext moved to another row or column does not decrypt, so
//! that write access to the database is no way to send one instance's token to another instance's host.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, Generate as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use uuid::Uuid;

use crate::keys::KeyRing;

mod fit;

pub use fit::WrongKeys;

/// Version of the format: `version (1) ‖ length of key id (1) ‖ key id ‖ nonce (24) ‖ ciphertext and tag`.
const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 24;

/// A secret in clear, in memory. It does not print and does not serialise.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, for the code that sends it to where it belongs.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What may be shown of it: `…` and the last four characters, nothing of a short one.
    pub fn hint(&self) -> String {
        let count = self.0.chars().count();
        if count < 16 {
            return String::new();
        }
        let tail: String = self.0.chars().skip(count - 4).collect();
        format!("…{tail}")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The place of a secret in the database.
#[derive(Clone, Copy, Debug)]
pub struct SecretPlace {
    /// Table.
    pub table: &'static str,
    /// Id of the row.
    pub id: Uuid,
    /// Column.
    pub field: &'static str,
}

impl SecretPlace {
    /// The value of a token.
    pub fn token(id: Uuid) -> Self {
        Self {
            table: "instance_tokens",
            id,
            field: "value_encrypted",
        }
    }

    /// The value of an extra header.
    pub fn header(id: Uuid) -> Self {
        Self {
            table: "instance_headers",
            id,
            field: "value_encrypted",
        }
    }

    /// The password of a proxy.
    pub fn proxy(id: Uuid) -> Self {
        Self {
            table: "instance_proxies",
            id,
            field: "password_encrypted",
        }
    }

    fn associated_data(self) -> Vec<u8> {
        format!("{}\0{}\0{}", self.table, self.id, self.field).into_bytes()
    }
}

/// Why a stored secret cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The bytes are not of the format.
    #[error("a stored secret is damaged")]
    Damaged,
    /// The key is not among those loaded.
    #[error(
        "a stored secret was encrypted with the key {0:?}, which UNDERSTUDY_SECRET_KEYS does not have"
    )]
    UnknownKey(String),
    /// The key does not fit, or somebody changed or moved the bytes.
    #[error(
        "a stored secret cannot be decrypted with the key {0:?}: it is another key of that name, or the row was tampered with"
    )]
    WrongKey(String),
}

/// Encrypts with the newest key, decrypts with any.
#[derive(Clone, Debug)]
pub struct SecretCipher(KeyRing);

impl SecretCipher {
    /// A cipher with these keys.
    pub fn new(keys: KeyRing) -> Self {
        Self(keys)
    }

    /// Encrypts a secret for its place.
    ///
    /// # Errors
    /// Only if the secret is too large for the cipher (256 GiB).
    pub fn encrypt(&self, place: SecretPlace, secret: &Secret) -> Result<Vec<u8>, SecretError> {
        let key = self.0.newest();
        let nonce = XNonce::generate();
        let aad = place.associated_data();
        let sealed = XChaCha20Poly1305::new(key.bytes().into())
            .encrypt(
                &nonce,
                Payload {
                    msg: secret.expose().as_bytes(),
                    aad: &aad,
                },
            )
            .map_err(|_| SecretError::Damaged)?;
        let mut stored = Vec::with_capacity(2 + key.id().len() + NONCE_BYTES + sealed.len());
        stored.push(FORMAT);
        stored.push(u8::try_from(key.id().len()).map_err(|_| SecretError::Damaged)?);
        stored.extend_from_slice(key.id().as_bytes());
        stored.extend_from_slice(&nonce);
        stored.extend_from_slice(&sealed);
        Ok(stored)
    }

    /// Decrypts the secret of a place.
    ///
    /// # Errors
    /// If the bytes are damaged, were moved, or their key is missing or another one.
    pub fn decrypt(&self, place: SecretPlace, stored: &[u8]) -> Result<Secret, SecretError> {
        let (id, rest) = split(stored)?;
        let (nonce, sealed) = rest
            .split_at_checked(NONCE_BYTES)
            .ok_or(SecretError::Damaged)?;
        let key = self
            .0
            .find(id)
            .ok_or_else(|| SecretError::UnknownKey(id.to_owned()))?;
        let nonce = XNonce::try_from(nonce).map_err(|_| SecretError::Damaged)?;
        let aad = place.associated_data();
        let clear = XChaCha20Poly1305::new(key.bytes().into())
            .decrypt(
                &nonce,
                Payload {
                    msg: sealed,
                    aad: &aad,
                },
            )
            .map_err(|_| SecretError::WrongKey(id.to_owned()))?;
        String::from_utf8(clear)
            .map(Secret)
            .map_err(|_| SecretError::Damaged)
    }
}

/// The id of the key, and what comes after it.
fn split(stored: &[u8]) -> Result<(&str, &[u8]), SecretError> {
    let rest = stored.strip_prefix(&[FORMAT]).ok_or(SecretError::Damaged)?;
    let (&length, rest) = rest.split_first().ok_or(SecretError::Damaged)?;
    let (id, rest) = rest
        .split_at_checked(length.into())
        .ok_or(SecretError::Damaged)?;
    let id = std::str::from_utf8(id).map_err(|_| SecretError::Damaged)?;
    Ok((id, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Key;

    fn cipher(keys: &[(&str, u8)]) -> SecretCipher {
        SecretCipher::new(
            KeyRing::new(
                keys.iter()
                    .map(|(id, byte)| Key::new(id, [*byte; 32]))
                    .collect(),
            )
            .unwrap(),
        )
    }

    #[test]
    fn a_secret_comes_back_with_any_loaded_key() {
        let place = SecretPlace::token(Uuid::now_v7());
        let stored = cipher(&[("old", 1)])
            .encrypt(place, &Secret::new("sk-123"))
            .unwrap();
        assert_eq!(
            cipher(&[("new", 2), ("old", 1)])
                .decrypt(place, &stored)
                .unwrap()
                .expose(),
            "sk-123"
        );
        assert!(!stored.windows(6).any(|window| window == b"sk-123"));
    }

    #[test]
    fn a_secret_does_not_decrypt_in_another_place_or_with_another_key() {
        let cipher_a = cipher(&[("k", 1)]);
        let place = SecretPlace::token(Uuid::now_v7());
        let stored = cipher_a.encrypt(place, &Secret::new("sk-123")).unwrap();
        let wrong = SecretError::WrongKey("k".into());
        assert_eq!(
            cipher_a
                .decrypt(SecretPlace::token(Uuid::now_v7()), &stored)
                .unwrap_err(),
            wrong
        );
        assert_eq!(
            cipher_a
                .decrypt(SecretPlace::header(place.id), &stored)
                .unwrap_err(),
            wrong
        );
        assert_eq!(
            cipher(&[("k", 2)]).decrypt(place, &stored).unwrap_err(),
            wrong
        );
        assert_eq!(
            cipher(&[("x", 1)]).decrypt(place, &stored).unwrap_err(),
            SecretError::UnknownKey("k".into())
        );
        assert_eq!(
            cipher_a.decrypt(place, &stored[..5]).unwrap_err(),
            SecretError::Damaged
        );
    }

    #[test]
    fn hints_show_four_characters_of_long_secrets_only() {
        assert_eq!(Secret::new("0123456789abcdef").hint(), "…cdef");
        assert_eq!(Secret::new("0123456789abcde").hint(), "");
    }
}
