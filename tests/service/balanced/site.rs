//! The site: two replicas at fixed addresses, HAProxy in front of them, two backends behind.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::support::app::{file, instance};
use crate::support::client::Client;
use crate::support::database::Database;
use crate::support::env;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME, Server, base_environment};
use crate::support::upstream::healthy::{content_event, finish_event, role_event};
use crate::support::upstream::{Gate, Recorded, Reply, Upstream};
use crate::support::wait::{SOON, until};

/// Group of whole answers.
pub const WHOLE: &str = "whole";
/// Group of streams.
pub const STREAMS: &str = "streams";
/// What every model says.
pub const ANSWER: &str = "one two three";
const METRICS_TOKEN: &str = "for-the-numbers-of-each-replica";

/// A port that stays ours between two processes that listen on it one after the other.
struct Port {
    address: SocketAddr,
    _reserved: TcpSocket,
}

impl Port {
    fn reserve() -> Self {
        let reserved = TcpSocket::new_v4().expect("a socket");
        reserved.set_reuseaddr(true).expect("a socket option");
        reserved
            .bind((Ipv4Addr::LOCALHOST, 0).into())
            .expect("a free port");
        Self {
            address: reserved.local_addr().expect("an address"),
            _reserved: reserved,
        }
    }
}

/// A place for one process of the service after the other.
pub struct Replica {
    /// As HAProxy calls it.
    pub name: &'static str,
    /// The process, while there is one.
    pub server: Option<Server>,
    environment: BTreeMap<String, String>,
    port: Port,
}

impl Replica {
    fn new(name: &'static str, database: &Database) -> Self {
        let port = Port::reserve();
        let mut environment = base_environment();
        for (name, value) in [
            ("DATABASE_URL", database.url()),
            ("UNDERSTUDY_LISTEN", port.address.to_string()),
            ("UNDERSTUDY_DRAIN_SECONDS", "20".to_owned()),
            ("UNDERSTUDY_METRICS_TOKEN", METRICS_TOKEN.to_owned()),
            ("UNDERSTUDY_TRUSTED_PROXIES", "127.0.0.1".to_owned()),
            ("RUST_LOG", "info,understudy::request=off".to_owned()),
        ] {
            environment.insert(name.to_owned(), value);
        }
        Self {
            name,
            server: None,
            environment,
            port,
        }
    }

    /// Starts a process in its place.
    pub async fn start(&mut self) {
        self.server = Some(Server::start(&self.environment).await);
    }

    /// The process that runs.
    #[track_caller]
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs")
    }
}

/// HAProxy, killed with this value.
struct Balancer(Child);

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How many requests came to the two backends before they began to hold their answers.
pub struct Held([usize; 2]);

/// All of it.
pub struct Site {
    // In the order in which it ends.
    _balancer: Balancer,
    /// `a` and `b`.
    pub replicas: [Replica; 2],
    /// Where HAProxy listens.
    pub address: String,
    /// Of whole answers.
    whole: Upstream,
    /// Of streams.
    streams: Upstream,
    /// An access token.
    pub admin: String,
    /// A key of the gateway.
    pub key: String,
    /// Id of the group of whole answers.
    pub group: String,
    _front: Port,
    _database: Database,
}

impl Site {
    pub async fn start() -> Self {
        let database = Database::create().await;
        let mut replicas = ["a", "b"].map(|name| Replica::new(name, &database));
        for replica in &mut replicas {
            replica.start().await;
        }
        let front = Port::reserve();
        let balancer = Command::new(env::haproxy())
            .arg("-db")
            .arg("-f")
            .arg(file("../deploy/haproxy/haproxy.cfg"))
            .env_clear()
            .env("UNDERSTUDY_BIND", front.address.to_string())
            .env("UNDERSTUDY_REPLICA_A", replicas[0].port.address.to_string())
            .env("UNDERSTUDY_REPLICA_B", replicas[1].port.address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("HAProxy starts");
        let balancer = Balancer(balancer);
        let address = front.address.to_string();
        let anonymous = Client::new(&address);
        until(SOON, "HAProxy passes requests on", async || {
            let answer = anonymous.get("/healthz/ready").try_send().await?;
            (answer.status == 200).then_some(())
        })
        .await;

        let body = json!({"username": ADMIN_USERNAME, "password": ADMIN_PASSWORD});
        let session = anonymous.post("/api/v1/auth/login", &body).await;
        let session = session.expect(200).json();
        let admin = text(&session["access_token"]);
        let client = anonymous.with_bearer(&admin);
        let (whole, streams) = (Upstream::start(WHOLE), Upstream::start(STREAMS));
        let mut group = String::new();
        for upstream in [&streams, &whole] {
            let body = instance(upstream.name(), upstream.port());
            let made = client.post("/api/v1/model-instances", &body).await;
            let id = made.expect(201).json()["id"].clone();
            let body = json!({"name": upstream.name(), "members": [{"instance_id": id}]});
            let made = client.post("/api/v1/model-groups", &body).await;
            group = text(&made.expect(201).json()["id"]);
        }
        let body = json!({"name": "callers", "scopes": ["gateway"]});
        let made = client.post("/api/v1/api-keys", &body).await;
        let key = text(&made.expect(201).json()["key"]);
        for replica in &replicas {
            let direct = Client::new(replica.server().address()).with_bearer(&key);
            until(SOON, "every replica knows all of it", async || {
                let known = direct.get("/v1/models").try_send().await?;
                (known.status == 200).then_some(())
            })
            .await;
        }
        let site = Self {
            _balancer: balancer,
            replicas,
            address,
            whole,
            streams,
            admin,
            key,
            group,
            _front: front,
            _database: database,
        };
        site.calm();
        site
    }

    /// From now on models answer when the test wants. What they were asked before is answered all the same.
    pub fn hold(&self, gate: &Gate) -> Held {
        self.streams.always(held_stream(gate));
        self.whole.always(held_whole(gate));
        Held([&self.streams, &self.whole].map(|upstream| upstream.requests().len()))
    }

    /// Ids of the requests that are held.
    pub fn held(&self, Held(from): &Held) -> BTreeSet<String> {
        let requests = [&self.streams, &self.whole].map(Upstream::requests);
        let held = requests
            .iter()
            .zip(from)
            .flat_map(|(requests, from)| &requests[*from..]);
        held.map(id).collect()
    }

    /// How often a model was asked each of the questions.
    pub fn asked(&self) -> BTreeMap<String, usize> {
        let mut asked = BTreeMap::new();
        let requests = [&self.streams, &self.whole].map(Upstream::requests);
        for request in requests.iter().flatten() {
            *asked.entry(id(request)).or_default() += 1;
        }
        asked
    }

    /// Models answer within a moment.
    pub fn calm(&self) {
        let pause = Duration::from_millis(60);
        self.whole
            .always(Reply::json(200, &answer()).delayed(pause));
        let mut reply = Reply::events([role_event()]);
        for word in ANSWER.split_inclusive(' ') {
            let event = content_event(word);
            reply = reply.then_pause(pause).then_events([event]);
        }
        let end = reply.then_events([finish_event()]);
        self.streams.always(end.then_events(["[DONE]"]));
    }

    /// How many requests of a group are under way at a replica.
    pub async fn in_flight(&self, place: usize, group: &str) -> Option<usize> {
        let address = self.replicas[place].server().address();
        let client = Client::new(address).with_bearer(METRICS_TOKEN);
        let metrics = client.get("/metrics").try_send().await?;
        let series = format!("understudy_requests_in_flight{{model_group=\"{group}\"}} ");
        let line = metrics
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(&series));
        Some(line?.parse::<f64>().ok()? as usize)
    }
}

/// A whole answer for which the model takes as long as the test wants.
fn held_whole(gate: &Gate) -> Reply {
    Reply::body(200, "application/json", "")
        .then_hold(gate)
        .then_send(answer().to_string())
}

/// A stream that has begun, and goes on when the test wants.
fn held_stream(gate: &Gate) -> Reply {
    let (first, rest) = ANSWER.split_at(4);
    Reply::events([role_event(), content_event(first)])
        .then_hold(gate)
        .then_events([content_event(rest), finish_event()])
        .then_events(["[DONE]"])
}

fn answer() -> Value {
    let message = json!({"role": "assistant", "content": ANSWER});
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    })
}

fn id(request: &Recorded) -> String {
    request.header("x-request-id").expect("an id").to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}
