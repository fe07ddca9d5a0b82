//! What this replica checks, and what it tells the others.

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, watch};
use understudy_shared::ModelInstanceId;

use super::finding::Finding;
use super::schedule::Duty;
use crate::gateway::breaker::tally::Tally;
use crate::gateway::snapshot::{Instance, Snapshot};

/// A check that another replica made.
#[derive(Debug)]
pub struct Heard {
    /// The instance.
    pub id: ModelInstanceId,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Whether the instance is still configured as it was then.
    pub is_current: bool,
    /// What it found.
    pub finding: Finding,
    /// What that replica has counted.
    pub tally: Tally,
}

/// Between the checks and the other replicas.
#[derive(Debug)]
pub struct Desk {
    duty: watch::Sender<Duty>,
    heard: Notify,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            duty: watch::Sender::new(Duty {
                all: true,
                may_pay: true,
            }),
            heard: Notify::new(),
        }
    }
}

impl Desk {
    /// What this replica checks.
    pub fn duty(&self) -> watch::Receiver<Duty> {
        self.duty.subscribe()
    }

    /// Returns when there is something to take.
    pub async fn heard(&self) {
        self.heard.notified().await;
    }

    /// What others found since the last call.
    pub fn take(&self, _: &Snapshot) -> Vec<Heard> {
        Vec::new()
    }

    /// Tells the others what was found.
    pub fn tell(&self, _: &Instance, _: &Finding, _: Tally) {}
}
