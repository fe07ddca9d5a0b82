//! The ways to one backend: through each of its proxies (with a client of reqwest's), or directly if it has none. A proxy is never gone round: with proxies there
//! is no direct way.

use std::cell::OnceCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::{ClientBuilder, Proxy, Url};
use tower::util::MapFutureLayer;
use understudy_shared::ReasonCode;

use super::connect::Connector;
use super::direct::Direct;
use super::resolver::Resolver;
use super::{explain, tls};
use crate::domain::model_instance::{Connection, ConnectionProxy};
use crate::gateway::classify::Failure;
use crate::gateway::egress::{Destination, EgressFault, EgressPolicy};

/// Idle connections are closed before common backends close them (uvicorn: 5 s), so that no request is sent into a closing one.
pub(super) const POOL_IDLE: Duration = Duration::from_secs(4);

/// One way to a backend, with connections of its own.
#[derive(Debug)]
pub(super) enum Route {
    /// Without a proxy.
    Direct(Direct),
    /// Through a proxy.
    Proxied(Proxied),
}

/// The way through one proxy.
#[derive(Debug)]
pub(super) struct Proxied {
    http: OnceCell<reqwest::Client>,
    /// How a client is made; taken along, since most proxies are never needed.
    connection: Rc<Connection>,
    proxy: usize,
    egress: Arc<EgressPolicy>,
    connecting: Arc<AtomicU64>,
}

/// Every way to a backend.
pub(super) fn all(
    connection: &Connection,
    egress: &Arc<EgressPolicy>,
    connecting: &Arc<AtomicU64>,
) -> Result<Vec<Route>, Failure> {
    let endpoint = &connection.endpoint;
    // An address in place of a name never comes to the resolver.
    egress
        .check_host(
            Destination::Backend(connection.kind),
            &endpoint.host,
            endpoint.port,
        )
        .map_err(denied)?;
    if connection.proxies.is_empty() {
        let connector = Connector::new(connection, egress)?;
        return Ok(vec![Route::Direct(Direct::new(connector, connecting))]);
    }
    let connection = Rc::new(connection.clone());
    let through = |proxy| {
        Route::Proxied(Proxied {
            http: OnceCell::new(),
            connection: Rc::clone(&connection),
            proxy,
            egress: Arc::clone(egress),
            connecting: Arc::clone(connecting),
        })
    };
    Ok((0..connection.proxies.len()).map(through).collect())
}

fn denied(fault: EgressFault) -> Failure {
    Failure::unsent(ReasonCode::EgressDenied, fault.to_string())
}

pub(super) fn misconfigured(what: impl Into<String>) -> Failure {
    Failure::unsent(ReasonCode::Misconfigured, what)
}

impl Proxied {
    /// Its client, made when it is first used.
    ///
    /// # Errors
    /// If it cannot be made, as a failure of the proxy.
    pub fn http(&self) -> Result<&reqwest::Client, Failure> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let http = self.make()?;
        Ok(self.http.get_or_init(|| http))
    }

    fn make(&self) -> Result<reqwest::Client, Failure> {
        let connection = &self.connection;
        let endpoint = &connection.endpoint;
        let of_proxy = |failure: Failure| Failure {
            code: ReasonCode::ProxyFailed,
            ..failure
        };
        let unusable = |what: &str| of_proxy(misconfigured(what));
        let missing = || misconfigured("its settings have changed");
        let proxy = connection.proxies.get(self.proxy).ok_or_else(missing)?;
        let (host, port) =
            address(proxy).ok_or_else(|| unusable("its proxy has no usable address"))?;
        self.egress
            .check_host(Destination::Proxy, &host, port)
            .map_err(|fault| of_proxy(denied(fault)))?;
        let resolver = Resolver {
            egress: Arc::clone(&self.egress),
            destination: Destination::Backend(connection.kind),
            host: endpoint.host.clone(),
            port: endpoint.port,
            proxy: Some((host, port)),
        };
        let through = through(proxy).ok_or_else(|| unusable("its proxy cannot be used"))?;
        builder(connection)?
            .proxy(through)
            .dns_resolver(Arc::new(resolver))
            .connector_layer(timing(&self.connecting))
            .build()
            .map_err(|error| {
                let why = explain(&error);
                misconfigured(format!("its TLS settings cannot be used: {why}"))
            })
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
    let tls = tls::settings(&connection.tls)?;
    Ok(builder.tls_backend_preconfigured((*tls).clone()))
}

fn through(proxy: &ConnectionProxy) -> Option<Proxy> {
    let through = Proxy::all(&proxy.url).ok()?;
    let Some(username) = &proxy.username else {
        return Some(through);
    };
    let password = match &proxy.password {
        Some(password) => password.as_ref().ok()?.expose(),
        None => "",
    };
    Some(through.basic_auth(username, password))
}

fn address(proxy: &ConnectionProxy) -> Option<(String, u16)> {
    let url = Url::parse(&proxy.url).ok()?;
    let port = url.port_or_known_default().unwrap_or(1080);
    Some((url.host_str()?.trim_matches(['[', ']']).to_owned(), port))
}
