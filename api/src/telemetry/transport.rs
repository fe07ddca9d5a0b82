//! Sends batches to the collector, and says in the log when that stops or begins to work, once each.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

use crate::config::telemetry::Telemetry;

/// An HTTP client for the exporter. The exporter's thread waits; the service's runtime does the work.
#[derive(Debug)]
pub struct Transport {
    http: reqwest::Client,
    runtime: Handle,
    broken: Arc<AtomicBool>,
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
            broken: Arc::default(),
        })
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
        let broken = Arc::clone(&self.broken);
        let sending = self.runtime.spawn(async move {
            let sent = send(&http, request).await;
            tell(&broken, &sent);
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
    let answered = answered.map_err(reqwest::Error::without_url)?;
    // What the collector says beside its status is of no use here.
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = answered.status();
    Ok(response)
}

fn tell(broken: &AtomicBool, sent: &Result<Response<Bytes>, HttpError>) {
    let fails = match sent {
        Ok(response) => !response.status().is_success(),
        Err(_) => true,
    };
    if broken.swap(fails, Ordering::Relaxed) == fails {
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
