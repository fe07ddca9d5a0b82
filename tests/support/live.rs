//! Listening to live events, strictly: every event has an id, a name and data, and the stream begins as it should.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::Client;
use super::sse::EventStream;
use super::wait::{soon, within};

const EVENTS: &str = "/api/v1/events";

/// One event as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub event: String,
    /// What it says.
    pub data: Value,
}

impl Told {
    /// Whether this is what happened to this resource.
    pub fn is_change(&self, change: &str, id: &str) -> bool {
        self.event == "config.changed" && self.data["change"] == change && self.data["id"] == id
    }

    /// Whether this is the status of this resource.
    pub fn is_status(&self, event: &str, id: &str) -> bool {
        self.event == event && self.data["id"] == id
    }
}

/// Somebody who listens.
#[derive(Debug)]
pub struct Live(EventStream);

impl Live {
    /// Listens from now on. What the stream begins with is checked here.
    pub async fn open(client: &Client) -> Self {
        let mut live = Self::after(client, None).await;
        let first = live.next().await.expect("a first event");
        assert_eq!((first.event.as_str(), &first.data), ("reset", &json!({})));
        live
    }

    /// Goes on after an event.
    pub async fn after(client: &Client, last: Option<&str>) -> Self {
        let mut call = client.get(EVENTS);
        if let Some(last) = last {
            call = call.header("last-event-id", last);
        }
        let opened = call.open().await;
        assert_eq!(opened.status(), 200);
        let mut stream = opened.events();
        assert_eq!(
            stream.next_block().await.as_deref(),
            Some("retry: 2000\n\n")
        );
        Self(stream)
    }

    /// The next event; `None` at the end. Comments are passed over.
    pub async fn next(&mut self) -> Option<Told> {
        loop {
            let block = self.0.next_block().await?;
            let field = |name: &str| {
                let line = block.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap_or_else(|| panic!("no {name:?} in {block:?}"))
                    .to_owned()
            };
            if !block.starts_with(':') {
                return Some(Told {
                    id: field("id: "),
                    event: field("event: "),
                    data: serde_json::from_str(&field("data: ")).unwrap(),
                });
            }
        }
    }

    /// The first event that is like this, and all before it.
    pub async fn all_until(&mut self, what: &str, like: impl Fn(&Told) -> bool) -> Vec<Told> {
        let mut seen = Vec::new();
        let reading = async {
            while !seen.last().is_some_and(&like) {
                let next = self.next().await;
                seen.push(next.unwrap_or_else(|| panic!("the stream ended before {what}")));
            }
        };
        soon(what, reading).await;
        seen
    }

    /// The first event that is like this.
    pub async fn until(&mut self, what: &str, like: impl Fn(&Told) -> bool) -> Told {
        self.all_until(what, like).await.pop().unwrap()
    }

    /// Waits for the end, and gives what came before it.
    pub async fn end(&mut self, bound: Duration) -> Vec<Told> {
        let mut rest = Vec::new();
        let reading = async {
            while let Some(told) = self.next().await {
                rest.push(told);
            }
        };
        within(bound, "the end of the stream", reading).await;
        rest
    }
}
