//! nginx, the benchmark's yardstick: what a plain reverse proxy costs on the same machine. Never run as a service.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::process;
use crate::setup::apt;
use crate::workspace::find_program;

const MANUAL: &str = "Install nginx, so that it is in PATH; it need not run.";

/// Finds or installs nginx.
pub fn ensure() -> Result<PathBuf> {
    if let Some(path) = find() {
        return Ok(path);
    }
    apt::install(
        &["nginx-light"],
        "the benchmark compares with nginx",
        MANUAL,
    )?;
    if find_program("systemctl").is_some() {
        // We installed it, so nobody wants it at the next boot. In a container there is no systemd to tell.
        let _ = process::run_quietly(apt::root("systemctl").args(["disable", "--now", "nginx"]));
    }
    find().ok_or_else(|| Failure::new(format!("no nginx was found. {MANUAL}")))
}

fn find() -> Option<PathBuf> {
    find_program("nginx")
        .or_else(|| Some(PathBuf::from("/usr/sbin/nginx")).filter(|path| Path::is_file(path)))
}
