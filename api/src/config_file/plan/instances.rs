//! Instances of a file, and what there will be of them afterwards.

use std::collections::{HashMap, HashSet};

use diesel::QueryResult;
use understudy_shared::{Capabilities, FieldError, FieldRule, ModelInstanceId};
use uuid::Uuid;

use super::{Context, Prepared, WriteInstance, told};
use crate::config_file::pair;
use crate::config_file::read::FileInstance;
use crate::db::model_groups::StoredModelGroup;
use crate::db::model_instances::StoredModelInstance;
use crate::db::time::now;
use crate::domain::model_group::MemberTraits;
use crate::error::ApiError;
use crate::routes::model_instances::{Purpose, examine};

/// An instance by all rules of the API.
pub(super) async fn prepare(
    wanted: &FileInstance,
    before: Option<&StoredModelInstance>,
    context: Context<'_>,
) -> Result<Prepared<WriteInstance>, ApiError> {
    let Some(mut input) = wanted.input.clone() else {
        return Ok((Vec::new(), None));
    };
    let mut own = pair::identify(&mut input, before);
    let valid = match examine(context.egress, input, before, Purpose::Save).await? {
        Ok(valid) if own.is_empty() => Some(valid),
        Ok(_) => None,
        Err(faults) => {
            own.extend(faults);
            None
        }
    };
    let faults = told(&wanted.pointer, own);
    let Some(mut valid) = valid else {
        return Ok((faults, None));
    };
    let after = match before {
        Some(before) => {
            pair::forget_equal(&mut valid, before, context.cipher);
            before.changed(&valid, context.cipher, now())?
        }
        None => StoredModelInstance::new(&valid, context.cipher, now())?,
    };
    let write = WriteInstance {
        before: before.cloned(),
        after,
        valid,
    };
    Ok((faults, Some(write)))
}

/// What there will be: what members of groups can be.
pub(super) struct After {
    pub ids: HashMap<String, Uuid>,
    /// Of those whose fields are right.
    traits: HashMap<Uuid, (Option<String>, Capabilities)>,
}

impl After {
    pub(super) fn new(
        kept: &[&StoredModelInstance],
        wanted: &[&FileInstance],
        writes: &[Option<WriteInstance>],
    ) -> QueryResult<Self> {
        let mut after = Self {
            ids: HashMap::new(),
            traits: HashMap::new(),
        };
        for instance in kept {
            after.add(instance)?;
        }
        for (wanted, write) in wanted.iter().zip(writes) {
            match (write, &wanted.name) {
                (Some(write), _) => after.add(&write.after)?,
                // It has faults of its own, but there is one of this name.
                (None, Some(name)) => {
                    after.ids.insert(name.to_lowercase(), Uuid::now_v7());
                }
                (None, None) => {}
            }
        }
        Ok(after)
    }

    fn add(&mut self, instance: &StoredModelInstance) -> QueryResult<()> {
        let row = &instance.row;
        self.ids.insert(row.name_key.clone(), row.id);
        let traits = (row.model.clone(), row.capabilities()?);
        self.traits.insert(row.id, traits);
        Ok(())
    }

    pub(super) fn traits(&self, id: ModelInstanceId) -> Option<MemberTraits<'_>> {
        let (model, capabilities) = self.traits.get(&id.0)?;
        let model = model.as_deref();
        Some(MemberTraits {
            model,
            capabilities,
        })
    }

    /// Groups outside of the file refuse embeddings of different lengths, too.
    pub(super) fn dimensions(
        &self,
        wanted: &[&FileInstance],
        writes: &[Option<WriteInstance>],
        groups: &[&StoredModelGroup],
    ) -> Vec<FieldError> {
        let written = wanted.iter().zip(writes).filter_map(|(wanted, write)| {
            let id = write.as_ref()?.after.row.id;
            Some((id, &wanted.pointer))
        });
        let written: HashMap<Uuid, &String> = written.collect();
        let mut faults = Vec::new();
        for group in groups {
            let declared = group.members.iter().filter_map(|member| {
                let id = member.instance_id.0;
                let (_, capabilities) = self.traits.get(&id)?;
                Some((id, capabilities.embedding_dimensions?))
            });
            let declared: Vec<(Uuid, u32)> = declared.collect();
            for (id, own) in &declared {
                let other = declared.iter().find(|(_, other)| other != own);
                let (Some((_, other)), Some(pointer)) = (other, written.get(id)) else {
                    continue;
                };
                let rule = FieldRule::EmbeddingDimensionsInGroup {
                    group: group.row.name.clone(),
                    other: (*other).into(),
                };
                let pointer = format!("{pointer}/capabilities/embedding_dimensions");
                faults.push(FieldError::new(pointer, rule));
            }
        }
        faults
    }
}

/// Instances that are used outside of the file are not removed.
pub(super) fn refuse_in_use(
    deleted: &[&StoredModelInstance],
    groups: &[&StoredModelGroup],
) -> Result<(), ApiError> {
    let gone: HashSet<Uuid> = deleted.iter().map(|instance| instance.row.id).collect();
    let uses = |group: &&&StoredModelGroup| {
        let mut members = group.members.iter();
        members.any(|member| gone.contains(&member.instance_id.0))
    };
    let users: Vec<&&StoredModelGroup> = groups.iter().filter(uses).collect();
    if users.is_empty() {
        return Ok(());
    }
    let used = |instance: &&&StoredModelInstance| {
        let mut members = users.iter().flat_map(|group| &group.members);
        members.any(|member| member.instance_id.0 == instance.row.id)
    };
    let used = deleted.iter().filter(used);
    let used: Vec<&str> = used.map(|instance| instance.row.name.as_str()).collect();
    let users = users
        .iter()
        .map(|group| (group.row.id, group.row.name.clone()));
    let way_out = format!(
        "Instances that are not in the file ({}) are members of groups that the file does not speak of; add those to it, or change them first",
        used.join(", ")
    );
    Err(ApiError::in_use(&way_out, "model_group", users.collect()))
}
