//! HTTP clients towards the backends: one for each instance and worker, with its own proxy, TLS and connections.
//!
//! A connection never hops between threads. The client retries nothing, follows no redirect, ignores the environment's proxies
//! and connects only where the egress policy allows. Every way to a backend (requests, checks, model lists) starts here.

use std::cell::RefCell;
use std::collections::HashMap;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use reqwest::{Certificate, ClientBuilder, Proxy, Response, Url};
use tower::util::MapFutureLayer;
use understudy_shared::{AuthType, ModelInstanceId, ReasonCode};

use super::classify::Failure;
use super::egress::{Destination, EgressPolicy};
use super::snapshot::{Instance, Snapshot};
use crate::domain::model_instance::{Connection, ConnectionProxy};
use crate::secrets::Secret;

mod fault;
mod models;
mod resolver;
mod tls;

pub use fault::{Cause, explain};
pub use models::read_models;

use resolver::Resolver;

/// Idle connections are closed before common backends close them (uvicorn: 5 s), so that no request is sent into a closing one.
const POOL_IDLE: Duration = Duration::from_secs(4);
/// The backend's own name for the request, so that its log and ours can be read together.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A client for one backend.
#[derive(Debug)]
pub struct Client {
    settings: u64,
    http: reqwest::Client,
    headers: HeaderMap,
    base_url: String,
    /// Addresses that were asked before: parsing one costs more than copying it.
    urls: RefCell<Vec<(&'static str, Url)>>,
    proxied: bool,
    connecting: Arc<AtomicU64>,
    only_model: RefCell<Option<String>>,
}

#[derive(Default)]
struct Clients {
    revision: i64,
    by_instance: HashMap<ModelInstanceId, Rc<Client>>,
}

thread_local! {
    static CLIENTS: RefCell<Clients> = RefCell::default();
}

/// This worker's client for an instance; made when it is first used and when its connection settings have changed.
///
/// # Errors
/// If the settings cannot be used, which counts as a failure of the instance.
pub fn client(
    snapshot: &Snapshot,
    instance: &Instance,
    egress: &Arc<EgressPolicy>,
) -> Result<Rc<Client>, Failure> {
    CLIENTS.with_borrow_mut(|clients| {
        if clients.revision != snapshot.revision {
            clients.revision = snapshot.revision;
            clients
                .by_instance
                .retain(|id, _| snapshot.instance(*id).is_some());
        }
        let id = instance.connection.id;
        if let Some(client) = clients
            .by_instance
            .get(&id)
            .filter(|client| client.settings == instance.settings)
        {
            return Ok(Rc::clone(client));
        }
        let client = Rc::new(Client::new(
            &instance.connection,
            instance.settings,
            egress,
        )?);
        clients.by_instance.insert(id, Rc::clone(&client));
        Ok(client)
    })
}

impl Client {
    /// A client that nobody else uses: for a request, take [`client`].
    ///
    /// # Errors
    /// If the settings cannot be used, or the egress policy denies the address.
    pub fn new(
        connection: &Connection,
        settings: u64,
        egress: &Arc<EgressPolicy>,
    ) -> Result<Self, Failure> {
        let misconfigured = |what: &str| Failure::unsent(ReasonCode::Misconfigured, what);
        let denied = |fault: super::egress::EgressFault| {
            Failure::unsent(ReasonCode::EgressDenied, fault.to_string())
        };
        let endpoint = &connection.endpoint;
        let destination = Destination::Backend(connection.kind);
        // An address in place of a name never comes to the resolver.
        egress
            .check_host(destination, &endpoint.host, endpoint.port)
            .map_err(denied)?;
        let mut resolver = Resolver {
            egress: Arc::clone(egress),
            destination,
            host: endpoint.host.clone(),
            port: endpoint.port,
            proxy: None,
        };
        let mut builder = builder(connection)?;
        match connection.proxies.first() {
            Some(proxy) => {
                let (host, port) = proxy_address(proxy)
                    .ok_or_else(|| misconfigured("its proxy has no usable address"))?;
                egress
                    .check_host(Destination::Proxy, &host, port)
                    .map_err(denied)?;
                resolver.proxy = Some((host, port));
                builder = builder
                    .proxy(through(proxy).map_err(|_| misconfigured("its proxy cannot be used"))?);
            }
            None => builder = builder.no_proxy(),
        }
        let connecting = Arc::new(AtomicU64::new(0));
        let http = builder
            .dns_resolver(Arc::new(resolver))
            .connector_layer(timing(&connecting))
            .build()
            .map_err(|error| {
                misconfigured(&format!(
                    "its TLS settings cannot be used: {}",
                    explain(&error)
                ))
            })?;
        Ok(Self {
            settings,
            http,
            headers: headers(connection).ok_or_else(|| misconfigured("a header cannot be sent"))?,
            base_url: endpoint.base_url(),
            urls: RefCell::default(),
            proxied: !connection.proxies.is_empty(),
            connecting,
            only_model: RefCell::new(None),
        })
    }

    /// How long the last new connection took: name, TCP, TLS and proxy.
    pub fn connected_in(&self) -> Duration {
        Duration::from_micros(self.connecting.load(Ordering::Relaxed))
    }

    /// Sends a JSON body to a path below the base path and waits for the head of the answer.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn post(
        &self,
        path: &'static str,
        body: Bytes,
        request_id: &str,
    ) -> Result<Response, Failure> {
        let mut request = self
            .http
            .post(self.url(path)?)
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        if let Ok(id) = HeaderValue::from_str(request_id) {
            request = request.header(REQUEST_ID, id);
        }
        request
            .send()
            .await
            .map_err(|error| fault::classify(&error, self.proxied))
    }

    fn url(&self, path: &'static str) -> Result<Url, Failure> {
        if let Some((_, url)) = self.urls.borrow().iter().find(|(known, _)| *known == path) {
            return Ok(url.clone());
        }
        let url = Url::parse(&format!("{}{path}", self.base_url)).map_err(|_| {
            Failure::unsent(ReasonCode::Misconfigured, "its address cannot be used")
        })?;
        self.urls.borrow_mut().push((path, url.clone()));
        Ok(url)
    }

    /// Asks for a path below the base path.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn get(&self, path: &'static str) -> Result<Response, Failure> {
        let answered = self.get_or_cause(path).await;
        answered.map_err(|(failure, _)| failure)
    }

    /// As [`Self::get`], for checks, which tell more kinds of failures apart than attempts do.
    ///
    /// # Errors
    /// If there is no answer, with what lies at the bottom of it.
    pub async fn get_or_cause(&self, path: &'static str) -> Result<Response, (Failure, Cause)> {
        let url = self.url(path).map_err(|failure| (failure, Cause::Other))?;
        let request = self.http.get(url).headers(self.headers.clone());
        request
            .send()
            .await
            .map_err(|error| (fault::classify(&error, self.proxied), Cause::of(&error)))
    }

    /// The one model that the backend lists, for instances that name none. Asked once, and again after [`Self::forget_model`].
    ///
    /// # Errors
    /// If the backend does not answer, or lists several models.
    pub async fn only_model(&self, limit: Duration) -> Result<Option<String>, Failure> {
        if let Some(model) = self.only_model.borrow().clone() {
            return Ok(Some(model));
        }
        let models = match tokio::time::timeout(limit, models::models(self)).await {
            Ok(models) => models?,
            Err(_) => {
                return Err(Failure {
                    sent: false,
                    ..Failure::timeout("it did not list its models in time")
                });
            }
        };
        let model = match models.as_deref() {
            // A backend without a list has one model and does not care for its name.
            None => return Ok(None),
            Some([model]) => model.clone(),
            Some([]) => return Err(Failure::unsent(ReasonCode::NoModel, "it lists no model")),
            Some(several) => {
                let what = format!(
                    "it lists {} models, and the instance names none",
                    several.len()
                );
                return Err(Failure::unsent(ReasonCode::NoModel, what));
            }
        };
        *self.only_model.borrow_mut() = Some(model.clone());
        Ok(Some(model))
    }

    /// The backend says that it has no such model: it may serve another one by now.
    pub fn forget_model(&self) {
        self.only_model.borrow_mut().take();
    }
}

type Connecting<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Measures how long new connections take.
fn timing<C: Future + Send + 'static>(
    took: &Arc<AtomicU64>,
) -> MapFutureLayer<impl Fn(C) -> Connecting<C::Output> + Clone + Send + Sync + 'static> {
    let took = Arc::clone(took);
    MapFutureLayer::new(move |connecting: C| -> Connecting<C::Output> {
        let took = Arc::clone(&took);
        Box::pin(async move {
            let started = Instant::now();
            let connected = connecting.await;
            let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
            took.store(micros, Ordering::Relaxed);
            connected
        })
    })
}

fn builder(connection: &Connection) -> Result<ClientBuilder, Failure> {
    let misconfigured = |what: String| Failure::unsent(ReasonCode::Misconfigured, what);
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that makes clients"
    )]
    let builder = reqwest::Client::builder()
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .tcp_nodelay(true)
        .pool_idle_timeout(POOL_IDLE)
        .connect_timeout(Duration::from_millis(connection.timeouts.connect_ms));
    let options = &connection.tls;
    if options.insecure_skip_verify {
        return Ok(builder.tls_danger_accept_invalid_certs(true));
    }
    if let Some(pem) = &options.ca_pem {
        let extra = Certificate::from_pem_bundle(pem.as_bytes())
            .map_err(|_| misconfigured("its CA certificates cannot be read".to_owned()))?;
        return Ok(builder.tls_certs_merge(extra));
    }
    Ok(match tls::shared() {
        Some(config) => builder.tls_backend_preconfigured(config.clone()),
        None => builder,
    })
}

fn through(proxy: &ConnectionProxy) -> Result<Proxy, reqwest::Error> {
    let through = Proxy::all(&proxy.url)?;
    Ok(match (&proxy.username, &proxy.password) {
        (Some(username), password) => {
            through.basic_auth(username, password.as_ref().map_or("", Secret::expose))
        }
        (None, _) => through,
    })
}

fn proxy_address(proxy: &ConnectionProxy) -> Option<(String, u16)> {
    let url = Url::parse(&proxy.url).ok()?;
    let port = url.port_or_known_default().unwrap_or(1080);
    Some((url.host_str()?.trim_matches(['[', ']']).to_owned(), port))
}

/// What every request to the backend carries: its token and its extra headers, marked so that nobody prints them.
fn headers(connection: &Connection) -> Option<HeaderMap> {
    let secret = |value: &str| {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        Some(value)
    };
    let mut headers = HeaderMap::new();
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("understudy/", env!("CARGO_PKG_VERSION"))),
    );
    if let Some(token) = connection.tokens.first() {
        let token = token.value.expose();
        match connection.auth.kind {
            AuthType::None => {}
            AuthType::Bearer => {
                headers.insert(AUTHORIZATION, secret(&format!("Bearer {token}"))?);
            }
            AuthType::Header => {
                let name = HeaderName::try_from(connection.auth.header.as_deref()?).ok()?;
                headers.insert(name, secret(token)?);
            }
        }
    }
    for header in &connection.headers {
        headers.insert(
            HeaderName::try_from(&header.name).ok()?,
            secret(header.value.expose())?,
        );
    }
    Some(headers)
}
