//! Assistants: validated values.

use serde_json::{Map, Value};
use understudy_shared::{CreateAssistant, FieldError, ModelGroupId, Visibility};

use super::title_or;

/// A valid assistant, new or changed, as far as its own fields go.
#[derive(Clone, Debug)]
pub struct ValidAssistant {
    /// What programs send as `model`, after `assistant/`.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// The group that answers.
    pub group_id: ModelGroupId,
    /// What the model is told before every conversation.
    pub system_prompt: String,
    /// Fields of the request for callers that do not set them.
    pub parameters: Map<String, Value>,
    /// Who finds it.
    pub visibility: Visibility,
}

impl TryFrom<CreateAssistant> for ValidAssistant {
    type Error = Vec<FieldError>;

    fn try_from(input: CreateAssistant) -> Result<Self, Self::Error> {
        let faults = input.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            title: title_or(input.title, &input.name),
            name: input.name,
            description: input.description,
            group_id: input.group_id,
            system_prompt: input.system_prompt,
            parameters: input.parameters,
            visibility: input.visibility,
        })
    }
}
