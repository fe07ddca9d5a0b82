//! What the container refuses to start with: a clear message, and an exit code for each kind of reason.

use std::net::TcpListener;

use super::container::{Container, model};

/// Starts with these variables; checks the exit code, and gives what was printed.
async fn refused<const N: usize>(code: i32, variables: [(&str, &str); N]) -> String {
    let (found, printed) = Container::start(variables).end().await;
    assert_eq!(found, Some(code), "{printed}");
    assert!(!printed.contains("Traceback"), "{printed}");
    assert!(
        !printed.contains("model: starts "),
        "no engine was started: {printed}"
    );
    printed
}

#[tokio::test]
async fn wrong_variables_are_refused_in_one_message() {
    let printed = refused(
        78,
        [
            ("PORT", "eighty"),
            ("ENGINE", "ollama"),
            ("CONTEXT", ""),
            ("API_KEY", "a secret"),
        ],
    )
    .await;
    for name in [
        "PORT must be",
        "ENGINE must be",
        "CONTEXT is set to nothing",
        "API_KEY may not",
    ] {
        assert!(printed.contains(name), "{name}: {printed}");
    }
    assert!(!printed.contains("a secret"), "{printed}");
    let printed = refused(78, [("CONTEXT", "9000")]).await;
    assert!(printed.contains("made for 8192 tokens"), "{printed}");
}

#[tokio::test]
async fn model_that_is_missing_or_none_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let printed = refused(66, [("MODEL", &path("other.gguf"))]).await;
    assert!(
        printed.contains("has no model in it: is the volume mounted"),
        "{printed}"
    );
    std::fs::write(path("page.gguf"), "<!DOCTYPE html>").expect("a file");
    let printed = refused(65, [("MODEL", &path("page.gguf"))]).await;
    assert!(printed.contains("page.gguf is a web page"), "{printed}");
    let whole = std::fs::read(model()).expect("the model");
    std::fs::write(path("page.gguf"), &whole[..100_000]).expect("a file");
    let printed = refused(65, [("MODEL", &path(""))]).await;
    assert!(
        printed.contains("breaks off within its header"),
        "{printed}"
    );
}

#[tokio::test]
async fn model_that_does_not_fit_is_refused_with_what_would() {
    let printed = refused(
        71,
        [("MEMORY", "380M"), ("CONTEXT", "8192"), ("PARALLEL", "4")],
    )
    .await;
    for part in [
        "does not fit",
        "MiB weights",
        "720 MiB for the context",
        "CONTEXT=2048 and PARALLEL=1 it would",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    let printed = refused(71, [("MEMORY", "64M")]).await;
    assert!(printed.contains("A smaller quantisation may"), "{printed}");
}

#[tokio::test]
async fn model_that_does_not_fit_is_started_by_whoever_insists() {
    let mut container = Container::start([
        ("MEMORY", "64M"),
        ("MEMORY_CHECK", "warn"),
        ("CONTEXT", "512"),
    ]);
    container
        .said("does not fit, and is started all the same")
        .await;
    container.healthy().await;
}

#[tokio::test]
async fn engine_or_port_that_is_not_to_be_had_is_refused() {
    let printed = refused(69, [("PATH", "/nowhere")]).await;
    assert!(
        printed.contains("this image has no llama-server"),
        "{printed}"
    );
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its number").port().to_string();
    let printed = refused(69, [("PORT", &port)]).await;
    assert!(
        printed.contains(&format!("PORT {port} is in use")),
        "{printed}"
    );
}
