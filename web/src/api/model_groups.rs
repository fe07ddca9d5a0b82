//! Groups.

use understudy_shared as wire;

use super::events::EventStream;
use super::transport::Request;
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

    /// All groups.
    pub async fn all_model_groups(self) -> Result<Vec<wire::ModelGroup>, ApiError> {
        self.all(PATH, "name").await
    }

    /// The names of all groups, with their ids.
    pub async fn model_group_names(self) -> Result<Vec<(wire::ModelGroupId, String)>, ApiError> {
        let groups = self.all_model_groups().await?;
        Ok(groups
            .into_iter()
            .map(|group| (group.id, group.name))
            .collect())
    }

    /// Who would answer for a group of these fields, which need not be saved.
    pub async fn preview_model_group(
        self,
        fields: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<wire::GroupPreview, ApiError> {
        self.post(format!("{PATH}/preview"), fields).await
    }

    /// Asks a group a question; the answer comes piece by piece.
    pub async fn try_model_group(
        self,
        id: wire::ModelGroupId,
        body: &wire::TryModelGroup,
    ) -> Result<EventStream, ApiError> {
        let request = Request::new("POST", format!("{PATH}/{id}/try")).json(body)?;
        Ok(EventStream::new(self.stream(request).await?))
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

    /// Pauses a group or lets it answer again, whatever else somebody changes meanwhile.
    pub async fn enable_model_group(
        self,
        id: wire::ModelGroupId,
        enabled: bool,
    ) -> Result<wire::ModelGroup, ApiError> {
        self.enable(format!("{PATH}/{id}"), enabled).await
    }
}
