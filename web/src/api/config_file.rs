//! Configuration as code: for operators.

use std::time::Duration;

use understudy_shared as wire;

use super::transport::Request;
use super::{Api, ApiError};

const PATH: &str = "/api/v1/config";
/// Names of hosts are resolved one after the other, and a large file takes its time.
const LIMIT: Duration = Duration::from_secs(300);

impl Api {
    /// The configuration, as the text of a file.
    pub async fn export_config(self) -> Result<String, ApiError> {
        let request = Request::get(format!("{PATH}/export")).within(LIMIT);
        self.send(request).await?.into_text()
    }

    /// What applying a file would do.
    pub async fn plan_config(
        self,
        file: String,
        prune: bool,
    ) -> Result<wire::ConfigPlan, ApiError> {
        self.send_config(format!("dry_run=true&prune={prune}"), file)
            .await
    }

    /// Applies a file, if that does what this plan says.
    pub async fn apply_config(
        self,
        file: String,
        prune: bool,
        plan: &wire::ConfigPlan,
    ) -> Result<wire::ConfigPlan, ApiError> {
        let fingerprint = &plan.fingerprint;
        self.send_config(format!("prune={prune}&fingerprint={fingerprint}"), file)
            .await
    }

    async fn send_config(self, query: String, file: String) -> Result<wire::ConfigPlan, ApiError> {
        let request = Request::new("POST", format!("{PATH}/apply?{query}"));
        let request = request.text("application/yaml", file).within(LIMIT);
        self.send(request).await?.read()
    }
}
