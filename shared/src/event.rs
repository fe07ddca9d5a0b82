//! What the stream of live events carries: `GET /api/v1/events`.
//!
//! The rule: an event shows exactly what a `GET` at the same moment would, so that a page may put it where the answer was.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::stream_event::stream_event;
use crate::{GroupStatus, InstanceStatus, ModelGroupId, ModelInstanceId};

/// One event of the stream. `event` stands in the line `event:`, `data` as JSON in the line `data:`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", content = "data")]
pub enum LiveEvent {
    /// What is known of an instance has changed.
    #[serde(rename = "instance.status")]
    InstanceStatus(InstanceStatusEvent),
    /// Who answers for a group has changed.
    #[serde(rename = "group.status")]
    GroupStatus(GroupStatusEvent),
    /// Somebody has made, changed or removed something.
    #[serde(rename = "config.changed")]
    ConfigChanged(ConfigChange),
    /// What was missed is not known any more: fetch again what you show.
    #[serde(rename = "reset")]
    Reset(ResetEvent),
}

stream_event!(LiveEvent {
    InstanceStatus = "instance.status",
    GroupStatus = "group.status",
    ConfigChanged = "config.changed",
    Reset = "reset",
});

/// The status of an instance, as `status` of the instance has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstanceStatusEvent {
    /// Id of the instance.
    pub id: ModelInstanceId,
    /// What is known of it now.
    pub status: InstanceStatus,
}

/// The status of a group, as `status` of the group has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupStatusEvent {
    /// Id of the group.
    pub id: ModelGroupId,
    /// What is known of it now.
    pub status: GroupStatus,
}

/// A change of the configuration; one event for each resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConfigChange {
    /// Counts the changes of the whole configuration.
    #[schema(example = 42)]
    pub revision: i64,
    /// Kind of the resource.
    pub kind: ResourceKind,
    /// Its id.
    pub id: Uuid,
    /// What happened to it.
    pub change: ChangeKind,
}

/// Kinds of resources whose changes are announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// A model instance.
    ModelInstance,
    /// A model group.
    ModelGroup,
    /// An assistant.
    Assistant,
    /// An API key.
    ApiKey,
}

/// What happened to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Created,
    /// Its fields changed. A key that is revoked is updated: it can still be read.
    Updated,
    /// It is gone.
    Deleted,
}

/// Nothing: the event says it all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResetEvent {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_back_from_its_two_lines() {
        let change = LiveEvent::ConfigChanged(ConfigChange {
            revision: 7,
            kind: ResourceKind::ApiKey,
            id: Uuid::nil(),
            change: ChangeKind::Updated,
        });
        for event in [change, LiveEvent::Reset(ResetEvent {})] {
            let data = event.data().unwrap();
            assert_eq!(LiveEvent::read(event.name(), &data).unwrap(), Some(event));
        }
        assert_eq!(LiveEvent::read("from.tomorrow", "{}").unwrap(), None);
        assert!(LiveEvent::read("config.changed", "{}").is_err());
    }

    #[test]
    fn the_name_is_the_tag_of_the_described_type() {
        let reset = LiveEvent::Reset(ResetEvent {});
        let value = serde_json::to_value(&reset).unwrap();
        assert_eq!(
            value,
            serde_json::json!({"event": reset.name(), "data": {}})
        );
    }
}
