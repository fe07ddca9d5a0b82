//! The mock: a backend that answers at once, so that what is measured is the way to it.
//!
//! It speaks the OpenAI protocol over HTTP/1.1 keep-alive: `/v1/models`, and for every `POST` the same completion, as one JSON
//! answer or, when the request says `"stream": true`, as events at a steady pace. It is a process of its own, so that its cost
//! is not taken for a proxy's.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{MissedTickBehavior, interval};

use crate::failure::{Context, Result};
use crate::http::{Framing, READ_BUFFER};

mod answers;
mod request;

use answers::Answers;
pub use answers::{MODEL, SAYS};
use request::Asked;
pub use request::FAILING_PATH;

/// What the mock announces itself with.
pub const LISTENING: &str = "listening on http://";

/// How the mock answers.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Threads that answer.
    pub threads: usize,
    /// Events with content in a stream.
    pub events: u32,
    /// Time between two of them.
    pub pace: Duration,
}

/// Answers until the process is ended.
pub fn run(settings: Settings) -> Result<()> {
    let runtime = match settings.threads {
        0 | 1 => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build(),
        threads => tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build(),
    };
    runtime
        .context(|| "start the runtime".to_owned())?
        .block_on(serve(settings))
}

async fn serve(settings: Settings) -> Result<()> {
    let listener = TcpListener::bind(settings.listen)
        .await
        .context(|| format!("listen on {}", settings.listen))?;
    let address = listener
        .local_addr()
        .context(|| "learn its own address".to_owned())?;
    let mut stdout = io::stdout();
    writeln!(stdout, "{LISTENING}{address}")
        .and_then(|()| stdout.flush())
        .context(|| "say where it listens".to_owned())?;
    let answers = Arc::new(Answers::new(settings.events, settings.pace));
    loop {
        let (stream, _) = listener
            .accept()
            .await
            .context(|| "accept a connection".to_owned())?;
        let answers = Arc::clone(&answers);
        tokio::spawn(async move {
            // A caller who goes away in the middle of an answer is none of the mock's business.
            let _ = converse(stream, &answers).await;
        });
    }
}

/// One connection: question, answer, question, answer.
async fn converse(mut stream: TcpStream, answers: &Answers) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = BytesMut::with_capacity(READ_BUFFER);
    loop {
        let Some((asked, length)) = request::read(&buffer)? else {
            buffer.reserve(READ_BUFFER);
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            continue;
        };
        buffer.advance(length);
        match asked {
            Asked::Completion => stream.write_all(&answers.completion).await?,
            Asked::Failure => stream.write_all(&answers.unavailable).await?,
            Asked::Models => stream.write_all(&answers.models).await?,
            Asked::Health => stream.write_all(&answers.health).await?,
            Asked::SomethingElse => stream.write_all(&answers.not_found).await?,
            Asked::Stream => tell(&mut stream, answers).await?,
        }
    }
}

/// A stream: the first event at once, the others at their pace, the end together with the last.
async fn tell(stream: &mut TcpStream, answers: &Answers) -> io::Result<()> {
    stream.write_all(&answers.stream_head).await?;
    stream.write_all(&answers.event).await?;
    let mut pace = interval(answers.pace);
    // A late event is late for all that follow: bursts would hide what a proxy adds.
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace.tick().await;
    for _ in 1..answers.events {
        pace.tick().await;
        stream.write_all(&answers.event).await?;
    }
    stream.write_all(&answers.stream_end).await
}
