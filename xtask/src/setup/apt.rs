//! Debian's packages, where this user may install them: as root, or with a `sudo` that asks for no password.
//!
//! Rule: a service that a package brings is never started by its installation; we run what we need ourselves.

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::process;
use crate::step::step;
use crate::workspace::find_program;

/// Debian's switch for "may this service be started now?"; an exit code of 101 says no.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs `packages` because of `why`; `manual` is the advice for a machine where we may not.
pub fn install(packages: &[&str], why: &str, manual: &str) -> Result<()> {
    let list = packages.join(" ");
    if find_program("apt-get").is_none() {
        return Err(Failure::new(format!(
            "{why}, and this machine has no apt-get. {manual}"
        )));
    }
    if !may_install() {
        return Err(Failure::new(format!(
            "{why}, and this user may not install packages. Run `sudo apt-get install {list}`. {manual}"
        )));
    }
    step(format_args!("install Debian's {list}: {why}"), || {
        // A list that cannot be refreshed may still be good enough: the installation decides.
        let _ = process::run_quietly(root("apt-get").args(["update", "-q"]));
        without_starting_services(|| {
            process::run_quietly(
                root("apt-get")
                    .args(["install", "-y", "-q", "--no-install-recommends"])
                    .args(["-o", "DPkg::Lock::Timeout=300"])
                    .args(packages),
            )
        })
    })
    .map_err(|failure| Failure::with_code(format!("{failure}\n{manual}"), failure.code()))
}

/// Whether this user may install packages without being asked anything.
fn may_install() -> bool {
    rustix::process::geteuid().is_root()
        || find_program("sudo").is_some()
            && process::succeeds(Command::new("sudo").args(["-n", "true"]))
}

/// `program` with the rights of root.
pub fn root(program: &str) -> Command {
    let assignments = ["DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"];
    let mut command = if rustix::process::geteuid().is_root() {
        Command::new("env")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "env"]);
        sudo
    };
    command.args(assignments).arg(program);
    command
}

fn without_starting_services(work: impl FnOnce() -> Result<()>) -> Result<()> {
    if Path::new(POLICY).exists() {
        return work();
    }
    let script = format!("printf '#!/bin/sh\\nexit 101\\n' > {POLICY} && chmod 755 {POLICY}");
    process::run_quietly(root("sh").args(["-c", &script]))?;
    let result = work();
    process::run_quietly(root("rm").args(["-f", POLICY]))?;
    result
}
