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
    pub async fn look(&mut self, gateway: &Gateway, pool: &Pool) -> Vec<LiveEvent> {
        let mut news = Vec::new();
        let revision = gateway.snapshot().revision;
        if revision != self.revision {
            match read(pool).await {
                Ok(catalog) => {
                    news = changes(&resources(&self.catalog), &resources(&catalog))
                        .map(|change| ConfigChange {
                            revision: catalog.revision,
                            ..change
                        })
                        .map(LiveEvent::ConfigChanged)
                        .collect();
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

    fn statuses(&mut self, gateway: &Gateway, now: Instant) -> Vec<LiveEvent> {
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
                news.push(LiveEvent::InstanceStatus(InstanceStatusEvent {
                    id,
                    status,
                }));
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
                news.push(LiveEvent::GroupStatus(GroupStatusEvent { id, status }));
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

type Resource<'a> = (ResourceKind, Uuid, Mark<'a>);

fn resources(catalog: &Catalog) -> Vec<Resource<'_>> {
    use ResourceKind::{ApiKey, ModelGroup, ModelInstance};
    let instances = catalog.instances.iter();
    let instances = instances.map(|i| (ModelInstance, i.id, Mark::Version(i.version)));
    let groups = catalog.groups.iter();
    let groups = groups.map(|g| (ModelGroup, g.row.id, Mark::Version(g.row.version)));
    let keys = catalog.keys.iter();
    let keys = keys.map(|key| (ApiKey, key.id.0, Mark::Key(key)));
    instances.chain(groups).chain(keys).collect()
}

/// One change for each resource that is not what it was, without the revision.
fn changes(before: &[Resource], after: &[Resource]) -> impl Iterator<Item = ConfigChange> {
    let index = |resources: &[Resource<'_>]| -> HashMap<(ResourceKind, Uuid), usize> {
        let keys = resources.iter().enumerate();
        keys.map(|(at, (kind, id, _))| ((*kind, *id), at)).collect()
    };
    let (old, new) = (index(before), index(after));
    let mut changes = Vec::new();
    let mut add = |kind, id, change| {
        changes.push(ConfigChange {
            revision: 0,
            kind,
            id,
            change,
        });
    };
    for (kind, id, mark) in after {
        match old.get(&(*kind, *id)).and_then(|at| before.get(*at)) {
            None => add(*kind, *id, ChangeKind::Created),
            Some((_, _, known)) if known != mark => add(*kind, *id, ChangeKind::Updated),
            Some(_) => {}
        }
    }
    for (kind, id, _) in before {
        if !new.contains_key(&(*kind, *id)) {
            add(*kind, *id, ChangeKind::Deleted);
        }
    }
    changes.into_iter()
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
        use ResourceKind::{ApiKey, ModelGroup, ModelInstance};
        let ids: Vec<Uuid> = (0..4).map(|_| Uuid::now_v7()).collect();
        let version = |kind, at: usize, version| (kind, ids[at], Mark::Version(version));
        let before = [
            version(ModelInstance, 0, 1),
            version(ModelGroup, 1, 1),
            version(ApiKey, 2, 1),
        ];
        let after = [
            version(ModelInstance, 0, 2),
            version(ModelGroup, 1, 1),
            version(ModelGroup, 3, 1),
        ];
        let found: Vec<_> = changes(&before, &after)
            .map(|change| (change.kind, change.id, change.change))
            .collect();
        assert_eq!(
            found,
            [
                (ModelInstance, ids[0], ChangeKind::Updated),
                (ModelGroup, ids[3], ChangeKind::Created),
                (ApiKey, ids[2], ChangeKind::Deleted),
            ]
        );
        assert_eq!(changes(&after, &after).count(), 0);
    }
}
