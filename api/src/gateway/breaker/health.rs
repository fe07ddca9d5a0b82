//! What is known of one instance on this replica, and the way in: who begins an attempt goes through here.
//!
//! One lock, held for a few instructions: once when an attempt begins, once when its outcome is known. While nothing is wrong
//! with an instance, asking whether it may be asked takes no lock at all.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use understudy_shared::{InstanceState, Limits, ProxyState, ReasonCode, TokenState};

use super::attempt::Lane;
use super::block::Block;
use super::gate::{Breaker, Gate, Pass, Why};
use super::judge::judge;
use super::tally::Checked;
use crate::domain::model_instance::Connection;
use crate::gateway::pool::{Proxies, Shortage, Tokens};
use crate::gateway::surroundings::{Moment, Surroundings};
use crate::gateway::watch::alarm::Alarm;
use crate::gateway::window::Window;

/// Requests of the last minute. One second more, since the oldest second is counted as a whole.
type Minute = Window<61>;

/// What is shown when nothing keeps requests away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// Nobody has asked it yet.
    NotAsked,
    /// It answered its last request.
    Answered,
    /// It passed its last check.
    CheckPassed,
    /// It passed its last check, which says no more than that it can be reached.
    Unverified,
    /// It failed when it was last asked.
    Failed(ReasonCode),
}

#[derive(Debug)]
pub(super) struct Known {
    /// Whether a secret of it cannot be decrypted. It stays so: with another secret the settings are others.
    unreadable: bool,
    pub breaker: Breaker,
    pub tokens: Tokens,
    pub proxies: Proxies,
    pub checks: Checked,
    pub last: Last,
    /// The state that was true after the last event, and since when.
    pub shown: InstanceState,
    pub since: Option<DateTime<Utc>>,
    pub seen_at: Option<DateTime<Utc>>,
    pub latency: Option<Duration>,
    pub last_error: Option<String>,
    minute: Option<Minute>,
}

impl Known {
    /// Why the instance is not asked now, if so.
    pub fn block(&self, now: Moment) -> Option<Block> {
        if self.unreadable {
            return Some(Block::Unreadable);
        }
        match self.tokens.pick(None, now) {
            Err(Shortage::Refused) => return Some(Block::AuthFailed),
            Err(Shortage::Exhausted(until)) => return Some(Block::Exhausted(until)),
            Ok(_) => {}
        }
        match self.breaker.gate(now) {
            Gate::Cooling(until) => Some(Block::Cooling(until)),
            Gate::Shut(until, why) => Some(Block::Shut(until, why)),
            Gate::Probing(why) => Some(Block::Probing(why)),
            Gate::Open | Gate::HalfOpen => {
                let no_proxy = self.proxies.all_down(now).map(Block::NoProxy);
                no_proxy.or_else(|| self.checks.down_until(now).map(Block::Down))
            }
        }
    }

    /// A request over this token and proxy was answered.
    pub fn works(&mut self, lane: Lane) {
        self.tokens.accepted(lane.token);
        if let Some(proxy) = lane.proxy {
            self.proxies.worked(proxy);
        }
        self.checks.answered();
        self.last = Last::Answered;
        self.last_error = None;
    }

    fn is_quiet(&self, now: Moment) -> bool {
        !self.unreadable
            && self.breaker.gate(now) == Gate::Open
            && self.tokens.pick(None, now).is_ok()
            && self.proxies.all_down(now).is_none()
            && self.checks.down_until(now).is_none()
    }
}

/// What is known of one instance.
#[derive(Debug)]
pub struct Health {
    pub(super) settings: u64,
    pub(super) in_flight: AtomicU32,
    /// Smoothed time to the first byte, in microseconds; 0 = never measured.
    first_byte_us: AtomicU64,
    /// Whether there is anything to look at before it is asked.
    troubled: AtomicBool,
    known: Mutex<Known>,
    surroundings: Arc<dyn Surroundings>,
    alarm: Alarm,
}

/// What an attempt holds while it lasts.
#[derive(Debug)]
pub struct Entry {
    /// Goes back to the breaker with the outcome.
    pub pass: Pass,
    /// The token to use.
    pub token: usize,
    /// The proxy to go through, if the instance has any.
    pub proxy: Option<usize>,
}

impl Health {
    /// Of an instance of which nothing is known but how it is reached.
    pub fn new(
        connection: &Connection,
        settings: u64,
        surroundings: Arc<dyn Surroundings>,
        alarm: Alarm,
    ) -> Self {
        let known = Known {
            unreadable: connection.unreadable().is_some(),
            breaker: Breaker::default(),
            tokens: Tokens::new(connection.tokens.len()),
            proxies: Proxies::new(connection.proxies.len()),
            checks: Checked::default(),
            last: Last::NotAsked,
            shown: InstanceState::Unknown,
            since: None,
            seen_at: None,
            latency: None,
            last_error: None,
            minute: None,
        };
        let health = Self {
            settings,
            in_flight: AtomicU32::new(0),
            first_byte_us: AtomicU64::new(0),
            troubled: AtomicBool::new(false),
            known: Mutex::new(known),
            surroundings,
            alarm,
        };
        // What keeps requests away from the beginning is known from the beginning.
        health.adjust(|_, _| {});
        health
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        // Every update is complete in itself, so what a panicking thread left behind is usable.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time and chance.
    pub fn surroundings(&self) -> &dyn Surroundings {
        &*self.surroundings
    }

    /// Asks for a check: a request has failed.
    pub(super) fn raise_alarm(&self) {
        self.alarm.raise();
    }

    /// Why the instance is not asked now, if so.
    pub fn block(&self, limits: &Limits, now: Moment) -> Option<Block> {
        if self.troubled.load(Ordering::Relaxed)
            && let Some(block) = self.known().block(now)
        {
            return Some(block);
        }
        self.is_at_limit(limits, now).then_some(Block::AtLimit)
    }

    fn is_at_limit(&self, limits: &Limits, now: Moment) -> bool {
        let busy = limits.max_concurrency;
        if busy.is_some_and(|most| self.in_flight() >= most) {
            return true;
        }
        limits.requests_per_minute.is_some_and(|most| {
            let mut known = self.known();
            let minute = known.minute.as_mut();
            minute.is_some_and(|minute| minute.count(now.instant()) >= most.into())
        })
    }

    /// Requests that it answers right now.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Smoothed time to the first byte, if it was ever measured.
    pub fn first_byte(&self) -> Option<Duration> {
        let micros = self.first_byte_us.load(Ordering::Relaxed);
        (micros > 0).then(|| Duration::from_micros(micros))
    }

    /// What went wrong last.
    pub fn last_error(&self) -> Option<String> {
        self.known().last_error.clone()
    }

    /// Lets an attempt in, or says why not. With `forced`, since nobody else is left, an instance that is merely ejected or down is
    /// asked all the same. Whoever is let in must call [`Health::leave`] once.
    ///
    /// # Errors
    /// If the instance must not be asked.
    pub fn enter(&self, limits: &Limits, forced: bool) -> Result<Entry, Block> {
        let now = self.surroundings.now();
        // Counted first and looked at then, so that no two requests get the last place.
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let full = limits.max_concurrency.is_some_and(|most| before >= most);
        let entered = if full {
            Err(Block::AtLimit)
        } else {
            self.let_in(limits, forced, now)
        };
        if entered.is_err() {
            self.leave();
        }
        entered
    }

    fn let_in(&self, limits: &Limits, forced: bool, now: Moment) -> Result<Entry, Block> {
        let mut known = self.known();
        if let Some(block) = known.block(now)
            && !(forced && block.is_passing())
        {
            return Err(block);
        }
        if let Some(most) = limits.requests_per_minute {
            let minute = known
                .minute
                .get_or_insert_with(|| Minute::new(now.instant()));
            if minute.count(now.instant()) >= most.into() {
                return Err(Block::AtLimit);
            }
            minute.add(now.instant());
        }
        let token = known
            .tokens
            .pick(None, now)
            .map_err(|shortage| match shortage {
                Shortage::Refused => Block::AuthFailed,
                Shortage::Exhausted(until) => Block::Exhausted(until),
            })?;
        let pass = known
            .breaker
            .enter(now, forced)
            .map_err(|gate| match gate {
                Gate::Cooling(until) => Block::Cooling(until),
                Gate::Shut(until, why) => Block::Shut(until, why),
                Gate::Open | Gate::HalfOpen => Block::Probing(Why::Failures),
                Gate::Probing(why) => Block::Probing(why),
            })?;
        let proxy = known
            .proxies
            .pick(|_| false, now, self.surroundings.fraction());
        Ok(Entry { pass, token, proxy })
    }

    /// An attempt has ended.
    pub fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Learns something.
    pub(super) fn learn(&self, learn: impl FnOnce(&mut Known, Moment)) {
        let now = self.surroundings.now();
        let mut known = self.known();
        learn(&mut known, now);
        known.seen_at = Some(now.utc());
        self.settle(&mut known, now);
    }

    /// Changes something that nobody has to see as news.
    pub(super) fn adjust<T>(&self, adjust: impl FnOnce(&mut Known, Moment) -> T) -> T {
        let now = self.surroundings.now();
        let mut known = self.known();
        let result = adjust(&mut known, now);
        self.settle(&mut known, now);
        result
    }

    fn settle(&self, known: &mut Known, now: Moment) {
        let state = judge(known, now).state;
        if state != known.shown {
            known.shown = state;
            known.since = Some(now.utc());
        }
        self.troubled.store(!known.is_quiet(now), Ordering::Relaxed);
    }

    pub(super) fn measured(&self, known: &mut Known, first_byte: Duration) {
        known.latency = Some(first_byte);
        let sample = u64::try_from(first_byte.as_micros())
            .unwrap_or(u64::MAX)
            .max(1);
        let smoothed = match self.first_byte_us.load(Ordering::Relaxed) {
            0 => sample,
            known => known.saturating_mul(4).saturating_add(sample) / 5,
        };
        self.first_byte_us.store(smoothed.max(1), Ordering::Relaxed);
    }

    /// What is known of a token, by its place in the pool.
    pub fn token_state(&self, place: usize) -> TokenState {
        let now = self.surroundings.now();
        self.known().tokens.state(place, now)
    }

    /// What is known of a proxy, by its place in the list.
    pub fn proxy_state(&self, place: usize) -> ProxyState {
        self.known().proxies.state(place)
    }
}
