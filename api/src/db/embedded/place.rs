//! Where the cluster is, and the lock that keeps it to one service.
//!
//! Its place is `postgres` in the data folder. Only when the service is root, and the user who is to run PostgreSQL may not
//! enter the data folder (below `/root`, say), it is in `/var/lib/understudy/<hash>`, and a file in the data folder says so.
//! Nothing here deletes a cluster, and an empty one never takes the place of one that has only gone missing.

use std::fs::{DirBuilder, File};
use std::io::{ErrorKind, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use super::account::Account;
use super::lock::FolderLock;
use super::{EmbeddedError, leftover};

const ELSEWHERE: &str = "/var/lib/understudy";
const CLUSTER: &str = "postgres";
const POINTER: &str = "postgres.location";

/// The folder of the cluster, locked for this process.
#[derive(Debug)]
pub(super) struct Place {
    base: PathBuf,
    cluster: PathBuf,
    account: Account,
    _locks: Vec<FolderLock>,
}

impl Place {
    /// Makes the data folder, locks it, and finds out where its cluster is or belongs.
    pub async fn open(data_dir: &Path) -> Result<Self, EmbeddedError> {
        Self::open_with(data_dir, Path::new(ELSEWHERE)).await
    }

    async fn open_with(data_dir: &Path, elsewhere: &Path) -> Result<Self, EmbeddedError> {
        // The user who is to run PostgreSQL has to come through, though not to look around.
        let mode = if rustix::process::geteuid().is_root() {
            0o711
        } else {
            0o700
        };
        make_folder(data_dir, mode)?;
        let data_dir = data_dir
            .canonicalize()
            .map_err(EmbeddedError::io("find", data_dir))?;
        let lock = FolderLock::take(&data_dir)?;
        let pointer = data_dir.join(POINTER);
        if let Some(base) = read_pointer(&pointer)? {
            if !base.is_dir() {
                return Err(EmbeddedError::Lost {
                    pointer,
                    place: base,
                });
            }
            let locks = vec![lock, FolderLock::take(&base)?];
            return Self::in_base(base, locks);
        }
        if data_dir.join(CLUSTER).exists()
            || Account::for_new_cluster()?.barrier(&data_dir).is_none()
        {
            return Self::in_base(data_dir, vec![lock]);
        }
        let base = elsewhere.join(short_hash(&data_dir));
        make_folder(&base, 0o711)?;
        let locks = vec![lock, FolderLock::take(&base)?];
        set_aside(&base.join(CLUSTER)).await?;
        write_pointer(&pointer, &base)?;
        tracing::info!(
            folder = %base.display(),
            "the embedded database is not in the data folder, which the user who runs PostgreSQL may not enter"
        );
        Self::in_base(base, locks)
    }

    fn in_base(base: PathBuf, locks: Vec<FolderLock>) -> Result<Self, EmbeddedError> {
        let cluster = base.join(CLUSTER);
        let (cluster, account) = match cluster.metadata() {
            Ok(metadata) => {
                // A link may lead to another disk; the server names its processes by the real folder.
                let cluster = cluster
                    .canonicalize()
                    .map_err(EmbeddedError::io("find", &cluster))?;
                let account = Account::for_cluster(&cluster, &metadata)?;
                (cluster, account)
            }
            Err(_) => (cluster, Account::for_new_cluster()?),
        };
        let above = cluster.parent().unwrap_or(&base);
        match account.barrier(above) {
            Some(barrier) => Err(EmbeddedError::Unreachable {
                owner: account.to_string(),
                cluster,
                barrier,
            }),
            None => Ok(Self {
                base,
                cluster,
                account,
                _locks: locks,
            }),
        }
    }

    /// The folder that holds the folder of the cluster; it belongs to the service.
    pub fn base(&self) -> &Path {
        &self.base
    }

    /// The folder of the cluster.
    pub fn cluster(&self) -> &Path {
        &self.cluster
    }

    /// Who runs the cluster.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The major version that made the cluster; none if there is no cluster yet.
    pub fn made_by(&self) -> Result<Option<u32>, EmbeddedError> {
        match std::fs::read_to_string(self.cluster.join("PG_VERSION")) {
            Ok(version) => parse_major(&version)
                .map(Some)
                .ok_or_else(|| EmbeddedError::NotACluster(self.cluster.clone())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let occupied = self
                    .cluster
                    .read_dir()
                    .is_ok_and(|mut entries| entries.next().is_some());
                if occupied {
                    Err(EmbeddedError::NotACluster(self.cluster.clone()))
                } else {
                    Ok(None)
                }
            }
            Err(error) => Err(EmbeddedError::io("read the version of", &self.cluster)(
                error,
            )),
        }
    }
}

/// The cluster of a data folder that another process has locked, and who runs it. Nothing is made or locked here.
pub(super) fn find(data_dir: &Path) -> Result<(PathBuf, Account), EmbeddedError> {
    let data_dir = data_dir
        .canonicalize()
        .map_err(EmbeddedError::io("find", data_dir))?;
    let base = read_pointer(&data_dir.join(POINTER))?.unwrap_or(data_dir);
    let cluster = base.join(CLUSTER);
    let found = || {
        let metadata = cluster.metadata()?;
        Ok((cluster.canonicalize()?, metadata))
    };
    let (cluster, metadata) = found().map_err(EmbeddedError::io("find", &cluster))?;
    let account = Account::for_cluster(&cluster, &metadata)?;
    Ok((cluster, account))
}

/// What a folder's path is called where a path is too long or too open: 16 hexadecimal digits.
pub(super) fn short_hash(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn make_folder(folder: &Path, mode: u32) -> Result<(), EmbeddedError> {
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(folder)
        .map_err(EmbeddedError::io("make the folder", folder))
}

fn read_pointer(path: &Path) -> Result<Option<PathBuf>, EmbeddedError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text
            .lines()
            .map(str::trim)
            .rfind(|line| line.starts_with('/'))
            .map(PathBuf::from)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EmbeddedError::io("read", path)(error)),
    }
}

fn write_pointer(path: &Path, base: &Path) -> Result<(), EmbeddedError> {
    let text = format!(
        "The database that belongs to this folder is in another one, because the user who runs PostgreSQL\n\
         (which refuses to run as root) may not enter this one:\n\n{}\n",
        base.display()
    );
    let partial = path.with_extension("partial");
    let written = File::create(&partial).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    });
    written.map_err(EmbeddedError::io("write", path))
}

/// Makes room where an earlier data folder of the same path has left its cluster. That folder is gone, and with it the keys of
/// what the cluster holds; whoever removed it expects to begin anew.
async fn set_aside(cluster: &Path) -> Result<(), EmbeddedError> {
    let Ok(metadata) = cluster.symlink_metadata() else {
        return Ok(());
    };
    leftover::stop(
        &cluster.join(leftover::PID_FILE),
        cluster,
        &Account::for_cluster(cluster, &metadata)?,
    )
    .await?;
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let aside = cluster.with_extension(format!("set-aside-{}", now.as_millis()));
    std::fs::rename(cluster, &aside).map_err(EmbeddedError::io("set aside", cluster))?;
    tracing::warn!(
        folder = %aside.display(),
        "kept the database of an earlier data folder of this path, which has been removed; delete it if it is not needed"
    );
    Ok(())
}

/// The major version in `PG_VERSION`: `15`, or `9.6` before version 10.
fn parse_major(version: &str) -> Option<u32> {
    version.trim().split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn open(data_dir: &Path) -> Result<Place, EmbeddedError> {
        Place::open_with(data_dir, &data_dir.join("elsewhere")).await
    }

    #[test]
    fn versions_of_clusters_are_read() {
        assert_eq!(parse_major("15\n"), Some(15));
        assert_eq!(parse_major("9.6\n"), Some(9));
        assert_eq!(parse_major("x"), None);
    }

    #[test]
    fn hashes_are_short_and_differ() {
        let [a, b] = ["/data/a", "/data/b"].map(|path| short_hash(Path::new(path)));
        assert!(a.len() == 16 && a != b, "{a} {b}");
    }

    #[tokio::test]
    async fn a_place_that_is_gone_is_not_replaced_by_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let away = folder.path().join("away");
        write_pointer(&folder.path().join(POINTER), &away).unwrap();
        let said = open(folder.path()).await.unwrap_err().to_string();
        assert!(
            said.contains(&format!("is in {}, which does not exist", away.display())),
            "{said}"
        );
        assert!(!away.exists());
    }

    #[tokio::test]
    async fn something_else_in_the_place_of_the_cluster_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = open(folder.path()).await.unwrap();
        std::fs::create_dir_all(place.cluster().join("photos")).unwrap();
        assert!(matches!(
            place.made_by(),
            Err(EmbeddedError::NotACluster(_))
        ));
    }
}
