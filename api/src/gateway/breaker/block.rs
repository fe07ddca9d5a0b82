//! Why an instance is not asked at a moment: decided without a word, put into words only when somebody wants to read it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use understudy_shared::ReasonCode;

use super::gate::Why;
use crate::gateway::surroundings::Moment;

/// How soon somebody who met a limit may come back: nobody knows, so it is the shortest that can be said.
const AT_LIMIT: Duration = Duration::from_secs(1);

/// Why an instance is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// A secret of it cannot be decrypted.
    Unreadable,
    /// Every token is refused.
    AuthFailed,
    /// The quota of every token that is not refused is used up.
    Exhausted(Moment),
    /// It asked for a pause.
    Cooling(Moment),
    /// It is left alone.
    Shut(Moment, Why),
    /// Its pause is over, and one request is finding out.
    Probing(Why),
    /// All its proxies are down.
    NoProxy(Moment),
    /// Its checks fail; at the latest then somebody finds out anew.
    Down(Moment),
    /// Its limits are reached.
    AtLimit,
}

impl Block {
    /// Why, for programs.
    pub fn code(self) -> ReasonCode {
        match self {
            Self::Unreadable => ReasonCode::SecretUnreadable,
            Self::AuthFailed => ReasonCode::AuthFailed,
            Self::Exhausted(_) | Self::Cooling(_) => ReasonCode::Cooling,
            Self::Shut(_, Why::Failures) | Self::Probing(Why::Failures) => ReasonCode::Ejected,
            Self::Shut(..) | Self::Probing(_) | Self::NoProxy(_) | Self::Down(_) => {
                ReasonCode::Down
            }
            Self::AtLimit => ReasonCode::AtLimit,
        }
    }

    /// Why, for people, without the error behind it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Unreadable => {
                "a stored secret of it cannot be decrypted and must be entered again"
            }
            Self::AuthFailed => "it refuses every token",
            Self::Exhausted(_) => "the quota of its tokens is used up",
            Self::Cooling(_) => "it asked for a pause",
            Self::Shut(_, Why::Failures | Why::Spared) => "it failed several times in a row",
            Self::Shut(_, Why::Check) => "it did not pass its last check",
            Self::Probing(_) => {
                "its pause is over, and one request is finding out whether it answers again"
            }
            Self::NoProxy(_) => "all its proxies are down",
            Self::Down(_) => "it fails its checks",
            Self::AtLimit => "it answers as many requests as its limits allow",
        }
    }

    /// Whether the instance is merely ejected or down: when nobody else is left, it is asked all the same.
    pub fn is_passing(self) -> bool {
        matches!(
            self,
            Self::Shut(..) | Self::Probing(_) | Self::NoProxy(_) | Self::Down(_)
        )
    }

    /// Which of several that are merely ejected or down is asked first: one that was spared as the only usable member, then the one
    /// whose pause ends first.
    pub fn rank(self, now: Moment) -> (bool, Duration) {
        let left = self.until().map_or(Duration::ZERO, |until| until.left(now));
        (!matches!(self, Self::Shut(_, Why::Spared)), left)
    }

    fn until(self) -> Option<Moment> {
        match self {
            Self::Exhausted(until)
            | Self::Cooling(until)
            | Self::Shut(until, _)
            | Self::NoProxy(until)
            | Self::Down(until) => Some(until),
            Self::Unreadable | Self::AuthFailed | Self::Probing(_) | Self::AtLimit => None,
        }
    }

    /// When the instance is asked again, if that is known.
    pub fn retry_at(self) -> Option<DateTime<Utc>> {
        match self {
            // As soon as its checks pass, which nobody knows.
            Self::Down(_) => None,
            _ => self.until().map(Moment::utc),
        }
    }

    /// How long a caller should wait whom nobody answers because of this; none if waiting is of no use.
    pub fn pause(self, now: Moment) -> Option<Duration> {
        match self {
            Self::Exhausted(until) | Self::Cooling(until) => Some(until.left(now)),
            Self::AtLimit => Some(AT_LIMIT),
            _ => None,
        }
    }
}
