//! The configuration in memory: immutable, complete, replaced as a whole. A request loads it once and never sees two versions.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use understudy_shared::{
    ApiKeyId, ApiKeyLimits, ApiKeyScope, InstanceKind, ModelGroupId, ModelInstanceId, Strategy,
    UserId,
};
use uuid::Uuid;

use super::assistant::{Assistant, StoredAssistant};
use super::breaker::{Board, Health};
use super::budget::Budget;
use super::counts::{GroupCounts, InstanceCounts};
use super::key_use::KeyUse;
use crate::domain::model_instance::{Connection, Drill, Opened};
use crate::secrets::Secret;
use crate::usage::Ledger;

/// An instance, ready to be asked.
#[derive(Debug)]
pub struct Instance {
    /// How it is reached.
    pub connection: Connection,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether somebody pretends that it is down.
    pub drill: Option<Drill>,
    /// Counts its changes.
    pub version: i64,
    /// Identifies everything that an upstream client is made from: another value, another client.
    pub settings: u64,
    /// What is known of it.
    pub health: Arc<Health>,
    /// What is counted of it.
    pub counts: Arc<InstanceCounts>,
}

/// A member of a group.
#[derive(Debug)]
pub struct Member {
    /// The instance.
    pub instance: Arc<Instance>,
    /// Whether it is enabled in this group.
    pub enabled: bool,
    /// The backend's name of the model, in place of the instance's own.
    pub model: Option<String>,
    /// Its share with the strategies that share.
    pub weight: u32,
}

/// A group, ready to be asked.
#[derive(Debug)]
pub struct Group {
    /// Id.
    pub id: ModelGroupId,
    /// What callers send as `model`.
    pub name: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// How the instance that answers is chosen.
    pub strategy: Strategy,
    /// Members in order.
    pub members: Vec<Member>,
    /// The smallest context that a member declares, if any does.
    pub smallest_context: Option<u32>,
    /// How many second attempts it may make.
    pub budget: Arc<Budget>,
    /// What is counted of it.
    pub counts: Arc<GroupCounts>,
    /// Instances that one request may be sent to.
    pub max_attempts: u32,
    /// Time for all attempts before the first byte, in milliseconds.
    pub deadline_ms: u64,
    /// Kinds of instances that may answer.
    pub allowed_kinds: Vec<InstanceKind>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
}

/// A key that may call.
#[derive(Debug)]
pub struct Key {
    /// What is stored of it.
    pub stored: StoredKey,
    /// What is known of it.
    pub uses: Arc<KeyUse>,
    /// Where its requests are told, once they are over.
    pub ledger: Arc<Ledger>,
}

impl Key {
    /// Whether the key may ask this group.
    pub fn may_ask(&self, group: ModelGroupId) -> bool {
        self.stored
            .group_ids
            .as_ref()
            .is_none_or(|ids| ids.contains(&group))
    }
}

/// A key as it is stored.
#[derive(Debug)]
pub struct StoredKey {
    /// Id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// How it begins, which is what people tell it by.
    pub prefix: String,
    /// What it may do.
    pub scopes: Vec<ApiKeyScope>,
    /// Groups that it may ask; none = all.
    pub group_ids: Option<Vec<ModelGroupId>>,
    /// How much it may ask.
    pub limits: ApiKeyLimits,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who made it, with the name to sign in with; none if that user was deleted.
    pub maker: Option<(UserId, String)>,
}

/// SHA-256 of a key.
pub type KeyHash = [u8; 32];

/// An instance as it is stored.
#[derive(Debug)]
pub struct StoredInstance {
    /// How it is reached.
    pub connection: Connection,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether somebody pretends that it is down.
    pub drill: Option<Drill>,
    /// Counts its changes.
    pub version: i64,
}

/// A member as it is stored.
#[derive(Debug)]
pub struct StoredMember {
    /// The instance.
    pub instance_id: ModelInstanceId,
    /// Whether it is enabled in the group.
    pub enabled: bool,
    /// The backend's name of the model.
    pub model: Option<String>,
    /// Its share.
    pub weight: u32,
}

/// A group as it is stored.
#[derive(Debug)]
pub struct StoredGroup {
    /// Id.
    pub id: ModelGroupId,
    /// What callers send as `model`.
    pub name: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// How the instance that answers is chosen.
    pub strategy: Strategy,
    /// Members in order.
    pub members: Vec<StoredMember>,
    /// Instances that one request may be sent to.
    pub max_attempts: u32,
    /// Time for all attempts before the first byte, in milliseconds.
    pub deadline_ms: u64,
    /// Kinds of instances that may answer.
    pub allowed_kinds: Vec<InstanceKind>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
}

/// All that requests need, as it is stored.
#[derive(Debug, Default)]
pub struct Stored {
    /// Counts the changes.
    pub revision: i64,
    /// Instances.
    pub instances: Vec<StoredInstance>,
    /// Groups.
    pub groups: Vec<StoredGroup>,
    /// Assistants.
    pub assistants: Vec<StoredAssistant>,
    /// Keys that are not revoked.
    pub keys: Vec<(KeyHash, StoredKey)>,
}

/// The configuration of one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Counts the changes.
    pub revision: i64,
    instances: HashMap<ModelInstanceId, Arc<Instance>>,
    groups: HashMap<String, Arc<Group>>,
    /// By their names in lower case, without `assistant/`.
    assistants: HashMap<String, Arc<Assistant>>,
    keys: HashMap<KeyHash, Arc<Key>>,
    /// Where each token and each proxy is.
    parts: HashMap<Uuid, (Arc<Instance>, usize)>,
}

impl Snapshot {
    /// Builds a snapshot; what is known of instances whose connection settings stayed goes on.
    pub fn build(stored: Stored, board: &Board) -> Self {
        let mut instances = HashMap::with_capacity(stored.instances.len());
        for StoredInstance {
            connection,
            enabled,
            drill,
            version,
        } in stored.instances
        {
            let id = connection.id;
            let settings = settings(&connection);
            let health = board.entry(&connection, settings);
            instances.insert(
                id,
                Arc::new(Instance {
                    connection,
                    enabled,
                    drill,
                    version,
                    settings,
                    health,
                    counts: board.counts().instance(id),
                }),
            );
        }
        let mut groups = HashMap::with_capacity(stored.groups.len());
        for group in stored.groups {
            let group = self::group(group, &instances, board);
            groups.insert(group.name.to_lowercase(), Arc::new(group));
        }
        let by_id: HashMap<ModelGroupId, &Arc<Group>> =
            groups.values().map(|group| (group.id, group)).collect();
        let assistant = |stored: StoredAssistant| {
            let group = stored.group_id.and_then(|id| by_id.get(&id).copied());
            let key = stored.name.to_lowercase();
            (key, Arc::new(Assistant::new(stored, group.cloned())))
        };
        let assistants = stored.assistants.into_iter().map(assistant).collect();
        let known: HashSet<ModelGroupId> = groups.values().map(|group| group.id).collect();
        board.retain(|id| instances.contains_key(&id), |id| known.contains(&id));
        let kept: HashSet<ApiKeyId> = stored.keys.iter().map(|(_, key)| key.id).collect();
        board.retain_keys(|id| kept.contains(&id));
        let key = |(hash, stored): (KeyHash, StoredKey)| {
            let key = Key {
                uses: board.key(stored.id),
                ledger: Arc::clone(board.ledger()),
                stored,
            };
            (hash, Arc::new(key))
        };
        let keys = stored.keys.into_iter().map(key).collect();
        let parts = instances.values().flat_map(parts).collect();
        Self {
            revision: stored.revision,
            instances,
            groups,
            assistants,
            keys,
            parts,
        }
    }

    /// The instance that a token or a proxy belongs to, and its place there.
    pub fn part(&self, id: Uuid) -> Option<&(Arc<Instance>, usize)> {
        self.parts.get(&id)
    }

    /// The instance with this id.
    pub fn instance(&self, id: ModelInstanceId) -> Option<&Arc<Instance>> {
        self.instances.get(&id)
    }

    /// The group with this name, regardless of case.
    pub fn group(&self, name: &str) -> Option<&Arc<Group>> {
        self.groups
            .get(name)
            .or_else(|| self.groups.get(&name.to_lowercase()))
    }

    /// The assistant with this name, regardless of case.
    pub fn assistant(&self, name: &str) -> Option<&Arc<Assistant>> {
        self.assistants.get(&name.to_lowercase())
    }

    /// All assistants, in no order.
    pub fn assistants(&self) -> impl Iterator<Item = &Arc<Assistant>> {
        self.assistants.values()
    }

    /// All instances, in no order.
    pub fn instances(&self) -> impl Iterator<Item = &Arc<Instance>> {
        self.instances.values()
    }

    /// All groups, in no order.
    pub fn groups(&self) -> impl Iterator<Item = &Arc<Group>> {
        self.groups.values()
    }

    /// All keys, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.keys.values()
    }

    /// The key with this hash.
    pub fn key(&self, hash: &KeyHash) -> Option<&Arc<Key>> {
        self.keys.get(hash)
    }
}

/// Tokens and proxies of an instance with their places.
fn parts(instance: &Arc<Instance>) -> Vec<(Uuid, (Arc<Instance>, usize))> {
    let connection = &instance.connection;
    let tokens = connection.tokens.iter().map(|token| token.id.0);
    let proxies = connection.proxies.iter().map(|proxy| proxy.id.0);
    let placed = tokens.enumerate().chain(proxies.enumerate());
    placed
        .map(|(place, id)| (id, (Arc::clone(instance), place)))
        .collect()
}

fn group(
    stored: StoredGroup,
    instances: &HashMap<ModelInstanceId, Arc<Instance>>,
    board: &Board,
) -> Group {
    let member = |member: StoredMember| {
        Some(Member {
            instance: Arc::clone(instances.get(&member.instance_id)?),
            enabled: member.enabled,
            model: member.model,
            weight: member.weight,
        })
    };
    let members: Vec<Member> = stored.members.into_iter().filter_map(member).collect();
    let contexts = members
        .iter()
        .filter_map(|member| member.instance.connection.capabilities.context_length);
    Group {
        id: stored.id,
        name: stored.name,
        enabled: stored.enabled,
        strategy: stored.strategy,
        smallest_context: contexts.min(),
        members,
        budget: board.budget(stored.id),
        counts: board.counts().group(stored.id),
        max_attempts: stored.max_attempts,
        deadline_ms: stored.deadline_ms,
        allowed_kinds: stored.allowed_kinds,
        created_at: stored.created_at,
    }
}

/// A fingerprint of everything that an upstream client is made from.
fn settings(connection: &Connection) -> u64 {
    let c = connection;
    let mut hasher = DefaultHasher::new();
    c.kind.hash(&mut hasher);
    c.endpoint.base_url().hash(&mut hasher);
    c.auth.kind.hash(&mut hasher);
    c.auth.header.hash(&mut hasher);
    // One that cannot be read is another one as soon as it can.
    let clear: fn(&Opened) -> Option<&str> = |secret| secret.as_ref().ok().map(Secret::expose);
    for token in &c.tokens {
        clear(&token.value).hash(&mut hasher);
    }
    for header in &c.headers {
        (&header.name, clear(&header.value)).hash(&mut hasher);
    }
    for proxy in &c.proxies {
        let password = proxy.password.as_ref().map(clear);
        (&proxy.url, &proxy.username, password).hash(&mut hasher);
    }
    c.tls.ca_pem.hash(&mut hasher);
    c.tls.insecure_skip_verify.hash(&mut hasher);
    c.timeouts.connect_ms.hash(&mut hasher);
    hasher.finish()
}
