//! Binaryen's `wasm-opt`, run by Node.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// What Rust's compiler emits for the browser today; wasm-opt takes a module for older than it is.
const FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Where the optimiser is.
pub struct Optimiser {
    /// Node.
    pub node: PathBuf,
    /// The script.
    pub script: PathBuf,
}

impl Optimiser {
    /// Makes `wasm` as small as can be; `folder` may be used for two files.
    pub fn optimise(&self, wasm: &[u8], folder: &Path) -> Result<Vec<u8>> {
        let (input, output) = (folder.join("in.wasm"), folder.join("out.wasm"));
        std::fs::write(&input, wasm)?;
        let done = Command::new(&self.node)
            .arg(&self.script)
            .arg("-Oz")
            .args(FEATURES)
            .arg(&input)
            .arg("-o")
            .arg(&output)
            .output()?;
        if !done.status.success() {
            let errors = String::from_utf8_lossy(&done.stderr);
            return Err(format!("wasm-opt failed ({}): {}", done.status, errors.trim_end()).into());
        }
        let optimised = std::fs::read(&output)?;
        std::fs::remove_file(&input)?;
        std::fs::remove_file(&output)?;
        Ok(optimised)
    }
}
