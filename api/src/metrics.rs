//! What `/metrics` prints, for Prometheus.
//!
//! | module | does |
//! |---|---|
//! | [`page`] | one family of numbers after the other |
//! | [`gateway`] | groups, instances, the configuration |
//! | [`process`] | memory, time, files of the process |
//! | [`classic`] | the older of the two text forms |
//! | [`listener`] | `/metrics` on a listener of its own |
//!
//! The rules: what is printed is gathered when somebody asks, from numbers that are counted anyway ([`crate::gateway::counts`]). Labels
//! are the names of groups and instances that exist, and words of closed lists; nothing that a caller or a backend sends becomes one.
//! `docs/OBSERVABILITY.md` describes every family, and a test holds it to that.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;

use crate::events::Hub;
use crate::gateway::Gateway;

pub mod classic;
pub mod gateway;
pub mod listener;
pub mod page;
pub mod process;

use page::Page;

/// The text forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// OpenMetrics 1.0, which Prometheus asks for.
    OpenMetrics,
    /// The text form of Prometheus before that, for everybody else.
    Classic,
}

impl Form {
    /// What somebody gets who accepts these media types.
    pub fn accepted(accept: &str) -> Self {
        // Whoever knows the newer form prefers it.
        if accept.contains("application/openmetrics-text") {
            Self::OpenMetrics
        } else {
            Self::Classic
        }
    }

    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// Everything that is printed.
pub struct Metrics(Registry);

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Of this data plane and these events, in a process that began at this moment.
    pub fn new(gateway: Arc<Gateway>, events: Arc<Hub>, began: SystemTime) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Everything {
            gateway,
            events,
            began,
        }));
        Self(registry)
    }

    /// The text.
    ///
    /// # Errors
    /// Never but when a family cannot be written.
    pub fn text(&self, form: Form) -> Result<String, fmt::Error> {
        let mut written = String::new();
        text::encode(&mut written, &self.0)?;
        Ok(match form {
            Form::OpenMetrics => written,
            Form::Classic => classic::from_open_metrics(&written),
        })
    }
}

struct Everything {
    gateway: Arc<Gateway>,
    events: Arc<Hub>,
    began: SystemTime,
}

impl fmt::Debug for Everything {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Everything")
    }
}

impl Collector for Everything {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page::new(encoder);
        page.info(
            "understudy_build",
            "Version of the service",
            [("version", env!("CARGO_PKG_VERSION"))],
        )?;
        gateway::write(&mut page, &self.gateway)?;
        page.gauge(
            "understudy_event_streams",
            "Open streams of live events",
            [([], self.events.clients_open() as f64)],
        )?;
        page.counter(
            "understudy_event_streams_let_go",
            "Streams of live events whose client fell so far behind that events were lost to it",
            [([], self.events.let_go())],
        )?;
        process::write(&mut page, self.began)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prometheus_gets_the_newer_form_and_everybody_else_the_older_one() {
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
        assert_eq!(Form::accepted(prometheus), Form::OpenMetrics);
        for accept in ["", "*/*", "text/plain", "text/html"] {
            assert_eq!(Form::accepted(accept), Form::Classic, "{accept}");
        }
    }
}
