//! Failed sign-ins: ten in five minutes for each account and address, a hundred for each address.
//!
//! Counting by account *and* address means that nobody can lock the owner of an account out from elsewhere. Kept in the memory
//! of each replica and bounded: when it is full, the least recently used entry goes. An attempt counts when it begins and is
//! forgiven when it succeeds, so that many attempts at once are no way round the limit.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(5 * 60);
const PER_ACCOUNT: usize = 10;
const PER_ADDRESS: usize = 100;
/// Entries of each table: at most some megabytes.
const MAX_ENTRIES: usize = 10_000;

/// Counts failed sign-ins.
#[derive(Debug, Default)]
pub struct SignInLimits(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    accounts: Failures<(String, IpAddr)>,
    addresses: Failures<IpAddr>,
}

impl SignInLimits {
    /// Counts an attempt as failed until [`Self::succeeded`] says otherwise.
    ///
    /// # Errors
    /// With the time to wait when there were too many; the attempt must not be made then.
    pub fn attempt(&self, account: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let address = network(address);
        let account = (account.to_lowercase(), address);
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = [
            tables.accounts.wait(&account, PER_ACCOUNT, now),
            tables.addresses.wait(&address, PER_ADDRESS, now),
        ];
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(wait);
        }
        tables.accounts.record(account, now);
        tables.addresses.record(address, now);
        Ok(())
    }

    /// The attempt was never decided: it does not count.
    pub fn withdrawn(&self, account: &str, address: IpAddr) {
        let address = network(address);
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failures) = tables
            .accounts
            .0
            .get_mut(&(account.to_lowercase(), address))
        {
            failures.pop_back();
        }
        if let Some(failures) = tables.addresses.0.get_mut(&address) {
            failures.pop_back();
        }
    }

    /// The attempt succeeded: the account's failures from this address are forgotten, and this one of the address.
    pub fn succeeded(&self, account: &str, address: IpAddr) {
        let address = network(address);
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tables.accounts.0.remove(&(account.to_lowercase(), address));
        if let Some(failures) = tables.addresses.0.get_mut(&address) {
            failures.pop_back();
        }
    }
}

/// One customer of an IPv6 network has at least 2⁶⁴ addresses, so those count as one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let s = v6.segments();
            IpAddr::V6(Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

#[derive(Debug)]
struct Failures<K>(HashMap<K, VecDeque<Instant>>);

impl<K> Default for Failures<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone> Failures<K> {
    fn wait(&mut self, key: &K, limit: usize, now: Instant) -> Option<Duration> {
        let failures = self.0.get_mut(key)?;
        forget(failures, now);
        if failures.len() < limit {
            return None;
        }
        failures
            .front()
            .map(|oldest| WINDOW.saturating_sub(now.saturating_duration_since(*oldest)))
    }

    fn record(&mut self, key: K, now: Instant) {
        if self.0.len() >= MAX_ENTRIES && !self.0.contains_key(&key) {
            self.make_room(now);
        }
        self.0.entry(key).or_default().push_back(now);
    }

    fn make_room(&mut self, now: Instant) {
        self.0.retain(|_, failures| {
            forget(failures, now);
            !failures.is_empty()
        });
        while self.0.len() >= MAX_ENTRIES {
            let Some(oldest) = self
                .0
                .iter()
                .min_by_key(|(_, failures)| failures.back().copied())
                .map(|(key, _)| key.clone())
            else {
                return;
            };
            self.0.remove(&oldest);
        }
    }
}

fn forget(failures: &mut VecDeque<Instant>, now: Instant) {
    while failures
        .front()
        .is_some_and(|at| now.saturating_duration_since(*at) >= WINDOW)
    {
        failures.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_eleventh_failure_waits_for_the_first_to_grow_old() {
        let limits = SignInLimits::default();
        let start = Instant::now();
        let home = address("192.0.2.1");
        for second in 0..10 {
            limits
                .attempt("Ada", home, start + Duration::from_secs(second))
                .unwrap();
        }
        let now = start + Duration::from_secs(60);
        assert_eq!(
            limits.attempt("ada", home, now),
            Err(Duration::from_secs(240))
        );
        assert!(limits.attempt("ada", address("192.0.2.2"), now).is_ok());
        assert!(limits.attempt("bob", home, now).is_ok());
        assert!(limits.attempt("ada", home, start + WINDOW).is_ok());
        assert!(limits.attempt("ada", home, start + WINDOW).is_err());
    }

    #[test]
    fn an_address_has_a_limit_over_all_accounts() {
        let limits = SignInLimits::default();
        let now = Instant::now();
        for number in 0..100 {
            limits
                .attempt(&format!("user{number}"), address("2001:db8::1"), now)
                .unwrap();
        }
        assert!(
            limits
                .attempt("one more", address("2001:db8::2"), now)
                .is_err()
        );
        assert!(
            limits
                .attempt("one more", address("2001:db8:0:1::1"), now)
                .is_ok()
        );
    }

    #[test]
    fn a_success_forgives() {
        let limits = SignInLimits::default();
        let (now, home) = (Instant::now(), address("192.0.2.1"));
        for _ in 0..500 {
            limits.attempt("ada", home, now).unwrap();
            limits.succeeded("ADA", home);
        }
    }

    #[test]
    fn the_tables_stay_bounded() {
        let limits = SignInLimits::default();
        let now = Instant::now();
        for number in 0..(MAX_ENTRIES as u32 + 50) {
            let from = IpAddr::from(number.to_be_bytes());
            limits
                .attempt("ada", from, now + Duration::from_millis(number.into()))
                .unwrap();
        }
        let tables = limits.0.lock().unwrap();
        assert_eq!(tables.accounts.0.len(), MAX_ENTRIES);
        assert_eq!(tables.addresses.0.len(), MAX_ENTRIES);
        assert!(
            !tables
                .addresses
                .0
                .contains_key(&IpAddr::from(0u32.to_be_bytes()))
        );
    }
}
