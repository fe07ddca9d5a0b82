//! The load generator: so many connections, each asking the next question as soon as the last is answered.
//!
//! It is a process of its own with one thread, warms up, then measures for a fixed time. It reads at the very ends of that time
//! what the watched processes have used, so that their cost per request belongs to exactly these requests. It ends by itself.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::failure::{Context, Failure, Result};
use crate::http::Client;
use crate::machine;

mod record;
mod report;

pub use report::{Quantiles, Report, StreamReport, Watched};

use record::Record;

/// Pause after a failure: a proxy that refuses everything must not be asked a million times.
const AFTER_A_FAILURE: Duration = Duration::from_millis(10);
/// How long after the end an answer may still come.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest measurement.
pub const MAX_SECONDS: f64 = 60.0;
/// Most connections.
pub const MAX_CONNECTIONS: usize = 4096;

/// What is asked, of whom, and how long.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who is asked.
    pub address: SocketAddr,
    /// Connections that ask at the same time.
    pub connections: usize,
    /// Time that is measured.
    pub measure: Duration,
    /// Time before, that is not.
    pub warm_up: Duration,
    /// The key that is sent.
    pub key: String,
    /// The model that is asked.
    pub model: String,
    /// Whether answers are streams.
    pub stream: bool,
    /// Processes whose cost is of interest.
    pub watch: Vec<u32>,
}

/// The time that counts.
#[derive(Clone, Copy, Debug)]
struct Window {
    start: Instant,
    end: Instant,
}

impl Window {
    fn contains(&self, moment: Instant) -> bool {
        self.start <= moment && moment < self.end
    }
}

/// Asks, and says how it went.
pub fn run(settings: &Settings) -> Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context(|| "start the runtime".to_owned())?;
    LocalSet::new().block_on(&runtime, measure(settings))
}

async fn measure(settings: &Settings) -> Result<Report> {
    let start = Instant::now() + settings.warm_up;
    let end = start + settings.measure;
    let window = Window { start, end };
    let question: Rc<[u8]> = question(settings).into();
    let mut callers = JoinSet::new();
    for _ in 0..settings.connections {
        let question = Rc::clone(&question);
        callers.spawn_local(call(settings.address, question, window, settings.stream));
    }
    sleep_until(start).await;
    let before = Readings::take(&settings.watch);
    sleep_until(end).await;
    let after = Readings::take(&settings.watch);
    let mut total = Record::default();
    while let Some(record) = callers.join_next().await {
        total.add(record.context(|| "finish a connection".to_owned())?);
    }
    if total.answered == 0 {
        let why = total.failure.as_deref().unwrap_or("none came in time");
        return Err(Failure::new(format!(
            "{} gave no answer: {why}",
            settings.address
        )));
    }
    Ok(Report::new(settings, total, &before, &after))
}

/// What processes had used at a moment.
struct Readings {
    at: Instant,
    own: machine::Usage,
    busy: Option<Duration>,
    watched: Vec<(u32, machine::Usage)>,
}

impl Readings {
    fn take(watch: &[u32]) -> Self {
        Self {
            at: Instant::now(),
            own: machine::usage(std::process::id()),
            busy: machine::busy(),
            watched: watch
                .iter()
                .map(|process| (*process, machine::usage(*process)))
                .collect(),
        }
    }
}

/// One connection until the end of the window.
async fn call(address: SocketAddr, question: Rc<[u8]>, window: Window, stream: bool) -> Record {
    let mut record = Record::default();
    let asking = async {
        let mut client = None;
        while Instant::now() < window.end {
            let answer = ask(&mut client, address, &question, window, stream, &mut record);
            if let Err(why) = answer.await {
                record.fail(why);
                client = None;
                sleep(AFTER_A_FAILURE).await;
            }
        }
    };
    // One timer for all questions: one for each would be a cost of each.
    if timeout_at(window.end + PATIENCE, asking).await.is_err() {
        record.fail("an answer did not come at all".to_owned());
    }
    record
}

/// One question and its answer, on the connection there is or on a new one.
async fn ask(
    client: &mut Option<Client>,
    address: SocketAddr,
    question: &[u8],
    window: Window,
    stream: bool,
    record: &mut Record,
) -> std::result::Result<(), String> {
    let client = match client {
        Some(client) => client,
        None => client.insert(
            Client::connect(address)
                .await
                .map_err(|error| error.to_string())?,
        ),
    };
    let start = Instant::now();
    let answer = if stream {
        let mut events = record::Events::new(start, window);
        let answer = client.ask(question, |piece| events.see(piece)).await;
        let answer = answer.map_err(|error| error.to_string())?;
        events.finish(record)?;
        answer
    } else {
        let answer = client.ask(question, |_| {}).await;
        answer.map_err(|error| error.to_string())?
    };
    if answer.status != 200 || answer.body_bytes == 0 {
        let bytes = answer.body_bytes;
        return Err(format!("status {} with {bytes} bytes", answer.status));
    }
    let end = Instant::now();
    if window.contains(end) {
        record.answer(end - start);
    }
    Ok(())
}

/// A chat completion as an SDK sends it.
fn question(settings: &Settings) -> Vec<u8> {
    let Settings { address, key, .. } = settings;
    let body = crate::contender::chat(&settings.model, settings.stream);
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
         Accept: application/json\r\nContent-Type: application/json\r\n\
         User-Agent: understudy-bench\r\nContent-Length: {length}\r\n\r\n{body}",
        path = crate::contender::CHAT_PATH,
    )
    .into_bytes()
}
