//! wasm-bindgen: from the compiler's WASM to one that a browser can load, with the JavaScript that it needs.

use std::collections::BTreeMap;
use std::path::Path;

use wasm_bindgen_cli_support::Bindgen;

use crate::{Result, files, hash};

/// What a browser loads.
pub struct Application {
    /// The code.
    pub wasm: Vec<u8>,
    /// The module that instantiates it.
    pub script: String,
    /// JavaScript that crates brought along: path and content.
    pub snippets: BTreeMap<String, Vec<u8>>,
}

/// Generates the bindings of the WASM file at `path`.
pub fn generate(path: &Path, debug: bool) -> Result<Application> {
    let folder = std::env::temp_dir().join(format!("understudy-site-{}", std::process::id()));
    crate::remove(&folder)?;
    let application = generate_into(path, &folder, debug);
    crate::remove(&folder)?;
    application
}

fn generate_into(path: &Path, folder: &Path, debug: bool) -> Result<Application> {
    Bindgen::new()
        .input_path(path)
        .web(true)
        .map_err(|error| format!("{error:#}"))?
        .out_name("app")
        .typescript(false)
        // The start script says where the WASM is: its name is hashed.
        .omit_default_module_path(true)
        .debug(debug)
        .keep_debug(debug)
        .remove_name_section(!debug)
        .remove_producers_section(!debug)
        // The parts of the application are linked to it by these.
        .keep_lld_exports(true)
        .demangle(false)
        .generate(folder)
        .map_err(|error| format!("wasm-bindgen: {error:#}"))?;
    let mut snippets = BTreeMap::new();
    let below = folder.join("snippets");
    for file in files(&below)? {
        let name = file.strip_prefix(&below)?.to_string_lossy().into_owned();
        snippets.insert(name, std::fs::read(&file)?);
    }
    Ok(Application {
        wasm: std::fs::read(folder.join("app_bg.wasm"))?,
        script: std::fs::read_to_string(folder.join("app.js"))?,
        snippets,
    })
}

/// Writes the snippets into a folder whose name has their hash; gives back the script that imports them from there.
pub fn write_snippets(
    assets: &Path,
    script: String,
    snippets: &BTreeMap<String, Vec<u8>>,
) -> Result<String> {
    if snippets.is_empty() {
        return Ok(script);
    }
    let mut all = Vec::new();
    for (name, content) in snippets {
        all.extend_from_slice(name.as_bytes());
        all.extend_from_slice(content);
    }
    let folder = format!("snippets-{}", &hash(&all)[..16]);
    for (name, content) in snippets {
        let path = assets.join(&folder).join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, content)?;
    }
    Ok(script.replace("./snippets/", &format!("./{folder}/")))
}
