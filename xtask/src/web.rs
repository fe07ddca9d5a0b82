//! `cargo xtask web`: from the crate `web` to `target/site`, the folder that the service serves.
//!
//! Cargo decides whether the WASM is fresh, and `understudy-site` whether the folder is; both take well under a second when so.

use std::path::PathBuf;

use crate::failure::{Context, Result};
use crate::process;
use crate::setup::binaryen;
use crate::setup::wasm::{TARGET, Toolchain};
use crate::step::step;
use crate::workspace::{Profile, Workspace};

/// Builds the web application; gives back the folder of the site.
pub fn build(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    let toolchain = Toolchain::ensure(workspace)?;
    let (cargo_profile, folder) = match profile {
        Profile::Debug => ("dev", "debug"),
        Profile::Release => ("wasm", "wasm"),
    };
    step(
        format_args!("compile the web application to WebAssembly (profile {cargo_profile})"),
        || {
            process::run(toolchain.cargo(workspace, "build").args([
                "--package",
                "understudy-web",
                "--profile",
                cargo_profile,
            ]))
        },
    )?;
    let wasm = toolchain
        .target_folder(workspace)
        .join(TARGET)
        .join(folder)
        .join("understudy-web.wasm");
    let optimiser = match profile {
        Profile::Debug => None,
        Profile::Release => binaryen::ensure(workspace),
    };
    let site = workspace.target.join("site");
    step(
        "make the site: bindings, optimisation, hashed names, compressed variants",
        || {
            process::run(
                workspace
                    .cargo("build")
                    .args(["--package", "understudy-site"]),
            )?;
            let lock_path = workspace.target.join("site.lock");
            let lock = std::fs::File::create(&lock_path)
                .context(|| format!("create {}", lock_path.display()))?;
            lock.lock()
                .context(|| format!("lock {}", lock_path.display()))?;
            let mut command = workspace.program(workspace.target.join("debug/understudy-site"));
            command.arg("--wasm").arg(&wasm);
            command.arg("--web").arg(workspace.root.join("web"));
            command.arg("--out").arg(&site);
            if let Some(optimiser) = &optimiser {
                command.arg("--node").arg(&optimiser.node);
                command.arg("--wasm-opt").arg(&optimiser.script);
            }
            if profile == Profile::Debug {
                command.arg("--debug");
            }
            process::run(&mut command)
        },
    )?;
    Ok(site)
}
