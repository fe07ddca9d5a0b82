//! Between the checks of this replica and those of the others: what is checked here, what others found, what they are told.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, oneshot, watch};
use understudy_shared::{ModelInstanceId, ReasonCode};
use uuid::Uuid;

use super::finding::{Finding, Verdict};
use super::schedule::Duty;
use crate::gateway::breaker::attempt::Lane;
use crate::gateway::breaker::tally::Tally;
use crate::gateway::checks::Walked;
use crate::gateway::snapshot::{Instance, Snapshot};

/// How long a record waits for the instance that it is about: the change that made it may be on its way.
const PATIENCE: TimeDelta = TimeDelta::seconds(60);
/// After which it is asked again whether a check may be paid for, if nobody could say.
const ASK_AGAIN: Duration = Duration::from_secs(10);
/// Longest reason that is shared.
const REASON: usize = 300;

/// What this replica is among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nobody has looked yet who leads.
    New,
    /// It makes the checks, and tells the others.
    Leader,
    /// Another one does.
    Follower,
    /// Nobody knows, since the database is away: it makes its own, but none that costs money.
    Alone,
}

/// Whether a check may be made that costs money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// It may, and it counts as made.
    Granted,
    /// Not before so long.
    In(Duration),
}

/// Somebody wants to pay for a check of this instance, and waits for the answer.
pub type Application = (ModelInstanceId, oneshot::Sender<Permit>);

impl Role {
    fn duty(self) -> Duty {
        match self {
            Self::Leader => Duty {
                all: true,
                may_pay: true,
            },
            Self::New | Self::Follower => Duty {
                all: false,
                may_pay: false,
            },
            Self::Alone => Duty {
                all: true,
                may_pay: false,
            },
        }
    }
}

/// A check, as it is shared.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The replica that made it.
    origin: Uuid,
    /// The instance's version at that time. Tokens and proxies go by their places, so it must be the same.
    version: i64,
    at: DateTime<Utc>,
    verdict: Verdict,
    code: String,
    reason: String,
    took_ms: u64,
    with_token: bool,
    token: usize,
    proxy: Option<usize>,
    refused: Vec<usize>,
    dead: Vec<usize>,
    tally: Tally,
}

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

#[derive(Debug)]
struct Papers {
    role: Role,
    /// What others found, until the checks learn of it.
    incoming: HashMap<ModelInstanceId, Record>,
    /// What was found here, until the others are told.
    outgoing: HashMap<ModelInstanceId, Record>,
    /// Checks that wait for their permit.
    applications: Vec<Application>,
}

/// Between the checks and the other replicas.
#[derive(Debug)]
pub struct Desk {
    /// This process.
    origin: Uuid,
    papers: Mutex<Papers>,
    duty: watch::Sender<Duty>,
    heard: Notify,
    told: Notify,
}

impl Default for Desk {
    fn default() -> Self {
        let role = Role::New;
        Self {
            origin: Uuid::now_v7(),
            papers: Mutex::new(Papers {
                role,
                incoming: HashMap::new(),
                outgoing: HashMap::new(),
                applications: Vec::new(),
            }),
            duty: watch::Sender::new(role.duty()),
            heard: Notify::new(),
            told: Notify::new(),
        }
    }
}

impl Desk {
    fn papers(&self) -> MutexGuard<'_, Papers> {
        self.papers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this replica checks.
    pub fn duty(&self) -> watch::Receiver<Duty> {
        self.duty.subscribe()
    }

    /// What this replica is.
    pub fn role(&self) -> Role {
        self.papers().role
    }

    /// From now on it is this. Gives what it was.
    pub fn become_(&self, role: Role) -> Role {
        let mut papers = self.papers();
        let was = mem::replace(&mut papers.role, role);
        if role != Role::Leader {
            papers.outgoing.clear();
            // Whoever waits learns that nobody can say.
            papers.applications.clear();
        }
        drop(papers);
        let duty = role.duty();
        self.duty
            .send_if_modified(|known| mem::replace(known, duty) != duty);
        was
    }

    /// Returns when there is something to take.
    pub async fn heard(&self) {
        self.heard.notified().await;
    }

    /// Whether a check of this instance may be paid for. Only the leader may, and only the database knows when the last one was.
    pub async fn permit(&self, id: ModelInstanceId) -> Permit {
        let answered = {
            let mut papers = self.papers();
            if papers.role != Role::Leader {
                return Permit::In(ASK_AGAIN);
            }
            let (answer, answered) = oneshot::channel();
            papers.applications.push((id, answer));
            answered
        };
        self.told.notify_one();
        answered.await.unwrap_or(Permit::In(ASK_AGAIN))
    }

    /// Whoever waits for a permit.
    pub fn applications(&self) -> Vec<Application> {
        mem::take(&mut self.papers().applications)
    }

    /// Returns when there is something to send, or somebody waits for a permit.
    pub async fn told(&self) {
        self.told.notified().await;
    }

    /// What others found since the last call, as far as this replica knows the instances.
    pub fn take(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> Vec<Heard> {
        let mut papers = self.papers();
        let mut taken = Vec::new();
        papers.incoming.retain(|id, record| {
            let version = snapshot.instance(*id).map(|instance| instance.version);
            match version {
                Some(version) if version >= record.version => {
                    taken.push(record.heard(*id, version));
                    false
                }
                // The change is on its way, or the instance is gone.
                _ => now - record.at < PATIENCE,
            }
        });
        taken
    }

    /// Another replica, or this one long ago, has written this.
    pub fn receive(&self, id: ModelInstanceId, record: &str) {
        match serde_json::from_str::<Record>(record) {
            Ok(record) if record.origin != self.origin => {
                self.papers().incoming.insert(id, record);
                self.heard.notify_one();
            }
            Ok(_) => {}
            // Of another version of the service, which is being replaced.
            Err(error) => tracing::debug!(%error, "a shared check cannot be read"),
        }
    }

    /// Tells the others what was found, if they rely on this replica.
    pub fn tell(&self, instance: &Instance, finding: &Finding, tally: Tally, at: DateTime<Utc>) {
        let mut papers = self.papers();
        if papers.role != Role::Leader {
            return;
        }
        let record = Record {
            origin: self.origin,
            version: instance.version,
            at,
            verdict: finding.verdict,
            code: finding.code.to_string(),
            reason: finding.reason.chars().take(REASON).collect(),
            took_ms: u64::try_from(finding.took.as_millis()).unwrap_or(u64::MAX),
            with_token: finding.with_token,
            token: finding.walked.lane.token,
            proxy: finding.walked.lane.proxy,
            refused: finding.walked.refused.clone(),
            dead: finding.walked.dead.clone(),
            tally,
        };
        papers.outgoing.insert(instance.connection.id, record);
        drop(papers);
        self.told.notify_one();
    }

    /// What the others are to be told, as a JSON array. None if there is nothing.
    pub fn send(&self) -> Option<String> {
        let outgoing = mem::take(&mut self.papers().outgoing);
        let news: Vec<_> = outgoing
            .iter()
            .map(|(id, record)| serde_json::json!({"id": id, "record": record}))
            .collect();
        (!news.is_empty()).then(|| serde_json::Value::from(news).to_string())
    }
}

impl Record {
    fn heard(&self, id: ModelInstanceId, version: i64) -> Heard {
        let record = self.clone();
        Heard {
            id,
            at: record.at,
            is_current: record.version == version,
            finding: Finding {
                verdict: record.verdict,
                code: ReasonCode::named(&record.code).unwrap_or(ReasonCode::Down),
                reason: record.reason,
                took: Duration::from_millis(record.took_ms),
                with_token: record.with_token,
                walked: Walked {
                    lane: Lane {
                        token: record.token,
                        proxy: record.proxy,
                    },
                    refused: record.refused,
                    dead: record.dead,
                },
            },
            tally: record.tally,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const WAIT: Permit = Permit::In(ASK_AGAIN);

    #[tokio::test]
    async fn only_the_leader_may_pay_and_only_as_long_as_it_leads() {
        let desk = Desk::default();
        let id = ModelInstanceId(Uuid::from_u128(1));
        for role in [Role::New, Role::Follower, Role::Alone] {
            desk.become_(role);
            assert!(!role.duty().may_pay, "{role:?}");
            assert_eq!(desk.permit(id).await, WAIT, "{role:?}");
        }
        desk.become_(Role::Leader);
        let mut permit = Box::pin(desk.permit(id));
        assert_eq!(permit.as_mut().now_or_never(), None);
        for (asked, answer) in desk.applications() {
            assert_eq!(asked, id);
            assert_eq!(answer.send(Permit::Granted), Ok(()));
        }
        assert_eq!(permit.await, Permit::Granted);
        let mut permit = Box::pin(desk.permit(id));
        assert_eq!(permit.as_mut().now_or_never(), None);
        desk.become_(Role::Alone);
        assert_eq!(permit.await, WAIT, "the database went away");
        assert!(desk.applications().is_empty());
    }
}
