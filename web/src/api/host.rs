//! The machine of the service: what it has, and what runs on it already.

use std::time::Duration;

use understudy_shared as wire;

use super::transport::Request;
use super::{Api, ApiError};

/// The service takes three seconds at most; the rest is for the way.
const DISCOVERY_LIMIT: Duration = Duration::from_secs(20);

impl Api {
    /// What the machine has to run a model with.
    pub async fn get_host(self) -> Result<wire::Host, ApiError> {
        self.get("/api/v1/host").await
    }

    /// Looks for servers of models on the machine.
    pub async fn discover_model_instances(self) -> Result<wire::Discovery, ApiError> {
        let request = Request::new("POST", "/api/v1/model-instances/discover");
        self.send(request.within(DISCOVERY_LIMIT)).await?.read()
    }
}
