//! The circuit breaker of one instance, as pure logic: what happened goes in with its time and its dice, out comes whether the
//! instance may be asked.
//!
//! *Open* until [`FAILURES`] failures in a row. Then *shut* for a pause that doubles each time. After the pause *half-open*: exactly
//! one request probes; success restores, failure shuts it for longer. Beside that an instance may ask for a pause by itself
//! (*cooling*). A later deadline is never shortened by an earlier one.

use std::time::Duration;

use crate::gateway::surroundings::Moment;

/// Failures in a row that shut the gate.
pub const FAILURES: u32 = 3;
/// The first pause.
const FIRST: Duration = Duration::from_secs(5);
/// The longest pause, jitter included.
const LONGEST: Duration = Duration::from_secs(300);
/// How far a pause may be off, so that replicas do not come back in step.
const JITTER: f64 = 0.2;
/// How long a failed check keeps requests away; the next check says how it goes on.
const CHECK: Duration = Duration::from_secs(30);

/// The pause after the `nth` time (from 0), with jitter from a `fraction` of 0 to 1.
pub fn pause(nth: u32, fraction: f64) -> Duration {
    let doubled = FIRST.saturating_mul(1_u32.checked_shl(nth).unwrap_or(u32::MAX));
    let factor = 1.0 - JITTER + 2.0 * JITTER * fraction;
    doubled.min(LONGEST).mul_f64(factor).min(LONGEST)
}

/// Why the gate is shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Failures in a row.
    Failures,
    /// Failures in a row, of the only usable member of a group: it is shown as down and asked all the same.
    Spared,
    /// A failed check.
    Check,
}

/// Whether the instance may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Yes.
    Open,
    /// By one request.
    HalfOpen,
    /// No: one request is finding out.
    Probing(Why),
    /// No: it asked for a pause.
    Cooling(Moment),
    /// No: it is left alone.
    Shut(Moment, Why),
}

#[derive(Clone, Copy, Debug)]
struct Shut {
    until: Moment,
    why: Why,
}

/// What a request got when it was let through; goes back with its outcome.
#[derive(Debug)]
pub struct Pass {
    probe: bool,
    /// News of an earlier epoch (before the gate shut or opened the last time) are no news.
    epoch: u32,
}

/// The breaker.
#[derive(Debug, Default)]
pub struct Breaker {
    failures: u32,
    /// How often it shut in a row, without a success in between.
    times: u32,
    shut: Option<Shut>,
    cooling: Option<Moment>,
    probing: bool,
    epoch: u32,
}

impl Breaker {
    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Why it is shut or half-open, if it is.
    pub fn why(&self) -> Option<Why> {
        self.shut.map(|shut| shut.why)
    }

    /// Until when it asked for a pause, also if that is over.
    pub fn cooling_until(&self) -> Option<Moment> {
        self.cooling
    }

    /// Whether the instance may be asked.
    pub fn gate(&self, now: Moment) -> Gate {
        if let Some(until) = self.cooling.filter(|until| !until.has_come(now)) {
            return Gate::Cooling(until);
        }
        match self.shut {
            None => Gate::Open,
            Some(shut) if !shut.until.has_come(now) => Gate::Shut(shut.until, shut.why),
            Some(shut) if self.probing => Gate::Probing(shut.why),
            Some(_) => Gate::HalfOpen,
        }
    }

    /// Lets a request through, or says why not. With `forced`, since nobody else is left, only a pause that the instance itself asked
    /// for keeps it out.
    ///
    /// # Errors
    /// If the request must not go through.
    pub fn enter(&mut self, now: Moment, forced: bool) -> Result<Pass, Gate> {
        let gate = self.gate(now);
        let probe = match gate {
            Gate::Open => false,
            Gate::HalfOpen => true,
            Gate::Probing(_) | Gate::Shut(..) if forced => false,
            Gate::Probing(_) | Gate::Shut(..) | Gate::Cooling(_) => return Err(gate),
        };
        self.probing |= probe;
        Ok(Pass {
            probe,
            epoch: self.epoch,
        })
    }

    /// It answered.
    pub fn succeeded(&mut self, pass: Pass) {
        self.release(&pass);
        if pass.epoch != self.epoch {
            return;
        }
        self.failures = 0;
        self.times = 0;
        self.open();
    }

    /// Its stream has begun. A probe that came so far lets others in, but the next failure shuts the gate again: only the end of
    /// the stream is a success.
    pub fn began(&mut self, pass: &mut Pass) {
        self.release(pass);
        pass.probe = false;
        if pass.epoch == self.epoch && self.shut.is_some() {
            self.open();
            self.failures = FAILURES - 1;
            pass.epoch = self.epoch;
        }
    }

    /// It failed. `alone` if nobody else of the group is usable.
    pub fn failed(&mut self, pass: Pass, now: Moment, alone: bool, fraction: f64) {
        self.release(&pass);
        if pass.epoch != self.epoch {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        // One that was forced through a shut gate says nothing new.
        let counts = pass.probe || self.shut.is_none();
        if counts && self.failures >= FAILURES {
            let why = if alone { Why::Spared } else { Why::Failures };
            self.close(now.after(pause(self.times, fraction)), why);
            self.times = self.times.saturating_add(1);
        }
    }

    /// It neither answered nor failed: its caller left, or it refused this one request.
    pub fn neither(&mut self, pass: Pass) {
        self.release(&pass);
    }

    /// It asked for a pause.
    pub fn cool(&mut self, until: Moment) {
        self.cooling = Some(self.cooling.map_or(until, |known| known.later(until)));
    }

    /// It passed a check: what was shut by failures is half-open, what was shut by a check is open.
    pub fn check_passed(&mut self, now: Moment) {
        match &mut self.shut {
            Some(shut) if shut.why == Why::Check => {
                self.failures = 0;
                self.open();
            }
            Some(shut) => {
                shut.until = if shut.until.has_come(now) {
                    shut.until
                } else {
                    now
                }
            }
            None => self.failures = 0,
        }
    }

    /// It passed a check that nobody asked for. As [`Self::check_passed`], but where nothing is shut it is no success: an instance that
    /// fails every other request would never be ejected if checks came in between.
    pub fn watch_passed(&mut self, now: Moment) {
        if self.shut.is_some() {
            self.check_passed(now);
        }
    }

    /// It failed a check.
    pub fn check_failed(&mut self, now: Moment) {
        self.close(now.after(CHECK), Why::Check);
    }

    fn release(&mut self, pass: &Pass) {
        if pass.probe {
            self.probing = false;
        }
    }

    fn open(&mut self) {
        if self.shut.take().is_some() {
            self.epoch += 1;
        }
    }

    fn close(&mut self, until: Moment, why: Why) {
        let known = self.shut;
        self.shut = Some(Shut {
            until: known.map_or(until, |known| known.until.later(until)),
            // What was ejected is not merely down because a check fails as well.
            why: known
                .filter(|known| why == Why::Check && known.why != Why::Check)
                .map_or(why, |known| known.why),
        });
        self.epoch += 1;
    }
}

#[cfg(test)]
mod tests;
