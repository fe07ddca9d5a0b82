//! Other programs that run while something is measured: started in their place, heard out, and gone with this value.
//!
//! Rule: however the benchmark ends, nothing that it started goes on. Each program has a process group of its own, so that a
//! Ctrl-C reaches it once, through us, and in the order in which things have to end.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::failure::{Failure, Result};
use crate::places::{Place, Places};

/// How long a program may take to get ready, a database included.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a program may take to end after it was asked to.
const STOP_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// A program that runs until this value is dropped.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    child: Child,
    log: Arc<Mutex<String>>,
    goodbye: Signal,
}

impl Service {
    /// Starts `command`; `goodbye` is the signal that asks it to end.
    pub fn start(
        name: &'static str,
        command: &mut Command,
        goodbye: Signal,
        places: &Places,
        place: Place,
    ) -> Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = places.spawn(place, command)?;
        let log = Arc::default();
        if let Some(pipe) = child.stdout.take() {
            keep(pipe, &log);
        }
        if let Some(pipe) = child.stderr.take() {
            keep(pipe, &log);
        }
        Ok(Self {
            name,
            child,
            log,
            goodbye,
        })
    }

    /// Number of the process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the program has said `announcement` and an address.
    pub async fn address(&mut self, announcement: &str) -> Result<SocketAddr> {
        self.wait_for("say where it listens", async |log| {
            let (_, rest) = log.split_once(announcement)?;
            let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ':')))?;
            rest[..end].parse().ok()
        })
        .await
    }

    /// Waits until `look`, which is shown the log, finds what it looks for.
    pub async fn wait_for<T>(
        &mut self,
        what: &str,
        mut look: impl AsyncFnMut(&str) -> Option<T>,
    ) -> Result<T> {
        let start = Instant::now();
        loop {
            let log = self
                .log
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            if let Some(found) = look(&log).await {
                return Ok(found);
            }
            let problem = match self.child.try_wait() {
                Ok(Some(status)) => format!("ended with {status}"),
                _ if start.elapsed() > START_LIMIT => format!("did not {what}"),
                _ => {
                    tokio::time::sleep(POLL).await;
                    continue;
                }
            };
            let name = self.name;
            return Err(Failure::new(format!(
                "{name} {problem}:\n{}",
                log.trim_end()
            )));
        }
    }
}

impl Drop for Service {
    #[expect(
        clippy::disallowed_methods,
        reason = "nothing else runs while the benchmark waits for the end of what it started"
    )]
    fn drop(&mut self) {
        let Some(process) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else {
            return;
        };
        let start = Instant::now();
        // It is our own child and not yet waited for, so the number cannot have become another program's.
        let asked = matches!(self.child.try_wait(), Ok(None))
            && kill_process(process, self.goodbye).is_ok();
        while asked && start.elapsed() < STOP_LIMIT && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(POLL);
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process_group(process, Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// Keeps what a program says; a pipe that nobody empties would stop it.
fn keep(pipe: impl Read + Send + 'static, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        let mut lines = BufReader::new(pipe);
        let mut line = Vec::new();
        while lines
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            log.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Service {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let places = Places::new(false);
        Service::start("sh", &mut command, Signal::TERM, &places, Place::Beside).unwrap()
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(future)
    }

    #[test]
    fn the_address_is_read_from_what_the_program_says() {
        let mut service = shell("echo listening on http://127.0.0.1:4711; sleep 60");
        let address = block_on(service.address("listening on http://")).unwrap();
        assert_eq!(address.to_string(), "127.0.0.1:4711");
    }

    #[test]
    fn a_program_that_ends_is_quoted() {
        let mut service = shell("echo the reason >&2; exit 3");
        let failure = block_on(service.address("listening on")).unwrap_err();
        assert!(failure.to_string().contains("ended with"), "{failure}");
    }

    #[test]
    fn a_dropped_service_is_gone() {
        let service = shell("sleep 60");
        let process = Pid::from_raw(i32::try_from(service.process()).unwrap()).unwrap();
        drop(service);
        assert!(rustix::process::test_kill_process(process).is_err());
    }
}
