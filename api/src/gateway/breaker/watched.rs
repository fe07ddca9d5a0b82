//! What a check that was made by itself changes in what is known of an instance. It weighs less than the answer to a request, and
//! more than nothing: [`Tally`] says when it keeps requests away.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::health::{Health, Last};
use super::tally::{Bounds, Checked, Tally};
use crate::gateway::watch::finding::{Finding, Verdict};

/// A check, and how it came about.
#[derive(Debug)]
pub struct News<'a> {
    /// What it found.
    pub finding: &'a Finding,
    /// How many in a row change something.
    pub bounds: Bounds,
    /// Longest time until the next one.
    pub good_for: Duration,
    /// Whether a failed request set it off. It says whether the instance is there, not that requests are well: it ends no pause.
    pub alarmed: bool,
    /// What the replica that made it has counted and when it was, if it is another one.
    pub heard: Option<(Tally, DateTime<Utc>)>,
}

/// What a check changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is down from now on.
    Fell,
    /// It is up again.
    Rose,
}

impl Health {
    /// Learns from a check.
    pub fn watched(&self, news: &News<'_>) -> (Tally, Option<Turn>) {
        let fraction = self.surroundings().fraction();
        let finding = news.finding;
        self.adjust(|known, now| {
            for token in &finding.walked.refused {
                known.tokens.refused(*token);
            }
            for proxy in &finding.walked.dead {
                known.proxies.failed(*proxy, now, fraction);
            }
            // Whoever refuses a token is there.
            let there = finding.verdict != Verdict::Failed;
            let before = known.checks.tally();
            let tally = match news.heard {
                Some((tally, _)) => tally,
                None => before.after(there, news.bounds),
            };
            known.checks.learn(tally, news.bounds, news.good_for, now);
            if there && let Some(proxy) = finding.walked.lane.proxy {
                known.proxies.worked(proxy);
            }
            match finding.verdict {
                Verdict::Passed | Verdict::Unverified => {
                    known.last = if finding.verdict == Verdict::Passed {
                        Last::CheckPassed
                    } else {
                        Last::Unverified
                    };
                    known.last_error = None;
                    known.latency = Some(finding.took);
                    if finding.with_token {
                        known.tokens.verified(finding.walked.lane.token);
                    } else {
                        known.tokens.forgive();
                    }
                    if !news.alarmed {
                        known.breaker.watch_passed(now);
                    }
                }
                Verdict::Refused | Verdict::Failed => {
                    known.last_error = Some(finding.reason.clone());
                }
            }
            let at = news.heard.map_or(now.utc(), |(_, at)| at);
            known.seen_at = known.seen_at.max(Some(at));
            let turn = match (before.down, tally.down) {
                (false, true) => Some(Turn::Fell),
                (true, false) => Some(Turn::Rose),
                _ => None,
            };
            (tally, turn)
        })
    }

    /// Nobody checks it any more: what checks said keeps no requests away.
    pub fn unwatched(&self) {
        self.adjust(|known, _| known.checks = Checked::default());
    }
}

#[cfg(test)]
mod tests;
