//! One service for one folder.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::Path;

use super::EmbeddedError;

const LOCK: &str = "understudy.lock";

/// A lock on a folder. The kernel lifts it when this process ends, even after `kill -9`.
#[derive(Debug)]
pub(super) struct FolderLock(#[expect(dead_code, reason = "open is all it has to be")] File);

impl FolderLock {
    /// Locks a folder, or says who has it.
    pub fn take(folder: &Path) -> Result<Self, EmbeddedError> {
        let path = folder.join(LOCK);
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options
            .open(&path)
            .map_err(EmbeddedError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = read_pid(&mut file)
                    .map_or_else(|| "pid unknown".to_owned(), |pid| format!("pid {pid}"));
                return Err(EmbeddedError::InUse {
                    folder: folder.to_owned(),
                    holder,
                });
            }
            Err(TryLockError::Error(error)) => return Err(EmbeddedError::io("lock", &path)(error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(EmbeddedError::io("write", &path))?;
        Ok(Self(file))
    }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_service_and_names_it_to_the_second() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path()).unwrap();
        let said = FolderLock::take(folder.path()).unwrap_err().to_string();
        assert!(
            said.contains(&format!(
                "another understudy (pid {}) uses",
                std::process::id()
            )),
            "{said}"
        );
        drop(first);
        std::fs::write(folder.path().join(LOCK), "a longer line than a pid").unwrap();
        FolderLock::take(folder.path()).unwrap();
        let pid = std::fs::read_to_string(folder.path().join(LOCK)).unwrap();
        assert_eq!(pid.trim(), std::process::id().to_string());
    }
}
