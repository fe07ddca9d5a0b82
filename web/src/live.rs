//! What the service tells by itself: the stream of live events, one for the page, while somebody is signed in and looks at it.
//!
//! Rules: an event patches what a list has loaded, and what was told before a list was loaded never wins over it. The stream is a
//! comfort: everything that it tells can be read as well, so while it is down the lists ask every few seconds and nobody waits for it.

mod stream;

use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::{AbortHandle, Abortable};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{
    ConfigChange, GroupStatus, InstanceStatus, LiveEvent, ModelGroup, ModelGroupId, ModelInstance,
    ModelInstanceId, ResourceKind,
};

use crate::api::Api;
use crate::browser;
use crate::network::Network;
use crate::pause::Pauses;
use crate::session::Session;

/// How the stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// It is being opened.
    Connecting,
    /// Changes come by themselves.
    Connected,
    /// It cannot be opened; lists ask by themselves.
    Down,
}

/// What somebody changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// This resource.
    One(ConfigChange),
    /// Nobody knows what: events were missed, so everything may have changed.
    Anything,
}

impl Change {
    /// Whether it may concern resources of one of these kinds.
    pub fn concerns(&self, kinds: &[ResourceKind]) -> bool {
        match self {
            Self::One(change) => kinds.contains(&change.kind),
            Self::Anything => true,
        }
    }
}

/// What was told of one thing, and when.
type Told<T> = ArcRwSignal<Option<(DateTime<Utc>, T)>>;
type Listener = Rc<dyn Fn(&Change)>;

/// The live events of this page. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Live {
    connection: RwSignal<Connection>,
    heard_at: RwSignal<Option<DateTime<Utc>>>,
    instances: StoredValue<HashMap<ModelInstanceId, Told<InstanceStatus>>>,
    groups: StoredValue<HashMap<ModelGroupId, Told<GroupStatus>>>,
    listeners: StoredValue<(u64, Vec<(u64, Listener)>), LocalStorage>,
    last_id: StoredValue<Option<String>>,
    first_pause: StoredValue<Duration>,
    pauses: Pauses,
}

impl Live {
    fn new() -> Self {
        Self {
            connection: RwSignal::new(Connection::Connecting),
            heard_at: RwSignal::new(None),
            instances: StoredValue::new(HashMap::new()),
            groups: StoredValue::new(HashMap::new()),
            listeners: StoredValue::new_local((0, Vec::new())),
            last_id: StoredValue::new(None),
            first_pause: StoredValue::new(stream::FIRST_PAUSE),
            pauses: Pauses::new(),
        }
    }

    /// How the stream is; tracked.
    pub fn connection(self) -> Connection {
        self.connection.get()
    }

    /// When the service was last heard, be it a heartbeat; tracked.
    pub fn heard_at(self) -> Option<DateTime<Utc>> {
        self.heard_at.get()
    }

    /// Whether changes come by themselves at this moment; not tracked.
    pub fn is_connected(self) -> bool {
        self.connection.get_untracked() == Connection::Connected
    }

    /// What was last told of an instance, if that was not before `since`; tracked, for this instance alone.
    pub fn instance_status(
        self,
        id: ModelInstanceId,
        since: Option<DateTime<Utc>>,
    ) -> Option<InstanceStatus> {
        latest(self.instances, id, since)
    }

    /// What was last told of a group, if that was not before `since`; tracked, for this group alone.
    pub fn group_status(
        self,
        id: ModelGroupId,
        since: Option<DateTime<Utc>>,
    ) -> Option<GroupStatus> {
        latest(self.groups, id, since)
    }

    /// The status to show of an instance that was asked for at `since` ([`crate::load::Load::asked_at`]); tracked.
    pub fn status_of_instance(
        self,
        instance: &ModelInstance,
        since: Option<DateTime<Utc>>,
    ) -> InstanceStatus {
        let told = self.instance_status(instance.id, since);
        told.unwrap_or_else(|| instance.status.clone())
    }

    /// The status to show of a group that was asked for at `since`; tracked.
    pub fn status_of_group(self, group: &ModelGroup, since: Option<DateTime<Utc>>) -> GroupStatus {
        let told = self.group_status(group.id, since);
        told.unwrap_or_else(|| group.status.clone())
    }

    /// Calls `listener` for every change of the configuration, until the component that asked is gone.
    pub fn on_change(self, listener: impl Fn(&Change) + 'static) {
        let listener: Listener = Rc::new(listener);
        let number = self.listeners.try_update_value(|(last, listeners)| {
            *last += 1;
            listeners.push((*last, listener));
            *last
        });
        on_cleanup(move || {
            let _ = self.listeners.try_update_value(|(_, listeners)| {
                listeners.retain(|(other, _)| Some(*other) != number);
            });
        });
    }

    fn take(self, event: LiveEvent) {
        match event {
            LiveEvent::InstanceStatus(event) => note(self.instances, event.id, event.status),
            LiveEvent::GroupStatus(event) => note(self.groups, event.id, event.status),
            LiveEvent::ConfigChanged(change) => self.announce(&Change::One(change)),
            LiveEvent::Reset(_) => {
                self.forget();
                self.announce(&Change::Anything);
            }
        }
    }

    fn announce(self, change: &Change) {
        // Without the lock on the list: a listener may add another.
        let listeners = self.listeners.with_value(|(_, listeners)| {
            listeners
                .iter()
                .map(|(_, listener)| Rc::clone(listener))
                .collect::<Vec<_>>()
        });
        for listener in listeners {
            listener(change);
        }
    }

    /// Forgets what was told, so that what was loaded counts.
    fn forget(self) {
        forget(self.instances);
        forget(self.groups);
    }
}

fn told<K: Copy + Eq + Hash + Send + Sync + 'static, T: Send + Sync + 'static>(
    map: StoredValue<HashMap<K, Told<T>>>,
    key: K,
) -> Told<T> {
    let entry = map.try_update_value(|map| {
        let told = map.entry(key).or_insert_with(|| ArcRwSignal::new(None));
        told.clone()
    });
    entry.unwrap_or_else(|| ArcRwSignal::new(None))
}

fn note<K: Copy + Eq + Hash + Send + Sync + 'static, T: Send + Sync + 'static>(
    map: StoredValue<HashMap<K, Told<T>>>,
    key: K,
    value: T,
) {
    told(map, key).set(Some((browser::now(), value)));
}

fn latest<K: Copy + Eq + Hash + Send + Sync + 'static, T: Clone + Send + Sync + 'static>(
    map: StoredValue<HashMap<K, Told<T>>>,
    key: K,
    since: Option<DateTime<Utc>>,
) -> Option<T> {
    told(map, key).with(|told| {
        let (at, value) = told.as_ref()?;
        since
            .is_none_or(|since| *at >= since)
            .then(|| value.clone())
    })
}

fn forget<K: Copy + Eq + Hash + Send + Sync + 'static, T: Send + Sync + 'static>(
    map: StoredValue<HashMap<K, Told<T>>>,
) {
    let all: Vec<Told<T>> = map.with_value(|map| map.values().cloned().collect());
    for told in all {
        if told.with_untracked(Option::is_some) {
            told.set(None);
        }
    }
}

/// Opens the stream whenever somebody is signed in.
pub fn provide_live(api: Api, session: Session, network: Network) {
    let live = Live::new();
    provide_context(live);
    // A page that is left may be kept for "back", and its stream with it. Browsers allow six connections to a host: a few such pages
    // would take them all.
    let left = RwSignal::new(false);
    let _ = window_event_listener_untyped("pagehide", move |_| left.set(true));
    let _ = window_event_listener_untyped("pageshow", move |_| left.set(false));
    let wanted = Memo::new(move |_| session.is_usable());
    Effect::new(move |running: Option<Option<AbortHandle>>| {
        if let Some(Some(running)) = running {
            running.abort();
        }
        live.connection.set(Connection::Connecting);
        if !wanted.get() {
            // Whoever signs in next may not be the same person.
            live.forget();
            live.last_id.set_value(None);
            return None;
        }
        if left.get() {
            return None;
        }
        let (handle, registration) = AbortHandle::new_pair();
        let work = Abortable::new(stream::keep_open(live, api), registration);
        spawn_local(work.map(drop));
        Some(handle)
    });
    Effect::new(move |before: Option<u32>| {
        let returns = network.returns();
        if before.is_some_and(|before| before != returns) {
            live.pauses.wake();
        }
        returns
    });
    let _ = window_event_listener(ev::online, move |_| live.pauses.wake());
    // It bubbles from the document.
    let _ = window_event_listener_untyped("visibilitychange", move |_| {
        if !browser::is_hidden() {
            live.pauses.wake();
        }
    });
}

/// The live events of this page.
pub fn use_live() -> Live {
    expect_context::<Live>()
}

#[cfg(test)]
mod tests {
    use understudy_shared::ChangeKind;

    use super::*;

    #[test]
    fn a_change_concerns_its_own_kind_and_a_gap_concerns_all() {
        let change = Change::One(ConfigChange {
            revision: 1,
            kind: ResourceKind::ModelGroup,
            id: ModelGroupId(Default::default()).0,
            change: ChangeKind::Updated,
        });
        assert!(change.concerns(&[ResourceKind::ApiKey, ResourceKind::ModelGroup]));
        assert!(!change.concerns(&[ResourceKind::ModelInstance]));
        assert!(Change::Anything.concerns(&[ResourceKind::ModelInstance]));
    }
}
