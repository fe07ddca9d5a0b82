//! Live events: what changes, told to everybody who looks at it. `GET /api/v1/events`.
//!
//! | module | does |
//! |---|---|
//! | [`observer`] | compares what is known now with what was told last |
//! | [`keeper`] | decides when to look, and ends streams whose credential has ended |
//! | [`ring`] | keeps the last events, so that nobody misses one between two connections |
//! | [`feed`] | the stream of one client |
//!
//! There is one [`Hub`] in a process. The rules: an event shows what a `GET` would, by the same functions. Nothing is queued
//! for a client: each has a place in the ring and reads on from there when its connection takes more, so that a slow one costs
//! nothing and holds nobody up. One that falls behind further than the ring reaches back is let go; it comes back and is told to
//! read everything again. Nothing here touches the path of a gateway request.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use rand::Rng as _;
use tokio::sync::watch;
use understudy_shared::{LiveEvent, ResetEvent};
use uuid::Uuid;

use crate::auth::permission::Permission as _;
use crate::auth::standing::Credential;
use crate::auth::{ManageRead, Principal, ReadGroups};

pub mod feed;
pub mod keeper;
pub mod observer;
pub mod ring;

pub use feed::Feed;

use ring::{Batch, Ring};

/// Events that are kept for clients who were away for a moment.
const KEPT: usize = 1024;
/// Streams that one person, or one key, may have open: tabs and programs in plenty, and a bound for runaways.
pub const STREAMS_PER_CALLER: usize = 20;

/// What a client may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Everything but what is one person's, or groups and shared assistants alone.
    pub manages: bool,
    /// The person; none for a key.
    pub person: Option<Uuid>,
}

/// Who may see an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Whoever may listen.
    Everybody,
    /// Whoever may read instances and keys.
    Managers,
    /// One person alone, whatever the others may.
    Person(Uuid),
}

impl Sight {
    /// What these rights let one see, if anything.
    pub fn of(principal: &Principal) -> Option<Self> {
        ReadGroups::admit(principal.clone())?;
        Some(Self {
            manages: ManageRead::admit(principal.clone()).is_some(),
            person: match principal {
                Principal::Person(person) => Some(person.id.0),
                Principal::Program(_) => None,
            },
        })
    }

    /// Whether an event is for them.
    pub fn is_in(self, audience: Audience) -> bool {
        match audience {
            Audience::Everybody => true,
            Audience::Managers => self.manages,
            Audience::Person(person) => self.person == Some(person),
        }
    }
}

/// Something new, and who may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// What is told.
    pub event: LiveEvent,
    /// Who may see it.
    pub audience: Audience,
}

/// Why no stream is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The caller has too many.
    TooMany,
    /// The process is stopping.
    Stopping,
}

/// Everything that is told, and everybody who listens.
#[derive(Debug)]
pub struct Hub {
    /// Names this process in the ids of events, so that no other takes them for its own.
    boot: String,
    ring: Mutex<Ring>,
    /// The number of the last event.
    head: watch::Sender<u64>,
    clients: Mutex<Clients>,
    /// Counts the streams that were ever opened.
    opened: watch::Sender<u64>,
    /// Whether somebody keeps the ring up to date.
    awake: watch::Sender<bool>,
    /// Counts the clients that fell further behind than the ring reaches back.
    let_go: AtomicU64,
}

#[derive(Debug, Default)]
struct Clients {
    stopping: bool,
    next: u64,
    open: HashMap<u64, Client>,
}

#[derive(Debug)]
struct Client {
    who: Uuid,
    credential: Credential,
    sight: Sight,
    ended: watch::Sender<bool>,
}

/// The right to read on. Dropping it closes the stream for the books.
#[derive(Debug)]
pub struct Ticket {
    hub: Arc<Hub>,
    number: u64,
    sight: Sight,
    ended: watch::Receiver<bool>,
}

/// Where a client begins.
#[derive(Debug)]
pub struct Start {
    /// What it is told first, if anything.
    first: Option<Bytes>,
    /// The last event that it knows.
    place: u64,
}

impl Default for Hub {
    fn default() -> Self {
        let mut boot = [0; 12];
        rand::rng().fill_bytes(&mut boot);
        Self {
            boot: URL_SAFE_NO_PAD.encode(boot),
            ring: Mutex::new(Ring::new(KEPT)),
            head: watch::Sender::new(0),
            clients: Mutex::default(),
            opened: watch::Sender::new(0),
            awake: watch::Sender::new(false),
            let_go: AtomicU64::new(0),
        }
    }
}

impl Hub {
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// If the caller has too many, or the process is stopping.
    pub fn open(self: &Arc<Self>, who: &Principal, sight: Sight) -> Result<Ticket, Refusal> {
        let mut clients = self.clients();
        if clients.stopping {
            return Err(Refusal::Stopping);
        }
        let id = who.id();
        if clients
            .open
            .values()
            .filter(|client| client.who == id)
            .count()
            >= STREAMS_PER_CALLER
        {
            return Err(Refusal::TooMany);
        }
        let number = clients.next;
        clients.next += 1;
        let (ended, receiver) = watch::channel(false);
        let client = Client {
            who: id,
            credential: who.credential(),
            sight,
            ended,
        };
        clients.open.insert(number, client);
        drop(clients);
        self.opened.send_modify(|count| *count += 1);
        Ok(Ticket {
            hub: Arc::clone(self),
            number,
            sight,
            ended: receiver,
        })
    }

    /// Waits until events are kept. The first client after a long silence waits for the first look at everything.
    pub async fn awake(&self) {
        // The sender lives as long as this value does.
        let _ = self.awake.subscribe().wait_for(|awake| *awake).await;
    }

    /// Where a client begins that says this was the last event it got: after it, or anew.
    pub fn start(&self, last_event_id: Option<&[u8]>) -> Start {
        let ring = self.ring();
        let known = last_event_id
            .and_then(|id| self.number(id))
            .filter(|place| ring.reaches_back_to(*place));
        if let Some(place) = known {
            return Start { first: None, place };
        }
        let place = ring.head();
        Start {
            first: self.frame(place, &LiveEvent::Reset(ResetEvent {})),
            place,
        }
    }

    /// Tells everybody whom it is for.
    pub fn publish(&self, news: impl IntoIterator<Item = News>) {
        let mut ring = self.ring();
        for News { event, audience } in news {
            let number = ring.head() + 1;
            if let Some(frame) = self.frame(number, &event) {
                ring.push(frame, audience);
            }
        }
        let head = ring.head();
        drop(ring);
        self.head
            .send_if_modified(|known| std::mem::replace(known, head) != head);
    }

    /// Ends all streams and opens no more: the process is stopping.
    pub fn stop(&self) {
        let mut clients = self.clients();
        clients.stopping = true;
        for client in clients.open.values() {
            client.ended.send_replace(true);
        }
    }

    /// What the open streams were let in by.
    fn credentials(&self) -> HashSet<Credential> {
        let clients = self.clients();
        let open = clients.open.values();
        open.map(|client| client.credential).collect()
    }

    /// Ends the streams among these credentials whose rights are no longer the ones that they were opened with.
    fn keep(&self, asked: &HashSet<Credential>, valid: &[Principal]) {
        let sights: HashMap<Credential, Sight> = valid
            .iter()
            .filter_map(|principal| Some((principal.credential(), Sight::of(principal)?)))
            .collect();
        for client in self.clients().open.values() {
            let may = sights.get(&client.credential) == Some(&client.sight);
            // A stream that was opened since is asked about next time.
            if asked.contains(&client.credential) && !may {
                client.ended.send_replace(true);
            }
        }
    }

    /// Streams that are open.
    pub fn clients_open(&self) -> usize {
        self.clients().open.len()
    }

    /// Streams that ended because their client fell too far behind.
    pub fn let_go(&self) -> u64 {
        self.let_go.load(Ordering::Relaxed)
    }

    fn has_clients(&self) -> bool {
        !self.clients().open.is_empty()
    }

    /// From now on events are kept.
    fn wake(&self) {
        self.awake.send_replace(true);
    }

    /// Stops keeping events, unless somebody came in the meantime. What happens from now on nobody can be told later.
    fn sleep(&self) -> bool {
        let clients = self.clients();
        if !clients.open.is_empty() {
            return false;
        }
        self.awake.send_replace(false);
        let mut ring = self.ring();
        ring.forget();
        self.head.send_replace(ring.head());
        true
    }

    /// What comes after this place. None if that is not known any more.
    fn after(&self, place: u64, sight: Sight) -> Option<Batch> {
        let after = self.ring().after(place, sight);
        if after.is_none() {
            self.let_go.fetch_add(1, Ordering::Relaxed);
        }
        after
    }

    /// An event as it is sent.
    fn frame(&self, number: u64, event: &LiveEvent) -> Option<Bytes> {
        match event.data() {
            Ok(data) => {
                let (boot, name) = (&self.boot, event.name());
                Some(format!("id: {boot}-{number}\nevent: {name}\ndata: {data}\n\n").into())
            }
            Err(error) => {
                tracing::error!(%error, event = event.name(), "an event cannot be written");
                None
            }
        }
    }

    /// The number in an id, if this process gave it.
    fn number(&self, id: &[u8]) -> Option<u64> {
        let digits = id.strip_prefix(self.boot.as_bytes())?.strip_prefix(b"-")?;
        let digits = str::from_utf8(digits).ok()?;
        // Written as it was given: no sign, no zero in front.
        let number: u64 = digits.parse().ok()?;
        (number.to_string() == digits).then_some(number)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.hub.clients().open.remove(&self.number);
    }
}

#[cfg(test)]
mod tests;
