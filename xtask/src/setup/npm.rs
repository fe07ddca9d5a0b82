//! Packages from npm's registry, of exactly one version, in a folder of their own among the tools.
//!
//! Rule: no package runs a script when it is installed, and none becomes part of the product.

use std::path::PathBuf;

use crate::failure::{Failure, Result};
use crate::process;
use crate::setup::apt;
use crate::step::step;
use crate::workspace::{Workspace, find_program};

const MANUAL: &str = "Install Node.js with npm, so that both are in PATH.";

/// A package of npm's registry.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// Its name.
    pub name: &'static str,
    /// The version, exactly.
    pub version: &'static str,
    /// What it is for, as the person reads who waits for its installation.
    pub why: &'static str,
}

impl Package {
    /// Finds or installs the package; gives back its folder.
    pub fn ensure(self, workspace: &Workspace) -> Result<PathBuf> {
        let Self { name, version, why } = self;
        let folder = workspace.tool(&format!("{name}-{version}"), |folder| {
            let npm = npm(why)?;
            step(format_args!("install npm's {name}: {why}"), || {
                process::run_quietly(
                    workspace
                        .program(npm)
                        .args([
                            "install",
                            "--no-audit",
                            "--no-fund",
                            "--ignore-scripts",
                            "--prefix",
                        ])
                        .arg(folder)
                        .arg(format!("{name}@{version}")),
                )
            })
        })?;
        Ok(folder.join("node_modules").join(name))
    }
}

fn npm(why: &str) -> Result<PathBuf> {
    if let Some(npm) = find_program("npm") {
        return Ok(npm);
    }
    apt::install(&["npm"], why, MANUAL)?;
    find_program("npm").ok_or_else(|| Failure::new(format!("npm was not found. {MANUAL}")))
}
