//! What `cargo xtask test` sets up and tells by environment variables. A missing one fails loudly: a test that skips itself
//! because its tools are missing is a test that nobody runs.

use std::env;

/// Maintenance database of the throw-away cluster.
pub fn database_url() -> String {
    required("UNDERSTUDY_TEST_DATABASE_URL")
}

/// The service's executable.
pub fn binary() -> String {
    required("UNDERSTUDY_TEST_BIN")
}

/// Folder of the built web application.
pub fn site() -> String {
    required("UNDERSTUDY_TEST_SITE")
}

/// A Python that has the packages of `tests/sdk/requirements.txt`.
pub fn python() -> String {
    required("UNDERSTUDY_TEST_PYTHON")
}

/// `oidc-provider-mock`, of `tests/oidc/requirements.txt`.
pub fn oidc_provider() -> String {
    required("UNDERSTUDY_TEST_OIDC_PROVIDER")
}

/// The program of `tests/schemathesis/requirements.txt`.
pub fn schemathesis() -> String {
    required("UNDERSTUDY_TEST_SCHEMATHESIS")
}

/// A Python that has the packages of `tests/helm/requirements.txt`.
pub fn helm() -> String {
    required("UNDERSTUDY_TEST_HELM")
}

/// Folder of PostgreSQL's programs.
pub fn postgres_bin() -> String {
    required("UNDERSTUDY_TEST_POSTGRES_BIN")
}

/// HAProxy.
pub fn haproxy() -> String {
    required("UNDERSTUDY_TEST_HAPROXY")
}

/// The driver of the browser.
pub fn chromedriver() -> String {
    required("UNDERSTUDY_TEST_CHROMEDRIVER")
}

/// The browser.
pub fn chromium() -> String {
    required("UNDERSTUDY_TEST_CHROMIUM")
}

/// The script of axe-core.
pub fn axe() -> String {
    required("UNDERSTUDY_TEST_AXE")
}

/// Folder for screenshots and the like.
pub fn artifacts() -> String {
    required("UNDERSTUDY_TEST_ARTIFACTS")
}

/// Whether the chaos test runs at its full length (`cargo xtask chaos`).
pub fn chaos_at_full_length() -> bool {
    variable("UNDERSTUDY_TEST_CHAOS").is_some_and(|length| length == "full")
}

/// Whether the description is examined at full length (`cargo xtask schemathesis`).
pub fn schemathesis_at_full_length() -> bool {
    variable("UNDERSTUDY_TEST_SCHEMATHESIS_LENGTH").is_some_and(|length| length == "full")
}

/// Whether replicas are rolled and killed at full length (`cargo xtask replicas`).
pub fn replicas_at_full_length() -> bool {
    variable("UNDERSTUDY_TEST_REPLICAS").is_some_and(|length| length == "full")
}

/// Where programs are found, for what the tests start.
pub fn path() -> String {
    variable("PATH").unwrap_or_default()
}

#[track_caller]
fn required(name: &str) -> String {
    variable(name).unwrap_or_else(|| panic!("{name} is not set: run `cargo xtask test`"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests have no configuration but this"
)]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}
