//! Identifiers as types of their own, so that a group's id cannot be passed where an instance's is wanted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = Uuid)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
    )+};
}

ids! {
    /// Identifies a model instance (UUID version 7: sorts by time of creation).
    ModelInstanceId,
    /// Identifies a model group (UUID version 7).
    ModelGroupId,
    /// Identifies one token of an instance's pool (UUID version 7).
    TokenId,
    /// Identifies one extra header of an instance (UUID version 7).
    HeaderId,
    /// Identifies one proxy of an instance (UUID version 7).
    ProxyId,
    /// Identifies an API key (UUID version 7).
    ApiKeyId,
    /// Identifies a user (UUID version 7).
    UserId,
    /// Identifies a record of the audit log (UUID version 7).
    AuditRecordId,
    /// Identifies an assistant (UUID version 7).
    AssistantId,
    /// Identifies a dialog (UUID version 7).
    DialogId,
    /// Identifies a message of a dialog (UUID version 7).
    MessageId,
}
