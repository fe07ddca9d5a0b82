//! One request and its answer over the browser's `fetch`.
//!
//! Rules: only paths of this origin; a request whose future is dropped (the page that wanted it is gone) is aborted; one that takes
//! too long is given up.

use std::time::Duration;

use chrono::TimeDelta;
use js_sys::{Reflect, Uint8Array};
use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::window;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, ReadableStreamDefaultReader, RequestCache, RequestCredentials,
    RequestInit, RequestRedirect, Response,
};

use super::ApiError;
use crate::browser;

/// Longer than any answer of the management API takes, shorter than a person's patience.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A request to be sent.
pub struct Request {
    method: &'static str,
    path: String,
    body: Option<String>,
    content_type: &'static str,
    if_match: Option<String>,
    last_event_id: Option<String>,
    limit: Duration,
}

impl Request {
    /// A request without a body. `path` begins at the root of this origin.
    pub fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            body: None,
            content_type: "application/json",
            if_match: None,
            last_event_id: None,
            limit: TIME_LIMIT,
        }
    }

    /// A `GET`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    /// Sends `body` as JSON.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which no type of the API does.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self, ApiError> {
        let body = serde_json::to_string(body).map_err(|_| ApiError::Unreadable { status: 0 })?;
        self.body = Some(body);
        Ok(self)
    }

    /// Sends a text of this type.
    pub fn text(mut self, content_type: &'static str, body: String) -> Self {
        self.body = Some(body);
        self.content_type = content_type;
        self
    }

    /// Lets the service refuse (412) if the resource is no longer of this version.
    pub fn if_version(mut self, version: i64) -> Self {
        self.if_match = Some(format!("\"{version}\""));
        self
    }

    /// For changes that cannot be in anybody's way.
    pub fn if_any_version(mut self) -> Self {
        self.if_match = Some("*".to_owned());
        self
    }

    /// Gives it up after `limit`.
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Resumes a stream of events after this one.
    pub fn after_event(mut self, id: Option<String>) -> Self {
        self.last_event_id = id;
        self
    }
}

/// What came back.
pub struct Answer {
    status: u16,
    body: String,
    /// Seconds after which the service wants to be asked again.
    retry_after: Option<u32>,
}

impl Answer {
    /// Whether the credential was missing or not valid.
    pub fn is_unauthenticated(&self) -> bool {
        self.status == 401
    }

    /// Whether something before the service says that it does not reach it. The service's own answers of these statuses are problems.
    pub fn is_of_a_gateway(&self) -> bool {
        matches!(self.status, 502..=504)
            && matches!(self.succeeded(), Err(ApiError::Unreadable { .. }))
    }

    /// The answer's content, or what the service says is wrong.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        self.succeeded()?;
        serde_json::from_str(&self.body).map_err(|_| ApiError::Unreadable {
            status: self.status,
        })
    }

    /// The answer's content as it is, or what the service says is wrong.
    pub fn into_text(self) -> Result<String, ApiError> {
        self.succeeded()?;
        Ok(self.body)
    }

    /// Whether it worked; the content does not matter.
    pub fn succeeded(&self) -> Result<(), ApiError> {
        if (200..300).contains(&self.status) {
            return Ok(());
        }
        Err(match (serde_json::from_str(&self.body), self.retry_after) {
            (Ok(problem), Some(seconds)) if self.status == 429 => ApiError::RateLimited {
                problem,
                until: browser::now() + TimeDelta::seconds(seconds.into()),
            },
            (Ok(problem), _) => ApiError::Problem(problem),
            (Err(_), _) => ApiError::Unreadable {
                status: self.status,
            },
        })
    }
}

/// Sends `request`, with `token` as its credential.
pub async fn send(request: &Request, token: Option<&str>) -> Result<Answer, ApiError> {
    // Whatever the browser refuses has the same meaning for the person: no answer.
    let whole = async {
        let pending = Pending::new(Some(request.limit))?;
        let response = fetch(request, token, "application/json", &pending).await?;
        read(&response).await
    };
    whole.await.map_err(|_: JsValue| ApiError::NoAnswer)
}

/// Sends `request` and gives its answer as it comes, for as long as it takes.
///
/// # Errors
/// If nothing comes, or an answer that is not a success: that is read whole.
pub async fn stream(
    request: &Request,
    token: Option<&str>,
) -> Result<Result<Chunks, Answer>, ApiError> {
    let begun = async {
        let pending = Pending::new(None)?;
        let response = fetch(request, token, "text/event-stream", &pending).await?;
        let body = response.body().filter(|_| response.ok());
        let Some(body) = body else {
            return Ok(Err(read(&response).await?));
        };
        let reader = body.get_reader().dyn_into()?;
        let chunks = Chunks {
            reader,
            _pending: pending,
        };
        Ok(Ok(chunks))
    };
    begun.await.map_err(|_: JsValue| ApiError::NoAnswer)
}

/// An answer on its way. Dropping it ends the request.
pub struct Chunks {
    reader: ReadableStreamDefaultReader,
    _pending: Pending,
}

impl Chunks {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// If the connection breaks.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        let next = JsFuture::from(self.reader.read()).await;
        let next = next.map_err(|_| ApiError::NoAnswer)?;
        let value = Reflect::get(&next, &"value".into()).unwrap_or_default();
        Ok(value
            .dyn_into::<Uint8Array>()
            .ok()
            .map(|bytes| bytes.to_vec()))
    }
}

async fn read(response: &Response) -> Result<Answer, JsValue> {
    let body = JsFuture::from(response.text()?).await?;
    Ok(Answer {
        status: response.status(),
        body: body.as_string().unwrap_or_default(),
        retry_after: response
            .headers()
            .get("retry-after")?
            .and_then(|seconds| seconds.trim().parse().ok()),
    })
}

async fn fetch(
    request: &Request,
    token: Option<&str>,
    accept: &str,
    pending: &Pending,
) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("accept", accept)?;
    if let Some(token) = token {
        headers.set("authorization", &format!("Bearer {token}"))?;
    }
    if let Some(version) = &request.if_match {
        headers.set("if-match", version)?;
    }
    if let Some(id) = &request.last_event_id {
        headers.set("last-event-id", id)?;
    }
    let init = RequestInit::new();
    init.set_method(request.method);
    init.set_credentials(RequestCredentials::SameOrigin);
    init.set_cache(RequestCache::NoStore);
    // The API redirects nowhere; whoever does, a captive portal say, is not the API.
    init.set_redirect(RequestRedirect::Error);
    init.set_signal(Some(&pending.controller.signal()));
    if let Some(body) = &request.body {
        headers.set("content-type", request.content_type)?;
        init.set_body(&body.into());
    }
    init.set_headers(&headers);
    let response = JsFuture::from(window().fetch_with_str_and_init(&request.path, &init)).await?;
    response.dyn_into()
}

/// Aborts the request when it is dropped or when its time is up; after its end neither does anything.
struct Pending {
    controller: AbortController,
    limit: Option<TimeoutHandle>,
}

impl Pending {
    fn new(limit: Option<Duration>) -> Result<Self, JsValue> {
        let controller = AbortController::new()?;
        let late = controller.clone();
        let limit = limit
            .map(|limit| set_timeout_with_handle(move || late.abort(), limit))
            .transpose()?;
        Ok(Self { controller, limit })
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(limit) = self.limit {
            limit.clear();
        }
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
            retry_after: None,
        }
    }

    #[test]
    fn content_is_read() {
        let state: SetupState = answer(200, r#"{"open":true}"#).read().unwrap();
        assert!(state.open);
    }

    #[test]
    fn a_proxy_that_does_not_reach_the_service_is_no_answer_of_it() {
        assert!(answer(502, "<html>").is_of_a_gateway());
        assert!(answer(504, "").is_of_a_gateway());
        let own = r#"{"type":"t","title":"t","status":503,"detail":"d","instance":"/","code":"unavailable","request_id":"r"}"#;
        assert!(!answer(503, own).is_of_a_gateway());
        assert!(!answer(500, "<html>").is_of_a_gateway());
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
