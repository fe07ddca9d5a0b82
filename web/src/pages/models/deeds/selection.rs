//! Which rows are selected, on whatever page they are.

use std::collections::BTreeMap;

use leptos::prelude::*;
use uuid::Uuid;

/// A row that something is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub title: String,
    /// What programs call it.
    pub name: String,
    /// The version that was seen.
    pub version: i64,
    /// Whether it was enabled.
    pub enabled: bool,
}

/// The selected rows.
#[derive(Clone, Copy)]
pub struct Selection(RwSignal<BTreeMap<Uuid, Target>>);

impl Selection {
    /// Nothing.
    pub fn new() -> Self {
        Self(RwSignal::new(BTreeMap::new()))
    }

    /// How many; tracked.
    pub fn count(self) -> usize {
        self.0.with(BTreeMap::len)
    }

    /// Whether this one is; tracked.
    pub fn has(self, id: Uuid) -> bool {
        self.0.with(|targets| targets.contains_key(&id))
    }

    /// Selects rows, or no longer.
    pub fn set(self, targets: impl IntoIterator<Item = Target>, selected: bool) {
        self.0.update(|all| {
            for target in targets {
                if selected {
                    all.insert(target.id, target);
                } else {
                    all.remove(&target.id);
                }
            }
        });
    }

    /// Selects nothing.
    pub fn clear(self) {
        if !self.0.with_untracked(BTreeMap::is_empty) {
            self.0.update(BTreeMap::clear);
        }
    }

    /// Everything that is selected.
    pub fn targets(self) -> Vec<Target> {
        self.0
            .with_untracked(|targets| targets.values().cloned().collect())
    }

    /// Takes over what a list says now of those that are selected.
    pub fn renew(self, seen: &[Target]) {
        let stale = |all: &BTreeMap<Uuid, Target>, target: &Target| {
            all.get(&target.id).is_some_and(|known| known != target)
        };
        let changed = self
            .0
            .with_untracked(|all| seen.iter().any(|target| stale(all, target)));
        if changed {
            self.0.update(|all| {
                for target in seen {
                    if all.contains_key(&target.id) {
                        all.insert(target.id, target.clone());
                    }
                }
            });
        }
    }

    /// Selects these no longer.
    pub fn drop_all(self, targets: &[Target]) {
        self.set(targets.iter().cloned(), false);
    }
}
