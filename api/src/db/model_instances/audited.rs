//! What the audit log shows of an instance: every field that people write, and of secrets that they are set or replaced.
//!
//! The rule: no value of a secret is read here. That one was replaced shows in its ciphertext, which is another one each time.

use std::collections::HashMap;

use diesel::QueryResult;
use serde_json::{Value, json};
use understudy_shared::{SECRET_REPLACED, SECRET_SET};
use uuid::Uuid;

use super::{InstanceHeaderRow, InstanceProxyRow, InstanceTokenRow, StoredModelInstance};
use crate::db::convert::to_json;

impl StoredModelInstance {
    /// `before` is what it was, if this is what a change made of it.
    pub(crate) fn audited(&self, before: Option<&Self>) -> QueryResult<Value> {
        let row = &self.row;
        let stored: HashMap<Uuid, &[u8]> = before.into_iter().flat_map(Self::secrets).collect();
        let masked = |id: Uuid, encrypted: &[u8]| match stored.get(&id) {
            Some(before) if *before != encrypted => SECRET_REPLACED,
            _ => SECRET_SET,
        };
        let token = |token: &InstanceTokenRow| {
            json!({
                "id": token.id,
                "label": token.label,
                "hint": token.hint,
                "value": masked(token.id, &token.value_encrypted),
            })
        };
        let header = |header: &InstanceHeaderRow| {
            json!({
                "id": header.id,
                "name": header.name,
                "hint": header.hint,
                "value": masked(header.id, &header.value_encrypted),
            })
        };
        let proxy = |proxy: &InstanceProxyRow| {
            let password = proxy.password_encrypted.as_deref();
            json!({
                "id": proxy.id,
                "url": proxy.url,
                "username": proxy.username,
                "password": password.map(|password| masked(proxy.id, password)),
            })
        };
        Ok(json!({
            "name": row.name,
            "description": row.description,
            "labels": row.labels()?,
            "enabled": row.enabled,
            "kind": row.kind()?,
            "protocol": row.protocol()?,
            "endpoint": to_json(&row.endpoint()?)?,
            "model": row.model,
            "auth": to_json(&row.auth()?)?,
            "tokens": self.tokens.iter().map(token).collect::<Vec<_>>(),
            "headers": self.headers.iter().map(header).collect::<Vec<_>>(),
            "proxies": self.proxies.iter().map(proxy).collect::<Vec<_>>(),
            "tls": to_json(&row.tls())?,
            "parameters": to_json(&row.parameters()?)?,
            "limits": to_json(&row.limits()?)?,
            "timeouts": to_json(&row.timeouts()?)?,
            "health_check": to_json(&row.health_check()?)?,
            "capabilities": to_json(&row.capabilities()?)?,
        }))
    }

    /// Every secret as it is stored, by the id of its row.
    fn secrets(&self) -> impl Iterator<Item = (Uuid, &[u8])> {
        let tokens = self.tokens.iter();
        let headers = self.headers.iter();
        let proxies = self.proxies.iter();
        tokens
            .map(|token| (token.id, token.value_encrypted.as_slice()))
            .chain(headers.map(|header| (header.id, header.value_encrypted.as_slice())))
            .chain(
                proxies.filter_map(|proxy| Some((proxy.id, proxy.password_encrypted.as_deref()?))),
            )
    }
}
