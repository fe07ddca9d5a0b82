//! Servers of models on this machine: looks where they usually listen, when somebody asks, and at no other time.
//!
//! Rules: what is looked at is what whoever runs the service says (or the usual ports of this host), never what a request says: else it would
//! scan networks for anybody. Every question goes the way of a request (the same client, the same egress policy), so the service's own
//! listener and its database are not asked. All places are asked at once, and the whole takes three seconds at most.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::{Instant, timeout};
use understudy_shared::{
    AuthType, Capabilities, ConnectedInstance, DiscoveredServer, Discovery, DiscoveryProbe,
    Endpoint, Engine, HealthCheck, InstanceAuth, InstanceKind, Limits, ModelInstanceId, Parameters,
    ProbeOutcome, ReasonCode, Scheme, Timeouts, TlsOptions,
};
use uuid::Uuid;

use super::breaker::attempt::Lane;
use super::egress::EgressPolicy;
use super::snapshot::Snapshot;
use super::upstream::{Cause, Client, Response};
use crate::domain::model_instance::Connection;

mod engine;
mod place;

pub use place::{Place, usual_places};

/// Time to connect: it is this machine, or one beside it.
const CONNECT_MS: u64 = 800;
/// Time for the list of models at one place.
const LIST: Duration = Duration::from_millis(1700);
/// Time for the marks that tell which program it is.
const MARKS: Duration = Duration::from_millis(700);
/// Time for the name of the host of a container.
const RESOLVE: Duration = Duration::from_millis(400);
/// Most that is read of one answer.
const MAX_ANSWER: usize = 1024 * 1024;
/// Models of one server that are told.
const MAX_MODELS: usize = 200;
/// As long as an instance's `model` may be.
const MAX_MODEL: usize = 200;
/// This machine.
const LOOPBACK: &str = "127.0.0.1";
/// The machine that a container runs on, where its engine gives it this name.
const CONTAINER_HOST: &str = "host.docker.internal";

/// Looks for servers at these places.
pub async fn discover(
    places: &[Place],
    egress: &Arc<EgressPolicy>,
    snapshot: &Snapshot,
) -> Discovery {
    let started = Instant::now();
    let hosts = own_hosts().await;
    let asked = places.iter().flat_map(|place| {
        let hosts = match &place.host {
            Some(host) => vec![host.clone()],
            None => hosts.clone(),
        };
        hosts.into_iter().map(|host| (host, place.port))
    });
    let found = join_all(asked.map(|(host, port)| at(host, port, egress, snapshot))).await;
    let mut discovery = Discovery {
        servers: Vec::new(),
        probes: Vec::new(),
        duration_ms: 0,
    };
    for (probe, server) in found {
        discovery.probes.push(probe);
        discovery.servers.extend(server);
    }
    discovery.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    discovery
}

/// Names of this machine: its own, and from inside a container that of the machine around it.
async fn own_hosts() -> Vec<String> {
    let mut hosts = vec![LOOPBACK.to_owned()];
    let in_container = ["/.dockerenv", "/run/.containerenv"]
        .iter()
        .any(|mark| Path::new(mark).exists());
    if !in_container {
        return hosts;
    }
    let lookup = tokio::net::lookup_host((CONTAINER_HOST, 0));
    let Ok(Ok(addresses)) = timeout(RESOLVE, lookup).await else {
        return hosts;
    };
    let mut addresses = addresses.peekable();
    // Some resolvers answer every name with an address of their own on the internet.
    if addresses.peek().is_some() && addresses.all(|address| is_private(address.ip())) {
        hosts.push(CONTAINER_HOST.to_owned());
    }
    hosts
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

async fn at(
    host: String,
    port: u16,
    egress: &Arc<EgressPolicy>,
    snapshot: &Snapshot,
) -> (DiscoveryProbe, Option<DiscoveredServer>) {
    let endpoint = Endpoint {
        scheme: Scheme::Http,
        host: host.clone(),
        port,
        base_path: "/v1".to_owned(),
    };
    let found = ask(&endpoint, egress).await;
    let outcome = found.as_ref().err().copied();
    let server = found.ok().map(|found| DiscoveredServer {
        engine: found.engine,
        base_url: endpoint.base_url(),
        instances: connected(&endpoint, snapshot),
        endpoint,
        models: found.models,
        requires_token: found.requires_token,
    });
    let probe = DiscoveryProbe {
        host,
        port,
        usual: place::usual(port),
        outcome: outcome.unwrap_or(ProbeOutcome::Found),
    };
    (probe, server)
}

/// A server that speaks the OpenAI protocol.
struct Found {
    engine: Engine,
    models: Vec<String>,
    requires_token: bool,
}

async fn ask(endpoint: &Endpoint, egress: &Arc<EgressPolicy>) -> Result<Found, ProbeOutcome> {
    let connection = connection(endpoint.clone());
    let client = Client::new(&connection, 0, egress).map_err(|failure| match failure.code {
        ReasonCode::EgressDenied => ProbeOutcome::Denied,
        _ => ProbeOutcome::Other,
    })?;
    let answered = timeout(LIST, list(&client)).await;
    let (server, listed) = answered.unwrap_or(Err(ProbeOutcome::Silent))?;
    let models = listed.as_deref().unwrap_or_default();
    let owner = models.iter().find_map(|model| model.get("owned_by"));
    let named = engine::find(server, owner.and_then(Value::as_str), &client);
    Ok(Found {
        // One that holds back its marks is offered all the same.
        engine: timeout(MARKS, named).await.unwrap_or(Engine::Unknown),
        models: models.iter().filter_map(model).take(MAX_MODELS).collect(),
        requires_token: listed.is_none(),
    })
}

/// The name that a server gives itself, and the models that it lists; none if that takes a credential.
async fn list(client: &Client) -> Result<(Option<Engine>, Option<Vec<Value>>), ProbeOutcome> {
    let answered = client.get_or_cause(Lane::default(), "/models").await;
    let response = answered.map_err(|(_, cause)| match cause {
        Cause::Egress => ProbeOutcome::Denied,
        Cause::Refused | Cause::NameUnknown | Cause::Unreachable => ProbeOutcome::Nobody,
        Cause::TimedOut => ProbeOutcome::Silent,
        Cause::Tls | Cause::NotHttp | Cause::Closed | Cause::Other => ProbeOutcome::Other,
    })?;
    let status = response.status();
    let server = engine::by_header(response.headers());
    let mut body = read(response).await.ok_or(ProbeOutcome::Other)?;
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        // Anything may ask for a credential; those that speak this protocol say so in its form.
        body.get("error").ok_or(ProbeOutcome::Other)?;
        return Ok((server, None));
    }
    match body.get_mut("data").map(Value::take) {
        Some(Value::Array(listed)) if status.is_success() => Ok((server, Some(listed))),
        _ => Err(ProbeOutcome::Other),
    }
}

/// The id of a model, if an instance could be given it.
fn model(listed: &Value) -> Option<String> {
    let id = listed.get("id")?.as_str()?;
    let usable = (1..=MAX_MODEL).contains(&id.chars().count()) && !id.contains(char::is_control);
    usable.then(|| id.to_owned())
}

/// The JSON of an answer; none if it is something else, or too long.
async fn read(mut response: Response) -> Option<Value> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.ok()? {
        body.extend_from_slice(&piece);
        if body.len() > MAX_ANSWER {
            return None;
        }
    }
    serde_json::from_slice(&body).ok()
}

/// Instances that lead there already.
fn connected(endpoint: &Endpoint, snapshot: &Snapshot) -> Vec<ConnectedInstance> {
    let leads_there = |other: &Endpoint| {
        other.port == endpoint.port
            && other.scheme == endpoint.scheme
            && (other.host == endpoint.host
                || is_loopback(&other.host) && is_loopback(&endpoint.host))
    };
    let mut connected: Vec<ConnectedInstance> = snapshot
        .instances()
        .map(|instance| &instance.connection)
        .filter(|connection| leads_there(&connection.endpoint))
        .map(|connection| ConnectedInstance {
            id: connection.id,
            name: connection.name.clone(),
        })
        .collect();
    connected.sort_by(|one, other| one.name.cmp(&other.name));
    connected
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// A connection that brings no credential along.
fn connection(endpoint: Endpoint) -> Connection {
    Connection {
        id: ModelInstanceId(Uuid::now_v7()),
        name: "discovery".to_owned(),
        kind: InstanceKind::Local,
        endpoint,
        model: None,
        auth: InstanceAuth {
            kind: AuthType::None,
            header: None,
        },
        tokens: Vec::new(),
        headers: Vec::new(),
        proxies: Vec::new(),
        tls: TlsOptions::default(),
        parameters: Parameters::default(),
        limits: Limits::default(),
        timeouts: Timeouts {
            connect_ms: CONNECT_MS,
            ..Timeouts::default()
        },
        health_check: HealthCheck::default(),
        capabilities: Capabilities::default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn models_that_no_instance_could_have_are_left_out() {
        let of = |id: Value| model(&json!({ "id": id }));
        assert_eq!(of(json!("qwen3:8b")), Some("qwen3:8b".to_owned()));
        for odd in [json!(""), json!("a\nb"), json!("x".repeat(201)), json!(7)] {
            assert_eq!(of(odd), None);
        }
        assert_eq!(model(&json!("id")), None);
    }

    #[tokio::test]
    async fn service_itself_is_not_asked() {
        let listener = tokio::net::TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let egress = Arc::new(EgressPolicy::new(Vec::new(), Vec::new(), vec![address]));
        let places = [LOOPBACK, "localhost"].map(|host| Place {
            host: Some(host.to_owned()),
            port: address.port(),
        });
        let found = discover(&places, &egress, &Snapshot::default()).await;
        assert_eq!(found.servers, []);
        let outcomes: Vec<_> = found.probes.iter().map(|probe| probe.outcome).collect();
        assert_eq!(outcomes, [ProbeOutcome::Denied; 2]);
        let asked = timeout(Duration::ZERO, listener.accept()).await;
        assert!(asked.is_err(), "nobody connected");
    }

    #[test]
    fn only_private_addresses_are_the_machine_around_a_container() {
        for (address, private) in [
            ("172.17.0.1", true),
            ("192.168.65.254", true),
            ("fd00::1", true),
            ("93.184.216.34", false),
            ("2606:2800::1", false),
        ] {
            assert_eq!(is_private(address.parse().unwrap()), private, "{address}");
        }
    }
}
