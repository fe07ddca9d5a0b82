//! People who sign in.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::UserId;

/// What a person may do. Each role contains the ones below it: `admin` ⊃ `operator` ⊃ `user`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads groups; has dialogs, assistants and gateway keys of their own.
    User,
    /// Manages instances, groups and assistants.
    Operator,
    /// Everything, users and keys included.
    Admin,
}

impl Role {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// A person who signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Name to sign in with; unique regardless of case.
    #[schema(example = "admin")]
    pub username: String,
    /// Name to show.
    #[schema(example = "Ada Lovelace")]
    pub display_name: String,
    /// What the person may do.
    pub role: Role,
    /// Whether the person may sign in.
    pub enabled: bool,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last sign-in.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// Counts the changes; the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
}
