//! `cargo xtask bench`: how much the product costs a request, next to nginx and to no proxy at all.

use std::ffi::OsString;

use crate::failure::Result;
use crate::process;
use crate::service;
use crate::setup;
use crate::workspace::{Profile, Workspace};

/// Builds the service and runs the crate `bench` with `arguments`.
pub fn run(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    let postgres = setup::postgres::ensure()?;
    let nginx = setup::nginx::ensure()?;
    let haproxy = setup::haproxy::ensure()?;
    let vllm_router = setup::python::vllm_router(workspace)?;
    let service = service::build(workspace, Profile::Release)?;
    process::run(
        workspace
            .cargo("run")
            .args(["--release", "--package", "understudy-bench", "--"])
            .args(arguments)
            .env("UNDERSTUDY_BENCH_BIN", service)
            .env("UNDERSTUDY_BENCH_NGINX", nginx)
            .env("UNDERSTUDY_BENCH_HAPROXY", haproxy)
            .env("UNDERSTUDY_BENCH_VLLM_ROUTER", vllm_router)
            .env("UNDERSTUDY_POSTGRES_BIN", postgres),
    )
}
