//! Model groups: validated values, and the rules between a group and its members.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use understudy_shared::{
    Capabilities, Capability, CreateModelGroup, FieldError, FieldRule, GroupMember, InstanceKind,
    ModelInstanceId, Strategy, Warning, WarningCode,
};

use super::title_or;

/// A valid model group, new or changed, as far as its own fields go.
#[derive(Clone, Debug)]
pub struct ValidModelGroup {
    /// What callers send as `model`.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Whether callers may ask it.
    pub enabled: bool,
    /// How the instance that answers is chosen.
    pub strategy: Strategy,
    /// Members in order.
    pub members: Vec<GroupMember>,
    /// Instances that one request may be sent to.
    pub max_attempts: u32,
    /// Time for all attempts before the first byte, in milliseconds.
    pub deadline_ms: u64,
    /// Kinds of instances that may answer.
    pub allowed_kinds: Vec<InstanceKind>,
}

impl TryFrom<CreateModelGroup> for ValidModelGroup {
    type Error = Vec<FieldError>;

    fn try_from(input: CreateModelGroup) -> Result<Self, Self::Error> {
        let faults = input.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            title: title_or(input.title, &input.name),
            name: input.name,
            description: input.description,
            enabled: input.enabled,
            strategy: input.strategy,
            members: input.members,
            max_attempts: input.max_attempts,
            deadline_ms: input.deadline_ms,
            allowed_kinds: input.allowed_kinds,
        })
    }
}

/// What the rules between members need to know of an instance.
#[derive(Clone, Copy, Debug)]
pub struct MemberTraits<'a> {
    /// The backend's name of the model.
    pub model: Option<&'a str>,
    /// What the backend can do.
    pub capabilities: &'a Capabilities,
}

/// Members that are no instances, and members whose embeddings have another length than those before them.
pub fn member_faults<'a>(
    members: &[GroupMember],
    traits: impl Fn(ModelInstanceId) -> Option<MemberTraits<'a>>,
) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let mut declared = None;
    for (index, member) in members.iter().enumerate() {
        let pointer = format!("/members/{index}/instance_id");
        let Some(traits) = traits(member.instance_id) else {
            faults.push(FieldError::new(pointer, FieldRule::UnknownInstance));
            continue;
        };
        let Some(dimensions) = traits.capabilities.embedding_dimensions else {
            continue;
        };
        let first = *declared.get_or_insert(dimensions);
        if dimensions != first {
            let rule = FieldRule::EmbeddingDimensions {
                dimensions: dimensions.into(),
                other: first.into(),
            };
            faults.push(FieldError::new(pointer, rule));
        }
    }
    faults
}

/// What is allowed and probably not meant.
pub fn warnings<'a>(
    members: &[GroupMember],
    traits: impl Fn(ModelInstanceId) -> Option<MemberTraits<'a>>,
) -> Vec<Warning> {
    let warning = |code: WarningCode, detail: &str| Warning {
        pointer: "/members".to_owned(),
        code,
        detail: detail.to_owned(),
    };
    if members.is_empty() {
        return vec![warning(
            WarningCode::NoMembers,
            "The group has no members, so nobody answers.",
        )];
    }
    let known: Vec<(&GroupMember, MemberTraits<'a>)> = members
        .iter()
        .filter_map(|member| Some((member, traits(member.instance_id)?)))
        .collect();
    let mut warnings = Vec::new();
    if differ(
        known
            .iter()
            .filter_map(|(member, traits)| member.model.as_deref().or(traits.model)),
    ) {
        let detail = "The members serve different models, so answers change with the member that gives them.";
        warnings.push(warning(WarningCode::MixedModels, detail));
    }
    if differ(
        known
            .iter()
            .filter_map(|(_, traits)| traits.capabilities.context_length),
    ) {
        let detail = "The members have context windows of different lengths, so a long request may find fewer of them.";
        warnings.push(warning(WarningCode::MixedContextLengths, detail));
    }
    let endpoints = known
        .iter()
        .map(|(_, traits)| &traits.capabilities.endpoints)
        .filter(|list| !list.is_empty());
    if differ(endpoints.map(|list| list.iter().copied().collect::<BTreeSet<Capability>>())) {
        let detail =
            "The members declare different endpoints, so some requests find fewer of them.";
        warnings.push(warning(WarningCode::MixedEndpoints, detail));
    }
    warnings
}

fn differ<T: Eq + Hash>(values: impl Iterator<Item = T>) -> bool {
    let mut counts = HashMap::new();
    for value in values {
        *counts.entry(value).or_insert(0) += 1;
    }
    counts.len() > 1
}

/// Whether an instance has an endpoint, as far as it is declared.
pub fn has_capability(capabilities: &Capabilities, wanted: Capability) -> bool {
    capabilities.endpoints.is_empty() || capabilities.endpoints.contains(&wanted)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn member(number: u128) -> GroupMember {
        GroupMember {
            instance_id: ModelInstanceId(Uuid::from_u128(number)),
            weight: 1,
            enabled: true,
            model: None,
        }
    }

    fn declared(
        dimensions: Option<u32>,
        context: Option<u32>,
        endpoints: &[Capability],
    ) -> Capabilities {
        Capabilities {
            embedding_dimensions: dimensions,
            context_length: context,
            endpoints: endpoints.to_vec(),
            ..Capabilities::default()
        }
    }

    #[test]
    fn embeddings_of_different_lengths_do_not_go_together() {
        let all = [
            declared(Some(768), None, &[]),
            declared(None, None, &[]),
            declared(Some(1024), None, &[]),
        ];
        let traits = |id: ModelInstanceId| {
            let capabilities = all.get(usize::try_from(id.0.as_u128()).unwrap())?;
            Some(MemberTraits {
                model: None,
                capabilities,
            })
        };
        let pointers = |members: &[u128]| -> Vec<String> {
            let members: Vec<GroupMember> = members.iter().map(|number| member(*number)).collect();
            member_faults(&members, traits)
                .into_iter()
                .map(|fault| fault.pointer)
                .collect()
        };
        assert!(pointers(&[0, 1]).is_empty());
        assert_eq!(pointers(&[0, 1, 2]), ["/members/2/instance_id"]);
        assert_eq!(pointers(&[7, 2]), ["/members/0/instance_id"]);
    }

    #[test]
    fn mixtures_are_warned_about() {
        let all = [
            declared(
                None,
                Some(8192),
                &[Capability::Chat, Capability::Embeddings],
            ),
            declared(
                None,
                Some(4096),
                &[Capability::Embeddings, Capability::Chat],
            ),
            declared(None, None, &[Capability::Chat]),
        ];
        let traits = |id: ModelInstanceId| {
            let index = usize::try_from(id.0.as_u128()).unwrap();
            Some(MemberTraits {
                model: Some(["a", "a", "b"][index]),
                capabilities: &all[index],
            })
        };
        let codes = |members: &[GroupMember]| -> Vec<WarningCode> {
            warnings(members, traits)
                .into_iter()
                .map(|warning| warning.code)
                .collect()
        };
        assert_eq!(codes(&[]), [WarningCode::NoMembers]);
        assert!(codes(&[member(0)]).is_empty());
        assert_eq!(
            codes(&[member(0), member(1)]),
            [WarningCode::MixedContextLengths]
        );
        assert_eq!(
            codes(&[member(0), member(2)]),
            [WarningCode::MixedModels, WarningCode::MixedEndpoints]
        );
        let renamed = GroupMember {
            model: Some("b".to_owned()),
            ..member(0)
        };
        assert_eq!(codes(&[renamed, member(2)]), [WarningCode::MixedEndpoints]);
    }
}
