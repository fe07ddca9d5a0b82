//! Which instances are in which groups: for the links between the tables, and for what deleting would break.

use std::collections::HashMap;

use leptos::prelude::*;
use understudy_shared::{ModelGroup, ModelGroupId, ModelInstanceId, ResourceKind};

use crate::api::{Api, ApiError, use_api};
use crate::load::Load;

/// A group as the other table needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupBrief {
    /// Its id.
    pub id: ModelGroupId,
    /// What people call it.
    pub title: String,
    /// Its members.
    pub members: Vec<ModelInstanceId>,
}

impl From<ModelGroup> for GroupBrief {
    fn from(group: ModelGroup) -> Self {
        Self {
            id: group.id,
            title: group.title,
            members: group
                .members
                .iter()
                .map(|member| member.instance_id)
                .collect(),
        }
    }
}

/// All groups, briefly.
#[derive(Clone, Copy)]
pub struct Members {
    load: Load<Vec<GroupBrief>>,
    counts: Memo<HashMap<ModelInstanceId, u64>>,
}

/// Keeps all groups at hand.
pub fn use_members() -> Members {
    let api = use_api();
    let load = Load::live(&[ResourceKind::ModelGroup], move || all_groups(api));
    let counts = Memo::new(move |_| load.with(|groups| counts(groups)).unwrap_or_default());
    Members { load, counts }
}

impl Members {
    /// In how many groups an instance is, once that is known; tracked.
    pub fn count(self, id: ModelInstanceId) -> Option<u64> {
        self.load.with(|_| ())?;
        Some(
            self.counts
                .with(|counts| counts.get(&id).copied().unwrap_or(0)),
        )
    }

    /// The groups that an instance is in; tracked.
    pub fn groups_of(self, id: ModelInstanceId) -> Vec<GroupBrief> {
        let groups = self.load.with(|groups| {
            let has = |group: &&GroupBrief| group.members.contains(&id);
            groups.iter().filter(has).cloned().collect()
        });
        groups.unwrap_or_default()
    }

    /// What people call a group: nothing if there is none with this id, once that is known; tracked.
    pub fn title(self, id: ModelGroupId) -> Option<Option<String>> {
        self.load.with(|groups| {
            let group = groups.iter().find(|group| group.id == id);
            group.map(|group| group.title.clone())
        })
    }
}

async fn all_groups(api: Api) -> Result<Vec<GroupBrief>, ApiError> {
    let groups = api.all_model_groups().await?;
    Ok(groups.into_iter().map(GroupBrief::from).collect())
}

fn counts(groups: &[GroupBrief]) -> HashMap<ModelInstanceId, u64> {
    let mut counts = HashMap::new();
    for member in groups.iter().flat_map(|group| &group.members) {
        *counts.entry(*member).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_counted_once_in_each_group() {
        let id = |text: &str| text.parse::<ModelInstanceId>().unwrap();
        let (a, b) = (
            id("01890a5d-ac96-774b-bcce-b302099a8001"),
            id("01890a5d-ac96-774b-bcce-b302099a8002"),
        );
        let group = |members: &[ModelInstanceId]| GroupBrief {
            id: "01890a5d-ac96-774b-bcce-b302099a8003".parse().unwrap(),
            title: "x".to_owned(),
            members: members.to_vec(),
        };
        let counts = counts(&[group(&[a, b]), group(&[a])]);
        assert_eq!(counts.get(&a), Some(&2));
        assert_eq!(counts.get(&b), Some(&1));
    }
}
