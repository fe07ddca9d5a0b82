//! The main job on real input: a real model behind a dead instance, and the official SDK gets its streamed answer.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::sdk::script;
use crate::support::App;
use crate::support::python;
use crate::support::upstream::Upstream;
use crate::support::wait::within;

/// A model of 135 million parameters answers in seconds; a machine that is busy with everything else may need minutes.
const BOUND: Duration = Duration::from_secs(300);

/// Starts the model's server; it ends with the child.
pub async fn model_server() -> (Child, u16) {
    let mut server = python::script("model_server.py")
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Python starts");
    let mut lines = BufReader::new(server.stdout.take().expect("a pipe")).lines();
    let port = within(BOUND, "the model is loaded", async {
        loop {
            let line = lines.next_line().await.expect("text");
            let line = line.expect("the model's server says its port before it ends");
            if let Some(port) = line.strip_prefix("port ") {
                return port.parse().expect("a port");
            }
        }
    })
    .await;
    // Read on, so that the server never waits for somebody to take what it prints.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (server, port)
}

#[tokio::test]
async fn real_model_answers_the_sdk_when_the_instance_before_it_is_dead() {
    let (_server, port) = model_server().await;
    let app = App::start().await;
    let dead = Upstream::refusing("dead");
    let first = app.instance("dead", &dead).await;
    let second = app
        .instance_with("SmolLM2", port, json!({"model": null}))
        .await;
    app.group("assistant", [&first, &second]).await;
    let caller = app.gateway().await;
    let printed = python::run(script("main_job.py", &app, &caller), BOUND).await;
    assert!(printed.contains("Paris"), "{printed}");
}
