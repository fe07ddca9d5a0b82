//! Which program a server is, by the marks that it shows.
//!
//! The rule: a mark names the program for people and decides nothing. Who shows none is offered all the same.

use futures_util::future::join_all;
use hyper::Method;
use reqwest::header::{HeaderMap, SERVER};
use understudy_shared::Engine;

use super::read;
use crate::gateway::breaker::attempt::Lane;
use crate::gateway::upstream::Client;

/// Pages that only one program has, and what the JSON there has at this pointer; in the order in which they are believed.
const MARKS: [(Engine, &str, &str); 7] = [
    (Engine::LlamaCpp, "/props", "/default_generation_settings"),
    (Engine::Ollama, "/api/version", "/version"),
    (
        Engine::LmStudio,
        "/api/v0/models",
        "/data/0/compatibility_type",
    ),
    (
        Engine::TextGenerationWebui,
        "/v1/internal/model/info",
        "/model_name",
    ),
    (Engine::LocalAi, "/system", "/backends"),
    (Engine::Sglang, "/get_model_info", "/model_path"),
    (Engine::Vllm, "/version", "/version"),
];

/// By the name that it gives itself in every answer.
pub(super) fn by_header(headers: &HeaderMap) -> Option<Engine> {
    let server = headers.get(SERVER)?.to_str().ok()?;
    server
        .to_ascii_lowercase()
        .contains("llama.cpp")
        .then_some(Engine::LlamaCpp)
}

/// By what it says of its models.
fn by_owner(owner: &str) -> Option<Engine> {
    match owner {
        "llamacpp" => Some(Engine::LlamaCpp),
        "vllm" => Some(Engine::Vllm),
        "sglang" => Some(Engine::Sglang),
        _ => None,
    }
}

/// By all of its marks, of which the cheap ones come first.
pub(super) async fn find(header: Option<Engine>, owner: Option<&str>, client: &Client) -> Engine {
    if let Some(engine) = header.or_else(|| by_owner(owner?)) {
        return engine;
    }
    let asked = join_all(MARKS.map(|(engine, path, pointer)| async move {
        let lane = Lane::default();
        let response = client.at_root(Method::GET, lane, path).await.ok()?;
        if !response.status().is_success() {
            return None;
        }
        let page = read(response).await?;
        page.pointer(pointer).map(|_| engine)
    }));
    let shown = asked.await.into_iter().flatten().next();
    shown.unwrap_or(Engine::Unknown)
}
