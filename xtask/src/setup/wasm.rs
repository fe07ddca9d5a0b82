//! A compiler for WebAssembly: rustup's target where it can be had, else Debian's compiler with the standard library's source.
//!
//! Rule: there is no `rust-toolchain.toml` with targets, since on a network without rustup's host it would break every command.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::process;
use crate::setup::apt;
use crate::step::{say, step};
use crate::workspace::{Workspace, find_program, in_ci, variable};

/// The target's name.
pub const TARGET: &str = "wasm32-unknown-unknown";

const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];
const MANUAL: &str = "Make `rustup target add wasm32-unknown-unknown` work, or install Debian's rustc-web, cargo-web, rust-web-src and lld-22.";
/// Linkers for WebAssembly, the one that belongs to Debian's compiler first.
const LINKERS: [&str; 3] = ["wasm-ld-22", "wasm-ld", "rust-lld"];

/// How to compile for the browser.
#[derive(Debug)]
pub enum Toolchain {
    /// The toolchain in use has the target.
    Own,
    /// Debian's compiler, which has the standard library only as source.
    Debian {
        /// The linker.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// Finds or installs a compiler. `UNDERSTUDY_WASM_TOOLCHAIN` (`own` or `debian`) leaves no choice.
    pub fn ensure(workspace: &Workspace) -> Result<Self> {
        let wish = variable("UNDERSTUDY_WASM_TOOLCHAIN");
        match wish.as_ref().and_then(|wish| wish.to_str()) {
            Some("own") => Self::own(workspace),
            Some("debian") => Self::debian(),
            Some(other) => Err(Failure::new(format!(
                "UNDERSTUDY_WASM_TOOLCHAIN is {other:?}; it may be `own` or `debian`"
            ))),
            None if has_target(workspace) => Ok(Self::Own),
            None if debian_is_complete() => Self::debian(),
            None => Self::own(workspace).or_else(|failure| {
                say(format_args!(
                    "  rustup cannot add the target ({failure}); trying Debian's compiler"
                ));
                Self::debian()
            }),
        }
    }

    /// The Cargo command that compiles for the target, with the target folder that only this compiler uses.
    pub fn cargo(&self, workspace: &Workspace, subcommand: &str) -> Command {
        match self {
            Self::Own => {
                let mut command = workspace.cargo(subcommand);
                command
                    .args(["--target", TARGET, "--target-dir"])
                    .arg(self.target_folder(workspace));
                command
            }
            Self::Debian { linker } => {
                let mut command = workspace.program("/usr/bin/cargo");
                command
                    .arg(subcommand)
                    .args([
                        "--quiet",
                        "-Zbuild-std=std,panic_abort",
                        "--target",
                        TARGET,
                        "--target-dir",
                    ])
                    .arg(self.target_folder(workspace))
                    .env("RUSTC", "/usr/bin/rustc")
                    // Unlocks -Zbuild-std in a stable compiler.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                    .env_remove("RUSTUP_TOOLCHAIN")
                    // Names the libraries of rustup's compiler, which this one must not load.
                    .env_remove("LD_LIBRARY_PATH");
                if in_ci() {
                    command.arg("--locked");
                }
                command
            }
        }
    }

    /// Two compilers in one folder would rebuild each other's work.
    pub fn target_folder(&self, workspace: &Workspace) -> PathBuf {
        workspace.target.join(match self {
            Self::Own => "web",
            Self::Debian { .. } => "web-debian",
        })
    }

    fn own(workspace: &Workspace) -> Result<Self> {
        if has_target(workspace) {
            return Ok(Self::Own);
        }
        let rustup = find_program("rustup").ok_or_else(|| Failure::new("there is no rustup"))?;
        step(
            "rustup target add wasm32-unknown-unknown: the web application is compiled for it",
            || process::run_quietly(workspace.program(rustup).args(["target", "add", TARGET])),
        )?;
        if has_target(workspace) {
            Ok(Self::Own)
        } else {
            Err(Failure::new(
                "rustup added the target to another toolchain than the one in use",
            ))
        }
    }

    fn debian() -> Result<Self> {
        if !debian_is_complete() {
            apt::install(
                &PACKAGES,
                "the web application needs a compiler for WebAssembly",
                MANUAL,
            )?;
        }
        let linker = linker()
            .ok_or_else(|| Failure::new(format!("there is no linker for WebAssembly. {MANUAL}")))?;
        Ok(Self::Debian { linker })
    }
}

fn has_target(workspace: &Workspace) -> bool {
    process::output(workspace.program("rustc").args([
        "--print",
        "target-libdir",
        "--target",
        TARGET,
    ]))
    .is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}

/// Whether Debian's compiler is there with the standard library's source and a linker.
fn debian_is_complete() -> bool {
    Path::new("/usr/bin/cargo").is_file()
        && process::output(Command::new("/usr/bin/rustc").args(["--print", "sysroot"])).is_ok_and(
            |sysroot| {
                let library =
                    Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/Cargo.lock");
                library.is_file()
            },
        )
        && linker().is_some()
}

fn linker() -> Option<PathBuf> {
    let in_path = LINKERS.iter().find_map(|name| find_program(name));
    in_path.or_else(|| {
        let sysroot =
            process::output(Command::new("rustc").args(["--print", "target-libdir"])).ok()?;
        let linker = Path::new(sysroot.trim()).parent()?.join("bin/rust-lld");
        linker.is_file().then_some(linker)
    })
}
