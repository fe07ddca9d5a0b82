//! HTTP clients towards the backends: one for each instance and worker, with its own proxies, TLS and connections.
//!
//! Instances with proxies are reached with reqwest, the others over connections of our own (`direct`), which cost less; what both do
//! is decided here once, and neither is visible outside.
//!
//! A connection never hops between threads. The client retries nothing, follows no redirect, ignores the environment's proxies
//! and connects only where the egress policy allows. Every way to a backend (requests, checks, model lists) starts here.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::{Method, Uri};
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use understudy_shared::{ModelInstanceId, ReasonCode};

use super::breaker::attempt::Lane;
use super::classify::Failure;
use super::egress::EgressPolicy;
use super::question::Outgoing;
use super::snapshot::{Instance, Snapshot};
use crate::domain::model_instance::Connection;

mod connect;
pub mod direct;
mod fault;
mod headers;
mod models;
pub mod outside;
mod pieces;
mod resolver;
mod response;
mod route;
mod tls;

pub use fault::{Cause, explain};
pub use models::read_models;
pub use response::{BrokenBody, Response};

use pieces::Pieces;
use route::Route;

/// The backend's own name for the request, so that its log and ours can be read together.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A client for one backend.
#[derive(Debug)]
pub struct Client {
    settings: u64,
    /// One way for each proxy, or the direct one.
    routes: Vec<Route>,
    /// The headers with each token of the pool, or without any.
    headers: Vec<HeaderMap>,
    base_url: String,
    /// Addresses that were asked before: parsing one costs more than copying it.
    targets: RefCell<Vec<(&'static str, Rc<Target>)>>,
    connecting: Arc<AtomicU64>,
    only_model: RefCell<Option<String>>,
}

/// A path of a backend, as each way needs it.
#[derive(Debug)]
struct Target {
    /// For reqwest.
    url: Url,
    /// For what is connected already.
    path: Uri,
}

impl Target {
    fn parse(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let path = url[url::Position::BeforePath..url::Position::AfterQuery]
            .parse()
            .ok()?;
        Some(Self { url, path })
    }
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
    /// If the settings cannot be used, a secret cannot be read, or the egress policy denies the address.
    pub fn new(
        connection: &Connection,
        settings: u64,
        egress: &Arc<EgressPolicy>,
    ) -> Result<Self, Failure> {
        if connection.unreadable().is_some() {
            let what = "a secret of it cannot be decrypted";
            return Err(Failure::unsent(ReasonCode::SecretUnreadable, what));
        }
        let connecting = Arc::new(AtomicU64::new(0));
        Ok(Self {
            settings,
            routes: route::all(connection, egress, &connecting)?,
            headers: headers::all(connection).ok_or_else(|| {
                Failure::unsent(ReasonCode::Misconfigured, "a header cannot be sent")
            })?,
            base_url: connection.endpoint.base_url(),
            targets: RefCell::default(),
            connecting,
            only_model: RefCell::new(None),
        })
    }

    /// How long the last new connection took: name, TCP, TLS and proxy.
    pub fn connected_in(&self) -> Duration {
        Duration::from_micros(self.connecting.load(Ordering::Relaxed))
    }

    /// Sends a body to a path below the base path and waits for the head of the answer.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn post(
        &self,
        lane: Lane,
        path: &'static str,
        body: Outgoing,
        request_id: &str,
        joins: &[(HeaderName, HeaderValue)],
    ) -> Result<Response, Failure> {
        let (route, headers) = self.lane(lane)?;
        let mut headers = headers.clone();
        let (kind, body) = match body {
            Outgoing::Json(body) => (HeaderValue::from_static("application/json"), body.into()),
            Outgoing::Form(kind, pieces) => {
                let kind = HeaderValue::try_from(kind).map_err(|_| {
                    Failure::unsent(ReasonCode::Misconfigured, "a header cannot be sent")
                })?;
                (kind, Pieces::from(pieces))
            }
        };
        let id = HeaderValue::from_str(request_id);
        headers.insert(REQUEST_ID, id.unwrap_or(HeaderValue::from_static("-")));
        headers.extend(joins.iter().cloned());
        headers.insert(CONTENT_TYPE, kind);
        let asked = self.ask(route, Method::POST, path, headers, body).await;
        asked.map_err(|(failure, _)| failure)
    }

    fn lane(&self, lane: Lane) -> Result<(&Route, &HeaderMap), Failure> {
        let route = self.routes.get(lane.proxy.unwrap_or(0));
        let headers = self.headers.get(lane.token);
        // What is known of an instance and its client are of the same settings, so both are there.
        let missing = || Failure::unsent(ReasonCode::Misconfigured, "its settings have changed");
        route.zip(headers).ok_or_else(missing)
    }

    async fn ask(
        &self,
        route: &Route,
        method: Method,
        path: &'static str,
        headers: HeaderMap,
        body: Pieces,
    ) -> Result<Response, (Failure, Cause)> {
        let target = self
            .target(path)
            .map_err(|failure| (failure, Cause::Other))?;
        self.send(route, method, &target, headers, body).await
    }

    /// The one place that everything goes through to a backend.
    async fn send(
        &self,
        route: &Route,
        method: Method,
        target: &Target,
        headers: HeaderMap,
        body: Pieces,
    ) -> Result<Response, (Failure, Cause)> {
        match route {
            Route::Direct(direct) => {
                let answered = direct.send(method, &target.path, &headers, body).await;
                let answered = answered.map_err(|error| fault::of_direct(&error));
                answered.map(Response::direct)
            }
            Route::Proxied(proxied) => {
                let http = proxied.http().map_err(|failure| (failure, Cause::Other))?;
                let request = http.request(method, target.url.clone()).headers(headers);
                let answered = request.body(body).send().await;
                let answered = answered.map_err(|error| fault::of_proxied(&error));
                answered.map(Response::proxied)
            }
        }
    }

    fn target(&self, path: &'static str) -> Result<Rc<Target>, Failure> {
        let known = self.targets.borrow();
        if let Some((_, target)) = known.iter().find(|(known, _)| *known == path) {
            return Ok(Rc::clone(target));
        }
        drop(known);
        let target = Target::parse(&format!("{}{path}", self.base_url)).ok_or_else(|| {
            Failure::unsent(ReasonCode::Misconfigured, "its address cannot be used")
        })?;
        let target = Rc::new(target);
        self.targets.borrow_mut().push((path, Rc::clone(&target)));
        Ok(target)
    }

    /// Asks for a path below the base path.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn get(&self, lane: Lane, path: &'static str) -> Result<Response, Failure> {
        let answered = self.get_or_cause(lane, path).await;
        answered.map_err(|(failure, _)| failure)
    }

    /// Asks for a path of the host, whatever the base path is: only for checks.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn at_root(
        &self,
        method: Method,
        lane: Lane,
        path: &str,
    ) -> Result<Response, Failure> {
        let unusable = || Failure::unsent(ReasonCode::Misconfigured, "its address cannot be used");
        let mut url = Url::parse(&self.base_url).map_err(|_| unusable())?;
        url.set_path(path);
        let target = Target::parse(url.as_str()).ok_or_else(unusable)?;
        let (route, headers) = self.lane(lane)?;
        let headers = headers.clone();
        let asked = self.send(route, method, &target, headers, Pieces::default());
        asked.await.map_err(|(failure, _)| failure)
    }

    /// As [`Self::get`], for checks, which tell more kinds of failures apart than attempts do.
    ///
    /// # Errors
    /// If there is no answer, with what lies at the bottom of it.
    pub async fn get_or_cause(
        &self,
        lane: Lane,
        path: &'static str,
    ) -> Result<Response, (Failure, Cause)> {
        let lane = self.lane(lane).map_err(|failure| (failure, Cause::Other));
        let (route, headers) = lane?;
        let mut headers = headers.clone();
        for placeholder in [CONTENT_TYPE, REQUEST_ID] {
            if headers.get(&placeholder).is_some_and(HeaderValue::is_empty) {
                headers.remove(placeholder);
            }
        }
        self.ask(route, Method::GET, path, headers, Pieces::default())
            .await
    }

    /// The one model that the backend lists, for instances that name none. Asked once, and again after [`Self::forget_model`].
    ///
    /// # Errors
    /// If the backend does not answer, or lists several models.
    pub async fn only_model(&self, lane: Lane, limit: Duration) -> Result<Option<String>, Failure> {
        if let Some(model) = self.only_model.borrow().clone() {
            return Ok(Some(model));
        }
        let models = match tokio::time::timeout(limit, models::models(self, lane)).await {
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
