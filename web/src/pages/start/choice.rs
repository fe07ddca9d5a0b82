//! One group out of all, to be asked or to be shown to programs: the one that somebody chose, and until then one that would answer.
//!
//! Rule: what was resolved once stays as long as that group exists, however its availability changes. Somebody types a question to it, reads its
//! answer, or copies its name.

use leptos::prelude::*;
use understudy_shared::{Availability, ModelGroup, ModelGroupId};

use crate::live::use_live;
use crate::load::Load;
use crate::pages::dialogs::targets::{now, of_group};

/// A group with what is known of it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its id.
    pub id: ModelGroupId,
    /// Its name for programs.
    pub name: String,
    /// Whether it would answer.
    pub availability: Availability,
}

/// The groups and the one among them.
#[derive(Clone, Copy)]
pub struct GroupChoice {
    /// All of them; none while that is not known.
    pub known: Memo<Option<Vec<Offer>>>,
    /// The one.
    pub chosen: Memo<Option<Offer>>,
    wanted: RwSignal<Option<ModelGroupId>>,
}

impl GroupChoice {
    /// Chooses another one.
    pub fn want(self, id: Option<ModelGroupId>) {
        self.wanted.set(id);
    }

    /// As [`Self::want`], by its name.
    pub fn want_named(self, name: &str) {
        let id = self.known.with_untracked(|known| {
            let mut offers = known.iter().flatten();
            Some(offers.find(|offer| offer.name == name)?.id)
        });
        self.want(id);
    }
}

/// A choice among the groups that are loaded.
pub fn use_group_choice(groups: Load<Vec<ModelGroup>>) -> GroupChoice {
    let live = use_live();
    let wanted = RwSignal::new(None::<ModelGroupId>);
    let known = Memo::new(move |_| {
        let since = groups.asked_at();
        let offer = |group: &ModelGroup| Offer {
            id: group.id,
            name: group.name.clone(),
            availability: now(
                live,
                of_group(group, group.status.available),
                Some(group.id),
                since,
            ),
        };
        groups.with(|groups| groups.iter().map(offer).collect::<Vec<_>>())
    });
    let id = Memo::new(move |before: Option<&Option<ModelGroupId>>| {
        let before = before.copied().flatten();
        known.with(|known| pick(known.as_deref()?, wanted.get(), before))
    });
    let chosen = Memo::new(move |_| {
        let id = id.get()?;
        known.with(|known| known.iter().flatten().find(|offer| offer.id == id).cloned())
    });
    GroupChoice {
        known,
        chosen,
        wanted,
    }
}

/// The one that is wanted, else the one that it was before, else the first that would answer, else the first.
fn pick(
    known: &[Offer],
    wanted: Option<ModelGroupId>,
    before: Option<ModelGroupId>,
) -> Option<ModelGroupId> {
    let there = |id: &ModelGroupId| known.iter().any(|offer| offer.id == *id);
    let able = || known.iter().find(|offer| offer.availability.is_available());
    wanted
        .filter(there)
        .or(before.filter(there))
        .or_else(|| able().or(known.first()).map(|offer| offer.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_stays_chosen_while_it_exists_whatever_becomes_of_its_instances() {
        use Availability::{Available, Unavailable};
        let id = |last: u8| {
            let id = format!("01890a5d-ac96-774b-bcce-b302099a80{last:02}");
            id.parse::<ModelGroupId>().unwrap()
        };
        let offers = |all: &[(u8, Availability)]| -> Vec<Offer> {
            all.iter()
                .map(|(last, availability)| Offer {
                    id: id(*last),
                    name: last.to_string(),
                    availability: *availability,
                })
                .collect()
        };
        let (first, second, third) = (Some(id(1)), Some(id(2)), Some(id(3)));
        // One that would answer comes before one that would not, whatever their names.
        let known = offers(&[(1, Unavailable), (2, Available), (3, Available)]);
        assert_eq!(pick(&known, None, None), second);
        assert_eq!(pick(&known, first, second), first);
        // It goes down, and another comes up.
        let known = offers(&[(1, Available), (2, Unavailable), (3, Available)]);
        assert_eq!(pick(&known, None, second), second);
        // It is deleted, chosen or not.
        let known = offers(&[(1, Unavailable), (3, Available)]);
        assert_eq!(pick(&known, None, second), third);
        assert_eq!(pick(&known, second, second), third);
        assert_eq!(pick(&offers(&[(1, Unavailable)]), None, None), first);
        assert_eq!(pick(&[], first, first), None);
    }
}
