//! `cargo xtask check`: all that a machine can say about a change without running a test.
//!
//! `cargo xtask ci` is this and then the tests, the same as continuous integration does.

use crate::deny;
use crate::failure::{Failure, Result};
use crate::generated::{self, Mode};
use crate::process;
use crate::setup::wasm::Toolchain;
use crate::step::{say, step};
use crate::workspace::{Workspace, find_program};

/// Crates that have no place in a browser.
const NOT_IN_A_BROWSER: [&str; 4] = ["diesel", "actix-web", "tokio", "reqwest"];

/// Format, layering, dependencies, lints, documentation, generated files.
pub fn run(workspace: &Workspace) -> Result<()> {
    step("format", || {
        process::run(workspace.cargo("fmt").args(["--all", "--check"]))
    })?;
    step(
        "layering: the wire types know neither the database nor the server",
        || shared_is_lean(workspace),
    )?;
    deny::check(workspace)?;
    step("lints of the workspace", || {
        process::run(workspace.cargo("clippy").args([
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    lint_for_the_browser(workspace)?;
    step("documentation, where every warning counts", || {
        process::run(
            workspace
                .cargo("doc")
                .args(["--no-deps", "--workspace"])
                .env("RUSTDOCFLAGS", "-Dwarnings"),
        )
    })?;
    generated::openapi(workspace, Mode::Check)?;
    generated::schema(workspace, Mode::Check)
}

fn shared_is_lean(workspace: &Workspace) -> Result<()> {
    let tree = process::output(
        workspace
            .cargo("tree")
            .args(["--package", "understudy-shared", "--all-features"])
            .args(["--edges", "normal", "--prefix", "none", "--format", "{p}"]),
    )?;
    let intruders = intruders(&tree);
    if intruders.is_empty() {
        return Ok(());
    }
    let list = intruders.join(", ");
    Err(Failure::new(format!(
        "understudy-shared depends on {list}; wire types must build for a browser: move the code to `api`"
    )))
}

/// The lines of `cargo tree` that name a crate with no place in a browser.
fn intruders(tree: &str) -> Vec<&str> {
    tree.lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| NOT_IN_A_BROWSER.contains(name))
        .collect()
}

/// Code for the browser alone is seen by a compiler for the browser alone. Debian's has no clippy that fits; the build of the
/// site, which comes with the tests, then has to do.
fn lint_for_the_browser(workspace: &Workspace) -> Result<()> {
    let toolchain = Toolchain::ensure(workspace)?;
    if matches!(toolchain, Toolchain::Debian { .. }) || find_program("cargo-clippy").is_none() {
        say(
            "» no lints of the web application for the browser: this compiler for WebAssembly has no clippy",
        );
        return Ok(());
    }
    step("lints of the web application for the browser", || {
        process::run(toolchain.cargo(workspace, "clippy").args([
            "--package",
            "understudy-web",
            "--",
            "-D",
            "warnings",
        ]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intruder_is_named_and_a_namesake_is_not() {
        let tree =
            "understudy-shared v0.1.0 (path)\ndiesel v2.3.1\ndiesel-derive-enum v1\nserde v1 (*)\n";
        assert_eq!(intruders(tree), ["diesel"]);
    }
}
