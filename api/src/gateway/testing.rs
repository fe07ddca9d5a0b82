//! Groups for unit tests: instances that are never connected to, on a clock that only the test moves.

use std::sync::Arc;

use understudy_shared::{
    Capabilities, Endpoint, HealthCheck, InstanceAuth, InstanceKind, Limits, ModelGroupId,
    ModelInstanceId, Parameters, Scheme, Strategy, Timeouts, TlsOptions, TokenId,
};
use uuid::Uuid;

use super::breaker::Board;
use super::snapshot::{Group, Snapshot, Stored, StoredGroup, StoredInstance, StoredMember};
use super::surroundings::staged::Staged;
use crate::domain::model_instance::{Connection, ConnectionToken, Drill};
use crate::secrets::Secret;

/// A configuration of one group, and where it lives.
pub struct Stage {
    pub surroundings: Arc<Staged>,
    pub board: Board,
    pub instances: Vec<StoredInstance>,
    pub strategy: Strategy,
    pub weights: Vec<u32>,
}

/// A connection with so many tokens.
pub fn connection(id: ModelInstanceId, name: &str, tokens: usize) -> Connection {
    let token = |number: usize| ConnectionToken {
        id: TokenId(Uuid::now_v7()),
        value: Ok(Secret::new(format!("token-{number}"))),
    };
    Connection {
        id,
        name: name.to_owned(),
        kind: InstanceKind::Local,
        endpoint: Endpoint {
            scheme: Scheme::Http,
            host: "127.0.0.1".to_owned(),
            port: 1,
            base_path: "/v1".to_owned(),
        },
        model: None,
        auth: InstanceAuth::default(),
        tokens: (0..tokens).map(token).collect(),
        headers: Vec::new(),
        proxies: Vec::new(),
        tls: TlsOptions::default(),
        parameters: Parameters::default(),
        limits: Limits::default(),
        timeouts: Timeouts::default(),
        health_check: HealthCheck::default(),
        capabilities: Capabilities::default(),
    }
}

impl Stage {
    /// So many instances, all healthy and without limits.
    pub fn of(count: usize) -> Self {
        let surroundings = Staged::new();
        let instance = |number: usize| StoredInstance {
            connection: connection(ModelInstanceId(Uuid::now_v7()), &number.to_string(), 0),
            enabled: true,
            drill: None,
            version: 1,
        };
        Self {
            board: Board::new(surroundings.clone()),
            surroundings,
            instances: (0..count).map(instance).collect(),
            strategy: Strategy::FirstAvailable,
            weights: vec![1; count],
        }
    }

    /// With limits for one of them.
    pub fn limited(mut self, place: usize, limits: Limits) -> Self {
        self.instances[place].connection.limits = limits;
        self
    }

    /// The group, as requests find it. What is known of the instances goes on from one to the next.
    pub fn group(&self) -> Arc<Group> {
        let stored = |instance: &StoredInstance| StoredInstance {
            connection: instance.connection.clone(),
            enabled: instance.enabled,
            drill: instance.drill,
            version: instance.version,
        };
        let member = |(instance, weight): (&StoredInstance, &u32)| StoredMember {
            instance_id: instance.connection.id,
            enabled: true,
            model: None,
            weight: *weight,
        };
        let group = StoredGroup {
            id: ModelGroupId(Uuid::from_u128(1)),
            name: "group".to_owned(),
            enabled: true,
            strategy: self.strategy,
            members: self
                .instances
                .iter()
                .zip(&self.weights)
                .map(member)
                .collect(),
            max_attempts: 3,
            deadline_ms: 120_000,
            allowed_kinds: InstanceKind::ALL.to_vec(),
            created_at: chrono::Utc::now(),
        };
        let stored = Stored {
            revision: 1,
            instances: self.instances.iter().map(stored).collect(),
            groups: vec![group],
            ..Stored::default()
        };
        let snapshot = Snapshot::build(stored, &self.board);
        Arc::clone(snapshot.group("group").unwrap())
    }

    /// What is shown of an instance.
    pub fn status(&self, place: usize) -> understudy_shared::InstanceStatus {
        let instance = &self.instances[place];
        let (id, since) = (instance.connection.id, chrono::DateTime::UNIX_EPOCH);
        self.board
            .status(id, instance.enabled, instance.drill, since)
    }

    /// A drill of so many seconds from now.
    pub fn drill(&self, seconds: u64) -> Drill {
        use super::surroundings::Surroundings as _;
        let now = self.surroundings.now();
        Drill {
            since: now.utc(),
            until: now.after(std::time::Duration::from_secs(seconds)).utc(),
        }
    }
}
