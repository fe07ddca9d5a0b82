//! Rows that stay while their content changes, so that focus, an open menu and the place under the pointer survive whatever the service tells.
//!
//! Rule: content is renewed at once. Rows that come, go or move wait as long as the pointer moves within the table, so that nobody clicks on
//! what was another row a moment ago; not when somebody asked for something else themselves.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;

use crate::browser;

/// How long the pointer must rest before rows may move under it.
const REST: TimeDelta = TimeDelta::milliseconds(1500);
/// For how long after somebody did something themselves the list follows at once.
const OWN: TimeDelta = TimeDelta::seconds(5);
/// How often it is looked whether the pointer rests.
const AGAIN: Duration = Duration::from_millis(500);

/// One row.
#[derive(Clone)]
pub struct Row<K, T> {
    /// What it is of.
    pub id: K,
    /// Its content.
    pub item: ArcRwSignal<T>,
}

/// Whether somebody is about to click into a table.
#[derive(Clone, Copy)]
pub struct Pointer {
    moved_at: StoredValue<Option<DateTime<Utc>>>,
    acted_at: StoredValue<Option<DateTime<Utc>>>,
}

impl Pointer {
    /// One for a table.
    pub fn new() -> Self {
        Self {
            moved_at: StoredValue::new(None),
            acted_at: StoredValue::new(None),
        }
    }

    /// The pointer moved within the table.
    pub fn moved(self) {
        self.moved_at.set_value(Some(browser::now()));
    }

    /// It left the table.
    pub fn left(self) {
        self.moved_at.set_value(None);
    }

    /// Somebody did something that will change the list.
    pub fn acted(self) {
        self.acted_at.set_value(Some(browser::now()));
    }

    /// Whether somebody has just done something themselves.
    pub fn is_acting(self) -> bool {
        let acted_at = self.acted_at.get_value();
        acted_at.is_some_and(|at| browser::now() - at <= OWN)
    }

    fn holds(self) -> bool {
        holds(
            self.moved_at.get_value(),
            self.acted_at.get_value(),
            browser::now(),
        )
    }
}

fn holds(
    moved_at: Option<DateTime<Utc>>,
    acted_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> bool {
    moved_at.is_some_and(|at| now - at < REST) && acted_at.is_none_or(|at| now - at > OWN)
}

/// The rows of a list. `source` gives what was asked for and what came.
pub fn keyed<K, T>(
    source: impl Fn() -> Option<(String, Vec<T>)> + Send + Sync + 'static,
    id: fn(&T) -> K,
    pointer: Pointer,
) -> RwSignal<Vec<Row<K, T>>>
where
    K: Copy + PartialEq + Send + Sync + 'static,
    T: Clone + PartialEq + Send + Sync + 'static,
{
    let rows = RwSignal::new(Vec::<Row<K, T>>::new());
    let asked = StoredValue::new(None::<String>);
    let again = RwSignal::new(0_u32);
    let waiting = StoredValue::new_local(None::<TimeoutHandle>);
    let forget = move || {
        if let Some(waiting) = waiting.try_update_value(Option::take).flatten() {
            waiting.clear();
        }
    };
    on_cleanup(forget);
    Effect::new(move || {
        again.track();
        let Some((query, items)) = source() else {
            return;
        };
        forget();
        let old = rows.get_untracked();
        let next: Vec<Row<K, T>> = items
            .into_iter()
            .map(|item| {
                let id = id(&item);
                match old.iter().find(|row| row.id == id) {
                    Some(row) => {
                        if row.item.with_untracked(|old| *old != item) {
                            row.item.set(item);
                        }
                        row.clone()
                    }
                    None => Row {
                        id,
                        item: ArcRwSignal::new(item),
                    },
                }
            })
            .collect();
        let same = old.len() == next.len() && old.iter().zip(&next).all(|(a, b)| a.id == b.id);
        if same {
            return asked.set_value(Some(query));
        }
        let as_before = asked.with_value(|asked| asked.as_ref() == Some(&query));
        if as_before && pointer.holds() {
            let look = move || again.update(|again| *again = again.wrapping_add(1));
            if let Ok(handle) = set_timeout_with_handle(look, AGAIN) {
                waiting.set_value(Some(handle));
                return;
            }
        }
        asked.set_value(Some(query));
        rows.set(next);
    });
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_wait_for_the_pointer_to_rest_but_not_after_ones_own_deed() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let ago = |millis| Some(now - TimeDelta::milliseconds(millis));
        assert!(!holds(None, None, now));
        assert!(holds(ago(100), None, now));
        assert!(!holds(ago(2_000), None, now));
        assert!(!holds(ago(100), ago(1_000), now));
        assert!(holds(ago(100), ago(60_000), now));
    }
}
