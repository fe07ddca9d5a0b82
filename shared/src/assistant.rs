//! An assistant: a group with a system prompt and parameters of its own, that people start dialogs with and programs ask as
//! `assistant/<name>`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{AssistantId, FieldError, FieldRule, ModelGroupId, UserId, rules};

/// What stands before an assistant's name where programs name a model.
pub const ASSISTANT_PREFIX: &str = "assistant/";

/// Fields of a request that are the caller's or the gateway's own, so that no assistant sets them.
const RESERVED_PARAMETERS: [&str; 5] = ["model", "messages", "stream", "stream_options", "n"];

/// Longest system prompt, in characters.
pub const MAX_SYSTEM_PROMPT: usize = 32_000;

/// Who finds an assistant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Whoever made it, and nobody else.
    #[default]
    Private,
    /// Everybody.
    Shared,
}

impl Visibility {
    /// Every visibility.
    pub const ALL: [Self; 2] = [Self::Private, Self::Shared];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Shared => "shared",
        }
    }
}

/// Whether an assistant or a dialog could be answered at this moment, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// Somebody would answer.
    Available,
    /// No member of the group would answer now.
    Unavailable,
    /// The group is disabled.
    GroupDisabled,
    /// The group has no member that is enabled.
    GroupEmpty,
    /// The group is deleted: another one has to be chosen.
    GroupDeleted,
    /// The assistant is deleted, or not shared any more: another one, or a group, has to be chosen.
    AssistantDeleted,
}

impl Availability {
    /// Every availability.
    pub const ALL: [Self; 6] = [
        Self::Available,
        Self::Unavailable,
        Self::GroupDisabled,
        Self::GroupEmpty,
        Self::GroupDeleted,
        Self::AssistantDeleted,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Unavailable => "unavailable",
            Self::GroupDisabled => "group_disabled",
            Self::GroupEmpty => "group_empty",
            Self::GroupDeleted => "group_deleted",
            Self::AssistantDeleted => "assistant_deleted",
        }
    }

    /// Whether a question would be answered.
    pub fn is_available(self) -> bool {
        self == Self::Available
    }
}

/// The group that answers for an assistant or a dialog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupRef {
    /// Id of the group.
    pub id: ModelGroupId,
    /// Its name.
    #[schema(example = "chat-default")]
    pub name: String,
    /// Its title.
    #[schema(example = "Chat")]
    pub title: String,
}

/// Whoever made an assistant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnerRef {
    /// Id of the user.
    pub id: UserId,
    /// Name to show: the display name, or the username of somebody without one.
    #[schema(example = "Ada Lovelace")]
    pub name: String,
}

/// An assistant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Assistant {
    /// Id.
    pub id: AssistantId,
    /// What programs send as `model`, after `assistant/`; unique regardless of case.
    #[schema(example = "lawyer")]
    pub name: String,
    /// Name for people.
    #[schema(example = "Lawyer")]
    pub title: String,
    /// What it is for.
    #[schema(example = "Answers questions about contracts")]
    pub description: String,
    /// The group that answers; null = it is deleted, and another one has to be chosen.
    pub group_id: Option<ModelGroupId>,
    /// What the model is told before every conversation.
    #[schema(example = "You are a careful lawyer. Name the paragraph you refer to.")]
    pub system_prompt: String,
    /// Fields of the request, such as `temperature`, for callers that do not set them.
    #[schema(value_type = Object, example = json!({"temperature": 0.2}))]
    pub parameters: Map<String, Value>,
    /// Who finds it.
    pub visibility: Visibility,
    /// Whoever made it (read-only); null = a program or a file of settings, or somebody who is gone.
    pub owner: Option<OwnerRef>,
    /// The group that answers (read-only).
    pub group: Option<GroupRef>,
    /// Whether it could answer at this moment (read-only).
    pub availability: Availability,
    /// Whether the caller may change and delete it (read-only).
    pub editable: bool,
    /// Counts the changes; the `ETag` (read-only).
    #[schema(example = 1)]
    pub version: i64,
    /// Time of creation (read-only).
    pub created_at: DateTime<Utc>,
    /// Time of the last change (read-only).
    pub updated_at: DateTime<Utc>,
}

/// An assistant to be made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAssistant {
    /// What programs send as `model`, after `assistant/`: 1–64 letters, digits and `. _ : / -`, the first a letter or digit; unique
    /// regardless of case.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$",
        example = "lawyer"
    )]
    pub name: String,
    /// Name for people; left out, the name.
    #[serde(default)]
    #[schema(max_length = 100, example = "Lawyer")]
    pub title: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 1000, example = "Answers questions about contracts")]
    pub description: String,
    /// The group that answers.
    pub group_id: ModelGroupId,
    /// What the model is told before every conversation, at most 32 000 characters.
    #[serde(default)]
    #[schema(
        max_length = 32000,
        example = "You are a careful lawyer. Name the paragraph you refer to."
    )]
    pub system_prompt: String,
    /// Fields of the request, such as `temperature`, for callers that do not set them.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"temperature": 0.2}))]
    pub parameters: Map<String, Value>,
    /// Who finds it. Sharing takes the right to manage groups.
    #[serde(default)]
    pub visibility: Visibility,
}

impl CreateAssistant {
    /// Every fault that the fields have by themselves.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let f = &mut faults;
        rules::group_name(f, "/name", &self.name);
        rules::text(f, "/title", &self.title, 0, 100);
        rules::multiline(f, "/description", &self.description, 1000);
        rules::multiline(f, "/system_prompt", &self.system_prompt, MAX_SYSTEM_PROMPT);
        for name in self.parameters.keys() {
            let pointer = format!("/parameters/{}", rules::pointer_step(name));
            rules::text(f, &pointer, name, 1, 100);
            if RESERVED_PARAMETERS.contains(&name.as_str()) {
                let name = name.clone();
                f.push(FieldError::new(
                    pointer,
                    FieldRule::ParameterReserved { name },
                ));
            }
        }
        rules::parameters_size(f, "/parameters", &self.parameters);
        faults
    }
}

/// The assistant's name in the name of a model; none if it is another model's.
pub fn assistant_of_model(name: &str) -> Option<&str> {
    let (prefix, rest) = name.split_at_checked(ASSISTANT_PREFIX.len())?;
    prefix
        .eq_ignore_ascii_case(ASSISTANT_PREFIX)
        .then_some(rest)
}

/// A merge patch (RFC 7396) of an assistant: fields left out stay, `null` brings the default back or removes a parameter.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UpdateAssistant {
    /// What programs send as `model`, after `assistant/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64, example = "lawyer")]
    pub name: Option<String>,
    /// Name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, example = "Lawyer")]
    pub title: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// The group that answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<ModelGroupId>,
    /// What the model is told before every conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 32000)]
    pub system_prompt: Option<String>,
    /// Fields of the request for callers that do not set them; `null` removes one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"temperature": 0.2}))]
    pub parameters: Option<Map<String, Value>>,
    /// Who finds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointers(fields: Value) -> Vec<String> {
        let mut assistant = json!({"name": "a", "group_id": uuid::Uuid::nil()});
        for (name, value) in fields.as_object().unwrap() {
            assistant[name] = value.clone();
        }
        let assistant: CreateAssistant = serde_json::from_value(assistant).unwrap();
        let faults = assistant.faults().into_iter();
        faults.map(|fault| fault.pointer).collect()
    }

    #[test]
    fn what_is_the_callers_or_the_gateways_is_no_parameter() {
        assert!(pointers(json!({"parameters": {"temperature": 0.2, "stop": ["x"]}})).is_empty());
        let reserved = json!({"parameters": {"messages": [], "model": "m", "top_p": 1, "stream": true, "a/b": 1, "": 1}});
        let found = pointers(reserved);
        let expected = ["", "messages", "model", "stream"];
        assert_eq!(found, expected.map(|name| format!("/parameters/{name}")));
        let long = json!({"parameters": {"stop": "x".repeat(20_000)}});
        assert_eq!(pointers(long), ["/parameters"]);
        let prompt = "я".repeat(MAX_SYSTEM_PROMPT + 1);
        assert_eq!(
            pointers(json!({"system_prompt": prompt})),
            ["/system_prompt"]
        );
        assert_eq!(
            pointers(json!({"name": "a b", "title": "\n"})),
            ["/name", "/title"]
        );
    }

    #[test]
    fn the_prefix_of_a_model_is_read_regardless_of_case() {
        assert_eq!(assistant_of_model("Assistant/Lawyer"), Some("Lawyer"));
        assert_eq!(assistant_of_model("assistant/"), Some(""));
        for other in [
            "assistant",
            "lawyer",
            "",
            "assistantы/x",
            "x/assistant/lawyer",
        ] {
            assert_eq!(assistant_of_model(other), None, "{other}");
        }
    }
}
