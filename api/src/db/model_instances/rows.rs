//! Rows of instances and of what belongs to them, and how they become domain and wire types.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use understudy_shared::{
    Capabilities, Endpoint, HealthCheck, InstanceAuth, InstanceKind, Limits, ModelInstanceId,
    Parameters, Protocol, ProxyId, Timeouts, TlsOptions, TokenId,
};
use uuid::Uuid;

use crate::db::convert::{from_json, named, number, to_json};
use crate::db::schema::{instance_headers, instance_proxies, instance_tokens, model_instances};
use crate::domain::model_instance::{
    Connection, ConnectionHeader, ConnectionProxy, ConnectionToken, ValidModelInstance,
};
use crate::secrets::{SecretCipher, SecretError, SecretPlace};

/// An instance as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = model_instances, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct ModelInstanceRow {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// The name in lower case.
    pub name_key: String,
    /// What it is.
    pub description: String,
    labels: Value,
    /// Whether it is in use.
    pub enabled: bool,
    kind: String,
    protocol: String,
    scheme: String,
    /// Normalised host.
    pub host: String,
    port: i32,
    base_path: String,
    /// The backend's name of the model.
    pub model: Option<String>,
    auth_type: String,
    auth_header: Option<String>,
    tls_ca_pem: Option<String>,
    tls_insecure_skip_verify: bool,
    parameters: Value,
    limits: Value,
    timeouts: Value,
    health_check: Value,
    capabilities: Value,
    /// Counts the changes.
    pub version: i64,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

impl ModelInstanceRow {
    /// A row for a new instance.
    ///
    /// # Errors
    /// Only if a value cannot be written as JSON.
    pub fn new(id: Uuid, valid: &ValidModelInstance, now: DateTime<Utc>) -> QueryResult<Self> {
        Ok(Self {
            id,
            name: valid.name.clone(),
            name_key: valid.name.to_lowercase(),
            description: valid.description.clone(),
            labels: to_json(&valid.labels)?,
            enabled: valid.enabled,
            kind: valid.kind.as_str().to_owned(),
            protocol: valid.protocol.as_str().to_owned(),
            scheme: valid.endpoint.scheme.as_str().to_owned(),
            host: valid.endpoint.host.clone(),
            port: valid.endpoint.port.into(),
            base_path: valid.endpoint.base_path.clone(),
            model: valid.model.clone(),
            auth_type: valid.auth.kind.as_str().to_owned(),
            auth_header: valid.auth.header.clone(),
            tls_ca_pem: valid.tls.ca_pem.clone(),
            tls_insecure_skip_verify: valid.tls.insecure_skip_verify,
            parameters: to_json(&valid.parameters)?,
            limits: to_json(&valid.limits)?,
            timeouts: to_json(&valid.timeouts)?,
            health_check: to_json(&valid.health_check)?,
            capabilities: to_json(&valid.capabilities)?,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// The row after a change.
    ///
    /// # Errors
    /// Only if a value cannot be written as JSON.
    pub fn changed(&self, valid: &ValidModelInstance, now: DateTime<Utc>) -> QueryResult<Self> {
        let changed = Self::new(self.id, valid, now)?;
        Ok(Self {
            version: self.version + 1,
            created_at: self.created_at,
            ..changed
        })
    }

    /// The row of a copy with another name.
    pub fn copied(&self, id: Uuid, name: &str, now: DateTime<Utc>) -> Self {
        Self {
            id,
            name: name.to_owned(),
            name_key: name.to_lowercase(),
            version: 1,
            created_at: now,
            updated_at: now,
            ..self.clone()
        }
    }

    /// Labels.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn labels(&self) -> QueryResult<std::collections::BTreeMap<String, String>> {
        from_json(&self.labels)
    }

    /// Where the backend runs.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn kind(&self) -> QueryResult<InstanceKind> {
        named(&self.kind)
    }

    /// What the backend speaks.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn protocol(&self) -> QueryResult<Protocol> {
        named(&self.protocol)
    }

    /// Where the backend listens.
    ///
    /// # Errors
    /// If a column holds something else.
    pub fn endpoint(&self) -> QueryResult<Endpoint> {
        Ok(Endpoint {
            scheme: named(&self.scheme)?,
            host: self.host.clone(),
            port: number(self.port)?,
            base_path: self.base_path.clone(),
        })
    }

    /// Where a token goes.
    ///
    /// # Errors
    /// If a column holds something else.
    pub fn auth(&self) -> QueryResult<InstanceAuth> {
        Ok(InstanceAuth {
            kind: named(&self.auth_type)?,
            header: self.auth_header.clone(),
        })
    }

    /// How the backend proves who it is.
    pub fn tls(&self) -> TlsOptions {
        TlsOptions {
            ca_pem: self.tls_ca_pem.clone(),
            insecure_skip_verify: self.tls_insecure_skip_verify,
        }
    }

    /// What is changed in a request's body.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn parameters(&self) -> QueryResult<Parameters> {
        from_json(&self.parameters)
    }

    /// How much the instance takes.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn limits(&self) -> QueryResult<Limits> {
        from_json(&self.limits)
    }

    /// How long to wait.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn timeouts(&self) -> QueryResult<Timeouts> {
        from_json(&self.timeouts)
    }

    /// How the instance is checked.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn health_check(&self) -> QueryResult<HealthCheck> {
        from_json(&self.health_check)
    }

    /// What the backend can do.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn capabilities(&self) -> QueryResult<Capabilities> {
        from_json(&self.capabilities)
    }
}

/// A token as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = instance_tokens, check_for_backend(diesel::pg::Pg))]
pub struct InstanceTokenRow {
    /// Id.
    pub id: Uuid,
    /// Its instance.
    pub instance_id: Uuid,
    /// Place in the pool.
    pub position: i32,
    /// What the token is for.
    pub label: String,
    /// The last characters of a long one.
    pub hint: String,
    /// The token, encrypted.
    pub value_encrypted: Vec<u8>,
}

/// An extra header as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = instance_headers, check_for_backend(diesel::pg::Pg))]
pub struct InstanceHeaderRow {
    /// Id.
    pub id: Uuid,
    /// Its instance.
    pub instance_id: Uuid,
    /// Place in the list.
    pub position: i32,
    /// Name of the header.
    pub name: String,
    /// The last characters of a long one.
    pub hint: String,
    /// The value, encrypted.
    pub value_encrypted: Vec<u8>,
}

/// A proxy as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = instance_proxies, check_for_backend(diesel::pg::Pg))]
pub struct InstanceProxyRow {
    /// Id.
    pub id: Uuid,
    /// Its instance.
    pub instance_id: Uuid,
    /// Place in the list.
    pub position: i32,
    /// Address, normalised and without credentials.
    pub url: String,
    /// Name to sign in with.
    pub username: Option<String>,
    /// The password, encrypted.
    pub password_encrypted: Option<Vec<u8>>,
}

/// An instance with all that belongs to it, in order.
#[derive(Clone, Debug)]
pub struct StoredModelInstance {
    /// The instance.
    pub row: ModelInstanceRow,
    /// Its tokens.
    pub tokens: Vec<InstanceTokenRow>,
    /// Its extra headers.
    pub headers: Vec<InstanceHeaderRow>,
    /// Its proxies.
    pub proxies: Vec<InstanceProxyRow>,
}

/// Why a stored instance cannot be made or copied.
#[derive(Debug, thiserror::Error)]
pub enum StoredConnectionError {
    /// A column holds what the schema should not allow.
    #[error("a stored instance cannot be read: {0}")]
    Row(#[from] diesel::result::Error),
    /// A secret cannot be encrypted or decrypted.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl StoredModelInstance {
    /// How to reach the backend, secrets in clear as far as they can be read.
    ///
    /// # Errors
    /// If a column holds what it should not.
    pub fn connection(&self, cipher: &SecretCipher) -> QueryResult<Connection> {
        let row = &self.row;
        Ok(Connection {
            id: ModelInstanceId(row.id),
            name: row.name.clone(),
            kind: row.kind()?,
            endpoint: row.endpoint()?,
            model: row.model.clone(),
            auth: row.auth()?,
            tokens: self.tokens.iter().map(|token| token.open(cipher)).collect(),
            headers: self
                .headers
                .iter()
                .map(|header| header.open(cipher))
                .collect(),
            proxies: self
                .proxies
                .iter()
                .map(|proxy| proxy.open(cipher))
                .collect(),
            tls: row.tls(),
            parameters: row.parameters()?,
            limits: row.limits()?,
            timeouts: row.timeouts()?,
            health_check: row.health_check()?,
            capabilities: row.capabilities()?,
        })
    }
}

impl InstanceTokenRow {
    /// The token in clear.
    pub fn open(&self, cipher: &SecretCipher) -> ConnectionToken {
        ConnectionToken {
            id: TokenId(self.id),
            value: cipher.decrypt(SecretPlace::token(self.id), &self.value_encrypted),
        }
    }
}

impl InstanceHeaderRow {
    /// The header in clear.
    pub fn open(&self, cipher: &SecretCipher) -> ConnectionHeader {
        ConnectionHeader {
            name: self.name.clone(),
            value: cipher.decrypt(SecretPlace::header(self.id), &self.value_encrypted),
        }
    }
}

impl InstanceProxyRow {
    /// The proxy with its password in clear.
    pub fn open(&self, cipher: &SecretCipher) -> ConnectionProxy {
        let stored = self.password_encrypted.as_deref();
        ConnectionProxy {
            id: ProxyId(self.id),
            url: self.url.clone(),
            username: self.username.clone(),
            password: stored.map(|stored| cipher.decrypt(SecretPlace::proxy(self.id), stored)),
        }
    }
}
