//! The strategies: which of the members that are left is asked next.

use std::cmp::Reverse;
use std::time::Duration;

use understudy_shared::Strategy;

use super::Facts;
use crate::gateway::breaker::Health;

/// The place among `left` (which is not empty) of the one that is asked next. Without dice, the likeliest.
pub(super) fn choose(
    strategy: Strategy,
    left: &[Facts<'_>],
    dice: Option<&dyn Fn() -> f64>,
) -> usize {
    match strategy {
        Strategy::FirstAvailable => 0,
        Strategy::Weighted => match dice {
            Some(roll) => by_weight(left, roll()),
            None => best(left, |facts| Reverse(facts.weight)),
        },
        Strategy::LeastBusy => least_busy(left),
        Strategy::Fastest => match dice {
            Some(roll) => faster_of_two(left, roll(), roll()),
            None => best(left, first_byte),
        },
    }
}

/// The first with the lowest key.
fn best<K: Ord>(left: &[Facts<'_>], key: impl Fn(&Facts<'_>) -> K) -> usize {
    let places = left.iter().enumerate();
    places
        .min_by_key(|(_, facts)| key(facts))
        .map_or(0, |(place, _)| place)
}

fn by_weight(left: &[Facts<'_>], fraction: f64) -> usize {
    let all: u64 = left.iter().map(|facts| u64::from(facts.weight)).sum();
    let mut drawn = part(all, fraction);
    for (place, facts) in left.iter().enumerate() {
        let weight = u64::from(facts.weight);
        if drawn < weight {
            return place;
        }
        drawn -= weight;
    }
    0
}

/// The fewest requests in flight over weight; of several, the first in the group's order.
fn least_busy(left: &[Facts<'_>]) -> usize {
    let load = |facts: &Facts<'_>| {
        let busy = u64::from(facts.health.map_or(0, Health::in_flight));
        (busy, u64::from(facts.weight.max(1)))
    };
    let mut chosen = 0;
    for (place, facts) in left.iter().enumerate().skip(1) {
        let ((busy, weight), (least, its_weight)) = (load(facts), load(&left[chosen]));
        // busy / weight < least / its_weight, in whole numbers.
        if busy * its_weight < least * weight {
            chosen = place;
        }
    }
    chosen
}

/// Time to the first byte. One that was never measured goes first, so that it will be.
fn first_byte(facts: &Facts<'_>) -> Duration {
    facts
        .health
        .and_then(Health::first_byte)
        .unwrap_or_default()
}

fn faster_of_two(left: &[Facts<'_>], one: f64, other: f64) -> usize {
    let count = left.len() as u64;
    let place = |number: u64| usize::try_from(number).unwrap_or_default();
    let one = place(part(count, one));
    if left.len() < 2 {
        return one;
    }
    let mut other = place(part(count - 1, other));
    if other >= one {
        other += 1;
    }
    let (earlier, later) = (one.min(other), one.max(other));
    if first_byte(&left[later]) < first_byte(&left[earlier]) {
        later
    } else {
        earlier
    }
}

/// `whole * fraction`, rounded down and below `whole`.
fn part(whole: u64, fraction: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "weights and counts are small, and rounding down is meant"
    )]
    let drawn = (whole as f64 * fraction) as u64;
    drawn.min(whole.saturating_sub(1))
}
