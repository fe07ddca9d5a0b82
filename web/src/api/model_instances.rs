//! Instances.

use understudy_shared as wire;

use super::{Api, ApiError};

const PATH: &str = "/api/v1/model-instances";

impl Api {
    /// The instances that `query` selects: the part of the address after `?`, empty for all.
    pub async fn list_model_instances(
        self,
        query: &str,
    ) -> Result<wire::Page<wire::ModelInstance>, ApiError> {
        self.get(format!("{PATH}?{query}")).await
    }

    /// One instance.
    pub async fn get_model_instance(
        self,
        id: wire::ModelInstanceId,
    ) -> Result<wire::ModelInstance, ApiError> {
        self.get(format!("{PATH}/{id}")).await
    }

    /// Makes an instance.
    pub async fn create_model_instance(
        self,
        body: &wire::CreateModelInstance,
    ) -> Result<wire::ModelInstance, ApiError> {
        self.post(PATH, body).await
    }

    /// Changes an instance of which the caller has seen `version`.
    pub async fn update_model_instance(
        self,
        id: wire::ModelInstanceId,
        version: i64,
        body: &wire::UpdateModelInstance,
    ) -> Result<wire::ModelInstance, ApiError> {
        self.patch(format!("{PATH}/{id}"), version, body).await
    }

    /// Deletes an instance of which the caller has seen `version`.
    pub async fn delete_model_instance(
        self,
        id: wire::ModelInstanceId,
        version: i64,
    ) -> Result<(), ApiError> {
        self.delete(format!("{PATH}/{id}"), version).await
    }
}
