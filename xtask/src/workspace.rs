//! Where things are: the repository, the target folder, the folder of downloaded tools. Also how Cargo is called.
//!
//! Rule: the only place that knows paths and reads the environment.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Failure, Result};

/// The places that this program works with.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The repository.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
    /// Tools that were built or downloaded for this project. It lies outside the clone, so that a fresh clone finds them again;
    /// it may be deleted at any time.
    pub tools: PathBuf,
}

/// How thoroughly to compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quick to compile, slow to run.
    Debug,
    /// What users get.
    Release,
}

impl Workspace {
    /// Finds the places; the program must have been started by Cargo.
    pub fn find() -> Result<Self> {
        let manifest = variable("CARGO_MANIFEST_DIR")
            .ok_or_else(|| Failure::new("start this program as `cargo xtask`, not by its path"))?;
        let root = Path::new(&manifest)
            .parent()
            .ok_or_else(|| Failure::new("the folder `xtask` has no parent"))?
            .to_owned();
        let target = match variable("CARGO_TARGET_DIR") {
            Some(folder) => absolute(Path::new(&folder))?,
            None => root.join("target"),
        };
        let tools = match (
            variable("UNDERSTUDY_TOOLS_DIR"),
            variable("XDG_CACHE_HOME"),
            variable("HOME"),
        ) {
            (Some(folder), _, _) => absolute(Path::new(&folder))?,
            (None, Some(cache), _) => Path::new(&cache).join("understudy/tools"),
            (None, None, Some(home)) => Path::new(&home).join(".cache/understudy/tools"),
            (None, None, None) => target.join("tools"),
        };
        Ok(Self {
            root,
            target,
            tools,
        })
    }

    /// A Cargo command in the repository with the toolchain that compiled this program.
    pub fn cargo(&self, subcommand: &str) -> Command {
        let cargo = variable("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = self.program(cargo);
        command.arg(subcommand);
        if !std::io::stderr().is_terminal() && !matches!(subcommand, "fmt" | "test" | "tree") {
            command.arg("--quiet");
        }
        if in_ci() && !matches!(subcommand, "fmt" | "install") {
            command.arg("--locked");
        }
        command
    }

    /// Any program in the repository, freed of the variables that Cargo sets for this one.
    pub fn program(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.root);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_")
                || text.starts_with("CARGO_MANIFEST_")
                || text == "CARGO"
            {
                command.env_remove(&name);
            }
        }
        command
    }

    /// The service's binary of `profile`, as Cargo leaves it.
    pub fn service(&self, profile: Profile) -> PathBuf {
        self.target.join(profile.folder()).join("understudy")
    }

    /// A tool's folder, made by `build` when it is missing or was left half done.
    pub fn tool(&self, name: &str, build: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let folder = self.tools.join(name);
        let mark = folder.join(".complete");
        if mark.exists() {
            return Ok(folder);
        }
        create_folder(&self.tools)?;
        let lock_path = self.tools.join(".lock");
        let lock = std::fs::File::create(&lock_path)
            .context(|| format!("create {}", lock_path.display()))?;
        lock.lock()
            .context(|| format!("lock {}", lock_path.display()))?;
        if !mark.exists() {
            remove_folder(&folder)?;
            create_folder(&folder)?;
            build(&folder)?;
            std::fs::write(&mark, "").context(|| format!("write {}", mark.display()))?;
        }
        Ok(folder)
    }
}

impl Profile {
    /// Cargo's name of the folder below `target`.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }

    /// Cargo's name of the profile.
    pub const fn cargo(self) -> &'static str {
        match self {
            Self::Debug => "dev",
            Self::Release => "release",
        }
    }
}

/// An environment variable; an empty one counts as unset.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place of the build commands that reads the environment"
)]
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether this is continuous integration: there, a stale `Cargo.lock` is a mistake; at a desk, Cargo brings it up to date.
pub fn in_ci() -> bool {
    variable("CI").is_some()
}

/// The first program called `name` in `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&variable("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// Creates a folder and its parents.
pub fn create_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).context(|| format!("create {}", path.display()))
}

/// Removes a folder with all its content; a missing one is fine.
pub fn remove_folder(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context(|| format!("remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// `path` from the root of the file system on.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).context(|| format!("resolve {}", path.display()))
}
