//! Files that are generated and committed: `openapi.json`, `docs/config.schema.json` and `api/src/db/schema.rs`.
//!
//! Rule: whoever changes the source runs the command; `--check` tells who forgot, and changes nothing.

use std::path::Path;

use crate::failure::{Context, Failure, Result};
use crate::postgres::Cluster;
use crate::process;
use crate::service;
use crate::setup;
use crate::step::{say, step};
use crate::workspace::Workspace;

/// `id:base64(32 zero bytes)`: nothing is stored in the database that is migrated here.
const THROW_AWAY_KEYS: &str = "throwaway:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// What to do with a generated file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Bring it up to date.
    Write,
    /// Fail when it is not.
    Check,
}

/// `cargo xtask openapi [--check]`.
pub fn openapi(workspace: &Workspace, mode: Mode) -> Result<()> {
    let service = service::build_with_tests(workspace)?;
    for (command, file) in [
        ("openapi", "openapi.json"),
        ("config-schema", "docs/config.schema.json"),
    ] {
        let document = process::output(workspace.program(&service).arg(command))?;
        let text = format!("{}\n", document.trim_end());
        settle(
            &workspace.root.join(file),
            &text,
            mode,
            "cargo xtask openapi",
        )?;
    }
    Ok(())
}

/// `cargo xtask schema [--check]`.
pub fn schema(workspace: &Workspace, mode: Mode) -> Result<()> {
    let diesel = setup::diesel::ensure(workspace)?;
    let service = service::build_with_tests(workspace)?;
    let printed = step(
        "print the schema of a database that the service has just migrated",
        || {
            let cluster = Cluster::start()?;
            process::run_quietly(
                workspace
                    .program(service)
                    .arg("migrate")
                    .env("DATABASE_URL", cluster.url())
                    .env("UNDERSTUDY_SECRET_KEYS", THROW_AWAY_KEYS)
                    .env("UNDERSTUDY_JWT_KEYS", THROW_AWAY_KEYS),
            )?;
            process::output(
                workspace
                    .program(diesel)
                    .args(["print-schema", "--database-url"])
                    .arg(cluster.url())
                    .arg("--config-file")
                    .arg(workspace.root.join("diesel.toml")),
            )
        },
    )?;
    let path = workspace.root.join("api/src/db/schema.rs");
    settle(
        &path,
        &formatted(workspace, &printed)?,
        mode,
        "cargo xtask schema",
    )
}

/// `source` as rustfmt leaves it, so that the format check and the freshness check agree.
fn formatted(workspace: &Workspace, source: &str) -> Result<String> {
    let path = workspace.target.join("schema-printed.rs");
    std::fs::write(&path, source).context(|| format!("write {}", path.display()))?;
    process::output(
        workspace
            .program("rustfmt")
            .args(["--edition", "2024"])
            .arg(&path),
    )?;
    std::fs::read_to_string(&path).context(|| format!("read {}", path.display()))
}

fn settle(path: &Path, text: &str, mode: Mode, command: &str) -> Result<()> {
    let name = path.file_name().unwrap_or_default().display();
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
        say(format_args!("  {name} is up to date"));
        return Ok(());
    }
    match mode {
        Mode::Check => Err(Failure::new(format!(
            "{name} is stale: run `{command}` and commit {}",
            path.display()
        ))),
        Mode::Write => {
            std::fs::write(path, text).context(|| format!("write {}", path.display()))?;
            say(format_args!("  {name} was written"));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_reports_a_stale_file_and_leaves_it_alone() {
        let path = std::env::temp_dir().join(format!("understudy-settle-{}", std::process::id()));
        std::fs::write(&path, "old").unwrap();
        let failure = settle(&path, "new", Mode::Check, "cargo xtask thing").unwrap_err();
        assert!(
            failure.to_string().contains("run `cargo xtask thing`"),
            "{failure}"
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        settle(&path, "new", Mode::Write, "cargo xtask thing").unwrap();
        settle(&path, "new", Mode::Check, "cargo xtask thing").unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}
