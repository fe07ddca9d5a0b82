//! What has to be on the machine before anything can be built or run, one module per thing.
//!
//! Rule: look first, act only when something is missing, say why, and where we may not act, name the manual step. Nothing here
//! needs the internet at large: the registries of Rust, Python, npm and Debian are enough.

pub mod apt;
pub mod axe;
pub mod binaryen;
pub mod browser;
pub mod deny;
pub mod diesel;
pub mod haproxy;
pub mod nginx;
pub mod npm;
pub mod postgres;
pub mod python;
pub mod wasm;
