//! Cutting the compiled application into a part that is always loaded and parts that are loaded with the page that needs them.
//!
//! `web/src/chunks.rs` marks the pages. What only one of them needs goes into its file, what several need into a chunk that they share; the
//! rest is the application. Rule: the names of all of these have a hash of the content, so that a browser keeps them for ever and never mixes
//! two versions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wasm_split_cli_support::Options;

use crate::optimise::Optimiser;
use crate::{Result, hash, write_hashed};

/// The module that loads the parts, under the name by which the application imports it.
const LOADER: &str = "./__wasm_split.js";
/// The application's script, under the name by which the loader imports it.
const MAIN: &str = "./app.js";

/// A cut application.
pub struct Split {
    /// What is always loaded, before wasm-bindgen.
    pub main: PathBuf,
    /// The module that loads the rest.
    loader: String,
    /// The files of each page, by its name.
    pages: BTreeMap<String, Vec<String>>,
    /// All parts.
    parts: Vec<PathBuf>,
}

/// What was written of it.
pub struct Written {
    /// Name of the application's script.
    pub script: String,
    /// Names of the files that each page needs beside the application, by the page's name.
    pub pages: BTreeMap<String, Vec<String>>,
}

/// Cuts the WASM file at `path`; its parts lie in `folder` until they are written.
pub fn split(path: &Path, folder: &Path) -> Result<Split> {
    std::fs::create_dir_all(folder)?;
    let wasm =
        std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let main = folder.join("main.wasm");
    let mut options = Options::new(&wasm);
    options.output_dir = folder;
    options.main_out_path = &main;
    options.main_module = MAIN;
    options.link_name = LOADER;
    let done = wasm_split_cli_support::transform(options)
        .map_err(|error| format!("wasm-split: {error:#}"))?;
    Ok(Split {
        loader: std::fs::read_to_string(folder.join(LOADER))?,
        pages: done.prefetch_map.into_iter().collect(),
        parts: done.split_modules,
        main,
    })
}

impl Split {
    /// Writes the parts, the loader and the application's `script` to `assets`, each under a name with its hash.
    pub fn write(
        mut self,
        assets: &Path,
        script: &str,
        optimiser: Option<&Optimiser>,
    ) -> Result<Written> {
        let mut names = BTreeMap::new();
        for path in &self.parts {
            let stem = crate::styles::stem(path).to_owned();
            let wasm = std::fs::read(path)?;
            let wasm = match optimiser {
                Some(optimiser) => optimiser.optimise(&wasm, assets)?,
                None => wasm,
            };
            let name = write_hashed(assets, &stem.replace("split_", "page-"), "wasm", &wasm)?;
            self.loader = rename(
                &self.loader,
                &format!("./{stem}.wasm"),
                &format!("./{name}"),
            )?;
            names.insert(stem, name);
        }
        // Each of the two names the other: both get the hash of both.
        let version = &hash(format!("{script}\n{}", self.loader).as_bytes())[..16];
        let (app, loader) = (format!("app-{version}.js"), format!("load-{version}.js"));
        let script = rename(
            script,
            &format!("from \"{LOADER}\""),
            &format!("from \"./{loader}\""),
        )?;
        std::fs::write(assets.join(&app), script)?;
        let own = rename(&self.loader, MAIN, &format!("./{app}"))?;
        std::fs::write(assets.join(&loader), own)?;
        let file = |stem: &String| names.get(stem).cloned();
        let pages = self
            .pages
            .iter()
            .map(|(page, stems)| (page.clone(), stems.iter().filter_map(file).collect()));
        Ok(Written {
            script: app,
            pages: pages.collect(),
        })
    }
}

fn rename(text: &str, from: &str, to: &str) -> Result<String> {
    if text.contains(from) {
        Ok(text.replace(from, to))
    } else {
        Err(format!("{from} is named nowhere").into())
    }
}
