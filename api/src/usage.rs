//! What was used: every request of a caller with a valid key, and every question in a dialog, accounted for once it is over.
//!
//! | module | does |
//! |---|---|
//! | [`writer`] | takes requests from the ledger into the database, in batches |
//! | [`times`] | how long things took, in buckets that can be added up |
//! | [`retention`] | removes what is older than it may be |
//!
//! The rules: telling never waits and never fails a request. The ledger has room for so many, what finds none is counted as lost, which
//! metrics and `GET /api/v1/usage` show. A prompt or an answer never comes here. `docs/USAGE.md` describes it for people.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use understudy_shared::{Capability, ModelInstanceId, UserId};

use crate::gateway::counts::{Count, End};
use crate::gateway::snapshot::{Group, Key};
use crate::gateway::tokens::Tokens;

pub mod retention;
pub mod times;
pub mod writer;

/// Requests that may wait for the database: about a minute of a busy service, in 3 MiB or so.
pub const ROOM: usize = 16_384;

/// Whose a request is.
#[derive(Clone, Debug)]
pub enum By {
    /// A program's, with this key.
    Key(Arc<Key>),
    /// A person's who is signed in, in a dialog.
    Person(Asker),
}

/// A person who asks in a dialog.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The user.
    pub id: UserId,
    /// Name to sign in with.
    pub name: String,
    /// Where their requests are told, once they are over.
    pub ledger: Arc<Ledger>,
}

impl By {
    /// The key, if there is one.
    pub fn key(&self) -> Option<&Arc<Key>> {
        match self {
            Self::Key(key) => Some(key),
            Self::Person(_) => None,
        }
    }

    /// Whom it counts for: the person, or whoever made the key, with the name to sign in with.
    pub fn person(&self) -> Option<(UserId, &str)> {
        match self {
            Self::Key(key) => key.stored.maker.as_ref().map(|(id, name)| (*id, &**name)),
            Self::Person(asker) => Some((asker.id, &asker.name)),
        }
    }

    /// Where it is told, once it is over.
    pub fn ledger(&self) -> &Arc<Ledger> {
        match self {
            Self::Key(key) => &key.ledger,
            Self::Person(asker) => &asker.ledger,
        }
    }
}

/// A request that is over.
#[derive(Debug)]
pub struct Entry {
    /// When it came.
    pub at: SystemTime,
    /// Its id.
    pub request_id: String,
    /// Whose it was.
    pub by: By,
    /// Which group it was for, if it came to one.
    pub group: Option<Arc<Group>>,
    /// Who answered, if somebody did.
    pub instance: Option<(ModelInstanceId, String)>,
    /// What was asked for.
    pub endpoint: Capability,
    /// Whether as a stream.
    pub stream: bool,
    /// Status, if the caller got one.
    pub status: Option<u16>,
    /// How it ended.
    pub end: End,
    /// Instances that were asked.
    pub attempts: u32,
    /// Until something could be sent, if it was answered.
    pub first_byte: Option<Duration>,
    /// Until its end.
    pub duration: Duration,
    /// What the backend says that it counted.
    pub tokens: Option<Tokens>,
}

/// Where requests are told, once they are over.
#[derive(Debug)]
pub struct Ledger {
    sender: mpsc::Sender<Entry>,
    /// Until somebody reads it.
    receiver: Mutex<Option<mpsc::Receiver<Entry>>>,
    losses: Mutex<BTreeMap<DateTime<Utc>, u64>>,
    /// Requests that could not be recorded.
    pub lost: Count,
    /// Requests that are in the database.
    pub recorded: Count,
}

impl Default for Ledger {
    fn default() -> Self {
        Self::with_room(ROOM)
    }
}

impl Ledger {
    /// With room for so many requests.
    pub fn with_room(room: usize) -> Self {
        let (sender, receiver) = mpsc::channel(room);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
            losses: Mutex::default(),
            lost: Count::default(),
            recorded: Count::default(),
        }
    }

    /// Tells a request, or loses it.
    pub fn enter(&self, entry: Entry) {
        if let Err(TrySendError::Full(entry) | TrySendError::Closed(entry)) =
            self.sender.try_send(entry)
        {
            self.lose(entry.at.into(), 1);
        }
    }

    /// Requests that wait.
    pub fn waiting(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }

    fn lose(&self, at: DateTime<Utc>, count: u64) {
        self.lost.add_many(count);
        let losses = self.losses.lock();
        *losses
            .unwrap_or_else(PoisonError::into_inner)
            .entry(hour(at))
            .or_default() += count;
    }

    /// Takes out what was lost, to be written down.
    fn take_losses(&self) -> BTreeMap<DateTime<Utc>, u64> {
        let losses = self.losses.lock();
        std::mem::take(&mut *losses.unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts back what could not be written down.
    fn put_back(&self, losses: BTreeMap<DateTime<Utc>, u64>) {
        let all = self.losses.lock();
        let mut all = all.unwrap_or_else(PoisonError::into_inner);
        for (hour, count) in losses {
            *all.entry(hour).or_default() += count;
        }
    }

    fn take_receiver(&self) -> Option<mpsc::Receiver<Entry>> {
        let receiver = self.receiver.lock();
        receiver.unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The beginning of the hour.
pub fn hour(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use understudy_shared::{ApiKeyId, ApiKeyLimits};
    use uuid::Uuid;

    use super::*;
    use crate::gateway::snapshot::StoredKey;

    /// A request of this moment.
    pub(super) fn entry(ledger: &Arc<Ledger>) -> Entry {
        let stored = StoredKey {
            id: ApiKeyId(Uuid::from_u128(1)),
            name: "key".to_owned(),
            prefix: "us-abc".to_owned(),
            scopes: Vec::new(),
            group_ids: None,
            limits: ApiKeyLimits::default(),
            expires_at: None,
            maker: None,
        };
        Entry {
            at: SystemTime::now(),
            request_id: "id".to_owned(),
            by: By::Key(Arc::new(Key {
                stored,
                uses: Arc::default(),
                ledger: Arc::clone(ledger),
            })),
            group: None,
            instance: None,
            endpoint: Capability::Chat,
            stream: false,
            status: Some(200),
            end: End::Class2,
            attempts: 1,
            first_byte: None,
            duration: Duration::from_millis(5),
            tokens: None,
        }
    }

    #[test]
    fn what_finds_no_room_is_lost_and_counted_by_its_hour() {
        let ledger = Arc::new(Ledger::with_room(2));
        for _ in 0..5 {
            ledger.enter(entry(&ledger));
        }
        assert_eq!((ledger.waiting(), ledger.lost.get()), (2, 3));
        let losses = ledger.take_losses();
        assert_eq!(losses.values().sum::<u64>(), 3);
        assert!(losses.keys().all(|at| hour(*at) == *at));
        ledger.put_back(losses.clone());
        ledger.put_back(losses);
        assert_eq!(ledger.take_losses().values().sum::<u64>(), 6);
        assert_eq!(ledger.lost.get(), 3, "counted once");
        // Room comes back with each that is taken out.
        let mut receiver = ledger.take_receiver().unwrap();
        assert!(receiver.try_recv().is_ok() && ledger.take_receiver().is_none());
        ledger.enter(entry(&ledger));
        assert_eq!((ledger.waiting(), ledger.lost.get()), (2, 3));
    }
}
