//! Assistants.

use understudy_shared as wire;

use super::{Api, ApiError};

const PATH: &str = "/api/v1/assistants";

impl Api {
    /// The assistants that `query` selects: the part of the address after `?`, empty for all.
    pub async fn list_assistants(
        self,
        query: &str,
    ) -> Result<wire::Page<wire::Assistant>, ApiError> {
        self.get(format!("{PATH}?{query}")).await
    }

    /// Every assistant that this person may use.
    pub async fn all_assistants(self) -> Result<Vec<wire::Assistant>, ApiError> {
        self.all(PATH, "name").await
    }

    /// One assistant.
    pub async fn get_assistant(self, id: wire::AssistantId) -> Result<wire::Assistant, ApiError> {
        self.get(format!("{PATH}/{id}")).await
    }

    /// Makes an assistant.
    pub async fn create_assistant(
        self,
        body: &wire::CreateAssistant,
    ) -> Result<wire::Assistant, ApiError> {
        self.post(PATH, body).await
    }

    /// Changes an assistant of which the caller has seen `version`. The fields are a merge patch, in which null has its meaning.
    pub async fn update_assistant(
        self,
        id: wire::AssistantId,
        version: i64,
        fields: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<wire::Assistant, ApiError> {
        self.patch(format!("{PATH}/{id}"), version, fields).await
    }

    /// Deletes an assistant of which the caller has seen `version`.
    pub async fn delete_assistant(
        self,
        id: wire::AssistantId,
        version: i64,
    ) -> Result<(), ApiError> {
        self.delete(format!("{PATH}/{id}"), version).await
    }
}
