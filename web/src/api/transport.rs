//! One request and its answer over the browser's `fetch`.
//!
//! Rules: only paths of this origin; a request whose future is dropped (the page that wanted it is gone) is aborted; one that takes
//! too long is given up.

use std::time::Duration;

use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::window;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, RequestCache, RequestCredentials, RequestInit, RequestRedirect,
    Response,
};

use super::ApiError;

/// Longer than any answer of the management API takes, shorter than a person's patience.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A request to be sent.
pub struct Request {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// Path from the root of this origin on.
    pub path: String,
    /// JSON.
    pub body: Option<String>,
}

/// What came back.
pub struct Answer {
    status: u16,
    body: String,
}

impl Answer {
    /// Whether the credential was missing or not valid.
    pub fn is_unauthenticated(&self) -> bool {
        self.status == 401
    }

    /// The answer's content, or what the service says is wrong.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        self.succeeded()?;
        serde_json::from_str(&self.body).map_err(|_| ApiError::Unreadable {
            status: self.status,
        })
    }

    /// Whether it worked; the content does not matter.
    pub fn succeeded(&self) -> Result<(), ApiError> {
        if (200..300).contains(&self.status) {
            return Ok(());
        }
        Err(match serde_json::from_str(&self.body) {
            Ok(problem) => ApiError::Problem(problem),
            Err(_) => ApiError::Unreadable {
                status: self.status,
            },
        })
    }
}

/// Sends `request`, with `token` as its credential.
pub async fn send(request: &Request, token: Option<&str>) -> Result<Answer, ApiError> {
    // Whatever the browser refuses has the same meaning for the person: no answer.
    fetch(request, token).await.map_err(|_| ApiError::NoAnswer)
}

async fn fetch(request: &Request, token: Option<&str>) -> Result<Answer, JsValue> {
    let pending = Pending::new()?;
    let headers = Headers::new()?;
    headers.set("accept", "application/json")?;
    if let Some(token) = token {
        headers.set("authorization", &format!("Bearer {token}"))?;
    }
    let init = RequestInit::new();
    init.set_method(request.method);
    init.set_credentials(RequestCredentials::SameOrigin);
    init.set_cache(RequestCache::NoStore);
    // The API redirects nowhere; whoever does, a captive portal say, is not the API.
    init.set_redirect(RequestRedirect::Error);
    init.set_signal(Some(&pending.controller.signal()));
    if let Some(body) = &request.body {
        headers.set("content-type", "application/json")?;
        init.set_body(&body.into());
    }
    init.set_headers(&headers);
    let response = JsFuture::from(window().fetch_with_str_and_init(&request.path, &init)).await?;
    let response: Response = response.dyn_into()?;
    let body = JsFuture::from(response.text()?).await?;
    Ok(Answer {
        status: response.status(),
        body: body.as_string().unwrap_or_default(),
    })
}

/// Aborts the request when it is dropped or when its time is up; after its end neither does anything.
struct Pending {
    controller: AbortController,
    limit: TimeoutHandle,
}

impl Pending {
    fn new() -> Result<Self, JsValue> {
        let controller = AbortController::new()?;
        let late = controller.clone();
        let limit = set_timeout_with_handle(move || late.abort(), TIME_LIMIT)?;
        Ok(Self { controller, limit })
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.limit.clear();
        self.controller.abort();
    }
}

#[cfg(test)]
mod tests {
    use understudy_shared::{ProblemCode, SetupState};

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            body: body.to_owned(),
        }
    }

    #[test]
    fn content_is_read() {
        let state: SetupState = answer(200, r#"{"open":true}"#).read().unwrap();
        assert!(state.open);
    }

    #[test]
    fn a_problem_is_told_from_a_foreign_page() {
        let body = r#"{"type":"urn:understudy:problem:forbidden","title":"t","status":403,"detail":"d","instance":"/","code":"forbidden","request_id":"r"}"#;
        let error = answer(403, body).succeeded().unwrap_err();
        assert_eq!(
            error.problem().map(|problem| problem.code),
            Some(ProblemCode::Forbidden)
        );
        for (status, body) in [(502, "<html>"), (500, ""), (200, "<html>")] {
            let error = answer(status, body).read::<SetupState>().unwrap_err();
            assert_eq!(error, ApiError::Unreadable { status });
        }
    }
}
