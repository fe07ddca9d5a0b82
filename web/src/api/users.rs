//! Users: for administrators alone.

use understudy_shared as wire;

use super::{Api, ApiError};

const PATH: &str = "/api/v1/users";

impl Api {
    /// The users that `query` selects: the part of the address after `?`.
    pub async fn list_users(self, query: &str) -> Result<wire::Page<wire::User>, ApiError> {
        self.get(format!("{PATH}?{query}")).await
    }

    /// One user.
    pub async fn get_user(self, id: wire::UserId) -> Result<wire::User, ApiError> {
        self.get(format!("{PATH}/{id}")).await
    }

    /// Makes a user.
    pub async fn create_user(self, body: &wire::CreateUser) -> Result<wire::User, ApiError> {
        self.post(PATH, body).await
    }

    /// Changes a user of whom the caller has seen `version`.
    pub async fn update_user(
        self,
        id: wire::UserId,
        version: i64,
        body: &wire::UpdateUser,
    ) -> Result<wire::User, ApiError> {
        self.patch(format!("{PATH}/{id}"), version, body).await
    }

    /// Deletes a user of whom the caller has seen `version`.
    pub async fn delete_user(self, id: wire::UserId, version: i64) -> Result<(), ApiError> {
        self.delete(format!("{PATH}/{id}"), version).await
    }
}
