//! A plain HTTP client: one connection per request, no retries, no redirects, so that a test sees what the service did.

use std::fmt::Write;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::sse::EventStream;
use super::wait::soon;

mod answer;
mod rules;

pub use answer::Answer;

/// Somebody who talks to the service: its address, and a credential or none.
#[derive(Clone, Debug)]
pub struct Client {
    address: String,
    bearer: Option<String>,
    transcript: Arc<Mutex<String>>,
}

impl Client {
    /// A client without a credential.
    pub fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            bearer: None,
            transcript: Arc::default(),
        }
    }

    /// The same with a credential.
    pub fn with_bearer(&self, bearer: &str) -> Self {
        Self {
            bearer: Some(bearer.to_owned()),
            ..self.clone()
        }
    }

    /// The credential.
    #[track_caller]
    pub fn bearer(&self) -> &str {
        self.bearer.as_deref().expect("a client with a credential")
    }

    /// Every answer that this client and its copies got: for tests that look for what must not be there.
    pub fn transcript(&self) -> String {
        self.transcript.lock().unwrap().clone()
    }

    /// A request with any method.
    pub fn call(&self, method: &str, path: &str) -> Call {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.address);
        if let Some(bearer) = &self.bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        Call {
            client: self.clone(),
            request: request
                .body(Full::default())
                .expect("a method and a path that HTTP can carry"),
        }
    }

    /// `GET`
    pub fn get(&self, path: &str) -> Call {
        self.call("GET", path)
    }

    /// `POST` of JSON.
    pub fn post(&self, path: &str, body: &Value) -> Call {
        self.call("POST", path).json(body)
    }

    /// `PATCH` with a merge patch, of any version unless `If-Match` is set to another.
    pub fn patch(&self, path: &str, body: &Value) -> Call {
        self.call("PATCH", path).json(body).if_match("*")
    }

    /// `DELETE`, of any version unless `If-Match` is set to another.
    pub fn delete(&self, path: &str) -> Call {
        self.call("DELETE", path).if_match("*")
    }
}

/// A request that is being put together; awaiting it sends it and reads the whole answer.
#[derive(Debug)]
#[must_use = "a request is sent when it is awaited"]
pub struct Call {
    client: Client,
    request: Request<Full<Bytes>>,
}

impl Call {
    /// Sets a header, in place of one of the same name.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = value.parse().expect("a header's value");
        self.request.headers_mut().insert(name, value);
        self
    }

    /// Leaves a header out that would be there by itself.
    pub fn without_header(mut self, name: &'static str) -> Self {
        self.request.headers_mut().remove(name);
        self
    }

    /// Sets `If-Match`.
    pub fn if_match(self, etag: &str) -> Self {
        self.header("if-match", etag)
    }

    /// Sets a body of JSON.
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Sets any body.
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = Full::new(body.into());
        self.header("content-type", content_type)
    }

    /// Sends the request; `None` when no answer came.
    pub async fn try_send(self) -> Option<Answer> {
        let what = self.to_string();
        let transcript = Arc::clone(&self.client.transcript);
        let opened = self.exchange().await?;
        let (head, body) = opened.response.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        let answer = Answer {
            what,
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        };
        let mut transcript = transcript.lock().unwrap();
        writeln!(transcript, "{answer:?}").expect("a string takes everything");
        Some(answer)
    }

    /// Sends the request and waits for the head of the answer alone. Dropping what comes back hangs up.
    pub async fn open(self) -> Opened {
        let what = self.to_string();
        soon(&format!("the head of {what}"), self.exchange())
            .await
            .unwrap_or_else(|| panic!("{what}: no answer"))
    }

    /// Sends the request in the background, for a caller that will hang up: aborting the task closes the connection.
    pub fn spawn(self) -> JoinHandle<Option<Answer>> {
        tokio::spawn(self.try_send())
    }

    async fn exchange(self) -> Option<Opened> {
        let stream = TcpStream::connect(&self.client.address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        let connection = AbortOnDrop(tokio::spawn(async move {
            // How a connection ends is for the reader of the answer to judge.
            let _ = connection.await;
        }));
        let response = sender.send_request(self.request).await.ok()?;
        Some(Opened {
            response,
            connection,
        })
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.request.method(), self.request.uri())
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let what = self.to_string();
            let answer = soon(&format!("the answer to {what}"), self.try_send()).await;
            answer.unwrap_or_else(|| panic!("{what}: the connection ended without an answer"))
        })
    }
}

/// An answer whose head has arrived.
#[derive(Debug)]
pub struct Opened {
    response: Response<Incoming>,
    connection: AbortOnDrop,
}

impl Opened {
    /// The status.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The body as it arrives, and what keeps its connection.
    pub fn into_body(self) -> (Incoming, AbortOnDrop) {
        (self.response.into_body(), self.connection)
    }

    /// The body as server-sent events.
    pub fn events(self) -> EventStream {
        EventStream::new(self.response.into_body(), self.connection)
    }
}

/// Ends a connection with the value that needed it.
#[derive(Debug)]
pub struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
