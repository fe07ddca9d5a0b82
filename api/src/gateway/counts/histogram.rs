//! How long things took, in buckets.

use std::time::Duration;

use super::Count;

/// Upper bounds of the buckets, in microseconds: from a cache's answer to the longest that a request may take. The last bucket has none.
pub const BOUNDS: [u64; 16] = [
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
    600_000_000,
];

/// How long things took, in buckets.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [Count; BOUNDS.len() + 1],
    sum_us: Count,
}

impl Histogram {
    /// Something took so long.
    pub fn observe(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS.partition_point(|bound| *bound < micros);
        self.buckets[place].add();
        self.sum_us.add_many(micros);
    }

    /// How often something fell into each bucket.
    pub fn buckets(&self) -> [u64; BOUNDS.len() + 1] {
        std::array::from_fn(|place| self.buckets[place].get())
    }

    /// How often there was something.
    pub fn count(&self) -> u64 {
        self.buckets().iter().sum()
    }

    /// How long all of it took, in seconds.
    pub fn sum(&self) -> f64 {
        Duration::from_micros(self.sum_us.get()).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let histogram = Histogram::default();
        for micros in [0, 5_000, 5_001, 600_000_000, 600_000_001] {
            histogram.observe(Duration::from_micros(micros));
        }
        let buckets = histogram.buckets();
        assert_eq!((buckets[0], buckets[1]), (2, 1));
        assert_eq!((buckets[BOUNDS.len() - 1], buckets[BOUNDS.len()]), (1, 1));
        assert_eq!(histogram.count(), 5);
        assert!((histogram.sum() - 1_200.010_002).abs() < 1e-9);
        assert!(BOUNDS.is_sorted());
    }
}
