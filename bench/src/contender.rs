//! What is measured: ways to one and the same mock.
//!
//! A new one (another proxy, another gateway) is a variant of [`Kind`] and a module that starts it. The rule: every contender gets
//! the same bytes from the load generator, has one worker, and shows that it really reaches the mock before it is measured.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::json;

use crate::failure::{Failure, Result};
use crate::http::Client;
use crate::mock;
use crate::places::{Place, Places};
use crate::service::Service;

mod haproxy;
mod management;
mod nginx;
mod understudy;
mod vllm_router;

/// Where every contender offers chat completions.
pub const CHAT_PATH: &str = "/v1/chat/completions";
/// The model that is asked: the name of Understudy's group. To the others it is just text.
const MODEL: &str = "bench";
/// What is sent to contenders that look at no key.
const NO_KEY: &str = "us-0000000000000000000000000000000000000000000";

/// A way to the mock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// None: the load generator asks the mock itself.
    Direct,
    /// A plain reverse proxy, the yardstick.
    Nginx,
    /// Another plain reverse proxy.
    Haproxy,
    /// A gateway for language models.
    VllmRouter,
    /// The product.
    Understudy,
}

impl Kind {
    /// Every kind, in the order of the report.
    pub const ALL: [Self; 5] = [
        Self::Direct,
        Self::Nginx,
        Self::Haproxy,
        Self::VllmRouter,
        Self::Understudy,
    ];

    /// The name in options and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::VllmRouter => "vllm-router",
            Self::Understudy => "understudy",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The programs that are needed.
#[derive(Clone, Debug)]
pub struct Programs {
    /// This program, which is also the mock and the load generator.
    pub bench: PathBuf,
    /// The service.
    pub understudy: PathBuf,
    /// nginx, if there is one.
    pub nginx: Option<PathBuf>,
    /// HAProxy, if there is one.
    pub haproxy: Option<PathBuf>,
    /// vLLM's router, if there is one.
    pub vllm_router: Option<PathBuf>,
    /// Folder of PostgreSQL's programs, if it was told.
    pub postgres: Option<PathBuf>,
}

/// A contender that is running.
#[derive(Debug)]
pub struct Contender {
    /// Which one.
    pub kind: Kind,
    /// Where it listens.
    pub address: SocketAddr,
    /// The key that it wants.
    pub key: String,
    /// The model that it is asked for.
    pub model: &'static str,
    /// The process that does the work; none when there is nothing between the load generator and the mock.
    pub process: Option<u32>,
    _service: Option<Service>,
    // After the service: its files are removed when it is gone.
    _folder: Option<tempfile::TempDir>,
}

impl Contender {
    /// Starts a contender in front of the mock at `mock`, and proves that it works.
    pub async fn start(
        kind: Kind,
        programs: &Programs,
        places: &Places,
        mock: SocketAddr,
    ) -> Result<Self> {
        let contender = match kind {
            Kind::Direct => Self {
                kind,
                address: mock,
                key: NO_KEY.to_owned(),
                model: MODEL,
                process: None,
                _service: None,
                _folder: None,
            },
            Kind::Nginx => nginx::start(programs, places, mock).await?,
            Kind::Haproxy => haproxy::start(programs, places, mock).await?,
            Kind::VllmRouter => vllm_router::start(programs, places, mock).await?,
            Kind::Understudy => understudy::start(programs, places, mock).await?,
        };
        contender.prove().await?;
        Ok(contender)
    }

    /// Where the load generator runs: a direct question leaves the first processor free for it.
    pub fn place_of_load(&self) -> Place {
        match self.process {
            Some(_) => Place::Beside,
            None => Place::Measured,
        }
    }

    /// Asks once and looks for what the mock says.
    async fn prove(&self) -> Result<()> {
        let body = chat(self.model, false);
        let (status, answer) = ask(
            self.address,
            "POST",
            CHAT_PATH,
            Some(&self.key),
            Some(&body),
        )
        .await
        .map_err(|error| Failure::new(format!("{} does not answer: {error}", self.kind)))?;
        if status == 200 && answer.contains(mock::SAYS) {
            return Ok(());
        }
        let kind = self.kind;
        Err(Failure::new(format!(
            "{kind} does not reach the mock: {status} {answer}"
        )))
    }
}

/// Body of a chat completion.
pub fn chat(model: &str, stream: bool) -> String {
    json!({
        "model": model,
        "messages": [
            {"role": "system", "content": "You are a helpful assistant who answers in one sentence."},
            {"role": "user", "content": "Which animal does the quick brown fox jump over, and why?"},
        ],
        "temperature": 0.7,
        "max_tokens": 64,
        "stream": stream,
    })
    .to_string()
}

/// One request on a connection of its own: status and body.
async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&str>,
) -> std::io::Result<(u16, String)> {
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n");
    if let Some(token) = token {
        request += &format!("Authorization: Bearer {token}\r\n");
    }
    if let Some(body) = body {
        let length = body.len();
        request += &format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
    }
    request += "\r\n";
    request += body.unwrap_or_default();
    let mut answer = Vec::new();
    let mut client = Client::connect(address).await?;
    let head = client
        .ask(request.as_bytes(), |piece| answer.extend_from_slice(piece))
        .await?;
    Ok((head.status, String::from_utf8_lossy(&answer).into_owned()))
}

/// Some cannot be told to choose a port and say which: this one was free a moment ago.
fn free_address() -> Result<SocketAddr> {
    use std::net::{Ipv4Addr, TcpListener};

    use crate::failure::Context;

    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .context(|| "find a free port".to_owned())
}

/// Whether somebody listens there.
async fn is_open(address: SocketAddr) -> Option<()> {
    tokio::net::TcpStream::connect(address).await.ok().map(drop)
}

/// A folder that is removed at the end, and that the users whom nginx and PostgreSQL become may pass through.
fn folder() -> Result<tempfile::TempDir> {
    use std::os::unix::fs::PermissionsExt;

    use crate::failure::Context;

    let open = std::fs::Permissions::from_mode(0o711);
    tempfile::Builder::new()
        .prefix("understudy-bench-")
        .permissions(open)
        .tempdir()
        .context(|| "make a temporary folder".to_owned())
}
