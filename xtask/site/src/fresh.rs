//! Whether there is anything to do: a fingerprint of all inputs, kept beside the folder.

use std::path::{Path, PathBuf};

use crate::{Options, Result, files, hash};

/// A text that changes with every input: the WASM, the template, styles, public files, the options and this program.
pub fn state_of(options: &Options) -> Result<String> {
    let mut state = format!("debug {}\n", options.debug);
    let mut inputs = vec![
        options.wasm.clone(),
        options.web.join("index.html"),
        std::env::current_exe()?,
    ];
    inputs.extend(files(&options.web.join("style"))?);
    inputs.extend(files(&options.web.join("public"))?);
    for path in inputs {
        let content = std::fs::read(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        state.push_str(&format!("{} {}\n", hash(&content), path.display()));
    }
    if let Some(optimiser) = &options.optimiser {
        // Its folder is named after its version.
        state.push_str(&format!("{}\n", optimiser.script.display()));
    }
    Ok(state)
}

/// Whether `folder` was made in `state`.
pub fn is(folder: &Path, state: &str) -> bool {
    folder.join("index.html").is_file()
        && std::fs::read_to_string(note_of(folder)).is_ok_and(|note| note == state)
}

/// Remembers that `folder` was made in `state`.
pub fn note(folder: &Path, state: &str) -> Result<()> {
    Ok(std::fs::write(note_of(folder), state)?)
}

fn note_of(folder: &Path) -> PathBuf {
    folder.with_extension("inputs")
}
