//! Groups.

use understudy_shared as wire;

use super::{Api, ApiError};

const PATH: &str = "/api/v1/model-groups";

impl Api {
    /// The groups that `query` selects: the part of the address after `?`, empty for all.
    pub async fn list_model_groups(
        self,
        query: &str,
    ) -> Result<wire::Page<wire::ModelGroup>, ApiError> {
        self.get(format!("{PATH}?{query}")).await
    }

    /// One group.
    pub async fn get_model_group(
        self,
        id: wire::ModelGroupId,
    ) -> Result<wire::ModelGroup, ApiError> {
        self.get(format!("{PATH}/{id}")).await
    }

    /// Makes a group.
    pub async fn create_model_group(
        self,
        body: &wire::CreateModelGroup,
    ) -> Result<wire::ModelGroup, ApiError> {
        self.post(PATH, body).await
    }

    /// Changes a group of which the caller has seen `version`.
    pub async fn update_model_group(
        self,
        id: wire::ModelGroupId,
        version: i64,
        body: &wire::UpdateModelGroup,
    ) -> Result<wire::ModelGroup, ApiError> {
        self.patch(format!("{PATH}/{id}"), version, body).await
    }

    /// Deletes a group of which the caller has seen `version`.
    pub async fn delete_model_group(
        self,
        id: wire::ModelGroupId,
        version: i64,
    ) -> Result<(), ApiError> {
        self.delete(format!("{PATH}/{id}"), version).await
    }
}
