//! The audit log: who changed what, when, from where. `GET /api/v1/audit-log` lists [`AuditRecord`]s.
//!
//! The rule: a record says what was so at that moment, names included, and is never changed afterwards. It carries no secret, only
//! that one was set or replaced. Actions and kinds of targets are strings on the wire, since both lists grow: [`AuditAction`] and
//! [`AuditTargetKind`] are what this version writes, and have words on every screen.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::AuditRecordId;

/// What is shown in place of a secret that is set.
pub const SECRET_SET: &str = "set";
/// What is shown in place of a secret that another one has taken the place of.
pub const SECRET_REPLACED: &str = "replaced";

/// One thing that somebody did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditRecord {
    /// Id.
    pub id: AuditRecordId,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: AuditActor,
    /// Address that the request came from; null = not by a request.
    #[schema(example = "192.0.2.7")]
    pub address: Option<String>,
    /// What was done, as `<noun>.<verb>`. Later versions know more of them.
    #[schema(example = "model_instance.update")]
    pub action: String,
    /// What it was done to.
    pub target: AuditTarget,
    /// The fields that changed, each with its value before and after. Members of objects have names with a dot
    /// (`endpoint.host`). Secrets are `set` or `replaced`; values of more than 4 KiB are shown as `{"bytes", "sha256"}`.
    #[schema(example = json!({"endpoint.host": {"before": "10.0.0.7", "after": "10.0.0.8"}}))]
    pub changes: BTreeMap<String, AuditChange>,
    /// What came of it.
    pub outcome: AuditOutcome,
    /// Id of the request, as in `x-request-id`; null = not by a request.
    #[schema(example = "01890a5d-ac96-774b-bcce-b302099a8057")]
    pub request_id: Option<String>,
}

/// Who did something, named as they were at that moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditActor {
    /// What they are.
    pub kind: AuditActorKind,
    /// Id of the user or the API key.
    pub id: Option<Uuid>,
    /// Name of the user, the API key or the command.
    #[schema(example = "admin")]
    pub name: Option<String>,
}

/// What somebody is who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditActorKind {
    /// A person with a session.
    User,
    /// A program with an API key.
    ApiKey,
    /// Somebody at the command line of the service.
    Command,
    /// The service itself.
    Service,
    /// Somebody who has not proved who they are.
    Anonymous,
}

impl AuditActorKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::User,
        Self::ApiKey,
        Self::Command,
        Self::Service,
        Self::Anonymous,
    ];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ApiKey => "api_key",
            Self::Command => "command",
            Self::Service => "service",
            Self::Anonymous => "anonymous",
        }
    }
}

/// What something was done to, named as it was at that moment. Of a renamed one it is the new name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditTarget {
    /// Its kind: `model_instance`, `model_group`, `assistant`, `api_key`, `user`, `settings`, `secrets`, `audit_log` or `operation`. Later
    /// versions know more of them.
    #[schema(example = "model_instance")]
    pub kind: String,
    /// Its id; null if it has none, or nobody knows which one was meant.
    pub id: Option<Uuid>,
    /// Its name; null if it has none, or nobody knows which one was meant.
    #[schema(example = "GPU server 1")]
    pub name: Option<String>,
}

/// A field that changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditChange {
    /// Its value until then; null = none.
    pub before: Value,
    /// Its value from then on; null = none.
    pub after: Value,
}

/// What came of something that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was done.
    Success,
    /// It was tried and failed.
    Failure,
    /// It was tried by somebody without the right to it.
    Denied,
}

impl AuditOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Success, Self::Failure, Self::Denied];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Denied => "denied",
        }
    }
}

/// Defines a closed list of names that grows from version to version.
macro_rules! names {
    ($(#[$attribute:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// Reads a name; none if it is of another version.
            pub fn read(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == name)
            }
        }
    };
}

names! {
    /// What this version records.
    pub enum AuditAction {
        /// A model instance was made.
        ModelInstanceCreate = "model_instance.create",
        /// A model instance was changed.
        ModelInstanceUpdate = "model_instance.update",
        /// A model instance was deleted.
        ModelInstanceDelete = "model_instance.delete",
        /// A model instance was made as the copy of another one.
        ModelInstanceDuplicate = "model_instance.duplicate",
        /// A drill was begun, or given another end.
        ModelInstanceStartDrill = "model_instance.start_drill",
        /// A drill was ended before its time.
        ModelInstanceEndDrill = "model_instance.end_drill",
        /// A model group was made.
        ModelGroupCreate = "model_group.create",
        /// A model group was changed.
        ModelGroupUpdate = "model_group.update",
        /// A model group was deleted.
        ModelGroupDelete = "model_group.delete",
        /// An assistant was made.
        AssistantCreate = "assistant.create",
        /// An assistant was changed.
        AssistantUpdate = "assistant.update",
        /// An assistant was deleted.
        AssistantDelete = "assistant.delete",
        /// An API key was made.
        ApiKeyCreate = "api_key.create",
        /// An API key was changed.
        ApiKeyUpdate = "api_key.update",
        /// An API key was revoked.
        ApiKeyRevoke = "api_key.revoke",
        /// A user was made.
        UserCreate = "user.create",
        /// A user was changed.
        UserUpdate = "user.update",
        /// A user was deleted.
        UserDelete = "user.delete",
        /// Somebody changed their own password, or tried to with a wrong one.
        UserChangePassword = "user.change_password",
        /// Somebody signed in.
        SessionSignIn = "session.sign_in",
        /// Somebody did not manage to sign in.
        SessionSignInFailed = "session.sign_in_failed",
        /// Somebody signed out.
        SessionSignOut = "session.sign_out",
        /// A refresh token was used a second time, which ended the session.
        SessionReuseDetected = "session.reuse_detected",
        /// The first administrator was made.
        SetupFinish = "setup.finish",
        /// The settings were changed.
        SettingsUpdate = "settings.update",
        /// Stored secrets were encrypted with another key.
        SecretsRekey = "secrets.rekey",
        /// The audit log was exported.
        AuditLogExport = "audit_log.export",
        /// Records older than the settings keep them were removed.
        AuditLogPrune = "audit_log.prune",
        /// Somebody tried a change without the right to it.
        AccessDeny = "access.deny",
    }
}

names! {
    /// What records of this version are about.
    pub enum AuditTargetKind {
        /// A model instance.
        ModelInstance = "model_instance",
        /// A model group.
        ModelGroup = "model_group",
        /// An assistant.
        Assistant = "assistant",
        /// An API key.
        ApiKey = "api_key",
        /// A user: changed, signing in or out.
        User = "user",
        /// The settings.
        Settings = "settings",
        /// All stored secrets.
        Secrets = "secrets",
        /// The audit log itself.
        AuditLog = "audit_log",
        /// An operation of the API that was refused; its name is method and path, its id that of the path.
        Operation = "operation",
    }
}

impl AuditAction {
    /// What it is done to: what stands before the dot. A filter by it has the dot behind it (`model_group.`).
    pub fn noun(self) -> &'static str {
        self.as_str().split('.').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn actions_are_a_noun_and_a_verb_and_read_back() {
        let mut names = BTreeSet::new();
        for action in AuditAction::ALL {
            let name = action.as_str();
            assert!(names.insert(name), "{name} is there twice");
            let (noun, verb) = name.split_once('.').unwrap();
            let snake = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(noun.chars().chain(verb.chars()).all(snake), "{name}");
            assert_eq!(action.noun(), noun);
            assert_eq!(AuditAction::read(name), Some(*action));
        }
        assert_eq!(AuditAction::read("from.tomorrow"), None);
    }

    #[test]
    fn names_are_those_of_the_wire() {
        for kind in AuditActorKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        for outcome in AuditOutcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
    }
}
