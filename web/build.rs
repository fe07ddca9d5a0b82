//! Turns `locales/<language>/<namespace>.json` into the typed translations that `src/i18n.rs` includes. A file is a namespace: `instance.json`
//! holds what `t!(i18n, instance.…)` says.
//!
//! Rule: a key that one language lacks is an error of the build, not a warning and an English word on a Russian screen. This is what
//! `leptos_i18n_build` does, without its code for locale data, which brings a downloader and minutes of compiling.

use std::env;
use std::error::Error;
use std::path::Path;

use leptos_i18n_parser::parse_locales::options::{Config, ParseOptions};
use leptos_i18n_parser::parse_locales::parse_locales;

#[expect(
    clippy::disallowed_methods,
    reason = "Cargo tells a build script its folder and target by the environment, and by nothing else"
)]
fn main() -> Result<(), Box<dyn Error>> {
    if env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        // What refers to what: the site's builder cuts the code into pages by it, and removes it.
        println!("cargo::rustc-link-arg-bins=--emit-relocs");
    }
    // Attributes and titles are strings, with values in them as well.
    let options = ParseOptions::default().interpolate_display(true);
    let config = Config::new("en")?
        .add_locale("ru")?
        .add_namespaces(namespaces()?)?
        .parse_options(options);
    let locales = parse_locales(None, config)?;
    println!("cargo::rerun-if-changed=locales");
    for warning in locales.diag.warnings().iter() {
        println!("cargo::error={warning}");
    }
    for error in locales.diag.errors().iter() {
        println!("cargo::error={error}");
    }
    let code = leptos_i18n_codegen::gen_code(&locales, None, false, None, true)?;
    let folder = env::var_os("OUT_DIR").ok_or("Cargo did not set OUT_DIR")?;
    std::fs::write(Path::new(&folder).join("i18n.rs"), code.to_string())?;
    Ok(())
}

/// The names of the files of the default language; the parser reports those that another language lacks.
fn namespaces() -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir("locales/en")? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let name = path.file_stem().ok_or("a file without a name")?;
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
