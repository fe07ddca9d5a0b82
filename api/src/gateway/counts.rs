//! What is counted of requests, attempts and checks, for `/metrics`.
//!
//! The rule: counting is adding to a number that the snapshot leads to. No lookup by name, no lock, no allocation: whoever works with a
//! group or an instance has its numbers at hand. They outlive reloads of the configuration, and go with the group or the instance.
//! Names are given to them when somebody reads them ([`crate::metrics`]).

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use understudy_shared::{Capability, ModelGroupId, ModelInstanceId, ReasonCode};

use super::key_use::Limited;

mod codes;
mod histogram;

pub use codes::Codes;
pub use histogram::{BOUNDS, Histogram};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With an answer of this class: 2 for 2xx.
    Class2,
    /// The request was at fault.
    Class4,
    /// Nobody answered.
    Class5,
    /// The answer broke off after its beginning was sent.
    Interrupted,
    /// The caller left before the end.
    CallerLeft,
}

impl End {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 5] = [
        Self::Class2,
        Self::Class4,
        Self::Class5,
        Self::Interrupted,
        Self::CallerLeft,
    ];

    /// The class of a status.
    pub fn of(status: u16) -> Self {
        match status {
            0..400 => Self::Class2,
            400..500 => Self::Class4,
            _ => Self::Class5,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Class2 => "2xx",
            Self::Class4 => "4xx",
            Self::Class5 => "5xx",
            Self::Interrupted => "interrupted",
            Self::CallerLeft => "caller_left",
        }
    }
}

/// One number of many that only grow.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// So many more.
    pub fn add_many(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    /// How many there were.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// The numbers of one group.
#[derive(Debug, Default)]
pub struct GroupCounts {
    /// By endpoint and by end.
    requests: [[Count; End::ALL.len()]; Capability::ALL.len()],
    in_flight: AtomicU32,
    /// Until something could be sent to the caller; of whole answers, of streams.
    pub first_byte: [Histogram; 2],
    /// Until the end; of whole answers, of streams.
    pub duration: [Histogram; 2],
    /// How often a request moved on from an instance that failed to another.
    pub failovers: Count,
    /// Attempts that were not made because the retry budget was used up.
    pub budget_exhausted: Count,
}

impl GroupCounts {
    /// A request has come.
    pub fn begin(&self) {
        self.in_flight.fetch_add(1, Relaxed);
    }

    /// It is over.
    pub fn end(&self, endpoint: Capability, stream: bool, end: End, took: Duration) {
        self.in_flight.fetch_sub(1, Relaxed);
        self.requests[endpoint as usize][end as usize].add();
        self.duration[usize::from(stream)].observe(took);
    }

    /// Requests that are under way.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// What was counted of requests: endpoint, end, number. Of an endpoint that was ever asked all ends, so that the first failure is seen
    /// as a rise.
    pub fn requests(&self) -> impl Iterator<Item = (Capability, End, u64)> {
        let of = |(endpoint, ends): (Capability, &[Count; End::ALL.len()])| {
            let mut ends: Vec<_> = ends.iter().map(Count::get).collect();
            if ends.iter().all(|count| *count == 0) {
                ends.clear();
            }
            let named = move |(end, count)| (endpoint, end, count);
            End::ALL.into_iter().zip(ends).map(named)
        };
        Capability::ALL.into_iter().zip(&self.requests).flat_map(of)
    }
}

/// The numbers of one instance.
#[derive(Debug, Default)]
pub struct InstanceCounts {
    /// Attempts that were answered.
    pub answered: Count,
    /// Attempts whose caller left meanwhile.
    pub caller_left: Count,
    /// Attempts that failed, by code.
    pub failed: Codes,
    /// How often it was not asked, by code.
    pub skipped: Codes,
    /// Attempts that were answered: until the answer was complete, or the stream began.
    pub answered_in: Histogram,
    /// Attempts that failed.
    pub failed_in: Histogram,
    /// Checks that it did not pass, and that it passed.
    pub checks: [Count; 2],
}

impl InstanceCounts {
    /// An attempt begins. Dropped without a verdict, its caller has left.
    pub fn attempt(&self) -> Trying<'_> {
        Trying {
            counts: self,
            settled: false,
        }
    }

    /// A check has ended.
    pub fn checked(&self, passed: bool) {
        self.checks[usize::from(passed)].add();
    }
}

/// An attempt that is under way.
#[derive(Debug)]
pub struct Trying<'a> {
    counts: &'a InstanceCounts,
    settled: bool,
}

impl Trying<'_> {
    /// It was answered.
    pub fn answered(mut self, took: Duration) {
        self.settled = true;
        self.counts.answered.add();
        self.counts.answered_in.observe(took);
    }

    /// Its stream has begun. How it ends is counted when it ends.
    pub fn began(mut self, took: Duration) {
        self.settled = true;
        self.counts.answered_in.observe(took);
    }

    /// It failed.
    pub fn failed(mut self, code: ReasonCode, took: Duration) {
        self.settled = true;
        self.counts.failed.add(code);
        self.counts.failed_in.observe(took);
    }
}

impl Drop for Trying<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.counts.caller_left.add();
        }
    }
}

/// All numbers of the data plane.
#[derive(Debug, Default)]
pub struct Counts {
    groups: RwLock<HashMap<ModelGroupId, Arc<GroupCounts>>>,
    instances: RwLock<HashMap<ModelInstanceId, Arc<InstanceCounts>>>,
    /// Requests that came to no group, by code.
    refused: Mutex<BTreeMap<&'static str, u64>>,
    /// Requests that a limit of their key kept out, by the limit.
    pub limited: [Count; Limited::NAMES.len()],
}

impl Counts {
    /// The numbers of a group.
    pub fn group(&self, id: ModelGroupId) -> Arc<GroupCounts> {
        entry(&self.groups, id)
    }

    /// The numbers of an instance.
    pub fn instance(&self, id: ModelInstanceId) -> Arc<InstanceCounts> {
        entry(&self.instances, id)
    }

    /// Forgets instances and groups that are no more.
    pub fn retain(
        &self,
        instance: impl Fn(ModelInstanceId) -> bool,
        group: impl Fn(ModelGroupId) -> bool,
    ) {
        let groups = self.groups.write();
        let mut groups = groups.unwrap_or_else(PoisonError::into_inner);
        groups.retain(|id, _| group(*id));
        let instances = self.instances.write();
        let mut instances = instances.unwrap_or_else(PoisonError::into_inner);
        instances.retain(|id, _| instance(*id));
    }

    /// A request came to no group.
    pub fn refused(&self, code: &'static str) {
        let refused = self.refused.lock();
        *refused
            .unwrap_or_else(PoisonError::into_inner)
            .entry(code)
            .or_default() += 1;
    }

    /// Requests that came to no group, by code.
    pub fn refusals(&self) -> BTreeMap<&'static str, u64> {
        let refused = self.refused.lock();
        refused.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn entry<K: Eq + Hash, V: Default>(map: &RwLock<HashMap<K, Arc<V>>>, id: K) -> Arc<V> {
    let map = map.write();
    let mut map = map.unwrap_or_else(PoisonError::into_inner);
    Arc::clone(map.entry(id).or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_and_ends_are_where_their_numbers_are() {
        for (place, endpoint) in Capability::ALL.into_iter().enumerate() {
            assert_eq!(endpoint as usize, place);
        }
        for (place, end) in End::ALL.into_iter().enumerate() {
            assert_eq!(end as usize, place);
        }
    }

    #[test]
    fn requests_are_counted_by_endpoint_and_end() {
        let counts = GroupCounts::default();
        counts.begin();
        counts.begin();
        assert_eq!(counts.in_flight(), 2);
        let second = Duration::from_secs(1);
        counts.end(Capability::Embeddings, false, End::of(200), second);
        counts.end(Capability::Transcriptions, true, End::CallerLeft, second);
        assert_eq!(counts.in_flight(), 0);
        let counted: Vec<_> = counts.requests().filter(|(_, _, n)| *n > 0).collect();
        let expected = [
            (Capability::Embeddings, End::Class2, 1),
            (Capability::Transcriptions, End::CallerLeft, 1),
        ];
        assert_eq!(counted, expected);
        assert_eq!(counts.duration[1].count(), 1);
    }

    #[test]
    fn an_attempt_without_a_verdict_was_left_by_its_caller() {
        let counts = InstanceCounts::default();
        drop(counts.attempt());
        counts.attempt().answered(Duration::ZERO);
        counts.attempt().began(Duration::ZERO);
        counts
            .attempt()
            .failed(ReasonCode::Http(503), Duration::ZERO);
        assert_eq!(counts.caller_left.get(), 1);
        assert_eq!(counts.answered.get(), 1, "a stream counts at its end");
        let failed: Vec<_> = counts.failed.counted().collect();
        assert_eq!(failed, [("http_503".to_owned(), 1)]);
        assert_eq!(counts.answered_in.count(), 2);
    }

    #[test]
    fn numbers_go_with_what_they_belong_to() {
        let counts = Counts::default();
        let id = ModelInstanceId(uuid::Uuid::from_u128(1));
        counts.instance(id).checked(true);
        assert_eq!(counts.instance(id).checks[1].get(), 1);
        counts.retain(|_| false, |_| false);
        assert_eq!(counts.instance(id).checks[1].get(), 0);
    }
}
