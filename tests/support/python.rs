//! Python scripts: those that play a user of the official SDK, and whatever else is written in Python.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::app::file;
use super::env;
use super::wait::within;

/// A script of `tests/sdk`, with nothing of this process's environment but `PATH`.
pub fn script(name: &str) -> Command {
    let mut command = program();
    command.arg(file("sdk").join(name));
    command
}

/// Python itself, with as little of the environment.
pub fn program() -> Command {
    let mut command = Command::new(env::python());
    command
        .env_clear()
        .env("PATH", env::path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs a script to its end and gives what it printed; fails with its traceback when it fails.
pub async fn run(mut script: Command, bound: Duration) -> String {
    let output = within(bound, "a Python script ends", script.output())
        .await
        .expect("Python starts");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "the script ended with {}:\n{stdout}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr),
    );
    stdout
}
