//! What was used.

use understudy_shared as wire;

use super::{Api, ApiError};

impl Api {
    /// The numbers that `query` selects: the part of the address after `?`.
    pub async fn get_usage(self, query: &str) -> Result<wire::Usage, ApiError> {
        self.get(format!("/api/v1/usage?{query}")).await
    }
}
