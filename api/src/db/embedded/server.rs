//! One run of the server: starting it, waiting until it takes connections, and ending it.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use super::account::Account;
use super::binaries::Binaries;
use super::log::Log;
use super::place::Place;
use super::socket::SocketDir;
use super::{DATABASE, EmbeddedError, USER, leftover, settings};

/// How long a server may take to answer at all.
const ANSWER: Duration = Duration::from_secs(60);
/// How long one that answers may take to recover from a crash; it reads up to `max_wal_size` again.
const RECOVERY: Duration = Duration::from_secs(600);
/// How long one attempt to connect may take.
const ATTEMPT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);
/// Where util-linux has the program that ties one process to another's life.
const SETPRIV: [&str; 2] = ["/usr/bin/setpriv", "/bin/setpriv"];

/// All that is needed to run the server, again and again.
#[derive(Debug)]
pub(super) struct Server {
    account: Account,
    cluster: PathBuf,
    program: PathBuf,
    setpriv: Option<PathBuf>,
    socket_folder: PathBuf,
    socket: PathBuf,
    /// PostgreSQL's files that name the process of a server.
    pid_files: [PathBuf; 2],
}

impl Server {
    /// The server of a cluster.
    pub fn new(place: &Place, binaries: &Binaries, socket: &SocketDir) -> Self {
        let program = binaries.postgres();
        Self {
            account: place.account().clone(),
            cluster: place.cluster().to_owned(),
            setpriv: find_setpriv(place.account(), &program),
            program,
            socket_folder: socket.path().to_owned(),
            socket: socket.socket(),
            pid_files: [place.cluster().join(leftover::PID_FILE), socket.pid_file()],
        }
    }

    /// Stops a server that an earlier run left behind.
    pub async fn clear_way(&self) -> Result<(), EmbeddedError> {
        for pid_file in &self.pid_files {
            leftover::stop(pid_file, &self.cluster, &self.account).await?;
        }
        Ok(())
    }

    /// Starts the server, where there is no other one.
    ///
    /// Where the system can do it, the new server ends when the calling *thread* does, however that comes about.
    pub async fn launch(&self) -> Result<Postmaster, EmbeddedError> {
        self.clear_way().await?;
        let (reader, writer) = std::io::pipe().map_err(self.account.cannot_run(&self.program))?;
        let mut command = match &self.setpriv {
            Some(setpriv) => {
                let mut command = self.account.command(setpriv);
                command
                    .args(["--pdeathsig", "INT", "--"])
                    .arg(&self.program);
                command
            }
            None => self.account.command(&self.program),
        };
        command
            .arg("-D")
            .arg(&self.cluster)
            .args(settings::arguments(&self.socket_folder.to_string_lossy()));
        command.stdout(Stdio::null()).stderr(writer);
        // In a group of its own, Ctrl-C in the terminal doesn't reach it before the service has finished its requests.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut command = Command::from(command);
        let child = command
            .spawn()
            .map_err(self.account.cannot_run(&self.program))?;
        // It holds an end of the pipe, and the log would not end with the server.
        drop(command);
        let log = Log::read(reader).map_err(self.account.cannot_run(&self.program))?;
        Ok(Postmaster { child, log })
    }

    /// Waits until the server takes connections.
    pub async fn ready(&self, postmaster: &mut Postmaster) -> Result<(), EmbeddedError> {
        let began = Instant::now();
        let mut patience = ANSWER;
        loop {
            if let Ok(Some(status)) = postmaster.child.try_wait() {
                return Err(postmaster.exited(status).await);
            }
            let reason = match timeout(ATTEMPT, probe(&self.socket)).await {
                Ok(Answer::Ready) => return Ok(()),
                Ok(Answer::Recovering) => {
                    if patience < RECOVERY && began.elapsed() > Duration::from_secs(2) {
                        patience = RECOVERY;
                        tracing::info!(
                            "PostgreSQL recovers from a crash; this can take some minutes"
                        );
                    }
                    "it is starting up".to_owned()
                }
                Ok(Answer::None(reason)) => reason,
                Err(_) => "an attempt to connect got no answer".to_owned(),
            };
            if began.elapsed() > patience {
                return Err(EmbeddedError::NotReady {
                    seconds: patience.as_secs(),
                    reason,
                    said: postmaster.log.tail(),
                });
            }
            sleep(POLL).await;
        }
    }
}

/// A running server.
#[derive(Debug)]
pub(super) struct Postmaster {
    child: Child,
    log: Log,
}

impl Postmaster {
    /// Waits until the server has ended, and says why.
    pub async fn wait(&mut self) -> EmbeddedError {
        match self.child.wait().await {
            Ok(status) => self.exited(status).await,
            Err(source) => EmbeddedError::Io {
                action: "wait for",
                path: "postgres".into(),
                source,
            },
        }
    }

    async fn exited(&mut self, status: ExitStatus) -> EmbeddedError {
        EmbeddedError::Exited {
            status: status.to_string(),
            said: self.log.last_words().await,
        }
    }

    /// Ends the server, ever more firmly.
    pub async fn shut_down(mut self) {
        for (signal, patience) in leftover::STEPS {
            self.signal(signal);
            if timeout(patience, self.child.wait()).await.is_ok() {
                return;
            }
            tracing::warn!(
                ?signal,
                seconds = patience.as_secs(),
                "PostgreSQL has not ended after a signal"
            );
        }
        tracing::error!("PostgreSQL cannot be ended");
    }

    fn signal(&self, signal: Signal) {
        // There is an id only as long as nobody has waited for the process, so it cannot be another one's by now.
        let pid = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(Err(error)) = pid.map(|pid| rustix::process::kill_process(pid, signal)) {
            tracing::warn!(%error, "PostgreSQL cannot be given a signal");
        }
    }
}

/// Finds util-linux's `setpriv`, whose namesakes lack the option, by trying it.
fn find_setpriv(account: &Account, postgres: &Path) -> Option<PathBuf> {
    let found = SETPRIV.into_iter().map(PathBuf::from).find(|setpriv| {
        let mut command = account.command(setpriv);
        command
            .args(["--pdeathsig", "INT", "--"])
            .arg(postgres)
            .arg("--version");
        command.output().is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        tracing::debug!(
            "there is no setpriv: if this service is killed, PostgreSQL runs on until the next start stops it"
        );
    }
    found
}

enum Answer {
    Ready,
    Recovering,
    None(String),
}

async fn probe(socket: &Path) -> Answer {
    let stream = match UnixStream::connect(socket).await {
        Ok(stream) => stream,
        Err(error) => return Answer::None(format!("{}: {error}", socket.display())),
    };
    match config("postgres").connect_raw(stream, NoTls).await {
        Ok(_) => Answer::Ready,
        Err(error) if error.code() == Some(&SqlState::CANNOT_CONNECT_NOW) => Answer::Recovering,
        Err(error) => Answer::None(error.to_string()),
    }
}

fn config(database: &str) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config.user(USER).dbname(database);
    config
}

/// Makes the service's database if the cluster has none.
pub(super) async fn ensure_database(socket: &SocketDir) -> Result<(), EmbeddedError> {
    let path = socket.socket();
    let stream = UnixStream::connect(&path)
        .await
        .map_err(EmbeddedError::io("connect to", &path))?;
    let (client, connection) = config("postgres").connect_raw(stream, NoTls).await?;
    let work = async {
        let found = client
            .query("SELECT FROM pg_database WHERE datname = $1", &[&DATABASE])
            .await?;
        if found.is_empty() {
            client
                .batch_execute(&format!("CREATE DATABASE {DATABASE}"))
                .await?;
        }
        Ok(())
    };
    tokio::select! {
        done = work => done,
        ended = connection => Err(ended.err().map_or(EmbeddedError::Closed, EmbeddedError::Query)),
    }
}
