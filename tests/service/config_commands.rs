//! `understudy export` and `understudy apply`: beside a running service, without one, and what they refuse.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::gateway::{CHAT, chat};
use crate::support::App;
use crate::support::app::file;
use crate::support::database::Database;
use crate::support::env;
use crate::support::home::Home;
use crate::support::server::base_environment;
use crate::support::upstream::Upstream;
use crate::support::wait::{until, within};

const BOUND: Duration = Duration::from_secs(60);
const TOKEN: &str = "sk-canary-of-the-command-0123456789";

/// Runs the command line, with this on its standard input.
async fn run(environment: &BTreeMap<String, String>, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env::binary())
        .args(arguments)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that does not read its input has ended before it is written.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = within(BOUND, "the command ends", child.wait_with_output());
    output.await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a command that must succeed prints.
#[track_caller]
fn printed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// What a command that must end with this code says.
#[track_caller]
fn refused(output: &Output, code: i32) -> String {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(text(&output.stdout), "", "{said}");
    said
}

fn environment(database: &Database) -> BTreeMap<String, String> {
    let mut environment = base_environment();
    environment.insert("DATABASE_URL".to_owned(), database.url());
    environment
}

fn write(folder: &TempDir, name: &str, content: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

fn one(name: &str, port: u16, secret: &str) -> String {
    format!(
        "version: 1
instances:
  - name: {name}
    kind: local
    endpoint: {{scheme: http, host: 127.0.0.1, port: {port}}}
    model: test-model
    tokens:
      - label: main
        value: {secret}
    health_check: {{mode: \"off\"}}
groups:
  - name: chat
    members:
      - instance: {name}
"
    )
}

#[tokio::test]
async fn file_with_references_is_applied_beside_a_running_service() {
    let app = App::start().await;
    let upstream = Upstream::start("a");
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "token", &format!("{TOKEN}\n"));
    let caller = app.gateway().await;
    let mut environment = environment(app.database());
    let path = write(
        &folder,
        "config.yaml",
        &one("GPU 1", upstream.port(), "{file: token}"),
    );
    let dry = printed(&run(&environment, &["apply", &path, "--dry-run"], "").await);
    assert!(
        dry.contains("+ create instance \"GPU 1\"") && dry.contains("Plan: 2 to create"),
        "{dry}"
    );
    let detailed = ["apply", &path, "--dry-run", "--detailed-exitcode"];
    assert_eq!(
        run(&environment, &detailed, "").await.status.code(),
        Some(3)
    );
    caller.post(CHAT, &chat("chat")).await.expect(404);
    let done = printed(&run(&environment, &["apply", &path], "").await);
    assert!(done.contains("Applied: 2 created"), "{done}");
    // Told to the service, which asks with the secret.
    until(Duration::from_secs(2), "the service knows", async || {
        (caller.post(CHAT, &chat("chat")).await.status == 200).then_some(())
    })
    .await;
    let asked = upstream.requests();
    let sent = asked
        .last()
        .unwrap()
        .header("authorization")
        .map(str::to_owned);
    assert_eq!(sent.as_deref(), Some(format!("Bearer {TOKEN}").as_str()));

    let records = "/api/v1/audit-log?actor_kind=command";
    let admin = app.admin().await;
    let log = admin.get(records).await.expect(200).json();
    assert_eq!(log["total"], 2, "{log}");
    assert_eq!(log["items"][0]["actor"]["name"], "apply");
    let again = printed(&run(&environment, &["apply", &path], "").await);
    assert!(again.starts_with("No changes"), "{again}");
    assert_eq!(
        run(&environment, &detailed, "").await.status.code(),
        Some(0)
    );
    // The same value from the environment is no change, and another one is.
    let from_env = one("gpu 1", upstream.port(), "{env: GPU_TOKEN}").replace("gpu 1", "GPU 1");
    let unset = refused(&run(&environment, &["apply", "-"], &from_env).await, 65);
    assert!(
        unset.contains(
            "line 9, column 9, instances[0].tokens[0].value: the environment variable GPU_TOKEN"
        ),
        "{unset}"
    );
    environment.insert("GPU_TOKEN".to_owned(), TOKEN.to_owned());
    let same = printed(&run(&environment, &["apply", "-"], &from_env).await);
    assert!(same.starts_with("No changes"), "{same}");
    let exported = printed(&run(&environment, &["export"], "").await);
    let same = printed(&run(&environment, &["apply", "-", "--prune"], &exported).await);
    assert!(same.starts_with("No changes"), "{same}");
    assert_eq!(admin.get(records).await.json()["total"], 2);
    environment.insert("GPU_TOKEN".to_owned(), format!("{TOKEN}-new"));
    let other = printed(&run(&environment, &["apply", "-"], &from_env).await);
    assert!(
        other.contains("~ change instance \"GPU 1\"") && other.contains("replaced"),
        "{other}"
    );
    let log = admin
        .get(&format!("{records}&action=model_instance.update"))
        .await
        .json();
    let shown = format!(
        "{dry}{done}{again}{same}{other}{exported}{log}{}",
        app.log()
    );
    assert!(!shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn what_cannot_be_applied_is_said_with_its_line_and_changes_nothing() {
    let database = Database::create().await;
    let right = environment(&database);
    let folder = tempfile::tempdir().unwrap();
    let unknown = one("A", 80, "x").replace("- instance: A", "- instance: B");
    let path = write(&folder, "unknown.yaml", &unknown);
    let said = refused(&run(&right, &["apply", &path], "").await, 65);
    assert!(
        said.contains(&format!(
            "{path}: line 14, column 19, groups[0].members[0].instance: there is no instance «B»"
        )),
        "{said}"
    );
    let torn = one("A", 80, "x").replace("tokens:", "tokens: [");
    let said = refused(&run(&right, &["apply", "-"], &torn).await, 65);
    assert!(
        said.contains("standard input: line ") && said.contains("is not valid YAML"),
        "{said}"
    );
    for (reference, reason) in [
        ("{file: none}", "it does not exist"),
        ("{file: .}", "it is no file"),
        ("{file: empty}", "it is empty"),
        ("{keep: true}", "no secret is stored"),
        ("{keep: false}", "must be a text"),
        ("{env: \"\"}", "is not set"),
    ] {
        write(&folder, "empty", "\n");
        let path = write(&folder, "reference.yaml", &one("A", 80, reference));
        let said = refused(&run(&right, &["apply", &path], "").await, 65);
        assert!(
            said.contains("line 9") && said.contains(reason),
            "{reference}: {said}"
        );
    }
    let said = refused(
        &run(&right, &["apply", "/nowhere/config.yaml"], "").await,
        66,
    );
    assert!(said.contains("/nowhere/config.yaml"), "{said}");
    let path = write(&folder, "right.yaml", &one("A", 80, "x"));
    let mut nowhere = right.clone();
    nowhere.insert(
        "DATABASE_URL".to_owned(),
        "postgres://u@127.0.0.1:9/d".to_owned(),
    );
    let mut keyless = right.clone();
    keyless.remove("UNDERSTUDY_SECRET_KEYS");
    refused(&run(&keyless, &["apply", &path], "").await, 78);
    let exported = printed(&run(&right, &["export"], "").await);
    assert!(
        exported.ends_with("version: 1\ninstances: []\ngroups: []\nassistants: []\n"),
        "{exported}"
    );
    // A wrong key would store what nobody can read.
    printed(&run(&right, &["apply", &path], "").await);
    let other = right["UNDERSTUDY_SECRET_KEYS"].replace("test-secret", "other-secret");
    keyless.insert("UNDERSTUDY_SECRET_KEYS".to_owned(), other);
    refused(&run(&keyless, &["apply", &path], "").await, 78);
}

#[tokio::test]
async fn embedded_database_is_used_beside_its_service_and_without_it() {
    let home = Home::open();
    let environment = home.environment();
    let before = printed(&run(environment, &["apply", "-"], &one("A", 80, "x")).await);
    assert!(before.contains("Applied: 2 created"), "{before}");
    let server = home.start().await;
    let exported = printed(&run(environment, &["export"], "").await);
    assert!(exported.contains("name: A\n"), "{exported}");
    let more = exported.replace("name: A\n", "name: A\n    description: more\n");
    let beside = printed(&run(environment, &["apply", "-"], &more).await);
    assert!(beside.contains("description: \"more\""), "{beside}");
    drop(server);
    let after = printed(&run(environment, &["export"], "").await);
    assert_eq!(after, more);
}

#[tokio::test]
async fn command_that_is_killed_has_done_everything_or_nothing() {
    let database = Database::create().await;
    let environment = environment(&database);
    let mut content = "version: 1\ninstances:\n".to_owned();
    for number in 0..300 {
        content.push_str(&format!("  - {{name: I{number}, kind: network, endpoint: {{scheme: http, host: 10.0.0.7, port: 80}}}}\n"));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = write(&folder, "config.yaml", &content);
    let connection = database.connect().await;
    let busy = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'INSERT INTO%'";
    let mut command = Command::new(env::binary());
    let command = command
        .args(["apply", &path])
        .env_clear()
        .envs(&environment);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    until(BOUND, "it writes", async || {
        let rows = connection.query(busy, &[]).await.unwrap();
        (!rows.is_empty() || child.try_wait().unwrap().is_some()).then_some(())
    })
    .await;
    child.kill().await.unwrap();
    let gone = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'";
    until(BOUND, "its transaction is over", async || {
        connection
            .query(gone, &[])
            .await
            .unwrap()
            .is_empty()
            .then_some(())
    })
    .await;
    let count = connection
        .query_one("SELECT count(*) FROM model_instances", &[])
        .await
        .unwrap();
    let count: i64 = count.get(0);
    assert!(count == 0 || count == 300, "{count}");
    let records = connection
        .query_one("SELECT count(*) FROM audit_log", &[])
        .await
        .unwrap();
    assert_eq!(
        records.get::<_, i64>(0),
        count,
        "as many records as instances"
    );
    let done = printed(&run(&environment, &["apply", &path], "").await);
    let expected = if count == 0 {
        "Applied: 300 created"
    } else {
        "No changes"
    };
    assert!(done.contains(expected), "{done}");
}

#[tokio::test]
async fn example_of_the_documentation_is_applied_as_it_stands() {
    let document = std::fs::read_to_string(file("../docs/CONFIGURATION.md")).unwrap();
    let example = document.split("```yaml\n").nth(1).expect("an example");
    let example = example.split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "provider-token", "sk-0123456789abcdef");
    let path = write(&folder, "understudy.yaml", example);
    let database = Database::create().await;
    let mut environment = environment(&database);
    environment.insert("PROXY_PASSWORD".to_owned(), "a password".to_owned());
    let done = printed(&run(&environment, &["apply", &path], "").await);
    assert!(done.contains("Applied: 5 created"), "{done}");
    let again = printed(&run(&environment, &["apply", &path], "").await);
    assert!(again.contains("No changes: 5"), "{again}");
    // Every field is in it, so that nobody has to look for one.
    let schema = run(&environment, &["config-schema"], "").await;
    let schema: serde_json::Value = serde_json::from_str(&printed(&schema)).unwrap();
    for (_, def) in schema["$defs"].as_object().unwrap() {
        for name in def["properties"]
            .as_object()
            .into_iter()
            .flat_map(|fields| fields.keys())
        {
            let told = [format!("{name}:"), format!("{name},")];
            assert!(
                told.iter().any(|told| example.contains(told)),
                "{name} is not in the example"
            );
        }
    }
    assert_eq!(schema["properties"]["version"]["const"], json!(1));
    assert!(Path::new(&path).exists());
}
