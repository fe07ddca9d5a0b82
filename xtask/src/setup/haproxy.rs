//! HAProxy, with which the benchmark compares, and behind which the tests put several replicas. Never run as a service.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::process;
use crate::setup::apt;
use crate::workspace::find_program;

const MANUAL: &str = "Install HAProxy, so that it is in PATH; it need not run.";

/// Finds or installs HAProxy.
pub fn ensure() -> Result<PathBuf> {
    if let Some(path) = find() {
        return Ok(path);
    }
    apt::install(
        &["haproxy"],
        "the tests put replicas behind HAProxy, and the benchmark compares with it",
        MANUAL,
    )?;
    if find_program("systemctl").is_some() {
        // We installed it, so nobody wants it at the next boot. In a container there is no systemd to tell.
        let _ = process::run_quietly(apt::root("systemctl").args(["disable", "--now", "haproxy"]));
    }
    find().ok_or_else(|| Failure::new(format!("no HAProxy was found. {MANUAL}")))
}

fn find() -> Option<PathBuf> {
    find_program("haproxy")
        .or_else(|| Some(PathBuf::from("/usr/sbin/haproxy")).filter(|path| Path::is_file(path)))
}
