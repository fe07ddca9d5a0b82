//! The embedded PostgreSQL server: what makes `understudy serve` work with no database set up.
//!
//! It is a plain PostgreSQL of the machine's own binaries, with a data folder, a process and a socket that belong to this
//! service alone, so that everything above it sees the same database as with `DATABASE_URL`. The rules:
//!
//! - *No committed data is lost*: `fsync` stays on, a cluster is made beside its place and renamed, and nothing here ever
//!   deletes a cluster.
//! - *One service, one server, one folder*: a lock on the data folder, no TCP port, a socket in a folder that only the owner
//!   can enter.
//! - *It lives as long as the service*: a supervisor restarts a server that died and stops the server when the service ends,
//!   and the next start stops one that a killed service left behind.
//! - *Never as root*, which PostgreSQL refuses: a service that runs as root hands the server to `postgres` or `nobody`.
//!
//! `docs/decisions/0002-embedded-postgresql.md` has the alternatives.

mod account;
mod binaries;
mod cluster;
mod error;
mod leftover;
mod lock;
mod log;
mod place;
mod server;
mod settings;
mod socket;
mod supervisor;

use std::path::Path;

pub use error::EmbeddedError;

use binaries::Binaries;
use place::Place;
use server::Server;
use socket::SocketDir;
use supervisor::Supervisor;

/// The superuser of the cluster, and the service's user.
const USER: &str = "understudy";
/// The service's database.
const DATABASE: &str = "understudy";

/// A PostgreSQL server that belongs to this process.
///
/// End it with [`stop`](Self::stop). Dropping it stops the server too, but blocks the thread until that is done, which is
/// right only on the way out after an error.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    // Dropped in this order: the server first, the folder of its socket, and the locks of its data last.
    supervisor: Supervisor,
    socket: SocketDir,
    _place: Place,
    url: String,
}

impl EmbeddedPostgres {
    /// Finds binaries, makes or opens the cluster of `data_dir`, starts it, and makes sure that its database exists.
    ///
    /// `bin_dir` is the folder of `postgres` and `initdb`; without one it is searched for.
    ///
    /// # Errors
    /// With what is missing or in the way, and what to do about it.
    pub async fn start(data_dir: &Path, bin_dir: Option<&Path>) -> Result<Self, EmbeddedError> {
        let place = Place::open(data_dir).await?;
        let binaries = Binaries::find(bin_dir, &place)?;
        let socket = SocketDir::open(place.cluster(), place.account())?;
        let url = socket.url(DATABASE);
        let server = Server::new(&place, &binaries, &socket);
        // Before a cluster is made: a server whose data folder was removed would write its last words into the new one.
        server.clear_way().await?;
        cluster::ensure(&place, &binaries).await?;
        let supervisor = Supervisor::start(server).await?;
        server::ensure_database(&socket).await?;
        tracing::info!(
            version = binaries.major(),
            cluster = %place.cluster().display(),
            account = %place.account(),
            "the embedded PostgreSQL is ready"
        );
        Ok(Self {
            supervisor,
            socket,
            _place: place,
            url,
        })
    }

    /// As [`start`](Self::start), for a command: where a service runs with this data folder already, its server is used.
    ///
    /// # Errors
    /// As those of `start`, except that the folder is in use.
    pub async fn start_or_join(
        data_dir: &Path,
        bin_dir: Option<&Path>,
    ) -> Result<(String, Option<Self>), EmbeddedError> {
        match Self::start(data_dir, bin_dir).await {
            Ok(started) => Ok((started.url.clone(), Some(started))),
            Err(EmbeddedError::InUse { holder, .. }) => {
                let (cluster, account) = place::find(data_dir)?;
                tracing::debug!(holder, "uses the database of the service that runs");
                Ok((socket::find(&cluster, &account, DATABASE)?, None))
            }
            Err(error) => Err(error),
        }
    }

    /// Connection URL: a Unix socket, its folder percent-encoded as the host.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends all connections and shuts the server down; waits until it is gone.
    pub async fn stop(mut self) {
        self.supervisor.stop().await;
        tracing::debug!(socket = %self.socket.path().display(), "the embedded PostgreSQL has stopped");
    }
}
