//! What is known of each instance from its requests and checks.
//!
//! Keyed by instance: it outlives reloads of the configuration and is dropped when the connection settings change, since then
//! nothing that was learnt is true of the new ones. Every attempt reports once, by a guard; an attempt that is dropped without
//! a verdict (its caller left) counts for and against nobody.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use understudy_shared::{CheckResult, InstanceState, InstanceStatus, ModelInstanceId, ReasonCode};

use crate::domain::model_instance::Drill;

/// A failure older than this says nothing about now: nobody has asked since.
const FAILURE_IS_NEWS: TimeDelta = TimeDelta::seconds(30);

/// What the last request or check said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passive {
    /// Nobody has asked yet, or the news is old.
    Unknown,
    /// It answered.
    Up,
    /// It failed.
    Down,
    /// It refused the token.
    AuthFailed,
}

#[derive(Debug)]
struct Known {
    passive: Passive,
    code: ReasonCode,
    since: Option<DateTime<Utc>>,
    seen_at: Option<DateTime<Utc>>,
    latency: Option<Duration>,
    last_error: Option<String>,
}

/// What is known of one instance.
#[derive(Debug)]
pub struct Health {
    settings: u64,
    in_flight: AtomicU32,
    known: Mutex<Known>,
}

impl Health {
    fn new(settings: u64) -> Self {
        let known = Known {
            passive: Passive::Unknown,
            code: ReasonCode::NotAsked,
            since: None,
            seen_at: None,
            latency: None,
            last_error: None,
        };
        Self {
            settings,
            in_flight: AtomicU32::new(0),
            known: Mutex::new(known),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Every update is complete in itself, so what a panicking thread left behind is usable.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an attempt.
    pub fn begin(self: &Arc<Self>) -> Attempt {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Attempt(Arc::clone(self))
    }

    fn learn(
        &self,
        passive: Option<(Passive, ReasonCode)>,
        error: Option<String>,
        latency: Option<Duration>,
        now: DateTime<Utc>,
    ) {
        // As precise as everything that is stored, so that all times look alike.
        let now = now.trunc_subsecs(6);
        let mut known = self.known();
        if let Some((passive, code)) = passive {
            known.code = code;
            if known.passive != passive {
                known.passive = passive;
                known.since = Some(now);
            }
            if passive == Passive::Up {
                known.last_error = None;
            }
        }
        known.seen_at = Some(now);
        if latency.is_some() {
            known.latency = latency;
        }
        if error.is_some() {
            known.last_error = error;
        }
    }
}

/// One attempt at one instance. Report its outcome; dropping it ends it.
#[derive(Debug)]
pub struct Attempt(Arc<Health>);

impl Attempt {
    /// It answered; so long until its first content.
    pub fn succeeded(self, first_byte: Duration) {
        let up = (Passive::Up, ReasonCode::Answered);
        self.0.learn(Some(up), None, Some(first_byte), Utc::now());
    }

    /// It failed, and that counts.
    pub fn failed(self, code: ReasonCode, reason: &str) {
        self.0.learn(
            Some((Passive::Down, code)),
            Some(reason.to_owned()),
            None,
            Utc::now(),
        );
    }

    /// It refused the token.
    pub fn refused_token(self, reason: &str) {
        self.0.learn(
            Some((Passive::AuthFailed, ReasonCode::AuthFailed)),
            Some(reason.to_owned()),
            None,
            Utc::now(),
        );
    }

    /// It did not answer, for a reason that does not make it a failed instance.
    pub fn declined(self, reason: &str) {
        self.0
            .learn(None, Some(reason.to_owned()), None, Utc::now());
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is known of all instances.
#[derive(Debug, Default)]
pub struct Board(RwLock<HashMap<ModelInstanceId, Arc<Health>>>);

impl Board {
    /// The record of an instance with these connection settings; a fresh one if they changed.
    pub fn entry(&self, id: ModelInstanceId, settings: u64) -> Arc<Health> {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let entry = entries
            .entry(id)
            .or_insert_with(|| Arc::new(Health::new(settings)));
        if entry.settings != settings {
            *entry = Arc::new(Health::new(settings));
        }
        Arc::clone(entry)
    }

    /// Forgets instances that are no more.
    pub fn retain(&self, exists: impl Fn(ModelInstanceId) -> bool) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|id, _| exists(*id));
    }

    fn find(&self, id: ModelInstanceId) -> Option<Arc<Health>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    /// What the last request or check said, if that is still news, and the error that goes with it.
    pub fn passive(&self, id: ModelInstanceId, now: DateTime<Utc>) -> (Passive, Option<String>) {
        let Some(health) = self.find(id) else {
            return (Passive::Unknown, None);
        };
        let known = health.known();
        (fresh(&known, now), known.last_error.clone())
    }

    /// Learns from a check that somebody asked for.
    pub fn checked(&self, id: ModelInstanceId, result: &CheckResult, now: DateTime<Utc>) {
        let Some(health) = self.find(id) else { return };
        let (passive, error) = if result.ok {
            ((Passive::Up, ReasonCode::CheckPassed), None)
        } else {
            let down = (Passive::Down, ReasonCode::Down);
            (down, Some(result.reason.clone()))
        };
        health.learn(
            Some(passive),
            error,
            Some(Duration::from_millis(result.duration_ms)),
            now,
        );
    }

    /// What is shown of an instance. `since` is when its configuration last changed.
    pub fn status(
        &self,
        id: ModelInstanceId,
        enabled: bool,
        drill: Option<Drill>,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> InstanceStatus {
        let health = self.find(id);
        let known = health.as_deref().map(Health::known);
        let known = known.as_deref();
        let last_error = known.and_then(|known| known.last_error.clone());
        let drill = drill.filter(|drill| drill.is_on(now));
        let (state, code, reason) = if !enabled {
            let reason = "it is paused".to_owned();
            (InstanceState::Disabled, ReasonCode::Disabled, reason)
        } else if drill.is_some() {
            let reason = "somebody pretends that it is down".to_owned();
            (InstanceState::Drilled, ReasonCode::Drilled, reason)
        } else {
            judge(known, now)
        };
        let changed = match (drill, known) {
            _ if !enabled => None,
            (Some(drill), _) => Some(drill.since),
            (None, known) => known.and_then(|known| known.since),
        };
        InstanceStatus {
            state,
            since: changed.unwrap_or(since),
            checked_at: known.and_then(|known| known.seen_at),
            latency_ms: known
                .and_then(|known| known.latency)
                .map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
            in_flight: health
                .as_deref()
                .map_or(0, |health| health.in_flight.load(Ordering::Relaxed)),
            last_error,
            reason,
            code: code.to_string(),
            retry_at: drill.filter(|_| enabled).map(|drill| drill.until),
        }
    }
}

/// What was last seen of an instance, as state, code and plain words.
fn judge(known: Option<&Known>, now: DateTime<Utc>) -> (InstanceState, ReasonCode, String) {
    let Some(known) = known else {
        let reason = "nobody has asked it yet".to_owned();
        return (InstanceState::Unknown, ReasonCode::NotAsked, reason);
    };
    let because = |text: &str| match &known.last_error {
        Some(error) => format!("{text}: {error}"),
        None => text.to_owned(),
    };
    let (state, code, reason) = match fresh(known, now) {
        Passive::Up if known.code == ReasonCode::CheckPassed => (
            InstanceState::Up,
            known.code,
            "it passed its last check".to_owned(),
        ),
        Passive::Up => (
            InstanceState::Up,
            known.code,
            "it answered when it was last asked".to_owned(),
        ),
        Passive::Down => (
            InstanceState::Down,
            known.code,
            because("it failed when it was last asked"),
        ),
        Passive::AuthFailed => (
            InstanceState::AuthFailed,
            known.code,
            because("it refuses its token"),
        ),
        Passive::Unknown if known.seen_at.is_some() => (
            InstanceState::Unknown,
            ReasonCode::Stale,
            because("nobody has asked it for a while"),
        ),
        Passive::Unknown => (
            InstanceState::Unknown,
            ReasonCode::NotAsked,
            "nobody has asked it yet".to_owned(),
        ),
    };
    (state, code, reason)
}

/// A failure is forgotten after a while: until active checks ask again, only a request can find out.
fn fresh(known: &Known, now: DateTime<Utc>) -> Passive {
    match (known.passive, known.seen_at) {
        (Passive::Down | Passive::AuthFailed, Some(at)) if now - at > FAILURE_IS_NEWS => {
            Passive::Unknown
        }
        (passive, _) => passive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id() -> ModelInstanceId {
        ModelInstanceId(Uuid::now_v7())
    }

    #[test]
    fn an_attempt_that_is_dropped_counts_against_nobody() {
        let board = Board::default();
        let id = id();
        let attempt = board.entry(id, 1).begin();
        assert_eq!(
            board
                .status(id, true, None, Utc::now(), Utc::now())
                .in_flight,
            1
        );
        drop(attempt);
        let status = board.status(id, true, None, Utc::now(), Utc::now());
        assert_eq!(
            (status.in_flight, status.state),
            (0, InstanceState::Unknown)
        );
    }

    #[test]
    fn a_failure_is_news_for_a_while_only() {
        let board = Board::default();
        let id = id();
        board
            .entry(id, 1)
            .begin()
            .failed(ReasonCode::ConnectFailed, "connection refused");
        let now = Utc::now();
        assert_eq!(
            board.status(id, true, None, now, now).state,
            InstanceState::Down
        );
        let later = board.status(id, true, None, now, now + TimeDelta::seconds(31));
        assert_eq!(later.state, InstanceState::Unknown);
        assert!(later.reason.contains("connection refused"));
        assert_eq!(later.code, "stale");
    }

    #[test]
    fn a_drill_is_shown_until_it_ends_and_a_paused_instance_stays_disabled() {
        let board = Board::default();
        let id = id();
        let now = Utc::now();
        board.entry(id, 1).begin().succeeded(Duration::ZERO);
        let drill = Drill {
            since: now,
            until: now + TimeDelta::seconds(120),
        };
        let at = |enabled, seconds| {
            let when = now + TimeDelta::seconds(seconds);
            board.status(id, enabled, Some(drill), now, when)
        };
        let during = at(true, 119);
        assert_eq!(
            (during.state, during.code.as_str()),
            (InstanceState::Drilled, "drilled")
        );
        assert_eq!(
            (during.since, during.retry_at),
            (drill.since, Some(drill.until))
        );
        let after = at(true, 120);
        assert_eq!(
            (after.state, after.code.as_str()),
            (InstanceState::Up, "answered")
        );
        assert_eq!(after.retry_at, None);
        let paused = at(false, 0);
        assert_eq!(
            (paused.state, paused.retry_at),
            (InstanceState::Disabled, None)
        );
    }

    #[test]
    fn the_code_of_a_state_says_how_it_came_about() {
        let board = Board::default();
        let id = id();
        let code = || {
            let now = Utc::now();
            board.status(id, true, None, now, now).code
        };
        let health = board.entry(id, 1);
        assert_eq!(code(), "not_asked");
        health
            .begin()
            .failed(ReasonCode::Http(503), "it is unavailable (HTTP 503)");
        assert_eq!(code(), "http_503");
        health.begin().refused_token("it refuses its token");
        assert_eq!(code(), "auth_failed");
        health.begin().succeeded(Duration::ZERO);
        assert_eq!(code(), "answered");
    }

    #[test]
    fn what_was_learnt_is_dropped_when_the_connection_settings_change() {
        let board = Board::default();
        let id = id();
        board
            .entry(id, 1)
            .begin()
            .failed(ReasonCode::ConnectFailed, "refused");
        assert_eq!(board.passive(id, Utc::now()).0, Passive::Down);
        board.entry(id, 1);
        assert_eq!(board.passive(id, Utc::now()).0, Passive::Down);
        board.entry(id, 2);
        assert_eq!(board.passive(id, Utc::now()).0, Passive::Unknown);
    }

    #[test]
    fn a_paused_instance_is_disabled_whatever_it_did() {
        let board = Board::default();
        let id = id();
        board
            .entry(id, 1)
            .begin()
            .succeeded(Duration::from_millis(7));
        let status = board.status(id, false, None, Utc::now(), Utc::now());
        assert_eq!(
            (status.state, status.latency_ms),
            (InstanceState::Disabled, Some(7))
        );
    }
}
