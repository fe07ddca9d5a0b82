//! What the load generator says when it is done.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::record::Record;
use super::{Readings, Settings};

/// One measurement, as one line of JSON. Times are in microseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Connections that asked.
    pub connections: usize,
    /// Seconds that were measured.
    pub seconds: f64,
    /// Questions answered.
    pub answered: u64,
    /// Questions not answered.
    pub errors: u64,
    /// Why the first of these was not.
    pub failure: Option<String>,
    /// Answers per second.
    pub per_second: f64,
    /// Time to the end of the answer.
    pub latency: Quantiles,
    /// What is only known of streams.
    pub stream: Option<StreamReport>,
    /// What the watched processes used.
    pub watched: Vec<Watched>,
    /// Time that the load generator itself spent on the processor.
    pub own_cpu: Option<f64>,
    /// Share of the machine's processors that went to processes which are no part of the measurement, 0 to 1.
    pub others: Option<f64>,
}

/// What is only known of streams.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StreamReport {
    /// Events per second.
    pub per_second: f64,
    /// Events in all.
    pub events: u64,
    /// Time to the first event.
    pub first_event: Quantiles,
    /// Time between two events.
    pub gap: Quantiles,
}

/// What a process used while it was measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Watched {
    /// The process.
    pub process: u32,
    /// Its time on the processor.
    pub cpu: Option<f64>,
    /// Its resident memory at the end, with all connections still open.
    pub resident_kib: Option<u64>,
}

/// How times are spread.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Quantiles {
    /// Half of them are shorter.
    pub p50: f64,
    /// 90 % of them are shorter.
    pub p90: f64,
    /// 99 % of them are shorter.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Report {
    /// Puts together what was seen between two readings.
    pub(super) fn new(
        settings: &Settings,
        record: Record,
        before: &Readings,
        after: &Readings,
    ) -> Self {
        let elapsed = after.at - before.at;
        let seconds = elapsed.as_secs_f64();
        let watched: Vec<_> = before
            .watched
            .iter()
            .zip(&after.watched)
            .map(|((process, before), (_, after))| Watched {
                process: *process,
                cpu: spent(before.cpu, after.cpu),
                resident_kib: after.resident_kib,
            })
            .collect();
        let own_cpu = spent(before.own.cpu, after.own.cpu);
        let ours = watched.iter().map(|watched| watched.cpu).chain([own_cpu]);
        let all = processors() * micros(elapsed);
        let others = spent(before.busy, after.busy)
            .zip(ours.sum::<Option<f64>>())
            .map(|(busy, ours)| ((busy - ours) / all).max(0.0));
        let stream = settings.stream.then(|| StreamReport {
            per_second: record.events as f64 / seconds,
            events: record.events,
            first_event: Quantiles::of(record.first_events),
            gap: Quantiles::of(record.gaps),
        });
        Self {
            connections: settings.connections,
            seconds,
            answered: record.answered,
            errors: record.errors,
            failure: record.failure,
            per_second: record.answered as f64 / seconds,
            latency: Quantiles::of(record.latencies),
            stream,
            watched,
            own_cpu,
            others,
        }
    }
}

impl Quantiles {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: f64| {
            let index = (times.len() as f64 * share) as usize;
            times.get(index.min(times.len().saturating_sub(1)))
        };
        let at = |share| at(share).map_or(0.0, |time| micros(*time));
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

fn spent(before: Option<Duration>, after: Option<Duration>) -> Option<f64> {
    Some(micros(after?.saturating_sub(before?)))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Processors of the machine, whichever of them this process may use.
fn processors() -> f64 {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let count = text
        .lines()
        .filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "))
        .count();
    count.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_taken_from_the_sorted_times() {
        let times = (1..=100).rev().map(Duration::from_micros).collect();
        let quantiles = Quantiles::of(times);
        assert_eq!(
            (quantiles.p50, quantiles.p99, quantiles.max),
            (51.0, 100.0, 100.0)
        );
        assert_eq!(Quantiles::of(Vec::new()).p99, 0.0);
    }
}
