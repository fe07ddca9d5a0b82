//! The folder of the server's socket, whose permissions are what protects the database.
//!
//! The path of a Unix socket has room for some 100 bytes, too few for a socket in the data folder of a deep project, so it
//! lies in `/tmp`, where everybody may have made something of that name before: what isn't certainly ours is refused.

use std::fs::{DirBuilder, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::account::Account;
use super::place::short_hash;
use super::{EmbeddedError, USER};

/// Not `$TMPDIR`: that may be long, and closed to the user who runs PostgreSQL.
const PARENT: &str = "/tmp";
/// Part of the socket's name; nothing listens on a port of this number.
pub(super) const PORT: u16 = 5432;

/// A folder that only the user who runs PostgreSQL, and root, can enter. It is removed when it is no longer needed.
#[derive(Debug)]
pub(super) struct SocketDir(PathBuf);

impl SocketDir {
    /// Makes the folder, or takes the one of an earlier run.
    pub fn open(cluster: &Path, account: &Account) -> Result<Self, EmbeddedError> {
        Self::open_in(Path::new(PARENT), cluster, account)
    }

    fn open_in(parent: &Path, cluster: &Path, account: &Account) -> Result<Self, EmbeddedError> {
        let folder = parent.join(name(cluster, account));
        let look = || {
            folder
                .symlink_metadata()
                .map_err(EmbeddedError::io("look at", &folder))
        };
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(EmbeddedError::io("make the folder", &folder)(error));
            }
            // Made by this service, now or in a start that was killed here; in /tmp nobody but root can have exchanged it.
            _ if look()?.uid() == rustix::process::geteuid().as_raw() => account.give(&folder)?,
            _ => {}
        }
        match unsafe_because(&look()?, account.uid()) {
            Some(reason) => Err(EmbeddedError::UnsafeSocket { folder, reason }),
            None => Ok(Self(folder)),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The socket in it.
    pub fn socket(&self) -> PathBuf {
        self.0.join(format!(".s.PGSQL.{PORT}"))
    }

    /// PostgreSQL's pid file beside the socket.
    pub fn pid_file(&self) -> PathBuf {
        self.0.join(format!(".s.PGSQL.{PORT}.lock"))
    }

    /// The URL of a database behind this socket.
    pub fn url(&self, database: &str) -> String {
        url(&self.0, database)
    }
}

/// The URL of a database whose server belongs to another process. The folder is that process's to make and to remove.
pub(super) fn find(
    cluster: &Path,
    account: &Account,
    database: &str,
) -> Result<String, EmbeddedError> {
    let folder = Path::new(PARENT).join(name(cluster, account));
    let metadata = folder
        .symlink_metadata()
        .map_err(EmbeddedError::io("look at", &folder))?;
    match unsafe_because(&metadata, account.uid()) {
        Some(reason) => Err(EmbeddedError::UnsafeSocket { folder, reason }),
        None => Ok(url(&folder, database)),
    }
}

fn name(cluster: &Path, account: &Account) -> String {
    format!("understudy-{}-{}", account.uid(), short_hash(cluster))
}

fn url(folder: &Path, database: &str) -> String {
    let folder = folder.to_string_lossy();
    format!(
        "postgresql://{USER}@{}/{database}",
        utf8_percent_encode(&folder, NON_ALPHANUMERIC)
    )
}

impl Drop for SocketDir {
    fn drop(&mut self) {
        // It fails, and should, if a server has not ended and still has its socket there.
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// Why a folder cannot be trusted with the socket.
fn unsafe_because(metadata: &Metadata, owner: u32) -> Option<&'static str> {
    if !metadata.is_dir() {
        Some("is a link or a file")
    } else if metadata.uid() != owner {
        Some("belongs to somebody else")
    } else if metadata.mode() & 0o077 != 0 {
        Some("is open to others")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A parent folder, the account of the test, and where the folder of the socket will be.
    fn scene() -> (tempfile::TempDir, Account, PathBuf) {
        let parent = tempfile::tempdir().unwrap();
        let account = Account::for_new_cluster().unwrap();
        let folder = parent.path().join(format!(
            "understudy-{}-{}",
            account.uid(),
            short_hash(cluster())
        ));
        (parent, account, folder)
    }

    fn cluster() -> &'static Path {
        Path::new("/data/postgres")
    }

    fn refusal(parent: &Path, account: &Account) -> String {
        SocketDir::open_in(parent, cluster(), account)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_path_of_a_socket_fits_for_every_user_and_cluster() {
        let folder = PathBuf::from(PARENT).join(format!(
            "understudy-{}-{}",
            u32::MAX,
            short_hash(cluster())
        ));
        let longest = SocketDir(folder).socket();
        // macOS has 104 bytes with the final zero, the fewest of the systems in use.
        assert!(longest.as_os_str().len() < 100, "{}", longest.display());
    }

    #[test]
    fn the_folder_is_private_and_is_taken_again_after_a_crash() {
        let (parent, account, folder) = scene();
        let socket = SocketDir::open_in(parent.path(), cluster(), &account).unwrap();
        let metadata = folder.symlink_metadata().unwrap();
        assert_eq!(
            (metadata.mode() & 0o777, metadata.uid()),
            (0o700, account.uid())
        );
        std::mem::forget(socket);
        let again = SocketDir::open_in(parent.path(), cluster(), &account).unwrap();
        drop(again);
        assert!(!folder.exists());
    }

    #[test]
    fn a_link_to_a_folder_is_refused() {
        let (parent, account, folder) = scene();
        let target = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(target.path(), &folder).unwrap();
        let said = refusal(parent.path(), &account);
        assert!(said.contains("is a link"), "{said}");
    }

    #[test]
    fn a_folder_that_others_may_enter_is_refused() {
        let (parent, account, folder) = scene();
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o750)).unwrap();
        let said = refusal(parent.path(), &account);
        assert!(said.contains("open to others"), "{said}");
    }

    #[test]
    fn a_folder_of_somebody_else_is_refused() {
        let foreign = Path::new("/").metadata().unwrap();
        assert_eq!(
            unsafe_because(&foreign, foreign.uid() + 1),
            Some("belongs to somebody else")
        );
    }

    #[test]
    fn the_url_names_the_folder_in_a_form_that_the_driver_reads() {
        let url = SocketDir(PathBuf::from("/tmp/understudy-7-ab")).url("db");
        let config: tokio_postgres::Config = url.parse().unwrap();
        assert_eq!(
            config.get_hosts(),
            [tokio_postgres::config::Host::Unix(
                "/tmp/understudy-7-ab".into()
            )]
        );
        assert_eq!(
            (config.get_user(), config.get_dbname()),
            (Some(USER), Some("db"))
        );
    }
}
