//! Compiling the service, and running its short commands.

use std::path::PathBuf;

use crate::failure::Result;
use crate::process;
use crate::step::step;
use crate::workspace::{Profile, Workspace};

/// Compiles the service as users get it; gives back its binary.
pub fn build(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    step(
        format_args!("compile the service (profile {})", profile.cargo()),
        || {
            process::run(
                workspace
                    .cargo("build")
                    .args(["--package", "understudy-api", "--bin", "understudy"])
                    .args(["--profile", profile.cargo()]),
            )
        },
    )?;
    Ok(workspace.service(profile))
}

/// Compiles the debug binary and all tests in one go, so that both share every dependency; gives back the binary.
pub fn build_with_tests(workspace: &Workspace) -> Result<PathBuf> {
    step("compile the service and the tests (profile dev)", || {
        process::run(workspace.cargo("build").args([
            "--workspace",
            "--bin",
            "understudy",
            "--tests",
        ]))
    })?;
    Ok(workspace.service(Profile::Debug))
}
