//! Two containers beside each other as two instances of one group, and one of them is killed in the middle of a conversation.

use std::process::Stdio;

use rustix::process::Signal;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::BOUND;
use super::container::Container;
use crate::sdk;
use crate::support::App;
use crate::support::app::file;
use crate::support::wait::within;

#[tokio::test]
async fn other_container_answers_when_one_is_killed_in_the_middle_of_a_conversation() {
    let mut first = Container::start([("CONTEXT", "2048")]);
    let mut second = Container::start([("CONTEXT", "2048")]);
    first.healthy().await;
    second.healthy().await;
    let app = App::start().await;
    let one = app
        .instance_with("container a", first.port(), json!({"model": null}))
        .await;
    let other = app
        .instance_with("container b", second.port(), json!({"model": null}))
        .await;
    app.group("local", [&one, &other]).await;
    let caller = app.gateway().await;

    let mut script = sdk::script("../model_container/conversation.py", &app, &caller)
        .stdin(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut lines = BufReader::new(script.stdout.take().expect("a pipe")).lines();
    let line = within(BOUND, "the first answer has begun", lines.next_line())
        .await
        .expect("text");
    let mut errors = String::new();
    if line.as_deref() != Some("streaming") {
        let mut pipe = script.stderr.take().expect("a pipe");
        pipe.read_to_string(&mut errors).await.expect("text");
        panic!("{line:?}\n{errors}");
    }
    first.signal(Signal::KILL);
    let (code, _) = first.end().await;
    assert_eq!(code, None, "killed");
    // The script reads on only now, so that the answer cannot have been complete before.
    drop(script.stdin.take());
    let output = within(BOUND, "the conversation ends", script.wait_with_output())
        .await
        .expect("a child");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answered = lines.next_line().await.expect("text").unwrap_or_default();
    assert!(answered.starts_with("answered: "), "{answered}");

    second.signal(Signal::TERM);
    assert_eq!(second.end().await.0, Some(0));
    assert!(file("model_container/conversation.py").is_file());
}
