//! Symmetric keys: how they are held, and the key file beside an embedded database.
//!
//! A key never appears in a log, an error or a `Debug` output.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::Rng as _;

/// A key of 32 bytes and the id by which it is found again.
#[derive(Clone)]
pub struct Key {
    id: String,
    bytes: [u8; 32],
}

impl Key {
    /// Wraps a key.
    pub fn new(id: &str, bytes: [u8; 32]) -> Self {
        Self {
            id: id.to_owned(),
            bytes,
        }
    }

    /// The id, which is no secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The key itself, for the code that encrypts or signs.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, …)", self.id)
    }
}

/// Keys, newest first: the first one encrypts and signs, all of them decrypt and verify.
#[derive(Clone, Debug)]
pub struct KeyRing(Vec<Key>);

impl KeyRing {
    /// Keys with different ids; none if there is no key or an id is there twice.
    pub fn new(keys: Vec<Key>) -> Option<Self> {
        let twice = keys
            .iter()
            .enumerate()
            .any(|(index, key)| keys[..index].iter().any(|other| other.id == key.id));
        (!keys.is_empty() && !twice).then_some(Self(keys))
    }

    /// Reads `id:base64(32 bytes)[,id:…]`, newest first.
    ///
    /// # Errors
    /// With what is wrong; never with a part of a key.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "is not of the form id:base64(32 bytes)[,id:base64(32 bytes)]";
        let mut keys = Vec::new();
        for item in text.split(',').map(str::trim) {
            let (id, encoded) = item.split_once(':').ok_or(FORM)?;
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if id.is_empty() || id.len() > 32 || !id.chars().all(plain) {
                return Err("has a key id that is not 1–32 letters, digits and - _ .");
            }
            let bytes = STANDARD.decode(encoded.trim()).map_err(|_| FORM)?;
            let bytes = bytes
                .try_into()
                .map_err(|_| "has a key that is not 32 bytes long")?;
            keys.push(Key::new(id, bytes));
        }
        Self::new(keys).ok_or("names a key id twice")
    }

    /// The key for what is new.
    pub fn newest(&self) -> &Key {
        &self.0[0]
    }

    /// All keys, newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }

    /// The key with this id.
    pub fn find(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or made.
    #[error("the key file {0} cannot be used: {1}")]
    Io(PathBuf, #[source] std::io::Error),
    /// Its content is not a list of keys.
    #[error("the key file {0} {1}")]
    Content(PathBuf, &'static str),
}

/// Reads a key file, or makes one with a fresh key that only its owner can read.
///
/// # Errors
/// If it cannot be read or written, or has other content than keys.
pub fn load_or_create(path: &Path) -> Result<KeyRing, KeyFileError> {
    let io = |error| KeyFileError::Io(path.to_owned(), error);
    match File::open(path) {
        Ok(mut file) => {
            let mut text = String::new();
            file.read_to_string(&mut text).map_err(io)?;
            KeyRing::parse(text.trim()).map_err(|what| KeyFileError::Content(path.to_owned(), what))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut bytes = [0; 32];
            rand::rng().fill_bytes(&mut bytes);
            write_new(path, &format!("k1:{}\n", STANDARD.encode(bytes))).map_err(io)?;
            tracing::info!(path = %path.display(), "made a key file; back it up together with the database");
            KeyRing::new(vec![Key::new("k1", bytes)])
                .ok_or(KeyFileError::Content(path.to_owned(), "is empty"))
        }
        Err(error) => Err(io(error)),
    }
}

/// Writes beside the target and renames, so that a crash leaves no half of a key behind.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let partial = path.with_extension("partial");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&partial, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_id_alone() {
        let ring = KeyRing::new(vec![Key::new("k1", [65; 32])]).unwrap();
        let shown = format!("{ring:?}");
        assert!(
            shown.contains("k1") && !shown.contains("65") && !shown.contains("AAAA"),
            "{shown}"
        );
    }

    #[test]
    fn a_key_file_is_made_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret-keys");
        let first = load_or_create(&path).unwrap();
        let second = load_or_create(&path).unwrap();
        assert_eq!(first.newest().bytes(), second.newest().bytes());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        std::fs::write(&path, "nonsense").unwrap();
        assert!(load_or_create(&path).is_err());
    }
}
