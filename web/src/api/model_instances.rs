//! Instances.

use std::time::Duration;

use understudy_shared as wire;

use super::transport::Request;
use super::{Api, ApiError};

const PATH: &str = "/api/v1/model-instances";
/// A check waits for a backend, through proxies perhaps.
const CHECK_LIMIT: Duration = Duration::from_secs(120);

impl Api {
    /// The instances that `query` selects: the part of the address after `?`, empty for all.
    pub async fn list_model_instances(
        self,
        query: &str,
    ) -> Result<wire::Page<wire::ModelInstance>, ApiError> {
        self.get(format!("{PATH}?{query}")).await
    }

    /// Every instance, by name.
    pub async fn all_model_instances(self) -> Result<Vec<wire::ModelInstance>, ApiError> {
        self.all(PATH, "name").await
    }

    /// Pretends for this many seconds that an instance is down.
    pub async fn drill_model_instance(
        self,
        id: wire::ModelInstanceId,
        seconds: u32,
    ) -> Result<wire::ModelInstance, ApiError> {
        let body = serde_json::json!({ "seconds": seconds });
        self.post(format!("{PATH}/{id}/drill"), &body).await
    }

    /// Ends a drill.
    pub async fn end_drill(
        self,
        id: wire::ModelInstanceId,
    ) -> Result<wire::ModelInstance, ApiError> {
        let request = Request::new("DELETE", format!("{PATH}/{id}/drill"));
        self.send(request).await?.read()
    }

    /// Asks the backend of an instance now, and which models it lists.
    pub async fn check_stored_instance(
        self,
        id: wire::ModelInstanceId,
    ) -> Result<wire::CheckResult, ApiError> {
        let body = serde_json::json!({});
        self.post(format!("{PATH}/{id}/check"), &body).await
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

    /// Deletes an instance of which the caller has seen `version`.
    pub async fn delete_model_instance(
        self,
        id: wire::ModelInstanceId,
        version: i64,
    ) -> Result<(), ApiError> {
        self.delete(format!("{PATH}/{id}"), version).await
    }

    /// Pauses an instance or lets it work again, whatever else somebody changes meanwhile.
    pub async fn enable_model_instance(
        self,
        id: wire::ModelInstanceId,
        enabled: bool,
    ) -> Result<wire::ModelInstance, ApiError> {
        self.enable(format!("{PATH}/{id}"), enabled).await
    }

    /// Makes a copy with the same settings and secrets, in no group.
    pub async fn duplicate_model_instance(
        self,
        id: wire::ModelInstanceId,
    ) -> Result<wire::ModelInstance, ApiError> {
        let request = Request::new("POST", format!("{PATH}/{id}/duplicate"));
        self.send(request).await?.read()
    }

    /// Checks an instance now.
    pub async fn check_model_instance(
        self,
        id: wire::ModelInstanceId,
    ) -> Result<wire::CheckResult, ApiError> {
        let request = Request::new("POST", format!("{PATH}/{id}/check")).within(CHECK_LIMIT);
        self.send(request).await?.read()
    }
}

impl Api {
    /// Changes an instance by a merge patch (RFC 7396) as it stands. The type of the request would write fields that are not to be touched.
    pub async fn patch_model_instance(
        self,
        id: wire::ModelInstanceId,
        version: i64,
        patch: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<wire::ModelInstance, ApiError> {
        self.patch(format!("{PATH}/{id}"), version, patch).await
    }

    /// Checks a draft step by step.
    pub async fn check_draft(
        self,
        draft: &wire::CheckModelInstance,
    ) -> Result<wire::CheckResult, ApiError> {
        let request = Request::new("POST", format!("{PATH}/check"));
        self.send(request.json(draft)?.within(CHECK_LIMIT))
            .await?
            .read()
    }
}
