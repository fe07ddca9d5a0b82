//! A data folder of a service that brings its own PostgreSQL, and the processes of that.
//!
//! It knows one thing beyond the contract: that PostgreSQL's pid file is in `postgres` in the data folder.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::server::{Server, base_environment};
use super::wait::SOON;

/// A folder for everything that a service keeps, and the variables of a service that keeps it there.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

/// Processes of PostgreSQL that do nothing until this value is dropped.
#[derive(Debug)]
pub struct Frozen(Vec<Pid>);

impl Home {
    /// A data folder that every user can pass through.
    pub fn open() -> Self {
        Self::with_mode(0o755)
    }

    /// A data folder with these rights.
    pub fn with_mode(mode: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(folder.path(), permissions).unwrap();
        let mut environment = base_environment();
        environment.remove("UNDERSTUDY_SECRET_KEYS");
        environment.remove("UNDERSTUDY_JWT_KEYS");
        let data = folder.path().join("data").display().to_string();
        environment.insert("UNDERSTUDY_DATA_DIR".to_owned(), data);
        Self {
            folder,
            environment,
        }
    }

    /// Sets a variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The variables of its service.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts its service and waits until that is ready.
    pub async fn start(&self) -> Server {
        Server::start(&self.environment).await
    }

    /// Starts a service that must end by itself with a failure, and gives its log.
    pub async fn refused(&self) -> String {
        let mut server = Server::spawn(&self.environment);
        let status = server.exit(SOON).await;
        let log = server.log();
        assert_ne!(status.code(), Some(0), "{log}");
        log
    }

    /// The process of the database.
    pub fn postmaster(&self) -> Option<Pid> {
        let content = std::fs::read_to_string(self.data().join("postgres/postmaster.pid")).ok()?;
        Pid::from_raw(content.lines().next()?.parse().ok()?)
    }

    /// Freezes the database: connections stay open, and nothing answers.
    pub fn freeze(&self) -> Frozen {
        let postmaster = self.postmaster().expect("a database that runs");
        // The first of them starts no more.
        kill_process(postmaster, Signal::STOP).unwrap();
        let frozen = family(postmaster);
        for process in &frozen {
            // One that has ended meanwhile needs no freezing.
            let _ = kill_process(*process, Signal::STOP);
        }
        Frozen(frozen)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        for process in &self.0 {
            let _ = kill_process(*process, Signal::CONT);
        }
    }
}

/// The process and all its children.
fn family(parent: Pid) -> Vec<Pid> {
    let mut family = vec![parent];
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        // The name in parentheses may hold anything.
        let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let of = rest
            .split_whitespace()
            .nth(1)
            .and_then(|of| of.parse().ok());
        if of == Some(parent.as_raw_nonzero().get()) {
            family.extend(Pid::from_raw(pid));
        }
    }
    family
}
