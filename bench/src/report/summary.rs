//! Medians over the rounds, and ratios within them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Measured;
use crate::contender::Kind;
use crate::run::{DISTURBED, Workload};

/// One contender under one load. Times are in microseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// What was asked for.
    pub workload: &'static str,
    /// Over how many connections.
    pub connections: usize,
    /// Who was asked.
    pub contender: &'static str,
    /// Answers per second; of streams, events per second.
    pub per_second: f64,
    /// The same as a multiple of nginx's in the same round.
    pub to_nginx: Option<f64>,
    /// The same as a multiple of the mock's own in the same round.
    pub to_direct: Option<f64>,
    /// Median time to the end of the answer; of streams, to the first event.
    pub p50: f64,
    /// 90th percentile of it.
    pub p90: f64,
    /// 99th percentile of it.
    pub p99: f64,
    /// What is added to the median of the same round without a proxy.
    pub added: Option<f64>,
    /// Streams: 99th percentile of the time between two events.
    pub gap_p99: Option<f64>,
    /// Streams: longest time between two events, in the median round.
    pub gap_max: Option<f64>,
    /// The contender's time on the processor per answer; of streams, per event.
    pub cpu: Option<f64>,
    /// How busy one processor was with the contender, 0 to 1.
    pub busy: Option<f64>,
    /// How busy one processor was with the mock and the load generator together.
    pub beside: Option<f64>,
    /// Resident memory before the first question.
    pub idle_kib: Option<u64>,
    /// Largest resident memory with all connections open.
    pub loaded_kib: Option<u64>,
    /// Questions not answered, in all rounds.
    pub errors: u64,
    /// Rounds during which other programs took more than a little of the processors.
    pub disturbed: usize,
}

/// Sums up all measurements, in the order in which the loads were first measured and the contenders are declared.
pub fn of(all: &[Measured], idle: &BTreeMap<Kind, Option<u64>>) -> Vec<Summary> {
    let mut loads: BTreeMap<(Workload, usize), BTreeMap<Kind, Vec<&Measured>>> = BTreeMap::new();
    for measured in all {
        loads
            .entry((measured.workload, measured.connections))
            .or_default()
            .entry(measured.contender)
            .or_default()
            .push(measured);
    }
    let mut summaries = Vec::new();
    for contenders in loads.values() {
        for (kind, rounds) in contenders {
            let of = |kind| contenders.get(&kind).map(Vec::as_slice);
            let idle = idle.get(kind).copied().flatten();
            summaries.extend(one(rounds, of(Kind::Nginx), of(Kind::Direct), idle));
        }
    }
    summaries
}

fn one(
    rounds: &[&Measured],
    nginx: Option<&[&Measured]>,
    direct: Option<&[&Measured]>,
    idle_kib: Option<u64>,
) -> Option<Summary> {
    let first = rounds.first()?;
    let stream = |get: fn(&crate::load::StreamReport) -> f64| {
        let values = rounds.iter().map(|one| one.load.stream.as_ref().map(get));
        median(values)
    };
    Some(Summary {
        workload: first.workload.name(),
        connections: first.connections,
        contender: first.contender.name(),
        per_second: median(rounds.iter().map(|one| Some(rate(one))))?,
        to_nginx: against(rounds, nginx, |one, nginx| rate(one) / rate(nginx)),
        to_direct: against(rounds, direct, |one, direct| rate(one) / rate(direct)),
        p50: median(rounds.iter().map(|one| Some(wait(one).p50)))?,
        p90: median(rounds.iter().map(|one| Some(wait(one).p90)))?,
        p99: median(rounds.iter().map(|one| Some(wait(one).p99)))?,
        added: against(rounds, direct, |one, direct| {
            wait(one).p50 - wait(direct).p50
        }),
        gap_p99: stream(|stream| stream.gap.p99),
        gap_max: stream(|stream| stream.gap.max),
        cpu: median(rounds.iter().map(|one| Some(cpu(one)? / units(one)))),
        busy: median(rounds.iter().map(|one| Some(share(one, cpu(one)?)))),
        beside: median(rounds.iter().map(|one| {
            let beside = one.mock?.cpu? + one.load.own_cpu?;
            Some(share(one, beside))
        })),
        idle_kib,
        loaded_kib: rounds
            .iter()
            .filter_map(|one| one.process?.resident_kib)
            .max(),
        errors: rounds.iter().map(|one| one.load.errors).sum(),
        disturbed: rounds
            .iter()
            .filter(|one| one.load.others.is_some_and(|others| others > DISTURBED))
            .count(),
    })
}

/// Answers per second; of streams, events per second.
fn rate(one: &Measured) -> f64 {
    match &one.load.stream {
        Some(stream) => stream.per_second,
        None => one.load.per_second,
    }
}

/// Answers; of streams, events.
fn units(one: &Measured) -> f64 {
    rate(one) * one.load.seconds
}

/// What a person waits for.
fn wait(one: &Measured) -> crate::load::Quantiles {
    match &one.load.stream {
        Some(stream) => stream.first_event,
        None => one.load.latency,
    }
}

fn cpu(one: &Measured) -> Option<f64> {
    one.process?.cpu
}

/// `micros` of processor time as a share of the time that was measured.
fn share(one: &Measured, micros: f64) -> f64 {
    micros / (one.load.seconds * 1e6)
}

/// Median over the rounds of `compare`, each with the other's measurement of the same round.
fn against(
    rounds: &[&Measured],
    others: Option<&[&Measured]>,
    compare: impl Fn(&Measured, &Measured) -> f64,
) -> Option<f64> {
    let others = others?;
    median(rounds.iter().map(|one| {
        let other = others.iter().find(|other| other.round == one.round)?;
        Some(compare(one, other))
    }))
}

/// The middle of the values there are; of an even number, the lower of the two in the middle.
fn median(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let mut values: Vec<f64> = values.flatten().filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_one_of_the_values() {
        let of = |values: &[f64]| median(values.iter().map(|value| Some(*value)));
        assert_eq!(of(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]), Some(2.0));
        assert_eq!(of(&[f64::NAN]), None);
    }
}
