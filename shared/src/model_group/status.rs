//! What a group would do at this moment, and what is worth a second look in it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{InstanceState, ModelInstanceId};

/// An instance, by id and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstanceRef {
    /// Id of the instance.
    pub instance_id: ModelInstanceId,
    /// Its name.
    #[schema(example = "GPU server 1")]
    pub name: String,
}

/// Whether a group can answer at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupStatus {
    /// Whether at least one member would answer.
    pub available: bool,
    /// Members that would answer.
    #[schema(example = 1)]
    pub available_members: u32,
    /// Members in all.
    #[schema(example = 2)]
    pub total_members: u32,
    /// Who would answer now.
    pub would_answer: Option<InstanceRef>,
    /// The state of each member, in their order; `disabled` also for one that is paused in this group alone.
    #[schema(example = json!(["down", "up"]))]
    pub member_states: Vec<InstanceState>,
    /// The first member that is skipped although it stands before the one that answers, and why; the first of all if nobody
    /// answers. null = nobody is passed over.
    pub passed_over: Option<MemberPreview>,
}

/// Whether a group answers, as one word: a filter of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupState {
    /// It is enabled, and at least one member would answer.
    Available,
    /// It is enabled, and nobody would answer.
    Unavailable,
    /// It is disabled.
    Disabled,
}

impl GroupState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Available, Self::Unavailable, Self::Disabled];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Unavailable => "unavailable",
            Self::Disabled => "disabled",
        }
    }
}

/// What is allowed and probably not meant, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// The group has no members.
    NoMembers,
    /// The members serve different models.
    MixedModels,
    /// The members have contexts of different lengths.
    MixedContextLengths,
    /// The members declare different endpoints.
    MixedEndpoints,
}

/// Something that is allowed and probably not meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Warning {
    /// JSON pointer to what it is about.
    #[schema(example = "/members")]
    pub pointer: String,
    /// What it is, for programs.
    #[schema(example = "mixed_models")]
    pub code: WarningCode,
    /// What it is, for people.
    #[schema(
        example = "The members serve different models, so answers change with the member that gives them."
    )]
    pub detail: String,
}

/// What would happen to a member if somebody asked the group now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It would answer.
    Answers,
    /// It would answer if those before it failed.
    Standby,
    /// It would not be asked.
    Skipped,
}

/// One member of a preview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberPreview {
    /// Id of the instance.
    pub instance_id: ModelInstanceId,
    /// Its name.
    #[schema(example = "GPU server 1")]
    pub name: String,
    /// What would happen to it.
    pub verdict: Verdict,
    /// Why, in plain words.
    #[schema(example = "first available member in the group's order")]
    pub reason: String,
    /// Why, for programs: `available`, `standby`, `disabled`, `member_disabled`, `kind_forbidden`, `drilled`, `cooling`, …
    #[schema(example = "available")]
    pub code: String,
    /// When a skipped member is tried again, if that is known.
    pub retry_at: Option<DateTime<Utc>>,
}

/// Who would answer now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupPreview {
    /// Who would answer now; null = nobody.
    pub would_answer: Option<InstanceRef>,
    /// Every member in the group's order.
    pub members: Vec<MemberPreview>,
    /// What is allowed and probably not meant.
    pub warnings: Vec<Warning>,
}
