//! Which field of a form a JSON pointer of the service means, by the ids of the fields.

use leptos::prelude::document;

/// Rows of the form that a pointer names by something else than their keys: by their place in a list, or by a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowKeys {
    /// Pointer to the list or object.
    pub pointer: &'static str,
    /// The last step of each row's pointer, and the row's key.
    pub rows: Vec<(String, u32)>,
    /// What the id of a row itself ends with, such as `value`; empty if rows have ids of their own.
    pub part: &'static str,
}

/// The ids that the field at `pointer` may have, the most precise first: `/endpoint/host` is `endpoint-host`, and `/tokens/1/value` is
/// `tokens-7-value` if the second row has the key 7.
pub fn ids_of(pointer: &str, lists: &[RowKeys]) -> Vec<String> {
    let plain = |pointer: &str| pointer.trim_start_matches('/').replace(['/', '_'], "-");
    let mut ids = Vec::new();
    for list in lists {
        let Some(rest) = pointer
            .strip_prefix(list.pointer)
            .and_then(|rest| rest.strip_prefix('/'))
        else {
            continue;
        };
        let (step, field) = rest.split_once('/').unwrap_or((rest, ""));
        let step = step.replace("~1", "/").replace("~0", "~");
        let Some((_, key)) = list.rows.iter().find(|(name, _)| *name == step) else {
            continue;
        };
        let row = format!("{}-{key}", plain(list.pointer));
        if !field.is_empty() {
            ids.push(format!("{row}-{}", plain(field)));
        }
        if !list.part.is_empty() {
            ids.push(format!("{row}-{}", list.part));
        }
        ids.push(row);
    }
    let mut rest = pointer;
    while !rest.is_empty() {
        let id = plain(rest);
        if lists.iter().any(|list| list.pointer == rest) {
            ids.push(format!("{id}-raw"));
        }
        ids.push(id);
        rest = rest.rfind('/').and_then(|at| rest.get(..at)).unwrap_or("");
    }
    ids
}

/// The field of the page that is meant by `pointer`.
pub fn route(pointer: &str, lists: &[RowKeys]) -> Option<String> {
    ids_of(pointer, lists)
        .into_iter()
        .find(|id| document().get_element_by_id(id).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists() -> Vec<RowKeys> {
        vec![
            RowKeys {
                pointer: "/tokens",
                rows: vec![("0".to_owned(), 7), ("1".to_owned(), 4)],
                part: "",
            },
            RowKeys {
                pointer: "/parameters/defaults",
                rows: vec![("a/b".to_owned(), 2)],
                part: "value",
            },
        ]
    }

    #[test]
    fn pointers_become_ids() {
        assert_eq!(
            ids_of("/endpoint/base_path", &lists()),
            ["endpoint-base-path", "endpoint"]
        );
        assert_eq!(ids_of("/name", &lists()), ["name"]);
        assert_eq!(ids_of("", &lists()), Vec::<String>::new());
    }

    #[test]
    fn rows_are_found_by_their_keys_wherever_they_stand() {
        let ids = ids_of("/tokens/1/value", &lists());
        assert_eq!(ids[..2], ["tokens-4-value", "tokens-4"]);
        assert_eq!(ids.last().unwrap(), "tokens");
        assert_eq!(ids_of("/tokens/0", &lists())[0], "tokens-7");
        assert_eq!(ids_of("/tokens", &lists()), ["tokens-raw", "tokens"]);
        assert_eq!(
            ids_of("/parameters/defaults/a~1b", &lists())[0],
            "parameters-defaults-2-value"
        );
    }

    #[test]
    fn a_row_that_is_not_there_leads_to_its_list() {
        let ids = ids_of("/tokens/9/value", &lists());
        assert!(!ids.iter().any(|id| id.starts_with("tokens-4")));
        assert_eq!(ids.last().unwrap(), "tokens");
    }
}
