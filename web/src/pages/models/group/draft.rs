//! The group that is being edited, as signals: one for each field, so that a key pressed in one redraws nothing of the others.

use leptos::prelude::*;
use understudy_shared::{InstanceKind, ModelInstanceId, Strategy};

use super::values::{GroupValues, MemberValues};
use crate::components::ordered_list::{Move, RowKey};

/// A member of the list.
#[derive(Clone, Copy)]
pub struct Member {
    /// Tells its row from the others.
    pub key: RowKey,
    /// The instance.
    pub instance_id: ModelInstanceId,
    /// Its share, as typed.
    pub weight: RwSignal<String>,
    /// Whether it takes part.
    pub enabled: RwSignal<bool>,
    /// Another name of the model, as typed.
    pub model: RwSignal<String>,
    /// Whether its further settings are unfolded.
    pub open: RwSignal<bool>,
}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// The fields.
#[derive(Clone, Copy)]
pub struct Draft {
    /// Name for people.
    pub title: RwSignal<String>,
    /// Name for programs.
    pub name: RwSignal<String>,
    /// What it is for.
    pub description: RwSignal<String>,
    /// Whether callers may use it.
    pub enabled: RwSignal<bool>,
    /// The strategy's name on the wire.
    pub strategy: RwSignal<String>,
    /// Most attempts, as typed.
    pub max_attempts: RwSignal<String>,
    /// Seconds for all attempts, as typed.
    pub deadline: RwSignal<String>,
    /// For each of [`InstanceKind::ALL`], whether it may answer.
    pub kinds: [RwSignal<bool>; 3],
    /// The members in order.
    pub members: RwSignal<Vec<Member>>,
    last_key: StoredValue<RowKey>,
    /// Rows are made while events are handled, and belong to the page all the same.
    owner: StoredValue<Option<Owner>>,
}

impl Draft {
    /// A draft of these values, which lives as long as the component that asks for it.
    pub fn new(values: &GroupValues) -> Self {
        let draft = Self {
            title: RwSignal::new(String::new()),
            name: RwSignal::new(String::new()),
            description: RwSignal::new(String::new()),
            enabled: RwSignal::new(true),
            strategy: RwSignal::new(Strategy::default().as_str().to_owned()),
            max_attempts: RwSignal::new(String::new()),
            deadline: RwSignal::new(String::new()),
            kinds: [(); 3].map(|()| RwSignal::new(true)),
            members: RwSignal::new(Vec::new()),
            last_key: StoredValue::new(0),
            owner: StoredValue::new(Owner::current()),
        };
        draft.fill(values);
        draft
    }

    /// What stands in the form; tracked.
    pub fn values(self) -> GroupValues {
        GroupValues {
            title: self.title.get(),
            name: self.name.get(),
            description: self.description.get(),
            enabled: self.enabled.get(),
            strategy: self.strategy(),
            members: self.members.with(|members| {
                members
                    .iter()
                    .map(|member| MemberValues {
                        instance_id: member.instance_id,
                        weight: member.weight.get(),
                        enabled: member.enabled.get(),
                        model: member.model.get(),
                    })
                    .collect()
            }),
            max_attempts: self.max_attempts.get(),
            deadline: self.deadline.get(),
            allowed_kinds: InstanceKind::ALL
                .into_iter()
                .zip(self.kinds)
                .filter_map(|(kind, allowed)| allowed.get().then_some(kind))
                .collect(),
        }
    }

    /// The strategy; tracked.
    pub fn strategy(self) -> Strategy {
        self.strategy.with(|name| {
            STRATEGIES
                .into_iter()
                .find(|strategy| strategy.as_str() == name)
                .unwrap_or_default()
        })
    }

    /// Puts other values in. Rows of instances that stay are kept, with their focus.
    pub fn fill(self, values: &GroupValues) {
        let put = |field: RwSignal<String>, value: &str| {
            if field.with_untracked(|now| now != value) {
                field.set(value.to_owned());
            }
        };
        put(self.title, &values.title);
        put(self.name, &values.name);
        put(self.description, &values.description);
        put(self.strategy, values.strategy.as_str());
        put(self.max_attempts, &values.max_attempts);
        put(self.deadline, &values.deadline);
        self.enabled.set(values.enabled);
        for (kind, allowed) in InstanceKind::ALL.into_iter().zip(self.kinds) {
            allowed.set(values.allowed_kinds.contains(&kind));
        }
        let old = self.members.get_untracked();
        let members: Vec<Member> = values
            .members
            .iter()
            .map(|values| {
                let kept = old
                    .iter()
                    .find(|member| member.instance_id == values.instance_id);
                let member = kept
                    .copied()
                    .unwrap_or_else(|| self.member(values.instance_id));
                put(member.weight, &values.weight);
                put(member.model, &values.model);
                member.enabled.set(values.enabled);
                member
            })
            .collect();
        if members != old {
            self.members.set(members);
        }
    }

    /// Adds an instance at the end, unless it is a member; true if it was added.
    pub fn add(self, instance_id: ModelInstanceId) -> bool {
        let known = self.members.with_untracked(|members| {
            members
                .iter()
                .any(|member| member.instance_id == instance_id)
        });
        if !known {
            let member = self.member(instance_id);
            self.members.update(|members| members.push(member));
        }
        !known
    }

    /// Takes a member out; gives it and where it stood.
    pub fn remove(self, key: RowKey) -> Option<(usize, Member)> {
        let index = self
            .members
            .with_untracked(|members| members.iter().position(|member| member.key == key))?;
        let mut removed = None;
        self.members
            .update(|members| removed = Some(members.remove(index)));
        Some((index, removed?))
    }

    /// Puts a member that was taken out where it stood, unless its instance is back already.
    pub fn put_back(self, index: usize, member: Member) {
        self.members.update(|members| {
            if members
                .iter()
                .all(|other| other.instance_id != member.instance_id)
            {
                members.insert(index.min(members.len()), member);
            }
        });
    }

    /// Changes the order.
    pub fn move_member(self, step: Move) {
        self.members.update(|members| step.apply(members));
    }

    fn member(self, instance_id: ModelInstanceId) -> Member {
        let key = self.last_key.get_value() + 1;
        self.last_key.set_value(key);
        let make = || Member {
            key,
            instance_id,
            weight: RwSignal::new(String::new()),
            enabled: RwSignal::new(true),
            model: RwSignal::new(String::new()),
            open: RwSignal::new(false),
        };
        match self.owner.get_value() {
            Some(owner) => owner.with(make),
            None => make(),
        }
    }
}

/// Every strategy, in the order of the form.
pub const STRATEGIES: [Strategy; 4] = [
    Strategy::FirstAvailable,
    Strategy::Weighted,
    Strategy::LeastBusy,
    Strategy::Fastest,
];

/// Whether a strategy looks at weights.
pub fn uses_weights(strategy: Strategy) -> bool {
    matches!(strategy, Strategy::Weighted | Strategy::LeastBusy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> ModelInstanceId {
        format!("00000000-0000-0000-0000-{number:012}")
            .parse()
            .unwrap()
    }

    fn keys(draft: Draft) -> Vec<RowKey> {
        draft
            .members
            .with_untracked(|members| members.iter().map(|member| member.key).collect())
    }

    #[test]
    fn rows_keep_their_keys_whatever_is_filled_in() {
        let owner = Owner::new();
        owner.with(|| {
            let draft = Draft::new(&GroupValues::default());
            for number in 1..=3 {
                assert!(draft.add(id(number)));
            }
            assert!(!draft.add(id(2)));
            assert_eq!(keys(draft), [1, 2, 3]);
            draft.move_member(Move { from: 2, to: 0 });
            assert_eq!(keys(draft), [3, 1, 2]);
            let mut values = untrack(|| draft.values());
            values.members.swap(0, 2);
            values.members.remove(1);
            draft.fill(&values);
            assert_eq!(keys(draft), [2, 3]);
            assert_eq!(untrack(|| draft.values()), values);
        });
    }

    #[test]
    fn a_member_comes_back_to_its_place_once() {
        let owner = Owner::new();
        owner.with(|| {
            let draft = Draft::new(&GroupValues::default());
            for number in 1..=3 {
                draft.add(id(number));
            }
            let (index, member) = draft.remove(2).unwrap();
            assert_eq!((index, keys(draft)), (1, vec![1, 3]));
            draft.put_back(index, member);
            draft.put_back(index, member);
            assert_eq!(keys(draft), [1, 2, 3]);
            assert!(draft.remove(9).is_none());
        });
    }
}
