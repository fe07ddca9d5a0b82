//! The description against the running service: requests made up from every schema in it, right ones and wrong ones, one by one and one
//! after the other. Nothing answers with a status, a type, a header or a body that is not described, and nothing with a fault of ours.
//!
//! Schemathesis makes the requests and judges the answers, by all of its checks; `schemathesis.toml` names every exception with its reason.
//! What is made up is the same in each run (`cargo xtask test`); `cargo xtask schemathesis` asks for much more.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::process::Command;

use crate::support::App;
use crate::support::app::file;
use crate::support::client::Client;
use crate::support::env;
use crate::support::server::ADMIN_PASSWORD;
use crate::support::wait::within;

/// Requests that are made up for each operation in each phase, at the most.
const EXAMPLES: u32 = 6;
const EXAMPLES_AT_FULL_LENGTH: u32 = 150;
/// Far more than a busy machine takes.
const BOUND: Duration = Duration::from_secs(300);
const BOUND_AT_FULL_LENGTH: Duration = Duration::from_secs(3600);

/// Somebody new of this role, who is signed in.
async fn person(app: &App, role: &str) -> Client {
    let name = app.unique(role);
    let body = json!({"username": name, "role": role, "password": ADMIN_PASSWORD});
    let admin = app.admin().await;
    admin.post("/api/v1/users", &body).await.expect(201);
    app.sign_in(&name, ADMIN_PASSWORD).await
}

/// Puts the credential of a part of the operations into the settings.
fn credential(settings: &mut String, operations: &str, client: &Client) {
    let token = client.bearer();
    write!(
        settings,
        "\n[[operations]]\n{operations}\nheaders = {{ Authorization = \"Bearer {token}\" }}\n"
    )
    .expect("a string takes everything");
}

/// Makes requests as somebody, and gives how many they were. `more` goes to the settings.
async fn examine(app: &App, who: &str, more: &str) -> u32 {
    let full = env::schemathesis_at_full_length();
    let (examples, bound) = match full {
        true => (EXAMPLES_AT_FULL_LENGTH, BOUND_AT_FULL_LENGTH),
        false => (EXAMPLES, BOUND),
    };
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("schemathesis.toml");
    let common = std::fs::read_to_string(file("schemathesis/schemathesis.toml")).unwrap();
    std::fs::write(&settings, format!("{common}{more}")).unwrap();
    let origin = format!("http://{}", app.address());
    let mut command = Command::new(env::schemathesis());
    command
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", env::path())
        .env("HOME", folder.path())
        .arg("--config-file")
        .arg(&settings)
        .args(["--no-color", "run", "--url", &origin])
        .args(["--max-examples", &examples.to_string()])
        .arg(format!("{origin}/api/v1/openapi.json"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let what = format!("schemathesis as {who} comes to an end");
    let output = within(bound, &what, command.output()).await;
    let output = output.expect("schemathesis starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "as {who}:\n{said}{errors}");
    let log = app.log();
    let ours = log.lines().find(|line| line.contains(" ERROR "));
    assert_eq!(ours, None, "as {who}");
    if full {
        tell(who, &said);
    }
    let generated = said.lines().find_map(|line| {
        let (number, _) = line.trim().split_once(" generated")?;
        number.parse().ok()
    });
    generated.unwrap_or_else(|| panic!("as {who}, no figures:\n{said}"))
}

#[expect(
    clippy::print_stdout,
    reason = "whoever asks for the full length asks for its figures"
)]
fn tell(who: &str, said: &str) {
    println!("as {who}:\n{said}");
}

/// As [`examine`], as somebody with a credential. What ends a session is tried with others, which nobody needs afterwards.
async fn examine_as(app: &App, who: &str, role: &str, client: &Client) {
    let mut settings = String::new();
    let all = "include-path-regex = \"^/\"\nexclude-tag = \"gateway\"\nexclude-operation-id = [\"logout\", \"change_password\"]";
    credential(&mut settings, all, client);
    let gateway = app.gateway().await;
    credential(&mut settings, "include-tag = \"gateway\"", &gateway);
    for operation in ["logout", "change_password"] {
        let other = person(app, role).await;
        let operation = format!("include-operation-id = \"{operation}\"");
        credential(&mut settings, &operation, &other);
    }
    let generated = examine(app, who, &settings).await;
    assert!(generated > 800, "only {generated} requests");
    client.get("/api/v1/auth/me").await.expect(200);
}

#[tokio::test]
async fn description_is_true_for_strangers() {
    let app = App::start().await;
    let generated = examine(&app, "anonymous", "").await;
    assert!(generated > 400, "only {generated} requests");
}

#[tokio::test]
async fn description_is_true_for_users() {
    let app = App::start().await;
    let user = person(&app, "user").await;
    examine_as(&app, "user", "user", &user).await;
}

#[tokio::test]
async fn description_is_true_for_administrators() {
    let app = App::start().await;
    let admin = app.admin().await;
    examine_as(&app, "admin", "user", &admin).await;
}
