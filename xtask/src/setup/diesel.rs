//! The `diesel` command, which prints a database as `schema.rs`. Compiled once and kept with the other tools.

use std::path::PathBuf;

use crate::failure::Result;
use crate::process;
use crate::setup::apt;
use crate::step::step;
use crate::workspace::{Workspace, find_program};

const VERSION: &str = "2.3.14";

/// Finds or compiles the `diesel` command.
pub fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.tool(&format!("diesel-cli-{VERSION}"), |folder| {
        if !has_libpq() {
            apt::install(
                &["libpq-dev"],
                "diesel_cli links PostgreSQL's client library",
                "Install the development files of libpq.",
            )?;
        }
        step(
            "compile diesel_cli: it prints the database's schema for src/db/schema.rs",
            || {
                process::run(
                    workspace
                        .cargo("install")
                        .args(["--locked", "diesel_cli", "--version", VERSION])
                        .args(["--no-default-features", "--features", "postgres", "--root"])
                        .arg(folder)
                        .arg("--target-dir")
                        .arg(workspace.target.join("tools")),
                )?;
                // Nothing else is built there, and a few hundred megabytes are worth giving back.
                crate::workspace::remove_folder(&workspace.target.join("tools"))
            },
        )
    })?;
    Ok(folder.join("bin/diesel"))
}

fn has_libpq() -> bool {
    let ask = |program: &str, argument: &[&str]| {
        find_program(program)
            .is_some_and(|path| process::succeeds(std::process::Command::new(path).args(argument)))
    };
    ask("pkg-config", &["--exists", "libpq"]) || ask("pg_config", &["--includedir"])
}
