//! The audit log: for administrators alone.

use std::time::Duration;

use understudy_shared as wire;

use super::transport::Request;
use super::{Api, ApiError};

const PATH: &str = "/api/v1/audit-log";
/// A long log takes its time.
const EXPORT_LIMIT: Duration = Duration::from_secs(600);

impl Api {
    /// The records that `query` selects: the part of the address after `?`.
    pub async fn list_audit_log(
        self,
        query: &str,
    ) -> Result<wire::Page<wire::AuditRecord>, ApiError> {
        self.get(format!("{PATH}?{query}")).await
    }

    /// The records that `query` selects, all of them, as the text of a file.
    pub async fn export_audit_log(self, format: &str, query: &str) -> Result<String, ApiError> {
        let separator = if query.is_empty() { "" } else { "&" };
        let path = format!("{PATH}/export?format={format}{separator}{query}");
        let answer = self.send(Request::get(path).within(EXPORT_LIMIT)).await?;
        answer.into_text()
    }
}
