//! Settings of the whole service: for administrators alone.

use understudy_shared as wire;

use super::{Api, ApiError};

const PATH: &str = "/api/v1/settings";

impl Api {
    /// The settings.
    pub async fn get_settings(self) -> Result<wire::Settings, ApiError> {
        self.get(PATH).await
    }

    /// Changes the settings, of which the caller has seen `version`.
    pub async fn update_settings(
        self,
        version: i64,
        body: &crate::merge::Fields,
    ) -> Result<wire::Settings, ApiError> {
        self.patch(PATH, version, body).await
    }
}
