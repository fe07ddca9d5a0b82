//! How many second attempts a group may make: a request that was sent may be billed twice, and when everything fails, attempts
//! must not multiply the load.
//!
//! Within ten seconds: a fifth of the requests, and ten a second.

use std::sync::{Mutex, PoisonError};

use super::surroundings::Moment;
use super::window::Window;

/// Seconds that are looked at together.
const SECONDS: usize = 10;
/// Second attempts for each window whatever the number of requests: ten a second.
const FREE: u64 = 10 * SECONDS as u64;
/// One second attempt for so many requests.
const REQUESTS_PER_RETRY: u64 = 5;

/// The budget of one group on this replica.
#[derive(Debug)]
pub struct Budget(Mutex<Spent>);

#[derive(Debug)]
struct Spent {
    requests: Window<SECONDS>,
    retries: Window<SECONDS>,
}

impl Budget {
    /// A budget of which nothing is spent.
    pub fn new(now: Moment) -> Self {
        Self(Mutex::new(Spent {
            requests: Window::new(now.instant()),
            retries: Window::new(now.instant()),
        }))
    }

    /// A request came.
    pub fn request(&self, now: Moment) {
        self.spent(|spent| spent.requests.add(now.instant()));
    }

    /// Whether another attempt of a request that was sent already may be made. If so, it counts.
    pub fn retry(&self, now: Moment) -> bool {
        self.spent(|spent| {
            let now = now.instant();
            let allowed = FREE + spent.requests.count(now) / REQUESTS_PER_RETRY;
            let may = spent.retries.count(now) < allowed;
            if may {
                spent.retries.add(now);
            }
            may
        })
    }

    fn spent<T>(&self, with: impl FnOnce(&mut Spent) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_fifth_of_the_requests_and_ten_a_second_may_be_tried_again() {
        let start = Moment::now();
        let budget = Budget::new(start);
        for _ in 0..50 {
            budget.request(start);
        }
        let allowed = |now| (0..1000).filter(|_| budget.retry(now)).count();
        assert_eq!(allowed(start), 110);
        assert_eq!(allowed(start), 0);
        let at = |seconds| start.after(Duration::from_secs(seconds));
        assert_eq!(allowed(at(9)), 0);
        assert_eq!(
            allowed(at(10)),
            100,
            "the requests of then are forgotten, too"
        );
    }
}
