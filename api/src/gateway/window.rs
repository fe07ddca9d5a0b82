//! Counts what happened in the last seconds, in a fixed amount of memory.

use std::time::Instant;

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
    use std::time::Duration;

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
}
