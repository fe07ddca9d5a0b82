//! What the form of a group holds, and how it becomes what is sent. Numbers are what was typed, so that nothing is lost for being wrong.

use serde_json::Value;
use understudy_shared::{
    CreateModelGroup, FieldError, FieldRule, GroupMember, InstanceKind, ModelGroup,
    ModelInstanceId, Strategy,
};

use crate::components::form::number;
use crate::merge::Fields;

/// Attempts that a request has when nobody says how many.
pub const ATTEMPTS: u64 = 3;
/// Milliseconds that a request has before its first byte when nobody says how many.
pub const DEADLINE_MS: u64 = 120_000;
/// The deadline is typed in seconds.
pub const DEADLINE_DECIMALS: u32 = 3;
const WEIGHT: u64 = 1;

/// The names of the fields in the order of the form.
pub const ORDER: [&str; 9] = [
    "title",
    "name",
    "description",
    "enabled",
    "strategy",
    "members",
    "max_attempts",
    "deadline_ms",
    "allowed_kinds",
];

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberValues {
    /// The instance.
    pub instance_id: ModelInstanceId,
    /// Its share; empty for 1.
    pub weight: String,
    /// Whether it takes part.
    pub enabled: bool,
    /// The backend's name of the model in place of the instance's own; empty for none.
    pub model: String,
}

/// All fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupValues {
    /// Name for people.
    pub title: String,
    /// Name for programs.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether callers may use it.
    pub enabled: bool,
    /// How the instance that answers is chosen.
    pub strategy: Strategy,
    /// The members in order.
    pub members: Vec<MemberValues>,
    /// Most instances that one request is sent to; empty for the default.
    pub max_attempts: String,
    /// Seconds for all attempts; empty for the default.
    pub deadline: String,
    /// Kinds of instances that may answer, in the order of [`InstanceKind::ALL`].
    pub allowed_kinds: Vec<InstanceKind>,
}

impl Default for GroupValues {
    fn default() -> Self {
        Self {
            title: String::new(),
            name: String::new(),
            description: String::new(),
            enabled: true,
            strategy: Strategy::default(),
            members: Vec::new(),
            max_attempts: String::new(),
            deadline: String::new(),
            allowed_kinds: InstanceKind::ALL.to_vec(),
        }
    }
}

impl MemberValues {
    fn of(member: &GroupMember) -> Self {
        Self {
            instance_id: member.instance_id,
            weight: unless_default(u64::from(member.weight), WEIGHT, 0),
            enabled: member.enabled,
            model: member.model.clone().unwrap_or_default(),
        }
    }
}

impl GroupValues {
    /// A new group, with this member if there is one.
    pub fn beginning_with(first: Option<ModelInstanceId>) -> Self {
        let member = |instance_id| MemberValues {
            instance_id,
            weight: String::new(),
            enabled: true,
            model: String::new(),
        };
        Self {
            members: first.into_iter().map(member).collect(),
            ..Self::default()
        }
    }

    /// What is saved of a group.
    pub fn of(group: &ModelGroup) -> Self {
        Self {
            title: group.title.clone(),
            name: group.name.clone(),
            description: group.description.clone(),
            enabled: group.enabled,
            strategy: group.strategy,
            members: group.members.iter().map(MemberValues::of).collect(),
            max_attempts: unless_default(u64::from(group.max_attempts), ATTEMPTS, 0),
            deadline: unless_default(group.deadline_ms, DEADLINE_MS, DEADLINE_DECIMALS),
            allowed_kinds: sorted(&group.allowed_kinds),
        }
    }

    /// What stands in fields of the wire, which a merge may have put together. None if they are not those of a group.
    pub fn of_fields(fields: Fields) -> Option<Self> {
        let wire: CreateModelGroup = serde_json::from_value(Value::Object(fields)).ok()?;
        Some(Self {
            title: wire.title,
            name: wire.name,
            description: wire.description,
            enabled: wire.enabled,
            strategy: wire.strategy,
            members: wire.members.iter().map(MemberValues::of).collect(),
            max_attempts: unless_default(u64::from(wire.max_attempts), ATTEMPTS, 0),
            deadline: unless_default(wire.deadline_ms, DEADLINE_MS, DEADLINE_DECIMALS),
            allowed_kinds: sorted(&wire.allowed_kinds),
        })
    }

    /// What is sent. A number that is none counts as its default; [`Self::faults`] finds it.
    pub fn to_wire(&self) -> CreateModelGroup {
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let members = self
            .members
            .iter()
            .map(|member| GroupMember {
                instance_id: member.instance_id,
                weight: narrow(read(&member.weight, WEIGHT, 0)),
                enabled: member.enabled,
                model: Some(member.model.trim().to_owned()).filter(|model| !model.is_empty()),
            })
            .collect();
        CreateModelGroup {
            name: self.name.trim().to_owned(),
            title: self.title.trim().to_owned(),
            description: self.description.clone(),
            enabled: self.enabled,
            strategy: self.strategy,
            members,
            max_attempts: narrow(read(&self.max_attempts, ATTEMPTS, 0)),
            deadline_ms: read(&self.deadline, DEADLINE_MS, DEADLINE_DECIMALS),
            allowed_kinds: self.allowed_kinds.clone(),
        }
    }

    /// What is sent, by field.
    pub fn fields(&self) -> Fields {
        match serde_json::to_value(self.to_wire()) {
            Ok(Value::Object(fields)) => fields,
            _ => Fields::new(),
        }
    }

    /// What decides who answers: all that a preview needs.
    pub fn preview_fields(&self) -> Fields {
        let mut fields = self.fields();
        for words in ["name", "title", "description"] {
            fields.remove(words);
        }
        fields
    }

    /// Pointers to numbers that are none.
    pub fn not_numbers(&self) -> Vec<String> {
        let mut pointers = Vec::new();
        let mut check = |pointer: String, text: &str, decimals: u32| {
            if number::parse(text, decimals).is_err() {
                pointers.push(pointer);
            }
        };
        for (index, member) in self.members.iter().enumerate() {
            check(format!("/members/{index}/weight"), &member.weight, 0);
        }
        check("/max_attempts".to_owned(), &self.max_attempts, 0);
        check("/deadline_ms".to_owned(), &self.deadline, DEADLINE_DECIMALS);
        pointers
    }

    /// What breaks the rules that form and service share.
    pub fn faults(&self) -> Vec<FieldError> {
        self.to_wire().faults()
    }

    /// As [`Self::faults`], with the name among those that other groups have.
    pub fn taken(&self, taken: &std::collections::HashSet<String>) -> Option<FieldError> {
        taken
            .contains(&self.name.trim().to_ascii_lowercase())
            .then(|| FieldError::new("/name", FieldRule::Taken))
    }
}

/// The kinds in the order of the form.
fn sorted(kinds: &[InstanceKind]) -> Vec<InstanceKind> {
    InstanceKind::ALL
        .into_iter()
        .filter(|kind| kinds.contains(kind))
        .collect()
}

fn read(text: &str, default: u64, decimals: u32) -> u64 {
    number::parse(text, decimals)
        .ok()
        .flatten()
        .unwrap_or(default)
}

fn unless_default(number: u64, default: u64, decimals: u32) -> String {
    if number == default {
        String::new()
    } else {
        number::format(number, decimals)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn filled() -> GroupValues {
        GroupValues {
            title: "Чат ".to_owned(),
            name: "chat".to_owned(),
            members: vec![MemberValues {
                instance_id: ModelInstanceId(Default::default()),
                weight: "5".to_owned(),
                enabled: false,
                model: " qwen ".to_owned(),
            }],
            max_attempts: "7".to_owned(),
            deadline: "1,5".to_owned(),
            allowed_kinds: vec![InstanceKind::Cloud],
            ..GroupValues::default()
        }
    }

    #[test]
    fn what_is_typed_is_sent_in_the_units_of_the_wire() {
        let wire = filled().to_wire();
        assert_eq!((wire.max_attempts, wire.deadline_ms), (7, 1_500));
        assert_eq!(wire.title, "Чат");
        assert_eq!(wire.members[0].weight, 5);
        assert_eq!(wire.members[0].model.as_deref(), Some("qwen"));
    }

    #[test]
    fn an_empty_form_sends_the_defaults() {
        let wire = GroupValues::default().to_wire();
        assert_eq!(u64::from(wire.max_attempts), ATTEMPTS);
        assert_eq!(wire.deadline_ms, DEADLINE_MS);
        assert_eq!(wire.allowed_kinds, InstanceKind::ALL);
        assert!(wire.enabled);
    }

    #[test]
    fn what_is_sent_can_be_shown_again() {
        let back = GroupValues::of_fields(filled().fields()).unwrap();
        assert_eq!(back.fields(), filled().fields());
        assert_eq!(back.deadline, "1.5");
        let empty = GroupValues::of_fields(GroupValues::default().fields()).unwrap();
        assert_eq!(empty, GroupValues::default());
    }

    #[test]
    fn the_order_names_every_field() {
        let mut order: Vec<String> = ORDER.map(str::to_owned).to_vec();
        order.sort();
        let mut fields: Vec<String> = filled().fields().keys().cloned().collect();
        fields.sort();
        assert_eq!(order, fields);
    }

    #[test]
    fn a_preview_does_not_depend_on_words() {
        let mut other = filled();
        other.title = "Другое".to_owned();
        other.name = String::new();
        assert_eq!(other.preview_fields(), filled().preview_fields());
        other.members[0].enabled = true;
        assert_ne!(other.preview_fields(), filled().preview_fields());
    }

    #[test]
    fn faults_have_the_pointers_of_the_wire() {
        let mut values = filled();
        values.members[0].weight = "x".to_owned();
        values.deadline = "1e9".to_owned();
        assert_eq!(values.not_numbers(), ["/members/0/weight", "/deadline_ms"]);
        values.members[0].weight = "5000".to_owned();
        values.name = "a b".to_owned();
        let pointers: Vec<_> = values
            .faults()
            .into_iter()
            .map(|fault| fault.pointer)
            .collect();
        assert_eq!(pointers, ["/name", "/members/0/weight"]);
    }

    #[test]
    fn a_name_is_taken_regardless_of_case() {
        let taken = HashSet::from(["chat".to_owned()]);
        let mut values = filled();
        values.name = "CHAT".to_owned();
        assert!(values.taken(&taken).is_some());
        values.name = "chat-2".to_owned();
        assert!(values.taken(&taken).is_none());
    }
}
