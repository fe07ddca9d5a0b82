//! The black-box tests: the real `understudy` binary over HTTP, a real PostgreSQL, scripted upstreams, a real browser and the
//! official SDK.
//!
//! The rule: a test knows the contract and nothing of the implementation, has its own port and database, and waits for
//! conditions, never for luck. Run them with `cargo xtask test`, which sets up what they need.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod browser;
mod deployment;
mod documentation;
mod embedded;
mod gateway;
mod helm;
mod main_job;
mod management;
mod model_container;
mod observability;
mod schemathesis;
mod sdk;
mod service;
mod support;
