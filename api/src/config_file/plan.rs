//! What a file would change: every rule is checked here, and nothing is written.

use std::collections::{HashMap, HashSet};

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use futures_util::future::try_join_all;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use understudy_shared::{
    Capabilities, ConfigPlan, FieldError, FieldRule, ModelInstanceId, PlannedAction, PlannedChange,
    PlannedCounts, PlannedKind,
};
use uuid::Uuid;

use super::apply::Options;
use super::pair;
use super::read::{ConfigFile, FileGroup, FileInstance, below};
use super::show::shown;
use crate::db;
use crate::db::model_groups::StoredModelGroup;
use crate::db::model_instances::StoredModelInstance;
use crate::db::time::now;
use crate::domain::changes::{Changes, changes};
use crate::domain::model_group::{MemberTraits, ValidModelGroup, member_faults};
use crate::domain::model_instance::ValidModelInstance;
use crate::error::ApiError;
use crate::gateway::egress::EgressPolicy;
use crate::routes::model_instances::{Purpose, examine};
use crate::secrets::SecretCipher;

/// Instances whose addresses are resolved at the same time.
const AT_ONCE: usize = 16;

/// What planning needs besides the file.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Encrypts new secrets, and tells which ones are stored already.
    pub cipher: &'a SecretCipher,
    /// Which addresses may be saved.
    pub egress: &'a EgressPolicy,
}

/// What there is.
#[derive(Debug)]
pub struct Stored {
    pub(super) instances: Vec<StoredModelInstance>,
    pub(super) groups: Vec<StoredModelGroup>,
}

impl Stored {
    /// Reads everything, of one moment.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn read(conn: &mut AsyncPgConnection) -> QueryResult<Self> {
        conn.build_transaction()
            .read_only()
            .repeatable_read()
            .run(async |conn| {
                Ok(Self {
                    instances: db::model_instances::all(conn).await?,
                    groups: db::model_groups::all(conn).await?,
                })
            })
            .await
    }

    /// Ids with versions, which tell whether somebody else has changed something.
    pub fn versions(&self) -> Vec<(Uuid, i64)> {
        let instances = self.instances.iter();
        let instances = instances.map(|instance| (instance.row.id, instance.row.version));
        let groups = self.groups.iter();
        let groups = groups.map(|group| (group.row.id, group.row.version));
        let mut versions: Vec<_> = instances.chain(groups).collect();
        versions.sort_unstable();
        versions
    }

    fn instances_by_name(&self) -> HashMap<&str, &StoredModelInstance> {
        let instances = self.instances.iter();
        instances
            .map(|instance| (instance.row.name_key.as_str(), instance))
            .collect()
    }

    fn groups_by_name(&self) -> HashMap<&str, &StoredModelGroup> {
        let groups = self.groups.iter();
        groups
            .map(|group| (group.row.name_key.as_str(), group))
            .collect()
    }
}

/// A resource that is made, or changed.
#[derive(Debug)]
pub(super) struct Write<T, V> {
    pub before: Option<T>,
    pub after: T,
    /// What it is made from.
    pub valid: V,
}

type WriteInstance = Write<StoredModelInstance, ValidModelInstance>;
type WriteGroup = Write<StoredModelGroup, ValidModelGroup>;

/// Everything that has to be done.
#[derive(Debug)]
pub(super) struct Planned {
    pub instances: Vec<WriteInstance>,
    pub groups: Vec<WriteGroup>,
    pub deleted_instances: Vec<StoredModelInstance>,
    pub deleted_groups: Vec<StoredModelGroup>,
    pub plan: ConfigPlan,
}

/// Compares a file with what there is.
///
/// # Errors
/// With every fault of the file, each with its line.
pub(super) async fn plan(
    file: &ConfigFile,
    stored: &Stored,
    context: Context<'_>,
    options: &Options,
) -> Result<Planned, ApiError> {
    let mut faults = file.faults.clone();
    let wanted: Vec<&FileInstance> = file.instances.iter().flatten().collect();
    let by_name = stored.instances_by_name();
    let mut instances = Vec::with_capacity(wanted.len());
    for chunk in wanted.chunks(AT_ONCE) {
        let prepared = chunk.iter().map(|wanted| {
            let key = wanted.name.as_ref().map(|name| name.to_lowercase());
            let before = key.and_then(|key| by_name.get(key.as_str()).copied());
            prepare(wanted, before, context)
        });
        for (own, write) in try_join_all(prepared).await? {
            faults.extend(own);
            instances.push(write);
        }
    }
    let (kept, deleted_instances) = split(
        &stored.instances,
        |i| &i.row.name_key,
        file.instances
            .as_deref()
            .map(|all| all.iter().map(|i| &i.name)),
        options.prune,
    );
    let (other_groups, deleted_groups) = split(
        &stored.groups,
        |g| &g.row.name_key,
        file.groups
            .as_deref()
            .map(|all| all.iter().map(|g| &g.name)),
        options.prune,
    );
    let after = After::new(&kept, &wanted, &instances)?;
    faults.extend(after.dimensions(&wanted, &instances, &other_groups));
    let by_name = stored.groups_by_name();
    let mut groups = Vec::new();
    for wanted in file.groups.iter().flatten() {
        let key = wanted.name.as_ref().map(|name| name.to_lowercase());
        let before = key.and_then(|key| by_name.get(key.as_str()).copied());
        let (own, write) = prepare_group(wanted, before, &after)?;
        faults.extend(own);
        groups.extend(write);
    }
    ApiError::check(file.located(faults))?;
    refuse_in_use(&deleted_instances, &other_groups)?;
    let instances: Vec<_> = instances.into_iter().flatten().collect();
    let names = names(stored, &instances);
    let mut described = Described::default();
    let instances = described.instances(instances)?;
    let groups = described.groups(groups, &names)?;
    for group in &deleted_groups {
        let gone = changes(&group.audited(&names)?, &Value::Null);
        described.deleted(PlannedKind::ModelGroup, &group.row.name, gone);
    }
    for instance in &deleted_instances {
        let gone = changes(&instance.audited(None)?, &Value::Null);
        described.deleted(PlannedKind::ModelInstance, &instance.row.name, gone);
    }
    Ok(Planned {
        instances,
        groups,
        deleted_instances: deleted_instances.into_iter().cloned().collect(),
        deleted_groups: deleted_groups.into_iter().cloned().collect(),
        plan: ConfigPlan {
            applied: false,
            fingerprint: fingerprint(file, stored, options),
            counts: described.counts,
            changes: described.changes,
        },
    })
}

/// What the file does not mention: what stays, and what `prune` removes. A section that is not there removes nothing.
fn split<'a, T>(
    stored: &'a [T],
    key: impl Fn(&T) -> &String,
    named: Option<impl Iterator<Item = &'a Option<String>>>,
    prune: bool,
) -> (Vec<&'a T>, Vec<&'a T>) {
    let has_section = named.is_some();
    let named = named.into_iter().flatten().flatten();
    let named: HashSet<String> = named.map(|name| name.to_lowercase()).collect();
    let others = stored.iter().filter(|item| !named.contains(key(item)));
    if prune && has_section {
        (Vec::new(), others.collect())
    } else {
        (others.collect(), Vec::new())
    }
}

type Prepared<W> = (Vec<FieldError>, Option<W>);

/// An instance by all rules of the API.
async fn prepare(
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
    let faults = own.into_iter().map(|error| below(&wanted.pointer, error));
    let faults = faults.collect();
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
    let write = Write {
        before: before.cloned(),
        after,
        valid,
    };
    Ok((faults, Some(write)))
}

/// What there will be: what members of groups can be.
struct After {
    ids: HashMap<String, Uuid>,
    /// Of those whose fields are right.
    traits: HashMap<Uuid, (Option<String>, Capabilities)>,
}

impl After {
    fn new(
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

    fn traits(&self, id: ModelInstanceId) -> Option<MemberTraits<'_>> {
        let (model, capabilities) = self.traits.get(&id.0)?;
        let model = model.as_deref();
        Some(MemberTraits {
            model,
            capabilities,
        })
    }

    /// Groups outside of the file refuse embeddings of different lengths, too.
    fn dimensions(
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

/// A group by all rules of the API.
fn prepare_group(
    wanted: &FileGroup,
    before: Option<&StoredModelGroup>,
    after: &After,
) -> Result<Prepared<WriteGroup>, ApiError> {
    let Some(mut input) = wanted.input.clone() else {
        return Ok((Vec::new(), None));
    };
    let mut own = Vec::new();
    for (index, (member, name)) in input.members.iter_mut().zip(&wanted.members).enumerate() {
        let id = after.ids.get(&name.to_lowercase()).copied();
        if id.is_none() {
            let name: String = name.chars().take(100).collect();
            let rule = FieldRule::UnknownInstanceName { name };
            own.push(FieldError::new(format!("/members/{index}/instance"), rule));
        }
        member.instance_id = ModelInstanceId(id.unwrap_or_else(Uuid::now_v7));
    }
    let valid = match ValidModelGroup::try_from(input) {
        Ok(valid) => {
            let members = member_faults(&valid.members, |id| after.traits(id));
            // Those that there are not, or that have faults of their own, are told already.
            let told = |error: &FieldError| error.rule != FieldRule::UnknownInstance;
            own.extend(members.into_iter().filter(told));
            Some(valid)
        }
        Err(faults) => {
            own.extend(faults);
            None
        }
    };
    let valid = valid.filter(|_| own.is_empty());
    let faults = own.into_iter().map(|error| below(&wanted.pointer, error));
    let faults = faults.collect();
    let Some(valid) = valid else {
        return Ok((faults, None));
    };
    let after = match before {
        Some(before) => before.changed(&valid, now())?,
        None => StoredModelGroup::new(&valid, now())?,
    };
    let write = Write {
        before: before.cloned(),
        after,
        valid,
    };
    Ok((faults, Some(write)))
}

fn refuse_in_use(
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

fn names(stored: &Stored, writes: &[WriteInstance]) -> HashMap<Uuid, String> {
    let stored = stored.instances.iter();
    let written = writes.iter().map(|write| &write.after);
    let all = stored.chain(written);
    all.map(|instance| (instance.row.id, instance.row.name.clone()))
        .collect()
}

/// The plan, as far as it is described.
#[derive(Default)]
struct Described {
    counts: PlannedCounts,
    changes: Vec<PlannedChange>,
}

impl Described {
    /// Those that differ.
    fn instances(&mut self, writes: Vec<WriteInstance>) -> QueryResult<Vec<WriteInstance>> {
        let mut differ = Vec::new();
        for write in writes {
            let before = match &write.before {
                Some(before) => before.audited(None)?,
                None => Value::Null,
            };
            let changed = changes(&before, &write.after.audited(write.before.as_ref())?);
            let kind = PlannedKind::ModelInstance;
            if self.differs(kind, &write.after.row.name, write.before.is_none(), changed) {
                differ.push(write);
            }
        }
        Ok(differ)
    }

    /// Those that differ.
    fn groups(
        &mut self,
        writes: Vec<WriteGroup>,
        names: &HashMap<Uuid, String>,
    ) -> QueryResult<Vec<WriteGroup>> {
        let mut differ = Vec::new();
        for write in writes {
            let before = match &write.before {
                Some(before) => before.audited(names)?,
                None => Value::Null,
            };
            let changed = changes(&before, &write.after.audited(names)?);
            let kind = PlannedKind::ModelGroup;
            if self.differs(kind, &write.after.row.name, write.before.is_none(), changed) {
                differ.push(write);
            }
        }
        Ok(differ)
    }

    fn differs(&mut self, kind: PlannedKind, name: &str, is_new: bool, changes: Changes) -> bool {
        if changes.is_empty() {
            self.counts.unchanged += 1;
            return false;
        }
        let (action, count) = if is_new {
            (PlannedAction::Create, &mut self.counts.create)
        } else {
            (PlannedAction::Update, &mut self.counts.update)
        };
        *count += 1;
        self.add(action, kind, name, changes);
        true
    }

    fn deleted(&mut self, kind: PlannedKind, name: &str, changes: Changes) {
        self.counts.delete += 1;
        self.add(PlannedAction::Delete, kind, name, changes);
    }

    fn add(&mut self, action: PlannedAction, kind: PlannedKind, name: &str, changes: Changes) {
        self.changes.push(PlannedChange {
            action,
            kind,
            name: name.to_owned(),
            changes: shown(changes),
        });
    }
}

/// Names the file, what is to be done with it, and what it is compared with.
fn fingerprint(file: &ConfigFile, stored: &Stored, options: &Options) -> String {
    let mut hash = Sha256::new();
    hash.update(file.digest());
    hash.update([u8::from(options.prune)]);
    for (id, version) in stored.versions() {
        hash.update(id.as_bytes());
        hash.update(version.to_be_bytes());
    }
    let digest = hash.finalize();
    let half = digest.iter().take(16);
    half.map(|byte| format!("{byte:02x}")).collect()
}
