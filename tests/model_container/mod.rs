//! The container that runs one model (`deploy/model`): its entry point, started as the image starts it, on llama.cpp's server from
//! PyPI and a real model. What needs no engine is in `unit/`, in the entry point's own language.

mod container;
mod conversation;
mod refusals;

use std::time::Duration;

use container::{Container, ENTRY_POINT};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::app::file;
use crate::support::client::Client;
use crate::support::python;
use crate::support::sse::Event;

/// A model of 135 million parameters is loaded in seconds; a machine that is busy with everything else may need minutes.
const BOUND: Duration = Duration::from_secs(300);
const KEY: &str = "key-of-this-model";

#[tokio::test]
async fn entry_point_passes_its_own_tests() {
    let mut tests = python::program();
    tests
        .args([
            "-W",
            "error",
            "-m",
            "unittest",
            "discover",
            "--start-directory",
        ])
        .arg(file("model_container/unit"));
    let output = tests.output().await.expect("Python starts");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}");
    let ran: u32 = printed
        .split_once("\nRan ")
        .and_then(|(_, rest)| rest.split(' ').next()?.parse().ok())
        .expect("a number of tests");
    assert!(ran >= 60, "{printed}");
}

#[tokio::test]
async fn container_serves_its_model_on_its_port_until_it_is_told_to_stop() {
    let mut container = Container::start([
        ("CONTEXT", "1024"),
        ("PARALLEL", "2"),
        ("MODEL_NAME", "small"),
        ("API_KEY", KEY),
        ("EXTRA_ARGS", "--n-predict 8"),
        ("STOP_SECONDS", "300"),
    ]);
    assert_eq!(container.health().await, Some(1), "nothing answers yet");
    container.healthy().await;
    let anonymous = Client::new(&container.address());
    let caller = anonymous.with_bearer(KEY);
    let models = caller.get("/v1/models").await.expect(200).json();
    assert_eq!(models["data"][0]["id"], "small", "{models}");
    // What each of the two conversations has: the context is not shared out among them.
    let slots = caller.get("/slots").await.expect(200).json();
    let contexts: Vec<&Value> = slots
        .as_array()
        .expect("a list")
        .iter()
        .map(|slot| &slot["n_ctx"])
        .collect();
    assert_eq!(contexts, [1024, 1024], "{slots}");
    // The extra argument ends the answer, and the model does not before.
    let body = json!({"messages": [{"role": "user", "content": "Count to a hundred."}],
        "ignore_eos": true});
    let answer = caller
        .post("/v1/chat/completions", &body)
        .await
        .expect(200)
        .json();
    assert_eq!(answer["usage"]["completion_tokens"], 8, "{answer}");
    anonymous
        .post("/v1/chat/completions", &body)
        .await
        .expect(401);
    assert!(
        !container.command_lines().contains(KEY),
        "everybody may read a command line"
    );

    // Told to stop in the middle of an answer, it says that one to its end.
    let long = json!({"messages": [{"role": "user", "content": "Count to a hundred."}],
        "max_tokens": 120, "ignore_eos": true, "stream": true});
    let call = caller.post("/v1/chat/completions", &long);
    let mut stream = call.open().await.events();
    stream.next_content().await;
    container.signal(Signal::TERM);
    let rest = stream.rest().await;
    assert!(rest.last().is_some_and(Event::is_done), "{rest:?}");
    drop(stream);
    let (code, printed) = container.end().await;
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("the engine has stopped"), "{printed}");
    assert!(!printed.contains(KEY), "{printed}");
    assert!(
        anonymous.get("/health").try_send().await.is_none(),
        "nothing is left"
    );
}

#[tokio::test]
async fn container_stops_in_the_middle_of_loading_too() {
    let mut container = Container::start([("CONTEXT", "1024")]);
    container.said("starts ").await;
    container.signal(Signal::INT);
    let (code, printed) = container.end().await;
    assert_eq!(code, Some(0), "{printed}");
}

#[test]
fn image_is_started_as_the_tests_start_it() {
    let dockerfile = std::fs::read_to_string(file("../deploy/model/Dockerfile")).expect("a file");
    for line in [
        "COPY entrypoint /opt/understudy-model",
        r#"ENTRYPOINT ["python3", "/opt/understudy-model"]"#,
        r#"CMD ["python3", "/opt/understudy-model/health.py"]"#,
    ] {
        assert!(dockerfile.contains(line), "{line}");
    }
    assert!(file(ENTRY_POINT).join("__main__.py").is_file());
}
