//! API keys.

use understudy_shared as wire;

use super::transport::Request;
use super::{Api, ApiError};
use crate::merge::Fields;

const PATH: &str = "/api/v1/api-keys";

impl Api {
    /// All keys that this person may see, revoked ones too. There are few enough to look through them on the page.
    pub async fn all_api_keys(self) -> Result<Vec<wire::ApiKey>, ApiError> {
        self.all(PATH, "-created_at").await
    }

    /// Makes a key. The answer alone carries it.
    pub async fn create_api_key(
        self,
        body: &wire::CreateApiKey,
    ) -> Result<wire::CreatedApiKey, ApiError> {
        self.post(PATH, body).await
    }

    /// Changes fields of a key. It needs no version: a field that is not sent stays as somebody else has made it.
    pub async fn update_api_key(
        self,
        id: wire::ApiKeyId,
        patch: &Fields,
    ) -> Result<wire::ApiKey, ApiError> {
        let request = Request::new("PATCH", format!("{PATH}/{id}"));
        self.send(request.json(patch)?).await?.read()
    }

    /// Revokes a key, at once and for good.
    pub async fn revoke_api_key(self, id: wire::ApiKeyId) -> Result<(), ApiError> {
        let request = Request::new("DELETE", format!("{PATH}/{id}"));
        self.send(request).await?.succeeded()
    }
}
