//! Whether the keys fit what is stored: tells a key that is wrong from a row that is.
//!
//! The rule: a key is at fault if it is missing, or if it decrypts nothing of all that names it. A service that starts with such keys
//! would take down instances that are well. What a key cannot decrypt beside other things that it can was damaged, changed or moved:
//! that takes down the instance it belongs to, and no other.

use std::collections::HashMap;

use super::{SecretCipher, SecretError, SecretPlace};

/// The keys do not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{unreadable} of {stored} stored secrets cannot be decrypted: {cause}")]
pub struct WrongKeys {
    /// Secrets that cannot be decrypted.
    pub unreadable: usize,
    /// Secrets that are stored.
    pub stored: usize,
    /// Why one of them cannot.
    pub cause: SecretError,
}

impl SecretCipher {
    /// Decrypts everything that is stored once, and judges the keys by it.
    ///
    /// # Errors
    /// If a key is missing or decrypts nothing.
    pub fn fits<'a>(
        &self,
        stored: impl IntoIterator<Item = (SecretPlace, &'a [u8])>,
    ) -> Result<(), WrongKeys> {
        let mut useless: HashMap<String, bool> = HashMap::new();
        let mut missing = None;
        let (mut unreadable, mut all) = (0, 0);
        for (place, encrypted) in stored {
            all += 1;
            match (self.decrypt(place, encrypted), key_id(encrypted)) {
                (Ok(_), Some(id)) => {
                    useless.insert(id.to_owned(), false);
                }
                (Ok(_), None) => {}
                (Err(error), _) => {
                    unreadable += 1;
                    match error {
                        SecretError::UnknownKey(_) => missing = missing.or(Some(error)),
                        SecretError::WrongKey(id) => {
                            useless.entry(id).or_insert(true);
                        }
                        SecretError::Damaged => {}
                    }
                }
            }
        }
        let useless = useless.into_iter().find(|(_, useless)| *useless);
        let cause = missing.or(useless.map(|(id, _)| SecretError::WrongKey(id)));
        match cause {
            Some(cause) => Err(WrongKeys {
                unreadable,
                stored: all,
                cause,
            }),
            None => Ok(()),
        }
    }

    /// Whether the newest key encrypted this.
    pub fn is_newest(&self, encrypted: &[u8]) -> bool {
        key_id(encrypted) == Some(self.newest_id())
    }

    /// Id of the key that encrypts.
    pub fn newest_id(&self) -> &str {
        self.0.newest().id()
    }
}

/// Id of the key that encrypted this, if it is of the format.
fn key_id(encrypted: &[u8]) -> Option<&str> {
    let (id, _) = super::split(encrypted).ok()?;
    Some(id)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::keys::{Key, KeyRing};
    use crate::secrets::Secret;

    fn cipher(keys: &[(&str, u8)]) -> SecretCipher {
        let keys = keys.iter().map(|(id, byte)| Key::new(id, [*byte; 32]));
        SecretCipher::new(KeyRing::new(keys.collect()).unwrap())
    }

    /// Two secrets by each of these keys.
    fn stored(keys: &[(&str, u8)]) -> Vec<(SecretPlace, Vec<u8>)> {
        let twice = keys.iter().flat_map(|key| [key, key]);
        let seal = |key: &(&str, u8)| {
            let place = SecretPlace::token(Uuid::now_v7());
            let sealed = cipher(&[*key]).encrypt(place, &Secret::new("sk"));
            (place, sealed.unwrap())
        };
        twice.map(seal).collect()
    }

    fn judged(cipher: &SecretCipher, stored: &[(SecretPlace, Vec<u8>)]) -> Result<(), WrongKeys> {
        cipher.fits(stored.iter().map(|(place, sealed)| (*place, &**sealed)))
    }

    #[test]
    fn keys_that_decrypt_everything_fit() {
        let both = cipher(&[("new", 2), ("old", 1)]);
        assert_eq!(judged(&both, &[]), Ok(()));
        let rows = stored(&[("old", 1), ("new", 2)]);
        assert_eq!(judged(&both, &rows), Ok(()));
        let newest: Vec<bool> = rows.iter().map(|(_, row)| both.is_newest(row)).collect();
        assert_eq!(newest, [false, false, true, true]);
    }

    #[test]
    fn a_key_that_is_missing_or_another_one_does_not_fit() {
        let rows = stored(&[("old", 1), ("new", 2)]);
        let fault = judged(&cipher(&[("new", 2)]), &rows).unwrap_err();
        assert_eq!((fault.unreadable, fault.stored), (2, 4));
        assert_eq!(fault.cause, SecretError::UnknownKey("old".to_owned()));
        let fault = judged(&cipher(&[("new", 2), ("old", 9)]), &rows).unwrap_err();
        assert_eq!(fault.cause, SecretError::WrongKey("old".to_owned()));
    }

    #[test]
    fn a_row_that_was_moved_or_damaged_is_no_fault_of_the_keys() {
        let both = cipher(&[("new", 2), ("old", 1)]);
        let mut rows = stored(&[("old", 1), ("new", 2)]);
        rows[0].0 = SecretPlace::token(Uuid::now_v7());
        rows[2].1.truncate(3);
        rows[3].1 = vec![7; 60];
        assert_eq!(judged(&both, &rows), Ok(()));
        assert!(!both.is_newest(&rows[3].1));
    }
}
