//! axe-core, the rules by which the browser tests judge whether everybody can use a page. Never part of the product.

use std::path::PathBuf;

use crate::failure::Result;
use crate::setup::npm::Package;
use crate::workspace::Workspace;

const AXE: Package = Package {
    name: "axe-core",
    version: "4.14.1",
    why: "the browser tests check by its rules that everybody can use the pages",
};

/// Finds or installs axe-core; gives back the script that a page runs.
pub fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    Ok(AXE.ensure(workspace)?.join("axe.min.js"))
}
