//! What is known of all instances, groups and keys, and what is shown of it.
//!
//! Keyed by instance: it outlives reloads of the configuration and is dropped when the connection settings change, since then
//! nothing that was learnt is true of the new ones.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use understudy_shared::{
    ApiKeyId, CheckCode, CheckResult, InstanceState, InstanceStatus, ModelGroupId, ModelInstanceId,
    ReasonCode,
};

use super::health::{Health, Last};
use super::judge::judge;
use crate::domain::model_instance::{Connection, Drill};
use crate::gateway::budget::Budget;
use crate::gateway::checks::Walked;
use crate::gateway::counts::Counts;
use crate::gateway::key_use::KeyUse;
use crate::gateway::surroundings::{Real, Surroundings};
use crate::gateway::watch::alarm::{Alarm, Alarms};
use crate::usage::Ledger;

/// What is known of all instances, groups and keys.
#[derive(Debug)]
pub struct Board {
    instances: RwLock<HashMap<ModelInstanceId, Arc<Health>>>,
    budgets: RwLock<HashMap<ModelGroupId, Arc<Budget>>>,
    keys: RwLock<HashMap<ApiKeyId, Arc<KeyUse>>>,
    ledger: Arc<Ledger>,
    counts: Counts,
    surroundings: Arc<dyn Surroundings>,
    alarms: Arc<Alarms>,
}

impl Default for Board {
    fn default() -> Self {
        Self::new(Arc::new(Real))
    }
}

impl Board {
    /// A board on which nothing is known yet.
    pub fn new(surroundings: Arc<dyn Surroundings>) -> Self {
        Self {
            instances: RwLock::default(),
            budgets: RwLock::default(),
            keys: RwLock::default(),
            ledger: Arc::default(),
            counts: Counts::default(),
            surroundings,
            alarms: Arc::default(),
        }
    }

    /// The same, with another ledger.
    pub fn with_ledger(self, ledger: Ledger) -> Self {
        Self {
            ledger: Arc::new(ledger),
            ..self
        }
    }

    /// Time and chance.
    pub fn surroundings(&self) -> &Arc<dyn Surroundings> {
        &self.surroundings
    }

    /// What is counted.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Instances that somebody should look at: a request failed.
    pub fn alarms(&self) -> &Arc<Alarms> {
        &self.alarms
    }

    /// The record of an instance with these connection settings; a fresh one if they changed.
    pub fn entry(&self, connection: &Connection, settings: u64) -> Arc<Health> {
        let fresh = || {
            let surroundings = Arc::clone(&self.surroundings);
            let alarm = Alarm::new(connection.id, Arc::clone(&self.alarms));
            Arc::new(Health::new(connection, settings, surroundings, alarm))
        };
        let mut entries = write(&self.instances);
        let entry = entries.entry(connection.id).or_insert_with(fresh);
        if entry.settings != settings {
            *entry = fresh();
        }
        Arc::clone(entry)
    }

    /// The retry budget of a group.
    pub fn budget(&self, id: ModelGroupId) -> Arc<Budget> {
        let fresh = || Arc::new(Budget::new(self.surroundings.now()));
        Arc::clone(write(&self.budgets).entry(id).or_insert_with(fresh))
    }

    /// What is known of a key.
    pub fn key(&self, id: ApiKeyId) -> Arc<KeyUse> {
        Arc::clone(write(&self.keys).entry(id).or_default())
    }

    /// Where requests are told, once they are over.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Forgets keys that are no more.
    pub fn retain_keys(&self, key: impl Fn(ApiKeyId) -> bool) {
        write(&self.keys).retain(|id, _| key(*id));
    }

    /// Forgets instances and groups that are no more.
    pub fn retain(
        &self,
        instance: impl Fn(ModelInstanceId) -> bool,
        group: impl Fn(ModelGroupId) -> bool,
    ) {
        write(&self.instances).retain(|id, _| instance(*id));
        write(&self.budgets).retain(|id, _| group(*id));
        self.counts.retain(instance, group);
    }

    fn find(&self, id: ModelInstanceId) -> Option<Arc<Health>> {
        let entries = self.instances.read();
        entries
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    /// Learns from a check that somebody asked for, and from its way through the pools.
    pub fn checked(&self, id: ModelInstanceId, result: &CheckResult, walked: &Walked) {
        let Some(health) = self.find(id) else { return };
        self.counts.instance(id).checked(result.ok);
        let fraction = self.surroundings.fraction();
        health.learn(|known, now| {
            for token in &walked.refused {
                known.tokens.refused(*token);
            }
            for proxy in &walked.dead {
                known.proxies.failed(*proxy, now, fraction);
            }
            if result.ok {
                known.last = Last::CheckPassed;
                known.last_error = None;
                known.breaker.check_passed(now);
                known.checks.answered();
                if result.code == CheckCode::Unverified {
                    known.tokens.forgive();
                } else {
                    known.tokens.verified(walked.lane.token);
                }
                if let Some(proxy) = walked.lane.proxy {
                    known.proxies.worked(proxy);
                }
                health.measured(known, Duration::from_millis(result.duration_ms));
                return;
            }
            known.last_error = Some(result.reason.clone());
            // Only this status is about tokens alone: they are out, and nothing else is wrong.
            let refused = matches!(
                result.code,
                CheckCode::TokenRefused { status: 401 } | CheckCode::TokenRequired { status: 401 }
            );
            if !refused {
                known.last = Last::Failed(ReasonCode::Down);
                known.breaker.check_failed(now);
            }
        });
    }

    /// What is shown of an instance. `since` is when its configuration last changed.
    pub fn status(
        &self,
        id: ModelInstanceId,
        enabled: bool,
        drill: Option<Drill>,
        since: DateTime<Utc>,
    ) -> InstanceStatus {
        let now = self.surroundings.now();
        let health = self.find(id);
        let known = health.as_deref().map(Health::known);
        let known = known.as_deref();
        let mut status = InstanceStatus {
            state: InstanceState::Unknown,
            since,
            checked_at: known.and_then(|known| known.seen_at),
            latency_ms: known
                .and_then(|known| known.latency)
                .map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
            in_flight: health.as_deref().map_or(0, Health::in_flight),
            last_error: known.and_then(|known| known.last_error.clone()),
            reason: "nobody has asked it yet".to_owned(),
            code: ReasonCode::NotAsked.to_string(),
            retry_at: None,
        };
        if !enabled {
            status.state = InstanceState::Disabled;
            status.code = ReasonCode::Disabled.to_string();
            "it is paused".clone_into(&mut status.reason);
            return status;
        }
        if let Some(drill) = drill.filter(|drill| drill.is_on(now.utc())) {
            status.state = InstanceState::Drilled;
            status.code = ReasonCode::Drilled.to_string();
            "somebody pretends that it is down".clone_into(&mut status.reason);
            status.since = drill.since;
            status.retry_at = Some(drill.until);
            return status;
        }
        let Some(known) = known else { return status };
        let judged = judge(known, now);
        let ended = [known.breaker.cooling_until(), known.tokens.last_pause()];
        status.since = if judged.state == known.shown {
            known.since.unwrap_or(since)
        } else {
            // Nothing happened since but that a pause ended.
            let ended = ended.into_iter().flatten().filter(|end| end.has_come(now));
            let ended = ended.map(|end| end.utc()).max();
            ended.or(known.since).unwrap_or(since)
        };
        status.state = judged.state;
        status.code = judged.code.to_string();
        status.reason = match &known.last_error {
            Some(error) if judged.because => format!("{}: {error}", judged.text),
            _ => judged.text.into_owned(),
        };
        status.retry_at = judged.retry_at;
        status
    }
}

fn write<K: Eq + Hash, V>(
    map: &RwLock<HashMap<K, V>>,
) -> std::sync::RwLockWriteGuard<'_, HashMap<K, V>> {
    map.write().unwrap_or_else(PoisonError::into_inner)
}
