//! The log: where it goes, how much of it there is, and what is not said twice.
//!
//! The rule: what a caller, a backend or an operator does is told by us, once, at the level that it deserves. An `ERROR` is a fault of
//! this service.

use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::LogFormat;
use crate::gateway::stream::BrokenOff;

/// What is logged unless `RUST_LOG` says otherwise. The HTTP server's own start and stop are told by ours.
const DEFAULT: &str = "info,actix_server=warn";
/// Where the HTTP server tells of bodies that it could not send to their end.
const BODIES: &str = "actix_http::h1::dispatcher";

/// Begins to log to standard error; `RUST_LOG` says how much. What is wrong with the environment is told to people.
pub fn start<E>(format: Result<LogFormat, E>) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        Ok(LogFormat::Json) => log.json().flatten_event(true).finish().with(Once).init(),
        _ => log
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .finish()
            .with(Once)
            .init(),
    }
}

/// What the HTTP server says, as a fault, of bytes that are no request: anybody could fill the log with it. They are answered with 400.
const NO_REQUEST: &str = "stream error: request parse error";

/// Leaves out what is nobody's fault here, and what was told already: that a body ends with an error is how sound is broken off on purpose, and the request's own line
/// says it. The HTTP server cannot know that, and takes it for a fault.
struct Once;

impl<S: Subscriber> Layer<S> for Once {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() != Level::ERROR || metadata.target() != BODIES {
            return true;
        }
        let mut message = Message::default();
        event.record(&mut message);
        !message.0.starts_with(NO_REQUEST) && !message.0.contains(&format!("{BrokenOff:?}"))
    }
}

/// What an event says.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing to a string does not fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}
