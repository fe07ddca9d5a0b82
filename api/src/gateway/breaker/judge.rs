//! What is shown of an instance, from what is known of it: state, code and plain words.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use understudy_shared::{InstanceState, ReasonCode};

use super::block::Block;
use super::gate::{FAILURES, Why};
use super::health::{Known, Last};
use crate::gateway::surroundings::Moment;

/// A failure older than this says little about now: nobody has asked since.
const NEWS: TimeDelta = TimeDelta::seconds(30);

/// What is shown.
#[derive(Debug)]
pub(super) struct Judgement {
    pub state: InstanceState,
    pub code: ReasonCode,
    pub text: Cow<'static, str>,
    /// Whether the last error belongs to it.
    pub because: bool,
    pub retry_at: Option<DateTime<Utc>>,
}

/// Judges by what is known.
pub(super) fn judge(known: &Known, now: Moment) -> Judgement {
    let checks = known.checks.tally();
    if let Some(block) = known.block(now) {
        if let (Block::Down(_), Some(bounds)) = (block, known.checks.bounds())
            && checks.passed > 0
        {
            return Judgement {
                state: InstanceState::Down,
                code: ReasonCode::Recovering,
                text: passed_again(checks.passed, bounds.rise).into(),
                because: false,
                retry_at: None,
            };
        }
        return Judgement {
            state: state(block),
            code: block.code(),
            text: block.text().into(),
            because: !matches!(block, Block::Probing(_) | Block::Unreadable),
            retry_at: block.retry_at(),
        };
    }
    let simply = |state, code, text: &'static str| Judgement {
        state,
        code,
        text: text.into(),
        because: false,
        retry_at: None,
    };
    if let Some(why) = known.breaker.why() {
        let half_open = Block::Probing(why);
        let text = "its pause is over: the next request finds out whether it answers again";
        return simply(state(half_open), half_open.code(), text);
    }
    if let Some(bounds) = known.checks.bounds()
        && checks.failed > 0
    {
        let was_up = matches!(
            known.last,
            Last::Answered | Last::CheckPassed | Last::Unverified
        );
        return Judgement {
            state: if was_up {
                InstanceState::Up
            } else {
                InstanceState::Unknown
            },
            code: ReasonCode::CheckFailed,
            text: failed_again(checks.failed, bounds.fall).into(),
            because: true,
            retry_at: None,
        };
    }
    match known.last {
        Last::NotAsked => simply(
            InstanceState::Unknown,
            ReasonCode::NotAsked,
            "nobody has asked it yet",
        ),
        Last::Answered => simply(
            InstanceState::Up,
            ReasonCode::Answered,
            "it answered when it was last asked",
        ),
        Last::CheckPassed => simply(
            InstanceState::Up,
            ReasonCode::CheckPassed,
            "it passed its last check",
        ),
        Last::Unverified => simply(
            InstanceState::Up,
            ReasonCode::Unverified,
            "reachable, unverified",
        ),
        Last::Failed(code) => {
            let old = known.seen_at.is_some_and(|at| now.utc() - at > NEWS);
            let (code, text) = if old {
                (
                    ReasonCode::Stale,
                    "nobody has asked it since it failed".into(),
                )
            } else {
                let failures = known.breaker.failures();
                let text =
                    format!("it failed when it was last asked ({failures} of {FAILURES} in a row)");
                (code, text.into())
            };
            Judgement {
                state: InstanceState::Unknown,
                code,
                text,
                because: true,
                retry_at: None,
            }
        }
    }
}

fn failed_again(failed: u32, fall: u32) -> String {
    format!("it failed its last check ({failed} of {fall} in a row take it down)")
}

fn passed_again(passed: u32, rise: u32) -> String {
    format!("it passed its last check ({passed} of {rise} in a row bring it back)")
}

fn state(block: Block) -> InstanceState {
    match block {
        Block::AuthFailed => InstanceState::AuthFailed,
        Block::Exhausted(_) | Block::Cooling(_) => InstanceState::Cooling,
        Block::Shut(_, Why::Failures) | Block::Probing(Why::Failures) => InstanceState::Ejected,
        Block::Unreadable
        | Block::Shut(..)
        | Block::Probing(_)
        | Block::NoProxy(_)
        | Block::Down(_) => InstanceState::Down,
        // Never asked of what is known: limits are configuration.
        Block::AtLimit => InstanceState::Up,
    }
}
