//! A backend that does exactly what a test tells it to: raw TCP, so that every fault of a real one can be produced.
//!
//! Left alone it is a healthy backend of the OpenAI protocol. It keeps every request byte for byte, and notes when the
//! client went away before its answer was complete.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::wait::{SOON, until, within};

mod blackhole;
mod connection;
pub mod endpoints;
pub mod healthy;
mod record;
mod reply;

pub use blackhole::Blackhole;
pub use healthy::MODEL;
pub use record::Recorded;
pub use reply::{Gate, Reply};

/// A backend.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: Option<JoinHandle<()>>,
    /// Keeps the port while nobody listens, so that no other test gets it and connecting is refused for sure.
    _reserved: TcpSocket,
}

#[derive(Debug)]
struct Shared {
    name: String,
    script: Mutex<Script>,
    record: watch::Sender<Vec<Recorded>>,
    connections: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<Reply>,
    always: Option<Reply>,
    models: Option<Reply>,
    health: Option<Reply>,
    pages: Vec<(String, Reply)>,
}

impl Upstream {
    /// A healthy backend whose answers carry `name`.
    pub fn start(name: &str) -> Self {
        let mut upstream = Self::refusing(name);
        upstream.listen();
        upstream
    }

    /// A port of its own on which nobody listens: connecting is refused.
    pub fn refusing(name: &str) -> Self {
        let reserved = TcpSocket::new_v4().expect("a socket");
        reserved.set_reuseport(true).expect("a socket option");
        reserved
            .bind((Ipv4Addr::LOCALHOST, 0).into())
            .expect("a free port");
        Self {
            address: reserved.local_addr().expect("an address"),
            shared: Arc::new(Shared {
                name: name.to_owned(),
                script: Mutex::default(),
                record: watch::Sender::default(),
                connections: watch::Sender::default(),
            }),
            server: None,
            _reserved: reserved,
        }
    }

    /// Listens, from the start or again after [`Upstream::kill`].
    pub fn listen(&mut self) {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseport(true).expect("a socket option");
        socket.bind(self.address).expect("its own port");
        let listener = socket.listen(1024).expect("a listener");
        self.server = Some(tokio::spawn(serve(listener, Arc::clone(&self.shared))));
    }

    /// Stops as a killed process does: connections break where they are, new ones are refused.
    pub async fn kill(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            let _ = server.await;
        }
    }

    /// What its answers carry.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Answers every request to a model with this from now on.
    pub fn always(&self, reply: Reply) {
        self.shared.script.lock().unwrap().always = Some(reply);
    }

    /// Answers the next request to a model with this; called again, the one after it.
    pub fn next(&self, reply: Reply) {
        self.shared.script.lock().unwrap().next.push_back(reply);
    }

    /// Answers the question for its models with this from now on.
    pub fn models(&self, reply: Reply) {
        self.shared.script.lock().unwrap().models = Some(reply);
    }

    /// Answers the question for its health with this from now on. Until then there is no such page.
    pub fn health(&self, reply: Reply) {
        self.shared.script.lock().unwrap().health = Some(reply);
    }

    /// Answers `GET` of this path with this from now on, whatever else it was told.
    pub fn page(&self, path: &str, reply: Reply) {
        let mut script = self.shared.script.lock().unwrap();
        script.pages.push((path.to_owned(), reply));
    }

    /// Forgets what it was told to answer and is healthy from now on.
    pub fn recover(&self) {
        *self.shared.script.lock().unwrap() = Script::default();
    }

    /// The requests to a model (`POST`) until now.
    pub fn requests(&self) -> Vec<Recorded> {
        let all = self.shared.record.borrow();
        let posts = all.iter().filter(|request| request.method == "POST");
        posts.cloned().collect()
    }

    /// Every request until now, those for the list of models and for its health included.
    pub fn all_requests(&self) -> Vec<Recorded> {
        self.shared.record.borrow().clone()
    }

    /// The only request to a model until now.
    #[track_caller]
    pub fn request(&self) -> Recorded {
        let mut requests = self.requests();
        assert_eq!(
            requests.len(),
            1,
            "requests to {}: {requests:?}",
            self.name()
        );
        requests.remove(0)
    }

    /// Connections that were accepted until now.
    pub fn connections(&self) -> usize {
        *self.shared.connections.borrow()
    }

    /// Waits for the `count`th request to a model.
    pub async fn arrived(&self, count: usize) {
        let what = format!("request {count} at {}", self.name());
        let mut changes = self.shared.record.subscribe();
        let arrived = changes.wait_for(|record| {
            record
                .iter()
                .filter(|request| request.method == "POST")
                .count()
                >= count
        });
        within(SOON, &what, arrived).await.expect("it still runs");
    }

    /// Waits until the client of the only request has left before its answer was complete, and tells when that was.
    pub async fn left(&self, bound: Duration) -> Instant {
        let what = format!("the client leaves {}", self.name());
        let (left, _) = until(bound, &what, async || self.request().left_at).await;
        left
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.send_modify(|count| *count += 1);
        connections.spawn(connection::serve(stream, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}
