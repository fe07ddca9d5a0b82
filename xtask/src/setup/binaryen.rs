//! `wasm-opt`, which makes the web application about a third smaller, from the npm package `binaryen`.
//!
//! The crate of that name compiles C++ for many minutes; the npm package is Binaryen itself, compiled to WASM, and needs Node only.
//! Rule: never a reason to fail. Without it the build goes on, larger, and says so.

use std::path::PathBuf;

use crate::process;
use crate::step::{say, step};
use crate::workspace::{Workspace, find_program};

const VERSION: &str = "132.0.0";

/// `wasm-opt` as a script for Node.
#[derive(Debug)]
pub struct WasmOpt {
    /// Node.
    pub node: PathBuf,
    /// The script.
    pub script: PathBuf,
}

/// Finds or installs `wasm-opt`; `None` when it cannot be had.
pub fn ensure(workspace: &Workspace) -> Option<WasmOpt> {
    let (Some(node), Some(npm)) = (find_program("node"), find_program("npm")) else {
        say(
            "  no Node.js: the web application stays larger than it could be (install Node.js to have it optimised)",
        );
        return None;
    };
    let folder = workspace.tool(&format!("binaryen-{VERSION}"), |folder| {
        step(
            "install npm's binaryen: its wasm-opt makes the web application smaller",
            || {
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
                        .arg(format!("binaryen@{VERSION}")),
                )
            },
        )
    });
    match folder {
        Ok(folder) => Some(WasmOpt {
            node,
            script: folder.join("node_modules/binaryen/bin/wasm-opt"),
        }),
        Err(failure) => {
            say(format_args!(
                "  no wasm-opt: the web application stays larger than it could be ({failure})"
            ));
            None
        }
    }
}
