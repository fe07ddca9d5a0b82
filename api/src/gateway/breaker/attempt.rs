//! One attempt at one instance: let in by the breaker, reported once, whatever happens to it.
//!
//! Dropping an attempt without a verdict (its caller left, the request itself was at fault) counts for and against nobody, and
//! frees the place of a probe.

use std::sync::Arc;
use std::time::Duration;

use understudy_shared::ReasonCode;

use super::block::Block;
use super::gate::Pass;
use super::health::{Health, Last};
use crate::gateway::counts::InstanceCounts;
use crate::gateway::picker;
use crate::gateway::snapshot::Group;

/// Which of an instance's tokens and proxies a request uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// Place of the token in the pool.
    pub token: usize,
    /// Place of the proxy in the list, if there are any.
    pub proxy: Option<usize>,
}

/// One attempt.
#[derive(Debug)]
pub struct Attempt {
    health: Arc<Health>,
    group: Arc<Group>,
    place: usize,
    pass: Option<Pass>,
    /// Whether its stream has begun, so that its end is still to be counted.
    began: bool,
    lane: Lane,
    /// Proxies that this attempt has found to be down.
    tried: Vec<usize>,
}

impl Attempt {
    /// Begins an attempt at a member of a group. With `forced`, one that is merely ejected or down is asked all the same.
    ///
    /// # Errors
    /// If the instance must not be asked.
    pub fn begin(group: &Arc<Group>, place: usize, forced: bool) -> Result<Self, Block> {
        let instance = &group.members[place].instance;
        let health = Arc::clone(&instance.health);
        let entry = health.enter(&instance.connection.limits, forced)?;
        Ok(Self {
            health,
            group: Arc::clone(group),
            place,
            pass: Some(entry.pass),
            began: false,
            lane: Lane {
                token: entry.token,
                proxy: entry.proxy,
            },
            tried: Vec::new(),
        })
    }

    /// Which token and proxy to use.
    pub fn lane(&self) -> Lane {
        self.lane
    }

    /// The token is refused.
    pub fn token_refused(&mut self, reason: &str) -> bool {
        self.token_out(reason, false)
    }

    /// The quota of the token is used up.
    pub fn token_exhausted(&mut self, reason: &str) -> bool {
        self.token_out(reason, true)
    }

    /// Takes the token out and goes on to the next of the pool, if there is one.
    fn token_out(&mut self, reason: &str, exhausted: bool) -> bool {
        let token = self.lane.token;
        let next = self.health.adjust(|known, now| {
            if exhausted {
                known.tokens.exhausted(token, now);
            } else {
                known.tokens.refused(token);
            }
            known.last_error = Some(reason.to_owned());
            known.tokens.pick(Some(token), now)
        });
        if let Ok(next) = next {
            self.lane.token = next;
        }
        next.is_ok()
    }

    /// There is no connection through the proxy. Goes on to the next of the list, if there is one that was not tried.
    pub fn proxy_failed(&mut self, reason: &str) -> bool {
        let Some(proxy) = self.lane.proxy else {
            return false;
        };
        self.tried.push(proxy);
        let tried = &self.tried;
        let fraction = self.health.surroundings().fraction();
        let next = self.health.adjust(|known, now| {
            known.proxies.failed(proxy, now, fraction);
            known.last_error = Some(reason.to_owned());
            known
                .proxies
                .pick(|place| tried.contains(&place), now, fraction)
        });
        if next.is_some() {
            self.lane.proxy = next;
        }
        next.is_some()
    }

    /// Its stream has begun, after so long.
    pub fn began(&mut self, first_byte: Duration) {
        let lane = self.lane;
        self.began = true;
        if let Some(pass) = &mut self.pass {
            self.health.learn(|known, _| {
                known.breaker.began(pass);
                known.works(lane);
                self.health.measured(known, first_byte);
            });
        }
    }

    /// It answered; so long until its first byte, if that was not told before.
    pub fn succeeded(mut self, first_byte: Option<Duration>) {
        let lane = self.lane;
        if let Some(pass) = self.pass.take() {
            self.health.learn(|known, _| {
                known.breaker.succeeded(pass);
                known.works(lane);
                if let Some(first_byte) = first_byte {
                    self.health.measured(known, first_byte);
                }
            });
        }
    }

    /// It failed, and that counts.
    pub fn failed(mut self, code: ReasonCode, reason: &str) {
        let Some(pass) = self.pass.take() else { return };
        if std::mem::take(&mut self.began) {
            self.counts().failed.add(code);
        }
        let surroundings = self.health.surroundings();
        let alone = !picker::others_usable(&self.group, self.place, surroundings.now());
        let fraction = surroundings.fraction();
        self.health.learn(|known, now| {
            known.breaker.failed(pass, now, alone, fraction);
            known.last = Last::Failed(code);
            known.last_error = Some(reason.to_owned());
        });
        self.health.raise_alarm();
    }

    fn counts(&self) -> &InstanceCounts {
        &self.group.members[self.place].instance.counts
    }

    /// It asked for a pause.
    pub fn cooled(mut self, pause: Duration, reason: &str) {
        if let Some(pass) = self.pass.take() {
            self.health.learn(|known, now| {
                known.breaker.neither(pass);
                known.breaker.cool(now.after(pause));
                known.last_error = Some(reason.to_owned());
            });
        }
    }

    /// It did not answer, for a reason that does not make it a failed instance.
    pub fn declined(mut self, reason: &str) {
        if let Some(pass) = self.pass.take() {
            self.health.learn(|known, _| {
                known.breaker.neither(pass);
                known.last_error = Some(reason.to_owned());
            });
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.began {
            self.counts().answered.add();
        }
        if let Some(pass) = self.pass.take() {
            self.health.adjust(|known, _| known.breaker.neither(pass));
        }
        self.health.leave();
    }
}

#[cfg(test)]
mod tests;
