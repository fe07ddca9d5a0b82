//! What the form of an assistant holds, and how it becomes what is sent.

use leptos::prelude::*;
use serde_json::{Map, Value, json};
use understudy_shared::{Assistant, CreateAssistant, ModelGroupId, Visibility};

use super::parameters::{USUAL, split};
use crate::components::form::Place;
use crate::components::form::errors::Fault;
use crate::components::form::pairs::{Pairs, Values};
use crate::merge::Fields;

/// The fields in the order of the form.
pub const ORDER: [&str; 7] = [
    "title",
    "name",
    "description",
    "group_id",
    "system_prompt",
    "parameters",
    "visibility",
];

/// What can be changed of an assistant.
pub fn fields(assistant: &Assistant) -> Fields {
    let value = json!({
        "title": assistant.title,
        "name": assistant.name,
        "description": assistant.description,
        "group_id": assistant.group_id,
        "system_prompt": assistant.system_prompt,
        "parameters": assistant.parameters,
        "visibility": assistant.visibility,
    });
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

/// What is typed.
#[derive(Clone, Copy)]
pub struct Draft {
    /// Name for people.
    pub title: RwSignal<String>,
    /// Name for programs.
    pub name: RwSignal<String>,
    /// What it is for.
    pub description: RwSignal<String>,
    /// Id of the group, or nothing yet.
    pub group: RwSignal<String>,
    /// What the model is told.
    pub prompt: RwSignal<String>,
    /// The usual parameters, in the order of [`USUAL`].
    pub usual: [RwSignal<String>; 3],
    /// The other ones.
    pub others: Pairs,
    /// The visibility's name on the wire.
    pub visibility: RwSignal<String>,
}

impl Draft {
    /// What is saved, or nothing yet.
    pub fn new(assistant: Option<&Assistant>) -> Self {
        let text = || RwSignal::new(String::new());
        let draft = Self {
            title: text(),
            name: text(),
            description: text(),
            group: text(),
            prompt: text(),
            usual: [text(), text(), text()],
            others: Pairs::new(Values::Json),
            visibility: RwSignal::new(Visibility::Private.as_str().to_owned()),
        };
        if let Some(assistant) = assistant {
            draft.fill(&fields(assistant));
        }
        draft
    }

    /// Takes up fields.
    pub fn fill(self, fields: &Fields) {
        let put = |field: RwSignal<String>, name: &str| {
            let value = fields.get(name).and_then(Value::as_str).unwrap_or_default();
            if field.with_untracked(|now| now != value) {
                field.set(value.to_owned());
            }
        };
        put(self.title, "title");
        put(self.name, "name");
        put(self.description, "description");
        put(self.group, "group_id");
        put(self.prompt, "system_prompt");
        put(self.visibility, "visibility");
        let none = Map::new();
        let parameters = fields.get("parameters").and_then(Value::as_object);
        let (usual, others) = split(parameters.unwrap_or(&none));
        for (field, value) in self.usual.into_iter().zip(usual) {
            field.set(value);
        }
        self.others.set(&others);
    }

    /// What the parameters mean; with faults, as far as they mean something. Tracked.
    fn parameters(self) -> (Map<String, Value>, Vec<Place>) {
        let mut faults = Vec::new();
        let mut parameters = match self.others.typed().object(Values::Json) {
            Ok(object) => object,
            Err(places) => {
                faults.extend(places.into_iter().map(|(place, fault)| Place {
                    id: Some(match place {
                        Some((key, part)) => format!("parameters-{key}-{part}"),
                        None => "parameters-raw".to_owned(),
                    }),
                    fault: Fault::Pair(fault),
                }));
                Map::new()
            }
        };
        for (usual, field) in USUAL.into_iter().zip(self.usual) {
            match field.with(|typed| usual.read(typed)) {
                Ok(Some(value)) => {
                    parameters.insert(usual.name.to_owned(), value);
                }
                Ok(None) => {}
                Err(_) => faults.push(Place {
                    id: Some(usual.name.replace('_', "-")),
                    fault: Fault::NotANumber,
                }),
            }
        }
        (parameters, faults)
    }

    /// What is typed, as fields; tracked.
    pub fn fields(self) -> Fields {
        let trimmed = |text: RwSignal<String>| text.with(|text| text.trim().to_owned());
        let group = self.group.get();
        let value = json!({
            "title": trimmed(self.title),
            "name": trimmed(self.name),
            "description": trimmed(self.description),
            "group_id": (!group.is_empty()).then_some(group),
            "system_prompt": self.prompt.get(),
            "parameters": self.parameters().0,
            "visibility": self.visibility.get(),
        });
        match value {
            Value::Object(fields) => fields,
            _ => Fields::new(),
        }
    }

    /// The assistant to be made; none without a group. Tracked.
    pub fn create(self) -> Option<CreateAssistant> {
        serde_json::from_value(self.fields().into()).ok()
    }

    /// What the form finds by itself; tracked.
    pub fn faults(self) -> Vec<Place> {
        let mut faults = Vec::new();
        let group = self.group.with(|group| group.parse::<ModelGroupId>().ok());
        if group.is_none() {
            faults.push(Place {
                id: Some("group".to_owned()),
                fault: Fault::Required,
            });
        }
        let mut wanted = self.fields();
        // Without a group the other fields have their rules all the same.
        wanted.insert(
            "group_id".to_owned(),
            json!(group.unwrap_or(ModelGroupId(uuid::Uuid::nil()))),
        );
        let wanted: Option<CreateAssistant> = serde_json::from_value(wanted.into()).ok();
        let (_, of_parameters) = self.parameters();
        for error in wanted.map(|wanted| wanted.faults()).unwrap_or_default() {
            let missing = error.pointer == "/name" && self.name.with(|name| name.trim().is_empty());
            faults.push(Place {
                id: field_of(&error.pointer),
                fault: if missing {
                    Fault::Required
                } else {
                    Fault::Rule(Box::new(error))
                },
            });
        }
        faults.extend(of_parameters);
        faults
    }
}

/// The field of a pointer.
pub fn field_of(pointer: &str) -> Option<String> {
    let id = match pointer {
        "/title" => "title",
        "/name" => "name",
        "/description" => "description",
        "/group_id" => "group",
        "/system_prompt" => "system-prompt",
        "/visibility" => "visibility",
        "/parameters/temperature" => "temperature",
        "/parameters/top_p" => "top-p",
        "/parameters/max_tokens" => "max-tokens",
        other if other.starts_with("/parameters") => "parameters",
        _ => return None,
    };
    Some(id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_back() {
        let owner = Owner::new();
        owner.set();
        let draft = Draft::new(None);
        let fields = json!({
            "title": "Lawyer", "name": "lawyer", "description": "Contracts",
            "group_id": "01890a5d-ac96-774b-bcce-b302099a8057", "system_prompt": " You are\ncareful. ",
            "parameters": {"temperature": 0.2, "stop": ["x"], "max_tokens": 64}, "visibility": "shared",
        });
        let fields = fields.as_object().unwrap();
        draft.fill(fields);
        assert_eq!(&draft.fields(), fields);
        assert_eq!(draft.faults(), []);
        for name in fields.keys() {
            assert!(ORDER.contains(&name.as_str()), "{name}");
            assert!(field_of(&format!("/{name}")).is_some(), "{name}");
        }
        assert_eq!(fields.len(), ORDER.len());
    }

    #[test]
    fn what_is_missing_or_no_number_is_found_before_anything_is_sent() {
        let owner = Owner::new();
        owner.set();
        let draft = Draft::new(None);
        draft.usual[0].set("hot".to_owned());
        let ids: Vec<_> = draft
            .faults()
            .into_iter()
            .filter_map(|place| place.id)
            .collect();
        assert_eq!(ids, ["group", "name", "temperature"]);
    }
}
