//! `cargo deny`: what the dependencies are, by the rules of deny.toml.
//!
//! Rule: licences, sources and bans are always checked. Known vulnerabilities are a matter of the day and of a database outside the
//! registries: they are checked wherever it can be reached, and where it cannot, that is said and is no failure (decision 0024).

use std::process::Command;
use std::time::{Duration, Instant};

use crate::failure::{Context, Result};
use crate::process::{self, STOP_LIMIT};
use crate::setup;
use crate::step::{say, step};
use crate::workspace::{Workspace, variable};

/// How long the database of advisories may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Checks all dependencies.
pub fn check(workspace: &Workspace) -> Result<()> {
    let program = setup::deny::ensure(workspace)?;
    let deny = || {
        let mut command = workspace.program(&program);
        if let Some(cargo) = variable("CARGO") {
            command.env("CARGO", cargo);
        }
        // A second version of something is told by `cargo deny check bans`; here only what is forbidden is.
        command.args(["--locked", "--log-level", "error"]);
        command
    };
    step(
        "licences, sources and forbidden crates among the dependencies",
        || process::run(deny().args(["check", "bans", "licenses", "sources"])),
    )?;
    if !fetch_advisories(deny().args(["fetch", "db"]))? {
        say(
            "» NOT CHECKED: known vulnerabilities of the dependencies. The database of advisories (github.com/RustSec/advisory-db) cannot \
             be reached from here; where it can, run `cargo xtask deny`",
        );
        return Ok(());
    }
    step("known vulnerabilities of the dependencies", || {
        process::run(deny().args(["check", "advisories"]))
    })
}

/// Gets the database of advisories, if it can be had in time.
fn fetch_advisories(command: &mut Command) -> Result<bool> {
    command
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut child = process::spawn(command)?;
    let start = Instant::now();
    loop {
        if let Some(status) = child
            .try_wait()
            .context(|| "wait for cargo-deny".to_owned())?
        {
            return Ok(status.success());
        }
        if start.elapsed() > PATIENCE {
            process::stop(&mut child, signal_hook::consts::SIGTERM, STOP_LIMIT)?;
            return Ok(false);
        }
        if let Some(signal) = process::take_signal() {
            process::stop(&mut child, signal, STOP_LIMIT)?;
            return Err(crate::failure::Failure::interrupted(signal));
        }
        process::pause();
    }
}
