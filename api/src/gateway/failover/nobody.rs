//! What the caller is told when nobody answered.

use std::time::Duration;

use crate::gateway::classify::{self, Blame, Effect, Failure};
use crate::gateway::error::{GatewayError, GatewayErrorCode as Code};
use crate::gateway::picker::{Class, Hindrance};
use crate::gateway::pool::tokens::EXHAUSTED;
use crate::gateway::snapshot::Group;
use crate::gateway::surroundings::Moment;

/// The error for a request that nobody answered: these failed, and these were passed over.
pub(super) fn error(
    group: &Group,
    failures: &[Failure],
    attempts: u32,
    hindered: &[(usize, Hindrance)],
    now: Moment,
) -> GatewayError {
    let classes = || hindered.iter().map(|(_, why)| why.class(now));
    let pauses = classes().filter_map(|class| match class {
        Class::Busy(pause) => Some(pause),
        _ => None,
    });
    let pause = pauses.min();
    let told = match failures.last() {
        Some(last) => failed(group, failures, last, attempts, pause),
        None => {
            let too_long = classes().any(|class| class == Class::TooLong);
            not_asked(group, pause, too_long)
        }
    };
    GatewayError {
        group: Some(group.name.clone()),
        attempts,
        ..told
    }
}

/// Nobody was asked. What may change soonest is said first: a pause, then the request, then the configuration.
fn not_asked(group: &Group, pause: Option<Duration>, too_long: bool) -> GatewayError {
    let name = &group.name;
    if let Some(pause) = pause {
        let message =
            format!("Every instance of the model {name} is at its limit or asked for a pause.");
        return busy(message, pause);
    }
    if too_long {
        let message = format!("The request is too long for every instance of the model {name}.");
        return GatewayError::new(Code::ContextLengthExceeded, message);
    }
    let why = match (group.enabled, group.members.is_empty()) {
        (false, _) => "it is disabled",
        (true, true) => "it has no instances",
        (true, false) => "none of its instances may be asked",
    };
    let message = format!("The model {name} cannot answer at the moment: {why}.");
    GatewayError::new(Code::NoInstanceAvailable, message)
}

/// Everybody who was asked failed.
fn failed(
    group: &Group,
    failures: &[Failure],
    last: &Failure,
    attempts: u32,
    pause: Option<Duration>,
) -> GatewayError {
    let name = &group.name;
    let asked = if attempts == 1 {
        "The one instance asked".to_owned()
    } else {
        format!("All {attempts} instances asked")
    };
    if failures.iter().all(|failure| failure.blame == Blame::Busy) {
        let pauses = failures.iter().filter_map(|failure| match failure.effect {
            Effect::Cooling(pause) => Some(pause),
            Effect::TokenExhausted => Some(EXHAUSTED),
            _ => None,
        });
        let pause = pauses
            .chain(pause)
            .min()
            .unwrap_or(classify::DEFAULT_COOLING);
        return busy(
            format!("{asked} for the model {name} asked for a pause."),
            pause,
        );
    }
    let code = if last.blame == Blame::TimedOut {
        Code::UpstreamTimeout
    } else {
        Code::AllInstancesFailed
    };
    let reason = &last.reason;
    GatewayError::new(
        code,
        format!("{asked} for the model {name} failed; the last one: {reason}."),
    )
}

fn busy(message: String, pause: Duration) -> GatewayError {
    let seconds = u64::try_from(pause.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
    GatewayError {
        retry_after_s: Some(seconds.max(1)),
        ..GatewayError::new(Code::RateLimited, message)
    }
}

#[cfg(test)]
mod tests {
    use understudy_shared::ReasonCode;

    use super::*;
    use crate::gateway::breaker::Block;
    use crate::gateway::testing::Stage;

    fn told(failures: &[Failure], hindered: &[Hindrance]) -> (Code, Option<u64>) {
        let group = Stage::of(1).group();
        let hindered: Vec<_> = hindered.iter().copied().enumerate().collect();
        let attempts = u32::try_from(failures.len()).unwrap();
        let error = error(&group, failures, attempts, &hindered, now());
        assert_eq!(error.attempts, attempts);
        (error.code, error.retry_after_s)
    }

    fn now() -> Moment {
        use std::sync::OnceLock;
        static NOW: OnceLock<Moment> = OnceLock::new();
        *NOW.get_or_init(Moment::now)
    }

    fn cooling(millis: u64) -> Hindrance {
        let until = now().after(Duration::from_millis(millis));
        Hindrance::Blocked(Block::Cooling(until))
    }

    fn busy(seconds: u64) -> Failure {
        Failure {
            effect: Effect::Cooling(Duration::from_secs(seconds)),
            blame: Blame::Busy,
            ..Failure::sent(ReasonCode::Http(429), "it is over its rate limit")
        }
    }

    #[test]
    fn of_those_who_were_not_asked_a_pause_counts_before_the_length_and_that_before_the_rest() {
        let at_limit = Hindrance::Blocked(Block::AtLimit);
        let off = [
            Hindrance::Disabled,
            Hindrance::MemberDisabled,
            Hindrance::EndpointMissing,
            Hindrance::Drilled(now().utc()),
            Hindrance::Blocked(Block::AuthFailed),
        ];
        let with = |more: &[Hindrance]| told(&[], &[off.as_slice(), more].concat());
        assert_eq!(with(&[]), (Code::NoInstanceAvailable, None));
        let too_long = Hindrance::ContextTooSmall;
        assert_eq!(with(&[too_long]), (Code::ContextLengthExceeded, None));
        assert_eq!(
            with(&[too_long, cooling(6_001)]),
            (Code::RateLimited, Some(7))
        );
        assert_eq!(
            with(&[cooling(9_000), cooling(3_000)]),
            (Code::RateLimited, Some(3))
        );
        assert_eq!(
            with(&[cooling(9_000), at_limit]),
            (Code::RateLimited, Some(1))
        );
        assert_eq!(
            with(&[cooling(0)]),
            (Code::RateLimited, Some(1)),
            "never at once"
        );
        let used_up = Hindrance::Blocked(Block::Exhausted(now().after(EXHAUSTED)));
        assert_eq!(with(&[used_up]), (Code::RateLimited, Some(600)));
    }

    #[test]
    fn of_those_who_failed_only_a_pause_of_everybody_is_one() {
        let failed = || Failure::sent(ReasonCode::Http(500), "it failed");
        let late = || Failure::timeout("it did not answer in time");
        assert_eq!(
            told(&[busy(20), busy(7)], &[]),
            (Code::RateLimited, Some(7))
        );
        assert_eq!(
            told(&[busy(20)], &[cooling(4_000)]),
            (Code::RateLimited, Some(4))
        );
        assert_eq!(
            told(&[busy(20), failed()], &[]),
            (Code::AllInstancesFailed, None)
        );
        assert_eq!(
            told(&[failed(), busy(20)], &[cooling(4_000)]),
            (Code::AllInstancesFailed, None)
        );
        assert_eq!(
            told(&[failed(), late()], &[]),
            (Code::UpstreamTimeout, None)
        );
        assert_eq!(
            told(&[late(), failed()], &[]),
            (Code::AllInstancesFailed, None)
        );
        let quota = Failure {
            effect: Effect::TokenExhausted,
            ..busy(1)
        };
        assert_eq!(told(&[quota], &[]), (Code::RateLimited, Some(600)));
    }
}
