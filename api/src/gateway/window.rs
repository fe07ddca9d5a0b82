//! Counts what happened in the last seconds, in a fixed amount of memory.

use std::time::{Duration, Instant};

/// Events of the last `N` seconds, one counter a second. The second that has just begun is one of them.
#[derive(Debug)]
pub struct Window<const N: usize> {
    origin: Instant,
    newest: u64,
    counts: [u32; N],
    total: u64,
}

impl<const N: usize> Window<N> {
    /// A window in which nothing has happened.
    pub fn new(now: Instant) -> Self {
        Self {
            origin: now,
            newest: 0,
            counts: [0; N],
            total: 0,
        }
    }

    /// Events that are still within the window.
    pub fn count(&mut self, now: Instant) -> u64 {
        self.move_to(now);
        self.total
    }

    /// One more event.
    pub fn add(&mut self, now: Instant) {
        self.move_to(now);
        let slot = self.slot(self.newest);
        self.counts[slot] = self.counts[slot].saturating_add(1);
        self.total += 1;
    }

    /// How long it takes from now until fewer than `most` events are within the window; nothing if so few are now.
    pub fn wait(&mut self, now: Instant, most: u64) -> Duration {
        self.move_to(now);
        let mut left = self.total;
        for age in (0..N as u64).rev() {
            if left < most {
                break;
            }
            let Some(second) = self.newest.checked_sub(age) else {
                continue;
            };
            left -= u64::from(self.counts[self.slot(second)]);
            if left < most {
                let leaves = self.origin + Duration::from_secs(second + N as u64);
                return leaves.saturating_duration_since(now);
            }
        }
        Duration::ZERO
    }

    fn move_to(&mut self, now: Instant) {
        let second = now.saturating_duration_since(self.origin).as_secs();
        // Threads may come with times in any order: the past is counted as now.
        let passed = second.saturating_sub(self.newest);
        for step in 1..=passed.min(N as u64) {
            let slot = self.slot(self.newest + step);
            self.total -= u64::from(std::mem::take(&mut self.counts[slot]));
        }
        self.newest = self.newest.max(second);
    }

    fn slot(&self, second: u64) -> usize {
        // Below N, so it fits.
        usize::try_from(second % N as u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_leave_the_window_second_by_second() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut window = Window::<3>::new(start);
        window.add(at(0));
        window.add(at(900));
        window.add(at(1_000));
        assert_eq!(window.count(at(2_999)), 3);
        assert_eq!(window.count(at(3_000)), 1);
        // Late news of the past changes nothing.
        assert_eq!(window.count(at(500)), 1);
        assert_eq!(window.count(at(4_000)), 0);
        window.add(at(4_000));
        assert_eq!(window.count(at(1_000_000)), 0);
    }

    #[test]
    fn what_one_has_to_wait_for_is_the_event_that_leaves() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut window = Window::<3>::new(start);
        assert_eq!(window.wait(at(0), 1), Duration::ZERO);
        window.add(at(100));
        window.add(at(1_500));
        window.add(at(1_600));
        assert_eq!(window.wait(at(1_700), 4), Duration::ZERO);
        // The first leaves after three whole seconds, the others together a second later.
        assert_eq!(window.wait(at(1_700), 3), Duration::from_millis(1_300));
        assert_eq!(window.wait(at(1_700), 2), Duration::from_millis(2_300));
        assert_eq!(window.wait(at(1_700), 1), Duration::from_millis(2_300));
        for most in 1..5 {
            let wait = window.wait(at(1_700), most);
            let (before, then) = (at(1_699) + wait, at(1_700) + wait);
            let mut later = Window::<3>::new(start);
            for millis in [100, 1_500, 1_600] {
                later.add(at(millis));
            }
            assert!(wait.is_zero() || later.count(before) >= most, "{most}");
            assert!(later.count(then) < most, "{most}");
        }
    }
}
