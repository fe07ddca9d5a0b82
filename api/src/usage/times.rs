//! How long things took, in buckets that can be added up over any range: what percentiles are read from.
//!
//! The upper bounds are 1 ms, and each the third root of two (1.26) times the one before, up to more than an hour. What is read out of a
//! bucket is its middle on that scale, so it is at most the sixth root of two (1.123) away from the true one: 12.3 %. Stored are the
//! buckets that are not empty, each as one number: its place, shifted by 40 bits, and its count. Times to the first byte and durations
//! are in one list, since they are always written together.

use std::collections::BTreeMap;
use std::time::Duration;

/// Buckets of one histogram; the last one has no upper bound.
const BUCKETS: u16 = 67;
/// What the places of durations begin with.
const DURATIONS: u16 = 128;
/// Bits of a stored number that are its count.
pub const COUNT_BITS: u32 = 40;

/// Two histograms: times to the first byte, and durations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times(BTreeMap<u16, u64>);

impl Times {
    /// A request that was over after so long, and answered after so long, if it was.
    pub fn observe(&mut self, first_byte: Option<Duration>, duration: Duration) {
        if let Some(first_byte) = first_byte {
            self.add(bucket(first_byte), 1);
        }
        self.add(DURATIONS + bucket(duration), 1);
    }

    /// So many more at a place.
    pub fn add(&mut self, place: u16, count: u64) {
        *self.0.entry(place).or_default() += count;
    }

    /// As it is stored.
    pub fn stored(&self) -> Vec<i64> {
        let item =
            |(place, count): (&u16, &u64)| (i64::from(*place) << COUNT_BITS) + count.cast_signed();
        self.0.iter().map(item).collect()
    }

    /// Milliseconds until the first byte of so large a part of the answered requests; none if none was answered.
    pub fn first_byte_ms(&self, part: f64) -> Option<u64> {
        self.percentile(0, part)
    }

    /// Milliseconds until the end of so large a part of the requests; none if there was none.
    pub fn duration_ms(&self, part: f64) -> Option<u64> {
        self.percentile(DURATIONS, part)
    }

    fn percentile(&self, first: u16, part: f64) -> Option<u64> {
        let buckets = || self.0.range(first..first + BUCKETS);
        let total: u64 = buckets().map(|(_, count)| count).sum();
        // The nearest rank.
        let rank = ((total as f64 * part).ceil() as u64).max(1);
        let mut seen = 0;
        let (place, _) = buckets().find(|(_, count)| {
            seen += **count;
            seen >= rank
        })?;
        Some(middle(place - first))
    }
}

/// In which bucket a time is.
fn bucket(time: Duration) -> u16 {
    let millis = time.as_secs_f64() * 1e3;
    let thirds = (millis.max(1.0).log2() * 3.0).ceil();
    (thirds as u16).min(BUCKETS - 1)
}

/// The middle of a bucket, in milliseconds.
fn middle(bucket: u16) -> u64 {
    match bucket {
        0 => 1,
        _ => ((f64::from(bucket) - 0.5) / 3.0).exp2().round() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a bucket may be off by, and half a millisecond for the rounding.
    fn is_near(shown: u64, truth: f64) -> bool {
        let off = (shown as f64 - truth).abs();
        off <= truth * 0.123 + 0.5
    }

    #[test]
    fn every_time_is_read_back_within_an_eighth() {
        let mut millis = 0.2_f64;
        while millis < 3_700_000.0 {
            let mut times = Times::default();
            let time = Duration::from_secs_f64(millis / 1e3);
            times.observe(Some(time), time);
            let (first, whole) = (times.first_byte_ms(0.5), times.duration_ms(0.95));
            assert!(
                is_near(first.unwrap(), millis.max(1.0)),
                "{millis}: {first:?}"
            );
            assert_eq!(first, whole);
            millis *= 1.01;
        }
    }

    #[test]
    fn percentiles_of_a_known_set_are_right() {
        // 1 ms, 2 ms, …, 1000 ms: the p-th percentile is p·1000 ms.
        let mut times = Times::default();
        for millis in (1..=1000).rev() {
            let time = Duration::from_millis(millis);
            times.observe((millis % 2 == 0).then_some(time), time * 3);
        }
        for part in [0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0] {
            let (first, whole) = (times.first_byte_ms(part), times.duration_ms(part));
            assert!(is_near(first.unwrap(), part * 1000.0), "{part}: {first:?}");
            assert!(is_near(whole.unwrap(), part * 3000.0), "{part}: {whole:?}");
        }
    }

    #[test]
    fn a_single_slow_one_of_twenty_is_beyond_the_95th() {
        let mut times = Times::default();
        for _ in 0..19 {
            times.observe(None, Duration::from_millis(10));
        }
        times.observe(None, Duration::from_secs(60));
        assert!(is_near(times.duration_ms(0.95).unwrap(), 10.0));
        times.observe(None, Duration::from_secs(60));
        assert!(is_near(times.duration_ms(0.95).unwrap(), 60_000.0));
        assert_eq!(times.first_byte_ms(0.5), None, "nobody was answered");
        assert_eq!(Times::default().duration_ms(0.5), None);
    }

    #[test]
    fn what_is_stored_adds_up_to_the_same() {
        let mut times = Times::default();
        for millis in [0, 1, 17, 17, 3_000, 90_000_000] {
            let time = Duration::from_millis(millis);
            times.observe(Some(time), time * 2);
        }
        let mut read = Times::default();
        for item in times.stored() {
            let place = u16::try_from(item >> COUNT_BITS).unwrap();
            assert!(place % DURATIONS < BUCKETS);
            read.add(place, (item & ((1 << COUNT_BITS) - 1)).cast_unsigned());
        }
        assert_eq!(read, times);
        assert!(times.stored().is_sorted());
    }
}
