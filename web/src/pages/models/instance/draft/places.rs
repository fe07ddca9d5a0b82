//! Which field a pointer of the service means.

use super::Draft;
use crate::components::form::errors::{RowKeys, ids_of};
use crate::components::form::pairs::Typed;

impl Draft {
    /// The field that a pointer means.
    pub fn field_id(&self, pointer: &str) -> String {
        self.field_ids(pointer)
            .into_iter()
            .next()
            .unwrap_or_default()
    }

    /// The fields that a pointer may mean, the most precise first.
    pub fn field_ids(&self, pointer: &str) -> Vec<String> {
        if self.is_cloud() && pointer.starts_with("/endpoint") {
            return vec!["endpoint-url".to_owned()];
        }
        if pointer.starts_with("/parameters/strip") {
            return vec!["parameters-strip".to_owned()];
        }
        let raw = [
            ("/labels", &self.labels),
            ("/parameters/defaults", &self.defaults),
            ("/parameters/overrides", &self.overrides),
        ];
        for (list, typed) in raw {
            if pointer.starts_with(list) && matches!(typed, Typed::Raw(_)) {
                return vec![format!(
                    "{}-raw",
                    list.trim_start_matches('/').replace('/', "-")
                )];
            }
        }
        ids_of(pointer, &self.row_keys())
    }

    fn row_keys(&self) -> Vec<RowKeys> {
        let list = |pointer, keys: Vec<u32>| RowKeys {
            pointer,
            rows: (0_usize..)
                .map(|index| index.to_string())
                .zip(keys)
                .collect(),
            part: "",
        };
        let named = |pointer, typed: &Typed| RowKeys {
            pointer,
            rows: match typed {
                Typed::Rows(rows) => rows
                    .iter()
                    .map(|(key, name, _)| (name.trim().to_owned(), *key))
                    .collect(),
                Typed::Raw(_) => Vec::new(),
            },
            part: "value",
        };
        vec![
            list(
                "/tokens",
                self.tokens.iter().map(|token| token.key).collect(),
            ),
            list(
                "/headers",
                self.headers.iter().map(|header| header.key).collect(),
            ),
            list(
                "/proxies",
                self.proxies.iter().map(|proxy| proxy.key).collect(),
            ),
            named("/labels", &self.labels),
            named("/parameters/defaults", &self.defaults),
            named("/parameters/overrides", &self.overrides),
        ]
    }
}
