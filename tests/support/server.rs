//! The service as a child process: started with an environment of its own, its log kept, ended with the test.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, Signal, kill_process};

use super::wait::{SOON, until};
use super::{client::Client, env};

/// Name of the first administrator that the tests make.
pub const ADMIN_USERNAME: &str = "admin";
/// The administrator's password.
pub const ADMIN_PASSWORD: &str = "correct horse battery staple";

const LISTENING: &str = "listening on http://";

/// The variables with which every command of the service is started.
pub fn base_environment() -> BTreeMap<String, String> {
    let key = |id: &str, byte: u8| format!("{id}:{}", STANDARD.encode([byte; 32]));
    let mut environment = BTreeMap::from(
        [
            ("UNDERSTUDY_LISTEN", "127.0.0.1:0"),
            ("UNDERSTUDY_WORKERS", "1"),
            ("UNDERSTUDY_ADMIN_USERNAME", ADMIN_USERNAME),
            ("UNDERSTUDY_ADMIN_PASSWORD", ADMIN_PASSWORD),
            ("RUST_LOG", "info"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    environment.insert("UNDERSTUDY_SECRET_KEYS".to_owned(), key("test-secret", 1));
    environment.insert("UNDERSTUDY_JWT_KEYS".to_owned(), key("test-jwt", 2));
    environment.insert("PATH".to_owned(), env::path());
    environment
}

/// A running `understudy serve`, killed with this value.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    address: String,
}

impl Server {
    /// Starts the service with exactly these variables and waits until it is ready.
    pub async fn start(environment: &BTreeMap<String, String>) -> Self {
        let mut server = Self::spawn(environment);
        let (address, _) = until(SOON, "the service says where it listens", async || {
            server.assert_running();
            server.logged_address()
        })
        .await;
        server.address = address;
        let client = Client::new(&server.address);
        until(SOON, "the service is ready", async || {
            server.assert_running();
            let answer = client.get("/healthz/ready").try_send().await?;
            (answer.status == 200).then_some(())
        })
        .await;
        server
    }

    /// Starts the service without waiting for anything.
    pub fn spawn(environment: &BTreeMap<String, String>) -> Self {
        let mut child = Command::new(env::binary())
            .arg("serve")
            .env_clear()
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let log = Arc::default();
        let readers = vec![
            keep(child.stdout.take().expect("a pipe"), &log),
            keep(child.stderr.take().expect("a pipe"), &log),
        ];
        Self {
            child,
            log,
            readers,
            address: String::new(),
        }
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> &str {
        &self.address
    }

    /// All that the service wrote until now.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Memory that the process holds, in bytes.
    pub fn resident(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("it still runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.expect("a number") * 1024
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill_process(Pid::from_raw(pid).expect("a process id"), signal).expect("it still runs");
    }

    /// Waits until the process has ended by itself and its log is complete.
    pub async fn exit(&mut self, bound: Duration) -> ExitStatus {
        let (status, _) = until(bound, "the service ends", async || {
            self.child.try_wait().expect("its own child")
        })
        .await;
        until(SOON, "the log ends", async || {
            self.readers
                .iter()
                .all(JoinHandle::is_finished)
                .then_some(())
        })
        .await;
        status
    }

    fn logged_address(&self) -> Option<String> {
        let log = self.log.lock().unwrap();
        let (_, rest) = log.split_once(LISTENING)?;
        let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ':')))?;
        Some(rest[..end].to_owned())
    }

    fn assert_running(&mut self) {
        if let Some(status) = self.child.try_wait().expect("its own child") {
            panic!("the service ended with {status}:\n{}", self.log());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Killed, not asked: what a test leaves behind is not worth draining.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!(
                "--- log of the service at {}:\n{}---",
                self.address,
                self.log()
            );
        }
    }
}

fn keep(pipe: impl Read + Send + 'static, log: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let log = Arc::clone(log);
    thread::spawn(move || {
        let mut lines = BufReader::new(pipe);
        let mut line = Vec::new();
        while lines
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            log.lock()
                .unwrap()
                .push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    })
}
