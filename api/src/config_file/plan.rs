//! What a file would change: every rule is checked here, and nothing is written.

use std::collections::{HashMap, HashSet};

use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use futures_util::future::try_join_all;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use understudy_shared::{ConfigPlan, FieldError, PlannedKind};
use uuid::Uuid;

use super::apply::Options;
use super::read::{ConfigFile, FileGroup, FileInstance, below};
use crate::db;
use crate::db::assistants::AssistantRow;
use crate::db::model_groups::StoredModelGroup;
use crate::db::model_instances::StoredModelInstance;
use crate::domain::assistant::ValidAssistant;
use crate::domain::changes::changes;
use crate::domain::model_group::ValidModelGroup;
use crate::domain::model_instance::ValidModelInstance;
use crate::error::ApiError;
use crate::gateway::egress::EgressPolicy;
use crate::secrets::SecretCipher;

mod assistants;
mod described;
mod groups;
mod instances;

use described::Described;
use instances::After;

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
    /// Those that everybody finds.
    pub(super) assistants: Vec<AssistantRow>,
    /// Those of single persons, of which only the names matter here.
    private_assistants: Vec<AssistantRow>,
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
                let assistants = db::assistants::all(conn).await?.into_iter();
                let (shared, private) = assistants.partition(AssistantRow::is_shared);
                Ok(Self {
                    instances: db::model_instances::all(conn).await?,
                    groups: db::model_groups::all(conn).await?,
                    assistants: shared,
                    private_assistants: private,
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
        let assistants = self.assistants.iter().map(|row| (row.id, row.version));
        let mut versions: Vec<_> = instances.chain(groups).chain(assistants).collect();
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

    /// Private ones among them: their names are taken, too.
    fn assistants_by_name(&self) -> HashMap<&str, &AssistantRow> {
        let all = self.assistants.iter().chain(&self.private_assistants);
        all.map(|row| (row.name_key.as_str(), row)).collect()
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
type WriteAssistant = Write<AssistantRow, ValidAssistant>;
/// Its faults, and what is to be written if it has none.
type Prepared<W> = (Vec<FieldError>, Option<W>);

/// Everything that has to be done.
#[derive(Debug)]
pub(super) struct Planned {
    pub instances: Vec<WriteInstance>,
    pub groups: Vec<WriteGroup>,
    pub assistants: Vec<WriteAssistant>,
    pub deleted_instances: Vec<StoredModelInstance>,
    pub deleted_groups: Vec<StoredModelGroup>,
    pub deleted_assistants: Vec<AssistantRow>,
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
    let mut written = Vec::with_capacity(wanted.len());
    for chunk in wanted.chunks(AT_ONCE) {
        let prepared = chunk.iter().map(|wanted| {
            let key = wanted.name.as_ref().map(|name| name.to_lowercase());
            let before = key.and_then(|key| by_name.get(key.as_str()).copied());
            instances::prepare(wanted, before, context)
        });
        for (own, write) in try_join_all(prepared).await? {
            faults.extend(own);
            written.push(write);
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
    let after = After::new(&kept, &wanted, &written)?;
    faults.extend(after.dimensions(&wanted, &written, &other_groups));
    let by_name = stored.groups_by_name();
    let wanted: Vec<&FileGroup> = file.groups.iter().flatten().collect();
    let mut groups = Vec::with_capacity(wanted.len());
    for wanted in &wanted {
        let key = wanted.name.as_ref().map(|name| name.to_lowercase());
        let before = key.and_then(|key| by_name.get(key.as_str()).copied());
        let (own, write) = groups::prepare(wanted, before, &after)?;
        faults.extend(own);
        groups.push(write);
    }
    let (other_assistants, deleted_assistants) = split(
        &stored.assistants,
        |row| &row.name_key,
        file.assistants
            .as_deref()
            .map(|all| all.iter().map(|a| &a.name)),
        options.prune,
    );
    let after = groups::after(&other_groups, &wanted, &groups);
    let by_name = stored.assistants_by_name();
    let mut assistants = Vec::new();
    for wanted in file.assistants.iter().flatten() {
        let key = wanted.name.as_ref().map(|name| name.to_lowercase());
        let before = key.and_then(|key| by_name.get(key.as_str()).copied());
        let (own, write) = assistants::prepare(wanted, before, &after);
        faults.extend(own);
        assistants.extend(write);
    }
    ApiError::check(file.located(faults))?;
    instances::refuse_in_use(&deleted_instances, &other_groups)?;
    groups::refuse_in_use(&deleted_groups, &other_assistants)?;
    let instances: Vec<_> = written.into_iter().flatten().collect();
    let groups: Vec<_> = groups.into_iter().flatten().collect();
    let (names, group_names) = (
        names(stored, &instances),
        groups::names(&stored.groups, &groups),
    );
    let mut described = Described::default();
    let instances = described.instances(instances)?;
    let groups = described.groups(groups, &names)?;
    let assistants = described.assistants(assistants, &group_names);
    for row in &deleted_assistants {
        let gone = changes(&row.audited(None, &group_names), &Value::Null);
        described.deleted(PlannedKind::Assistant, &row.name, gone);
    }
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
        assistants,
        deleted_assistants: deleted_assistants.into_iter().cloned().collect(),
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

/// Faults of an item as faults of the file.
fn told(pointer: &str, faults: Vec<FieldError>) -> Vec<FieldError> {
    let faults = faults.into_iter();
    faults.map(|error| below(pointer, error)).collect()
}

fn names(stored: &Stored, writes: &[WriteInstance]) -> HashMap<Uuid, String> {
    let stored = stored.instances.iter();
    let written = writes.iter().map(|write| &write.after);
    let all = stored.chain(written);
    all.map(|instance| (instance.row.id, instance.row.name.clone()))
        .collect()
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
