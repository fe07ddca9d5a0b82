//! Keeps the server running for as long as the service wants it.
//!
//! It is a thread with a runtime of its own, for two reasons: a busy service cannot keep it from its work, and the server can
//! be tied to the life of the thread that started it (see [`Server::launch`]), which must then live as long as the process.

use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::EmbeddedError;
use super::server::Server;

const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(5);
/// A server that ran this long has recovered: its next failure is a new one.
const STABLE: Duration = Duration::from_secs(60);
/// How long the first start goes on trying while children of a killed server still have the cluster.
const CHILDREN: Duration = Duration::from_secs(15);

/// The handle on the thread.
#[derive(Debug)]
pub(super) struct Supervisor {
    stop: Option<oneshot::Sender<()>>,
    stopped: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// Starts the server and waits until it takes connections. From then on a server that ends is started again.
    pub async fn start(server: Server) -> Result<Self, EmbeddedError> {
        let (ready, started) = oneshot::channel();
        let (stop, stopping) = oneshot::channel();
        let (done, stopped) = oneshot::channel();
        let cannot = |source| EmbeddedError::Io {
            action: "start",
            path: "the supervisor of PostgreSQL".into(),
            source,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(cannot)?;
        let thread = std::thread::Builder::new().name("postgres".to_owned());
        let thread = thread.spawn(move || {
            runtime.block_on(supervise(&server, ready, stopping));
            let _ = done.send(());
        });
        // From here on, giving up drops the handle, which stops what has been started.
        let supervisor = Self {
            stop: Some(stop),
            stopped: Some(stopped),
            thread: Some(thread.map_err(cannot)?),
        };
        match started.await {
            Ok(result) => result.map(|()| supervisor),
            Err(_) => Err(cannot(std::io::Error::other("the thread ended"))),
        }
    }

    /// Stops the server and waits for its end.
    pub async fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(stopped) = self.stopped.take() {
            let _ = stopped.await;
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.stop.take());
        // Without this, a process that ends after an error would leave its server behind where nothing else ties them.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// How a run of the server came to its end.
enum End {
    /// As wished.
    Stopped,
    /// Before it took connections.
    Failed(EmbeddedError),
    /// After that.
    Died(EmbeddedError),
}

type Ready = oneshot::Sender<Result<(), EmbeddedError>>;

async fn supervise(server: &Server, ready: Ready, mut stop: oneshot::Receiver<()>) {
    let mut ready = Some(ready);
    let mut delay = FIRST_DELAY;
    let first = Instant::now();
    loop {
        let began = Instant::now();
        let reason = match run(server, &mut ready, &mut stop).await {
            End::Stopped => return,
            End::Failed(reason) => {
                if let Some(ready) =
                    ready.take_if(|_| !passes(&reason) || first.elapsed() > CHILDREN)
                {
                    let _ = ready.send(Err(reason));
                    return;
                }
                reason
            }
            End::Died(reason) => reason,
        };
        if began.elapsed() > STABLE {
            delay = FIRST_DELAY;
        }
        tracing::warn!(%reason, retry_in_ms = delay.as_millis(), "PostgreSQL is down; starting it again");
        tokio::select! {
            _ = &mut stop => return,
            () = sleep(delay) => delay = (delay * 2).min(LONGEST_DELAY),
        }
    }
}

/// One run of the server, from its start to its end.
async fn run(server: &Server, ready: &mut Option<Ready>, stop: &mut oneshot::Receiver<()>) -> End {
    let began = Instant::now();
    let launched = tokio::select! {
        launched = server.launch() => launched,
        _ = &mut *stop => return End::Stopped,
    };
    let mut postmaster = match launched {
        Ok(postmaster) => postmaster,
        Err(error) => return End::Failed(error),
    };
    let started = tokio::select! {
        started = server.ready(&mut postmaster) => started,
        _ = &mut *stop => {
            postmaster.shut_down().await;
            return End::Stopped;
        }
    };
    if let Err(error) = started {
        postmaster.shut_down().await;
        return End::Failed(error);
    }
    match ready.take() {
        Some(ready) => {
            let _ = ready.send(Ok(()));
        }
        None => tracing::info!(
            after_ms = began.elapsed().as_millis(),
            "PostgreSQL is up again"
        ),
    }
    tokio::select! {
        reason = postmaster.wait() => End::Died(reason),
        _ = stop => {
            postmaster.shut_down().await;
            End::Stopped
        }
    }
}

/// Whether waiting helps: a killed server and its children are gone within moments, unless the children are at work.
fn passes(error: &EmbeddedError) -> bool {
    let EmbeddedError::Exited { said, .. } = error else {
        return false;
    };
    said.contains("pre-existing shared memory block") || said.contains("lock file")
}
