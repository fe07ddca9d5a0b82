//! What an assistant adds to a conversation that is asked under its name: the system prompt before the caller's messages, and parameters
//! that the caller does not set. Who answers is the group's business, and the instance's own parameters apply on top.
//!
//! The rule: a request is given all of it once, before the group is asked; everything of the caller goes on byte for byte.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use understudy_shared::{ASSISTANT_PREFIX, ModelGroupId, UserId};

use super::body::{BodyError, Object};
use super::snapshot::{Group, Key};

/// Two names of one thing: backends refuse requests with both.
const SAME: [&str; 2] = ["max_tokens", "max_completion_tokens"];

/// An assistant as it is stored.
#[derive(Clone, Debug)]
pub struct StoredAssistant {
    /// What programs send as `model`, after `assistant/`.
    pub name: String,
    /// The group that answers; none if it is deleted.
    pub group_id: Option<ModelGroupId>,
    /// What the model is told before every conversation.
    pub system_prompt: String,
    /// Fields of the request for callers that do not set them.
    pub parameters: Map<String, Value>,
    /// Whose it is alone; none if everybody may ask it.
    pub only_for: Option<UserId>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
}

/// An assistant, ready to be asked.
#[derive(Debug)]
pub struct Assistant {
    /// What programs send as `model`, with `assistant/`.
    pub model: String,
    /// The group that answers; none if it is deleted.
    pub group: Option<Arc<Group>>,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    only_for: Option<UserId>,
    /// The system prompt as a message in JSON; empty if there is none.
    message: String,
    /// Parameters: their names, and names and values in JSON.
    parameters: Vec<(String, String, String)>,
}

impl Assistant {
    /// Makes ready what was stored.
    pub fn new(stored: StoredAssistant, group: Option<Arc<Group>>) -> Self {
        let prompt = stored.system_prompt;
        let parameter = |(name, value): (String, Value)| {
            let in_json = Value::from(name.as_str()).to_string();
            (name, in_json, value.to_string())
        };
        Self {
            model: format!("{ASSISTANT_PREFIX}{}", stored.name),
            group,
            created_at: stored.created_at,
            only_for: stored.only_for,
            message: if prompt.is_empty() {
                prompt
            } else {
                json!({"role": "system", "content": prompt}).to_string()
            },
            parameters: stored.parameters.into_iter().map(parameter).collect(),
        }
    }

    /// Whether it exists to whoever has this key: a private one is for keys that its owner made.
    pub fn is_for(&self, key: &Key) -> bool {
        let Some(owner) = self.only_for else {
            return true;
        };
        let maker = key.stored.maker.as_ref();
        maker.is_some_and(|(maker, _)| *maker == owner)
    }

    /// A conversation with all that it adds.
    ///
    /// # Errors
    /// If there are no `messages`, or they are no list.
    pub fn applied(&self, conversation: &Object<'_>) -> Result<Bytes, BodyError> {
        let is_set = |name: &str| {
            let same = SAME.contains(&name);
            conversation.get(name).is_some()
                || same && SAME.iter().any(|name| conversation.get(name).is_some())
        };
        let parameters = self.parameters.iter().filter(|(name, ..)| !is_set(name));
        let fields = parameters.map(|(_, name, value)| (name.as_str(), value.as_str()));
        conversation.with_added("messages", &self.message, fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(assistant: &Value, body: &str) -> String {
        let stored = StoredAssistant {
            name: "Lawyer".to_owned(),
            group_id: None,
            system_prompt: assistant["prompt"].as_str().unwrap_or_default().to_owned(),
            parameters: assistant["parameters"]
                .as_object()
                .cloned()
                .unwrap_or_default(),
            only_for: None,
            created_at: Utc::now(),
        };
        let assistant = Assistant::new(stored, None);
        assert_eq!(assistant.model, "assistant/Lawyer");
        let object = Object::scan(body.as_bytes()).unwrap();
        let applied = assistant.applied(&object).unwrap();
        String::from_utf8(applied.to_vec()).unwrap()
    }

    #[test]
    fn the_prompt_comes_first_and_parameters_where_the_caller_has_none() {
        let parameters = r#"{"temperature":0.20,"top_p":1.0e-1,"a\"b":{"c":[1]}}"#;
        let parameters: Value = serde_json::from_str(parameters).unwrap();
        let lawyer = json!({"prompt": "Say \"§\".\n", "parameters": parameters});
        assert_eq!(
            applied(
                &lawyer,
                r#"{"model":"x","messages":[{"role":"system","content":"own"}],"top_p":null}"#
            ),
            r#"{"model":"x","messages":[{"content":"Say \"§\".\n","role":"system"},{"role":"system","content":"own"}],"top_p":null,"a\"b":{"c":[1]},"temperature":0.20}"#
        );
    }

    #[test]
    fn one_that_adds_nothing_changes_nothing() {
        let body = "{ \"messages\":[ ] , \"model\":\"x\"}\n";
        assert_eq!(applied(&json!({}), body), body);
    }

    #[test]
    fn a_length_that_the_caller_sets_counts_under_both_of_its_names() {
        let short = json!({"parameters": {"max_tokens": 7}});
        let with = |field: &str| applied(&short, &format!("{{\"messages\":[]{field}}}"));
        assert_eq!(with(""), "{\"messages\":[],\"max_tokens\":7}");
        for own in [",\"max_tokens\":9", ",\"max_completion_tokens\":9"] {
            assert_eq!(with(own), format!("{{\"messages\":[]{own}}}"));
        }
    }
}
