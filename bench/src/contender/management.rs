//! The few calls of the management API that set up what is measured, as any script would make them.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::ask;
use crate::failure::{Context, Failure, Result};
use crate::mock;

/// A signed-in administrator.
#[derive(Debug)]
pub struct Management {
    address: SocketAddr,
    token: String,
}

impl Management {
    /// Signs in.
    pub async fn sign_in(address: SocketAddr, username: &str, password: &str) -> Result<Self> {
        let body = json!({"username": username, "password": password});
        let answer = post(address, None, "/api/v1/auth/login", &body, 200).await?;
        let token = text(&answer, "access_token")?;
        Ok(Self { address, token })
    }

    /// Makes an instance for the mock, which is asked below `base_path`; gives back its id.
    pub async fn create_instance(
        &self,
        name: &str,
        mock: SocketAddr,
        base_path: &str,
    ) -> Result<String> {
        let (host, port) = (mock.ip(), mock.port());
        let body = json!({
            "name": name,
            "kind": "local",
            "endpoint": {"scheme": "http", "host": host, "port": port, "base_path": base_path},
            "model": mock::MODEL,
        });
        text(&self.create("/api/v1/model-instances", &body).await?, "id")
    }

    /// Makes a group of these instances.
    pub async fn create_group(&self, name: &str, instances: &[&str]) -> Result<()> {
        let member = |id: &&str| json!({"instance_id": id});
        let members: Vec<_> = instances.iter().map(member).collect();
        let body = json!({
            "name": name,
            "title": "Benchmark",
            "members": members,
        });
        self.create("/api/v1/model-groups", &body).await?;
        Ok(())
    }

    /// Makes a key for the gateway.
    pub async fn create_gateway_key(&self) -> Result<String> {
        let body = json!({"name": "benchmark", "scopes": ["gateway"]});
        text(&self.create("/api/v1/api-keys", &body).await?, "key")
    }

    async fn create(&self, path: &str, body: &Value) -> Result<Value> {
        post(self.address, Some(&self.token), path, body, 201).await
    }
}

async fn post(
    address: SocketAddr,
    token: Option<&str>,
    path: &str,
    body: &Value,
    expected: u16,
) -> Result<Value> {
    let (status, answer) = ask(address, "POST", path, token, Some(&body.to_string()))
        .await
        .context(|| format!("ask for {path}"))?;
    if status != expected {
        return Err(Failure::new(format!(
            "POST {path} answered {status}: {answer}"
        )));
    }
    serde_json::from_str(&answer).context(|| format!("read the answer of {path}"))
}

fn text(answer: &Value, field: &str) -> Result<String> {
    match answer[field].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(Failure::new(format!("an answer has no `{field}`"))),
    }
}
