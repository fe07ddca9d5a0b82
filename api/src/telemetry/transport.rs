//! Sends batches to the collector, and says in the log when that stops or begins to work, once each.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

use crate::config::telemetry::Telemetry;
use crate::gateway::counts::Count;

/// More of an answer is not read.
const MAX_ANSWER: usize = 64 * 1024;

/// An HTTP client for the exporter. The exporter's thread waits; the service's runtime does the work.
#[derive(Debug)]
pub struct Transport {
    http: reqwest::Client,
    runtime: Handle,
    state: Arc<State>,
}

/// How sending goes.
#[derive(Debug, Default)]
pub struct State {
    broken: AtomicBool,
    /// Batches that the collector took.
    pub sent: Count,
    /// Batches that it did not.
    pub failed: Count,
}

impl Transport {
    /// A client with the settings' limit of time.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new(settings: &Telemetry) -> Result<Self, reqwest::Error> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the collector is the operator's own, not a backend: the egress policy does not apply to it"
        )]
        let builder = reqwest::Client::builder();
        Ok(Self {
            http: builder
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(settings.timeout)
                .build()?,
            runtime: Handle::current(),
            state: Arc::default(),
        })
    }

    /// How sending goes.
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }
}

type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Transport {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: Request<Bytes>,
    ) -> Sending<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let http = self.http.clone();
        let state = Arc::clone(&self.state);
        let sending = self.runtime.spawn(async move {
            let sent = send(&http, request).await;
            tell(&state, &sent);
            sent
        });
        Box::pin(async move { sending.await? })
    }
}

async fn send(
    http: &reqwest::Client,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, HttpError> {
    let request = reqwest::Request::try_from(request)?;
    // Its address stays out of the error: it may carry a credential.
    let answered = http.execute(request).await;
    let mut answered = answered.map_err(reqwest::Error::without_url)?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = answered.status();
    // What the collector says beside its status is of no use here; it is read so that the connection can be used again.
    let mut left = MAX_ANSWER;
    while left > 0
        && let Ok(Some(chunk)) = answered.chunk().await
    {
        left = left.saturating_sub(chunk.len());
    }
    Ok(response)
}

fn tell(state: &State, sent: &Result<Response<Bytes>, HttpError>) {
    let fails = match sent {
        Ok(response) => !response.status().is_success(),
        Err(_) => true,
    };
    if fails {
        state.failed.add();
    } else {
        state.sent.add();
    }
    if state.broken.swap(fails, Ordering::Relaxed) == fails {
        return;
    }
    match sent {
        Ok(response) if fails => tracing::warn!(
            status = response.status().as_u16(),
            "the collector refuses traces; they are dropped until it takes them"
        ),
        Ok(_) => tracing::info!("the collector takes traces again"),
        Err(error) => tracing::warn!(
            %error,
            "traces cannot be sent to the collector; they are dropped until it can be reached"
        ),
    }
}
