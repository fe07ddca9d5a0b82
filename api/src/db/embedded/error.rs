//! What can keep the embedded PostgreSQL from starting, each with the step that helps.

use std::io;
use std::path::{Path, PathBuf};

use super::binaries::MINIMUM_MAJOR;

/// Why there is no embedded PostgreSQL.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Nothing was found on this machine.
    #[error(
        "no PostgreSQL server programs were found: install PostgreSQL {MINIMUM_MAJOR} or later (Debian: apt-get install \
         postgresql; macOS: brew install postgresql), name their folder in UNDERSTUDY_POSTGRES_BIN, or set DATABASE_URL"
    )]
    NoBinaries,
    /// The named folder has no usable programs.
    #[error(
        "UNDERSTUDY_POSTGRES_BIN is {}, but {reason}: it has to be the folder with the programs postgres and initdb of \
         PostgreSQL {MINIMUM_MAJOR} or later",
        folder.display()
    )]
    UnusableBinaries {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Only versions that are too old were found.
    #[error(
        "the newest PostgreSQL found is {found}: install PostgreSQL {MINIMUM_MAJOR} or later (Debian: apt-get install \
         postgresql; macOS: brew install postgresql), or set DATABASE_URL"
    )]
    TooOld {
        /// Its major version.
        found: u32,
    },
    /// The cluster is of a version that is not installed.
    #[error(
        "the database in {} was made by PostgreSQL {made_by}, but only {found} was found: install PostgreSQL {made_by} again \
         (Debian: apt-get install postgresql-{made_by}; macOS: brew install postgresql@{made_by}), or move the data to the \
         other version with pg_upgrade or pg_dumpall, or set DATABASE_URL",
        cluster.display()
    )]
    WrongVersion {
        /// The cluster.
        cluster: PathBuf,
        /// Its major version.
        made_by: u32,
        /// The major versions that are there.
        found: String,
    },
    /// Another service has the data folder.
    #[error(
        "another understudy ({holder}) uses this data folder, {}: stop it, or give this one another folder with \
         UNDERSTUDY_DATA_DIR",
        folder.display()
    )]
    InUse {
        /// The data folder.
        folder: PathBuf,
        /// `pid 123`, or that it is unknown.
        holder: String,
    },
    /// Running as root, and there is nobody to hand the server to.
    #[error(
        "PostgreSQL does not run as root, and there is no user postgres or nobody to run it: make one (useradd --system \
         postgres), start understudy as an ordinary user, or set DATABASE_URL"
    )]
    NoAccount,
    /// The cluster belongs to somebody else.
    #[error(
        "the database in {} belongs to {owner}: start understudy as that user or as root, or give it another folder with \
         UNDERSTUDY_DATA_DIR",
        cluster.display()
    )]
    ForeignCluster {
        /// The cluster.
        cluster: PathBuf,
        /// Its owner.
        owner: String,
    },
    /// The cluster belongs to root.
    #[error(
        "the database in {} belongs to root, and PostgreSQL does not run as root: give it to another user \
         (chown -R postgres {})",
        cluster.display(), cluster.display()
    )]
    RootCluster {
        /// The cluster.
        cluster: PathBuf,
    },
    /// The cluster's owner cannot get to it.
    #[error(
        "the database in {} belongs to {owner}, who may not enter {}: allow it (chmod o+x {})",
        cluster.display(), barrier.display(), barrier.display()
    )]
    Unreachable {
        /// The cluster.
        cluster: PathBuf,
        /// Its owner.
        owner: String,
        /// The first folder that is closed.
        barrier: PathBuf,
    },
    /// The cluster is elsewhere, and elsewhere is gone.
    #[error(
        "{} says that the database is in {}, which does not exist: bring it back, or remove that file to begin with an empty \
         database",
        pointer.display(), place.display()
    )]
    Lost {
        /// The file that says so.
        pointer: PathBuf,
        /// Where the cluster was.
        place: PathBuf,
    },
    /// The folder of the cluster has other content.
    #[error("{} is not a PostgreSQL cluster, though it is in its place: move it away", .0.display())]
    NotACluster(PathBuf),
    /// The folder of the socket is not ours alone.
    #[error("the folder of the database's socket, {}, {reason}: remove it", folder.display())]
    UnsafeSocket {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A program does not run.
    #[error("{} cannot be run as {account}: {source}", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// Who was to run it.
        account: String,
        /// Why not.
        source: io::Error,
    },
    /// The cluster cannot be made.
    #[error("initdb could not make the database in {}:\n{output}", cluster.display())]
    Initdb {
        /// Where.
        cluster: PathBuf,
        /// What initdb said.
        output: String,
    },
    /// The server ended.
    #[error("PostgreSQL ended ({status}); it said:\n{said}")]
    Exited {
        /// How it ended.
        status: String,
        /// The end of its log.
        said: String,
    },
    /// The server runs, but takes no connections.
    #[error("PostgreSQL takes no connections after {seconds} s ({reason}); it said:\n{said}")]
    NotReady {
        /// How long it had.
        seconds: u64,
        /// What the last attempt met.
        reason: String,
        /// The end of its log.
        said: String,
    },
    /// A server of an earlier run does not stop.
    #[error(
        "a PostgreSQL server of an earlier run (pid {pid}) still has the database, and no signal ends it: find out what it \
         waits for (a disk or network drive that does not answer?), or restart the machine"
    )]
    LeftoverAlive {
        /// Its process.
        pid: i32,
    },
    /// The server answers, but the database cannot be made.
    #[error("the embedded PostgreSQL refuses a query: {0}")]
    Query(#[from] tokio_postgres::Error),
    /// The server ended the connection.
    #[error("the embedded PostgreSQL closed the connection on which its database was to be made")]
    Closed,
    /// The file system says no.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
}

impl EmbeddedError {
    /// Says what was tried on which file when the file system said no.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}
