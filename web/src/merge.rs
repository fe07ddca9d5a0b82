//! What becomes of a form whose resource somebody else has changed meanwhile: a three-way merge by top-level field.
//!
//! The rule: nothing that a person typed and nothing that the other one saved is dropped without being asked for. A field that only one
//! side changed has that side's value; one that both changed differently is for the person to decide. Lists count as one field, as a
//! merge patch replaces them whole. It works on JSON, so that every form can use it and it knows none.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The fields of a resource.
pub type Fields = Map<String, Value>;

/// Who changed a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Only the person at this form.
    Mine,
    /// Only the other person.
    Theirs,
    /// Both, to the same value.
    Alike,
    /// Both, to different values: somebody has to decide.
    Both,
}

/// A field that is no longer what it was when the form was opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Its name on the wire.
    pub field: String,
    /// Who changed it.
    pub changed: Changed,
    /// What it was.
    pub base: Value,
    /// What stands in the form.
    pub mine: Value,
    /// What is saved now.
    pub theirs: Value,
}

/// Whose value a field gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The form's.
    Mine,
    /// The saved one.
    Theirs,
}

/// What differs, in the order of `order`; fields that it does not name come after those that it does. A field that a side lacks is `null`.
pub fn differences(
    order: &[&str],
    base: &Fields,
    mine: &Fields,
    theirs: &Fields,
) -> Vec<Difference> {
    let names: BTreeSet<&String> = base
        .keys()
        .chain(mine.keys())
        .chain(theirs.keys())
        .collect();
    let place = |name: &str| order.iter().position(|other| *other == name);
    let mut names: Vec<&String> = names.into_iter().collect();
    names.sort_by_key(|name| place(name).unwrap_or(order.len()));
    let value = |fields: &Fields, name: &str| fields.get(name).cloned().unwrap_or_default();
    names
        .into_iter()
        .filter_map(|name| {
            let (base, mine, theirs) = (value(base, name), value(mine, name), value(theirs, name));
            let changed = match (mine == base, theirs == base) {
                (true, true) => return None,
                (false, true) => Changed::Mine,
                (true, false) => Changed::Theirs,
                (false, false) if mine == theirs => Changed::Alike,
                (false, false) => Changed::Both,
            };
            Some(Difference {
                field: name.clone(),
                changed,
                base,
                mine,
                theirs,
            })
        })
        .collect()
}

/// The patch that turns what is saved now into what the person wants. `sides` decides fields that both changed; one that it leaves out is
/// not touched.
pub fn patch(differences: &[Difference], sides: &BTreeMap<String, Side>) -> Fields {
    differences
        .iter()
        .filter(|difference| match difference.changed {
            Changed::Mine => true,
            Changed::Both => sides.get(&difference.field) == Some(&Side::Mine),
            Changed::Theirs | Changed::Alike => false,
        })
        .map(|difference| (difference.field.clone(), difference.mine.clone()))
        .collect()
}

/// The fields of `now` that are not those of `before`: what a merge patch has to carry.
pub fn changes(before: &Fields, now: &Fields) -> Fields {
    now.iter()
        .filter(|(name, value)| before.get(*name) != Some(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        let Value::Object(fields) = value else {
            panic!("not an object")
        };
        fields
    }

    fn told() -> Vec<Difference> {
        differences(
            &["title", "members"],
            &fields(
                json!({"members": [1, 2], "name": "a", "title": "A", "enabled": true, "strategy": "x", "deadline_ms": 1}),
            ),
            &fields(
                json!({"members": [2, 1], "name": "b", "title": "A", "enabled": false, "strategy": "x", "deadline_ms": 1}),
            ),
            &fields(
                json!({"members": [1, 2, 3], "name": "a", "title": "B", "enabled": false, "strategy": "x", "deadline_ms": 1}),
            ),
        )
    }

    #[test]
    fn each_side_keeps_what_it_alone_changed() {
        let told = told();
        let told: Vec<_> = told.iter().map(|d| (d.field.as_str(), d.changed)).collect();
        assert_eq!(
            told,
            [
                ("title", Changed::Theirs),
                ("members", Changed::Both),
                ("enabled", Changed::Alike),
                ("name", Changed::Mine),
            ]
        );
    }

    #[test]
    fn patch_has_mine_and_what_was_decided_for_me() {
        let mine = BTreeMap::from([("members".to_owned(), Side::Mine)]);
        let patched = patch(&told(), &mine);
        assert_eq!(patched, fields(json!({"members": [2, 1], "name": "b"})));
        let theirs = BTreeMap::from([("members".to_owned(), Side::Theirs)]);
        assert_eq!(patch(&told(), &theirs), fields(json!({"name": "b"})));
        assert_eq!(
            patch(&told(), &BTreeMap::new()),
            fields(json!({"name": "b"}))
        );
    }

    #[test]
    fn a_choice_cannot_undo_what_only_they_changed() {
        let mine = BTreeMap::from([("title".to_owned(), Side::Mine)]);
        assert!(!patch(&told(), &mine).contains_key("title"));
    }

    #[test]
    fn a_field_that_a_side_lacks_is_null() {
        let told = differences(
            &[],
            &Fields::new(),
            &fields(json!({"model": "m"})),
            &Fields::new(),
        );
        assert_eq!(told[0].base, Value::Null);
        assert_eq!(told[0].changed, Changed::Mine);
    }

    #[test]
    fn only_changes_are_sent() {
        let before = fields(json!({"a": 1, "b": [1, 2], "c": null}));
        let now = fields(json!({"a": 1, "b": [2, 1], "c": null}));
        assert_eq!(changes(&before, &now), fields(json!({"b": [2, 1]})));
    }
}
