//! Assistants: reading, changing, and who sees and changes which.
//!
//! The rule: a private assistant is its owner's alone. To everybody else, administrators included, it does not exist (404); only that
//! its name is taken shows. A shared one is everybody's to find and use, and changing it takes what changing groups takes.

mod list;
mod read;
mod write;

pub use list::*;
pub use read::*;
pub use write::*;

use std::collections::HashMap;

use diesel_async::AsyncPgConnection;
use understudy_shared::{Assistant, AssistantId, GroupRef, ModelGroupId, OwnerRef, UserId};
use uuid::Uuid;

use super::model_groups::{Facts, availability, facts_of};
use crate::auth::permission::Permission as _;
use crate::auth::{ManageWrite, Principal};
use crate::db;
use crate::db::assistants::AssistantRow;
use crate::db::model_groups::StoredModelGroup;
use crate::error::ApiError;
use crate::gateway::Gateway;

/// Whoever asks, as far as assistants are concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Viewer {
    /// The person; none for a key.
    person: Option<Uuid>,
    /// Whether they may change what everybody finds.
    manages: bool,
}

impl Viewer {
    /// These rights.
    pub(crate) fn of(principal: &Principal) -> Self {
        Self {
            person: match principal {
                Principal::Person(person) => Some(person.id.0),
                Principal::Program(_) => None,
            },
            manages: ManageWrite::admit(principal.clone()).is_some(),
        }
    }

    fn owns(self, row: &AssistantRow) -> bool {
        self.person.is_some() && self.person == row.owner_id
    }

    /// Whether it exists to them.
    pub(crate) fn sees(self, row: &AssistantRow) -> bool {
        row.is_shared() || self.owns(row)
    }

    /// Whether they may change and delete it.
    fn may_change(self, row: &AssistantRow) -> bool {
        if row.is_shared() {
            self.manages
        } else {
            self.owns(row)
        }
    }
}

/// What answers show of assistants beside their own fields.
#[derive(Debug)]
struct Around {
    groups: HashMap<Uuid, StoredModelGroup>,
    facts: Facts,
    owners: HashMap<Uuid, String>,
}

impl Around {
    async fn of(conn: &mut AsyncPgConnection, rows: &[AssistantRow]) -> Result<Self, ApiError> {
        let groups: Vec<Uuid> = rows.iter().filter_map(|row| row.group_id).collect();
        let owners: Vec<Uuid> = rows.iter().filter_map(|row| row.owner_id).collect();
        let groups = db::model_groups::get_many(conn, &groups).await?;
        Ok(Self {
            facts: facts_of(conn, &groups).await?,
            groups: groups
                .into_iter()
                .map(|group| (group.row.id, group))
                .collect(),
            owners: db::assistants::owner_names(conn, &owners).await?,
        })
    }

    fn group(&self, row: &AssistantRow) -> Option<&StoredModelGroup> {
        self.groups.get(&row.group_id?)
    }

    /// The assistant as an answer shows it.
    fn describe(
        &self,
        row: AssistantRow,
        viewer: Viewer,
        gateway: &Gateway,
    ) -> Result<Assistant, ApiError> {
        let group = self.group(&row);
        let owner = row.owner_id.and_then(|id| {
            let name = self.owners.get(&id)?.clone();
            let id = UserId(id);
            Some(OwnerRef { id, name })
        });
        Ok(Assistant {
            id: AssistantId(row.id),
            group_id: row.group_id.map(ModelGroupId),
            parameters: row.parameters()?,
            visibility: row.visibility()?,
            owner,
            group: group.map(|group| GroupRef {
                id: ModelGroupId(group.row.id),
                name: group.row.name.clone(),
                title: group.row.title.clone(),
            }),
            availability: availability(group, &self.facts, gateway)?,
            editable: viewer.may_change(&row),
            name: row.name,
            title: row.title,
            description: row.description,
            system_prompt: row.system_prompt,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn not_found() -> ApiError {
    ApiError::not_found("assistant with this id")
}
