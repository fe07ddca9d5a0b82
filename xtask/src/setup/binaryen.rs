//! `wasm-opt`, which makes the web application about a third smaller, from the npm package `binaryen`.
//!
//! The crate of that name compiles C++ for many minutes; the npm package is Binaryen itself, compiled to WASM, and needs Node only.
//! Rule: never a reason to fail. Without it the build goes on, larger, and says so.

use std::path::PathBuf;

use crate::setup::npm::Package;
use crate::step::say;
use crate::workspace::{Workspace, find_program};

const BINARYEN: Package = Package {
    name: "binaryen",
    version: "132.0.0",
    why: "its wasm-opt makes the web application smaller",
};

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
    // Not worth installing Node for.
    let (Some(node), Some(_)) = (find_program("node"), find_program("npm")) else {
        say(
            "  no Node.js: the web application stays larger than it could be (install Node.js to have it optimised)",
        );
        return None;
    };
    match BINARYEN.ensure(workspace) {
        Ok(package) => Some(WasmOpt {
            node,
            script: package.join("bin/wasm-opt"),
        }),
        Err(failure) => {
            say(format_args!(
                "  no wasm-opt: the web application stays larger than it could be ({failure})"
            ));
            None
        }
    }
}
