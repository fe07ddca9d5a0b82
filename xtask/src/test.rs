//! `cargo xtask test`: every test there is, with everything they need.
//!
//! Rule: a missing part is a failure with advice, never a skipped test. The tests find their surroundings in `UNDERSTUDY_TEST_…`.

use std::ffi::OsString;

use crate::failure::{Failure, Result};
use crate::postgres::Cluster;
use crate::process;
use crate::service;
use crate::setup;
use crate::step::{say, step};
use crate::web;
use crate::workspace::{Profile, Workspace, create_folder, variable};

/// `cargo xtask chaos`: the chaos test alone and at its full length, with its figures.
pub fn chaos(workspace: &Workspace) -> Result<()> {
    let before = ["-p", "understudy-tests"].map(OsString::from);
    let after = ["gateway::chaos", "--nocapture"].map(OsString::from);
    run_with(
        workspace,
        &before,
        &after,
        &[("UNDERSTUDY_TEST_CHAOS", "full")],
    )
}

/// `cargo xtask replicas`: rolling and killing replicas behind a balancer, for minutes, with its figures.
pub fn replicas(workspace: &Workspace) -> Result<()> {
    let before = ["-p", "understudy-tests"].map(OsString::from);
    let after = ["service::balanced", "--nocapture"].map(OsString::from);
    run_with(
        workspace,
        &before,
        &after,
        &[("UNDERSTUDY_TEST_REPLICAS", "full")],
    )
}

/// `cargo xtask schemathesis`: the description of the API against the running service, at full length, with its figures.
pub fn schemathesis(workspace: &Workspace) -> Result<()> {
    let before = ["-p", "understudy-tests"].map(OsString::from);
    let after = ["schemathesis::", "--nocapture"].map(OsString::from);
    run_with(
        workspace,
        &before,
        &after,
        &[("UNDERSTUDY_TEST_SCHEMATHESIS_LENGTH", "full")],
    )
}

/// Sets up and runs the tests; `before` goes to Cargo, `after` to the test programs.
pub fn run(workspace: &Workspace, before: &[OsString], after: &[OsString]) -> Result<()> {
    run_with(workspace, before, after, &[])
}

fn run_with(
    workspace: &Workspace,
    before: &[OsString],
    after: &[OsString],
    more: &[(&str, &str)],
) -> Result<()> {
    let browser = setup::browser::ensure()?;
    let axe = setup::axe::ensure(workspace)?;
    let python = setup::python::ensure(workspace)?;
    let oidc_provider = setup::python::oidc_provider(workspace)?;
    let schemathesis = setup::python::schemathesis(workspace)?;
    let helm = setup::python::helm(workspace)?;
    let haproxy = setup::haproxy::ensure()?;
    let postgres = setup::postgres::ensure()?;
    let site = web::build(workspace, Profile::Release)?;
    let service = service::build_with_tests(workspace)?;
    let artifacts = workspace.target.join("test-artifacts");
    create_folder(&artifacts)?;
    let cluster = step(
        "start a throw-away PostgreSQL: every test gets a database of its own in it",
        Cluster::start,
    )?;

    let mut command = workspace.cargo("test");
    if !before
        .iter()
        .any(|argument| argument == "-p" || argument == "--package")
    {
        command.arg("--workspace");
    }
    command
        // One look at all that is broken is worth more than a quick end.
        .arg("--no-fail-fast")
        .args(before)
        .arg("--")
        .args(after)
        .env("UNDERSTUDY_TEST_DATABASE_URL", cluster.url())
        .env("UNDERSTUDY_TEST_BIN", service)
        .env("UNDERSTUDY_TEST_SITE", site)
        .env("UNDERSTUDY_TEST_PYTHON", python)
        .env("UNDERSTUDY_TEST_OIDC_PROVIDER", oidc_provider)
        .env("UNDERSTUDY_TEST_SCHEMATHESIS", schemathesis)
        .env("UNDERSTUDY_TEST_HELM", helm)
        .env("UNDERSTUDY_TEST_HAPROXY", haproxy)
        .env("UNDERSTUDY_TEST_POSTGRES_BIN", postgres)
        .env("UNDERSTUDY_TEST_CHROMIUM", browser.chromium)
        .env("UNDERSTUDY_TEST_CHROMEDRIVER", browser.chromedriver)
        .env("UNDERSTUDY_TEST_AXE", axe)
        .env("UNDERSTUDY_TEST_ARTIFACTS", &artifacts)
        .envs(more.iter().copied());
    if variable("RUST_TEST_THREADS").is_none() {
        // Most tests wait for a service rather than compute, so more of them than cores can run.
        command.env("RUST_TEST_THREADS", "8");
    }
    say("» run the tests");
    let status = process::run_for_status(&mut command)?;
    drop(cluster);
    if status.success() {
        return Ok(());
    }
    Err(Failure::with_code(
        "the tests failed",
        process::exit_code(status),
    ))
}
