//! Makes the folder that the service serves at `/` from the compiled web application.
//!
//! A program of its own, apart from `xtask`, since its dependencies take half a minute to compile and only this step needs them.
//! Rules: no inline script (the pages' content security policy forbids it), every file whose content decides about its cache has
//! that content's hash in its name, and the folder is replaced as a whole, when it is complete.
//!
//! ```text
//! index.html                     from web/index.html, links added
//! …                              from web/public/, as it is
//! assets/app-HASH.{js,wasm}      the application
//! assets/load-HASH.js            loads the code of a page
//! assets/page-NAME-HASH.wasm     the code of a page
//! assets/chunk_N-HASH.wasm       code that several pages need
//! assets/start-HASH.js           loads it
//! assets/NAME-HASH.EXT           from web/style/
//! *.br, *.gz                     beside each file that shrinks by them
//! ```

mod bindings;
mod compress;
mod fresh;
mod optimise;
mod page;
mod split;
mod styles;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sha2::{Digest, Sha256};

/// Nobody handles these errors in different ways: they end the build and are read by a person.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The command line.
struct Options {
    wasm: PathBuf,
    web: PathBuf,
    out: PathBuf,
    optimiser: Option<optimise::Optimiser>,
    debug: bool,
}

fn main() -> ExitCode {
    match options().and_then(|options| make(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("understudy-site: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options> {
    let mut arguments = pico_args::Arguments::from_env();
    let path = |text: &std::ffi::OsStr| Ok::<_, std::convert::Infallible>(PathBuf::from(text));
    let node = arguments.opt_value_from_os_str("--node", path)?;
    let script = arguments.opt_value_from_os_str("--wasm-opt", path)?;
    Ok(Options {
        wasm: arguments.value_from_os_str("--wasm", path)?,
        web: arguments.value_from_os_str("--web", path)?,
        out: arguments.value_from_os_str("--out", path)?,
        optimiser: node
            .zip(script)
            .map(|(node, script)| optimise::Optimiser { node, script }),
        debug: arguments.contains("--debug"),
    })
}

fn make(options: &Options) -> Result<()> {
    let state = fresh::state_of(options)?;
    if fresh::is(&options.out, &state) {
        say("  the site is up to date");
        return Ok(());
    }
    let folder = options.out.with_extension("new");
    remove(&folder)?;
    let assets = folder.join("assets");
    std::fs::create_dir_all(&assets)?;

    let pieces = folder.join("pieces");
    let split = split::split(&options.wasm, &pieces)?;
    let application = bindings::generate(&split.main, options.debug)?;
    let wasm = match &options.optimiser {
        Some(optimiser) => optimiser.optimise(&application.wasm, &folder)?,
        None => application.wasm,
    };
    let wasm = write_hashed(&assets, "app", "wasm", &wasm)?;
    let script = bindings::write_snippets(&assets, application.script, &application.snippets)?;
    let split::Written { script, pages } =
        split.write(&assets, &script, options.optimiser.as_ref())?;
    remove(&pieces)?;
    let start = page::start_script(&script, &wasm, &pages);
    let start = write_hashed(&assets, "start", "js", start.as_bytes())?;
    let styles = styles::copy(&options.web.join("style"), &assets)?;

    styles::copy_as_they_are(&options.web.join("public"), &folder)?;
    let template = std::fs::read_to_string(options.web.join("index.html")).map_err(|error| {
        format!(
            "cannot read {}: {error}",
            options.web.join("index.html").display()
        )
    })?;
    let page = page::complete(
        &template,
        &page::Links {
            styles,
            script,
            start,
            wasm,
        },
    )?;
    std::fs::write(folder.join("index.html"), page)?;

    compress::folder(&folder, options.debug)?;
    compress::weigh(&assets, &pages, options.debug)?;
    remove(&options.out)?;
    std::fs::rename(&folder, &options.out)?;
    fresh::note(&options.out, &state)
}

/// Writes `content` under a name that changes with it; gives back the name.
fn write_hashed(folder: &Path, stem: &str, extension: &str, content: &[u8]) -> Result<String> {
    let name = format!("{stem}-{}.{extension}", &hash(content)[..16]);
    std::fs::write(folder.join(&name), content)?;
    Ok(name)
}

/// The SHA-256 of `content`, in hexadecimal.
fn hash(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// All files below `folder`, in a stable order; none when it does not exist.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("cannot remove {}: {error}", folder.display()).into())
        }
        _ => Ok(()),
    }
}

#[expect(
    clippy::print_stdout,
    reason = "what the person who builds wants to know"
)]
fn say(text: impl std::fmt::Display) {
    println!("{text}");
}
