//! The integrator's page: what it says works as it stands, in the programs that it is meant for.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::process::Command;

use super::visit::Visit;
use crate::support::App;
use crate::support::env;
use crate::support::python;
use crate::support::server::ADMIN_PASSWORD;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, until};

const PLACEHOLDER: &str = "us-YOUR-KEY";

/// The text of an example, once it is this one's.
async fn example(visit: &Visit, name: &str, mark: &str) -> String {
    let tab = format!("#connect-tabs input[value='{name}']");
    visit.click(&tab).await;
    let (text, _) = until(SOON, name, async || {
        let text = visit.text("#connect-example").await;
        text.contains(mark).then_some(text)
    })
    .await;
    text
}

async fn run(mut command: Command) -> String {
    command
        .env_clear()
        .env("PATH", env::path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    python::run(command, Duration::from_secs(60)).await
}

#[tokio::test]
async fn examples_work_as_they_stand() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let down = Upstream::refusing("down");
    let instance = app.instance("GPU server 1", &upstream).await;
    let gone = app
        .instance_with("gone", down.port(), json!({"enabled": false}))
        .await;
    app.group("a-broken", [&gone]).await;
    app.group("chat-default", [&instance]).await;
    let body = json!({"username": "writer", "role": "user", "password": ADMIN_PASSWORD});
    app.admin()
        .await
        .post("/api/v1/users", &body)
        .await
        .expect(201);
    let caller = app.gateway().await;

    // For every role, and the group that would answer is chosen although another comes first.
    let visit = Visit::to(&app, "/connect").await;
    visit.sign_in("writer", ADMIN_PASSWORD).await;
    let address = format!("http://{}/v1", app.address());
    visit.find("#connect-model option[value='a-broken']").await;
    assert!(visit.text("#connect").await.contains(PLACEHOLDER));
    visit
        .shows(
            "return document.getElementById('connect-url').value",
            json!(address),
        )
        .await;
    let curl = example(&visit, "curl", "chat-default").await;
    assert!(
        curl.contains(&address) && curl.contains(PLACEHOLDER),
        "{curl}"
    );
    visit.chrome.screenshot("connect-curl.png").await;

    let with_key = |text: &str| text.replace(PLACEHOLDER, caller.bearer());
    let mut shell = Command::new("sh");
    shell.args(["-c", &with_key(&curl).replacen("curl ", "curl -s ", 1)]);
    let answered = run(shell).await;
    assert!(answered.contains("hello from a"), "{answered}");

    let text = example(&visit, "python", "from openai import").await;
    let mut script = Command::new(env::python());
    script.args(["-c", &with_key(&text)]);
    assert_eq!(run(script).await, "hello from a\n");

    let text = example(&visit, "langchain", "langchain_openai").await;
    assert!(text.contains(&format!("base_url=\"{address}\"")), "{text}");
    let text = example(&visit, "open-webui", "OPENAI_API_BASE_URL").await;
    assert!(
        text.contains(&address) && text.contains("chat-default"),
        "{text}"
    );

    // Another model, in every example.
    visit
        .script(
            "const choice = document.getElementById('connect-model');
             choice.value = 'a-broken';
             choice.dispatchEvent(new Event('change', { bubbles: true }))",
        )
        .await;
    let text = example(&visit, "javascript", "a-broken").await;
    assert!(text.contains(&format!("baseURL: \"{address}\"")), "{text}");
    visit.find(".connect-what [data-tone='bad']").await;
    visit.assert_clean().await;
}
