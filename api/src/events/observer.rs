//! Compares what is known now with what was told last, and says what is new.
//!
//! Statuses come from the functions that answer a `GET`. Of the configuration only versions are compared, after each of its
//! changes: an announcement carries no more than a revision, and on every replica the difference is the same.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;
use understudy_shared::{
    ApiKey, ChangeKind, ConfigChange, GroupStatus, GroupStatusEvent, InstanceStatus,
    InstanceStatusEvent, LiveEvent, ModelGroupId, ModelInstanceId, ResourceKind,
};
use uuid::Uuid;

use super::{Audience, News};
use crate::db::Pool;
use crate::db::catalog::{self, Catalog};
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::routes::model_groups::current_status;

/// How often an instance is told of whose numbers alone have changed: a busy one has others after each request.
const NUMBERS: Duration = Duration::from_secs(5);

/// What was told last.
#[derive(Debug)]
pub struct Observer {
    catalog: Catalog,
    /// The revision of the gateway's snapshot when the catalog was read.
    revision: i64,
    instances: HashMap<ModelInstanceId, Told>,
    groups: HashMap<ModelGroupId, GroupStatus>,
}

#[derive(Debug)]
struct Told {
    status: InstanceStatus,
    at: Instant,
}

impl Observer {
    /// Begins with what is known now; nothing of it is news.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn begin(gateway: &Gateway, pool: &Pool) -> Result<Self, ApiError> {
        // In this order: what changes in between is found by the next look.
        let revision = gateway.snapshot().revision;
        let mut observer = Self {
            catalog: read(pool).await?,
            revision,
            instances: HashMap::new(),
            groups: HashMap::new(),
        };
        observer.statuses(gateway, Instant::now());
        Ok(observer)
    }

    /// What has changed since the last look. Reads the database only after the configuration has changed; while that fails,
    /// statuses are compared all the same.
    pub async fn look(&mut self, gateway: &Gateway, pool: &Pool) -> Vec<News> {
        let mut news = Vec::new();
        let revision = gateway.snapshot().revision;
        if revision != self.revision {
            match read(pool).await {
                Ok(catalog) => {
                    let (before, after) = (resources(&self.catalog), resources(&catalog));
                    news = changes(&before, &after, catalog.revision);
                    self.catalog = catalog;
                    self.revision = revision;
                }
                Err(error) => {
                    tracing::warn!(%error, "what changed in the configuration is told later");
                }
            }
        }
        news.extend(self.statuses(gateway, Instant::now()));
        news
    }

    fn statuses(&mut self, gateway: &Gateway, now: Instant) -> Vec<News> {
        let mut news = Vec::new();
        for instance in &self.catalog.instances {
            let id = ModelInstanceId(instance.id);
            let status = gateway.instance_status(id, instance.enabled, instance.updated_at);
            if is_news(self.instances.get(&id), &status, now) {
                let told = Told {
                    status: status.clone(),
                    at: now,
                };
                self.instances.insert(id, told);
                news.push(News {
                    event: LiveEvent::InstanceStatus(InstanceStatusEvent { id, status }),
                    audience: Audience::Managers,
                });
            }
        }
        for group in &self.catalog.groups {
            let id = ModelGroupId(group.row.id);
            // A row that cannot be read is an error of the `GET`, with a log line.
            let Ok(status) = current_status(group, &self.catalog.facts, gateway) else {
                continue;
            };
            if self.groups.get(&id) != Some(&status) {
                self.groups.insert(id, status.clone());
                news.push(News {
                    event: LiveEvent::GroupStatus(GroupStatusEvent { id, status }),
                    audience: Audience::Everybody,
                });
            }
        }
        let there: HashSet<Uuid> = self.catalog.instances.iter().map(|i| i.id).collect();
        self.instances.retain(|id, _| there.contains(&id.0));
        let there: HashSet<Uuid> = self.catalog.groups.iter().map(|g| g.row.id).collect();
        self.groups.retain(|id, _| there.contains(&id.0));
        news
    }
}

async fn read(pool: &Pool) -> Result<Catalog, ApiError> {
    let mut conn = pool.get().await?;
    Ok(catalog::read(&mut conn).await?)
}

/// Whether a status is worth an event: at once when it means something else, seldom when only its numbers differ.
fn is_news(told: Option<&Told>, status: &InstanceStatus, now: Instant) -> bool {
    let Some(told) = told else { return true };
    if meaning(&told.status) != meaning(status) {
        return true;
    }
    told.status != *status && now.duration_since(told.at) >= NUMBERS
}

/// A status without the numbers that each request changes.
fn meaning(status: &InstanceStatus) -> InstanceStatus {
    InstanceStatus {
        checked_at: None,
        latency_ms: None,
        in_flight: 0,
        ..status.clone()
    }
}

/// What tells one state of a resource from another.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mark<'a> {
    Version(i64),
    /// Keys have no version.
    Key(&'a ApiKey),
}

/// A resource, to those who see it: one that others see from now on is gone for the ones and new for the others.
type Resource<'a> = ((ResourceKind, Uuid, Audience), Mark<'a>);

fn resources(catalog: &Catalog) -> Vec<Resource<'_>> {
    use Audience::{Everybody, Managers, Person};
    use Mark::Version;
    use ResourceKind::{ApiKey, Assistant, ModelGroup, ModelInstance};
    let instances = catalog.instances.iter();
    let instances = instances.map(|i| ((ModelInstance, i.id, Managers), Version(i.version)));
    let groups = catalog.groups.iter();
    let groups = groups.map(|g| ((ModelGroup, g.row.id, Everybody), Version(g.row.version)));
    let assistants = catalog.assistants.iter().map(|a| {
        let audience = a.only_for.map_or(Everybody, Person);
        ((Assistant, a.id, audience), Version(a.version))
    });
    let keys = catalog.keys.iter();
    let keys = keys.map(|key| ((ApiKey, key.id.0, Managers), Mark::Key(key)));
    instances
        .chain(groups)
        .chain(assistants)
        .chain(keys)
        .collect()
}

/// One change for each resource that is not what it was. What is gone comes first, so that one whose audience has changed is there in
/// the end to those who see it before and after.
fn changes(before: &[Resource<'_>], after: &[Resource<'_>], revision: i64) -> Vec<News> {
    let old: HashMap<_, _> = before.iter().map(|(key, mark)| (*key, *mark)).collect();
    let new: HashSet<_> = after.iter().map(|(key, _)| *key).collect();
    let gone = before.iter().filter(|(key, _)| !new.contains(key));
    let gone = gone.map(|(key, _)| (*key, ChangeKind::Deleted));
    let there = after.iter().filter_map(|(key, mark)| match old.get(key) {
        None => Some((*key, ChangeKind::Created)),
        Some(known) if known != mark => Some((*key, ChangeKind::Updated)),
        Some(_) => None,
    });
    let news = |((kind, id, audience), change)| News {
        event: LiveEvent::ConfigChanged(ConfigChange {
            revision,
            kind,
            id,
            change,
        }),
        audience,
    };
    gone.chain(there).map(news).collect()
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, Utc};

    use super::*;
    use crate::gateway::egress::EgressPolicy;

    fn status() -> InstanceStatus {
        let gateway = Gateway::new(EgressPolicy::new(Vec::new(), Vec::new(), Vec::new()));
        gateway.instance_status(ModelInstanceId(Uuid::now_v7()), true, Utc::now())
    }

    #[test]
    fn numbers_alone_are_told_seldom_and_everything_else_at_once() {
        let (status, at) = (status(), Instant::now());
        let told = Told {
            status: status.clone(),
            at,
        };
        let soon = at + Duration::from_secs(1);
        assert!(is_news(None, &status, soon));
        assert!(!is_news(Some(&told), &status, at + NUMBERS));
        let busy = InstanceStatus {
            in_flight: 3,
            latency_ms: Some(7),
            checked_at: Some(Utc::now()),
            ..status.clone()
        };
        assert!(!is_news(Some(&told), &busy, soon));
        assert!(is_news(Some(&told), &busy, at + NUMBERS));
        let other = InstanceStatus {
            since: status.since + TimeDelta::seconds(1),
            ..status
        };
        assert!(is_news(Some(&told), &other, soon));
    }

    #[test]
    fn each_resource_that_differs_is_one_change() {
        use Audience::{Everybody, Managers, Person};
        use ResourceKind::{ApiKey, Assistant, ModelGroup, ModelInstance};
        let ids: Vec<Uuid> = (0..6).map(|_| Uuid::now_v7()).collect();
        let owner = Uuid::now_v7();
        let version =
            |kind, at: usize, who, version| ((kind, ids[at], who), Mark::Version(version));
        let before = [
            version(ModelInstance, 0, Managers, 1),
            version(ModelGroup, 1, Everybody, 1),
            version(ApiKey, 2, Managers, 1),
            version(Assistant, 4, Person(owner), 1),
            version(Assistant, 5, Everybody, 1),
        ];
        let after = [
            version(ModelInstance, 0, Managers, 2),
            version(ModelGroup, 1, Everybody, 1),
            version(ModelGroup, 3, Everybody, 1),
            version(Assistant, 4, Person(owner), 2),
            version(Assistant, 5, Person(owner), 2),
        ];
        let found: Vec<_> = changes(&before, &after, 7)
            .into_iter()
            .map(|news| match news.event {
                LiveEvent::ConfigChanged(change) => {
                    assert_eq!(change.revision, 7);
                    (change.kind, change.id, change.change, news.audience)
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            found,
            [
                (ApiKey, ids[2], ChangeKind::Deleted, Managers),
                (Assistant, ids[5], ChangeKind::Deleted, Everybody),
                (ModelInstance, ids[0], ChangeKind::Updated, Managers),
                (ModelGroup, ids[3], ChangeKind::Created, Everybody),
                (Assistant, ids[4], ChangeKind::Updated, Person(owner)),
                (Assistant, ids[5], ChangeKind::Created, Person(owner)),
            ]
        );
        assert!(changes(&after, &after, 8).is_empty());
    }
}
