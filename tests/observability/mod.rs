//! What one sees of the service from outside: its metrics, its log, the ids of requests, its traces.

mod log;
mod metrics;
mod scraping;
mod traces;

use std::collections::BTreeMap;

use crate::support::client::Client;
use crate::support::wait::{SOON, until};

/// Path of the metrics.
pub const METRICS: &str = "/metrics";

/// What was scraped: the value of each series.
#[derive(Debug)]
pub struct Scrape {
    /// The text.
    pub text: String,
}

impl Scrape {
    /// Scrapes with this credential.
    pub async fn with(client: &Client) -> Self {
        let answer = client.get(METRICS).await.expect(200);
        Self {
            text: answer.text().to_owned(),
        }
    }

    /// The value of the one series of this name that has these labels, among others.
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut found = self.all(name).into_iter().filter(|(known, _)| {
            labels
                .iter()
                .all(|(label, value)| known.get(*label).is_some_and(|known| known == value))
        });
        let (_, value) = found.next()?;
        assert!(found.next().is_none(), "several series of {name}{labels:?}");
        Some(value)
    }

    /// All series of this name.
    pub fn all(&self, name: &str) -> Vec<(BTreeMap<String, String>, f64)> {
        let of = |line: &str| {
            let rest = line.strip_prefix(name)?;
            let (labels, value) = match rest.strip_prefix('{') {
                Some(labelled) => labelled.rsplit_once("} ")?,
                None => ("", rest.strip_prefix(' ')?),
            };
            // Names in these tests have no quotes; those that have are read by a strict parser.
            let labels = labels.split("\",").filter(|label| !label.is_empty());
            let labels = labels.map(|label| {
                let (name, value) = label.split_once("=\"").expect("a label");
                (name.to_owned(), value.trim_end_matches('"').to_owned())
            });
            Some((labels.collect(), value.parse().expect("a number")))
        };
        self.text.lines().filter_map(of).collect()
    }
}

/// Scrapes until a series has a value: what is counted when a request ends is counted a moment after its caller knows.
pub async fn until_series(client: &Client, name: &str, labels: &[(&str, &str)], value: f64) {
    let what = format!("{name}{labels:?} is {value}");
    until(SOON, &what, async || {
        let scrape = Scrape::with(client).await;
        (scrape.get(name, labels) == Some(value)).then_some(())
    })
    .await;
}
