//! Lists: filtered, sorted and paged in one way.
//!
//! Decided in memory, over small rows: whether an instance is up is known to the gateway and not to the database, and
//! comparing text here makes "regardless of case" the same on every database, whatever its locale. The audit log, which only grows, is the exception.

use std::cmp::Ordering;

use understudy_shared::page::{DEFAULT_LIMIT, MAX_LIMIT};
use understudy_shared::{Page, rules};
use utoipa::IntoParams;
use uuid::Uuid;

use super::extract::bad_parameter as bad;
use super::extract::{FromParams, Params};
use crate::error::ApiError;

/// Largest offset: what the description's `int64` can carry.
const MAX_OFFSET: u64 = i64::MAX.unsigned_abs();

/// How two items compare by one field.
pub type Comparison<T> = fn(&T, &T) -> Ordering;

/// What can be listed.
pub trait Listed: Sized + 'static {
    /// Fields to sort by; the first is the order that nobody asked for.
    const SORT_KEYS: &'static [(&'static str, Comparison<Self>)];
    /// Whether the order that nobody asked for falls.
    const LATEST_FIRST: bool = false;
    /// Filters besides `q`.
    type Filters: FromParams;

    /// The id: decides among equals, so that pages never overlap.
    fn id(&self) -> Uuid;

    /// The texts that `q` looks into.
    fn texts(&self) -> Vec<&str>;
}

/// Which page of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Items on the page.
    pub limit: u32,
    /// Items before it; what an `i64` can carry.
    pub offset: u64,
}

/// Which part of a list is asked for.
pub struct ListQuery<T: Listed> {
    window: Window,
    sort: Vec<(Comparison<T>, bool)>,
    q: Option<String>,
    /// Filters of this kind of list.
    pub filters: T::Filters,
}

/// The parameters that every list has, for the description of the API.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that ListQuery reads")]
pub struct ListParams {
    /// Items on a page, 1–200.
    #[param(minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<u32>,
    /// Matching items before the page.
    #[param(minimum = 0, default = 0, example = 0)]
    offset: Option<u64>,
    /// Fields to sort by, separated by commas, with `-` before those that fall.
    #[param(example = "-created_at")]
    sort: Option<String>,
    /// Text to look for, regardless of case.
    #[param(max_length = 200, example = "gpu")]
    q: Option<String>,
}

impl FromParams for Window {
    fn from_params(params: &mut Params) -> Result<Self, ApiError> {
        let bounds = format!("a whole number from 1 to {MAX_LIMIT}");
        let limit = params.take_as("limit", &bounds)?.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(bad("limit", format!("must be {bounds}")));
        }
        let form = format!("a whole number from 0 to {MAX_OFFSET}");
        let offset = params.take_as("offset", &form)?.unwrap_or(0);
        if offset > MAX_OFFSET {
            return Err(bad("offset", format!("must be {form}")));
        }
        Ok(Self { limit, offset })
    }
}

impl<T: Listed> FromParams for ListQuery<T> {
    fn from_params(params: &mut Params) -> Result<Self, ApiError> {
        let window = Window::from_params(params)?;
        let sort = params
            .take("sort")
            .map(|text| sort_keys(&text))
            .transpose()?
            .unwrap_or_default();
        Ok(Self {
            window,
            sort,
            q: take_search(params)?,
            filters: T::Filters::from_params(params)?,
        })
    }
}

fn sort_keys<T: Listed>(text: &str) -> Result<Vec<(Comparison<T>, bool)>, ApiError> {
    let mut seen = Vec::new();
    let mut keys = Vec::new();
    for item in text.split(',') {
        let (name, falling) = item
            .strip_prefix('-')
            .map_or((item, false), |name| (name, true));
        let key = T::SORT_KEYS.iter().find(|(known, _)| *known == name);
        let Some((known, comparison)) = key else {
            let names: Vec<&str> = T::SORT_KEYS.iter().map(|(name, _)| *name).collect();
            return Err(bad(
                "sort",
                format!(
                    "must be a list of {}, each with or without - before it",
                    names.join(", ")
                ),
            ));
        };
        if seen.contains(known) {
            return Err(bad("sort", format!("names {known} twice")));
        }
        seen.push(known);
        keys.push((*comparison, falling));
    }
    Ok(keys)
}

/// Takes the text out that is looked for, in lower case.
///
/// # Errors
/// If it is too long.
pub fn take_search(params: &mut Params) -> Result<Option<String>, ApiError> {
    let Some(text) = params.take("q") else {
        return Ok(None);
    };
    let mut faults = Vec::new();
    rules::text(&mut faults, "", &text, 0, 200);
    match faults.first() {
        Some(fault) => Err(bad("q", &fault.detail)),
        None => Ok(Some(text.to_lowercase())),
    }
}

impl<T: Listed> ListQuery<T> {
    /// The page, of those items that match `q`. `items` have passed the filters already.
    pub fn page(&self, items: Vec<T>) -> Page<T> {
        let mut items: Vec<T> = items
            .into_iter()
            .filter(|item| self.matches(item))
            .collect();
        items.sort_by(|a, b| self.compare(a, b));
        let total = items.len() as u64;
        let Window { limit, offset } = self.window;
        let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
        let items = items
            .into_iter()
            .skip(skipped)
            .take(limit as usize)
            .collect();
        Page {
            items,
            total,
            limit,
            offset,
        }
    }

    fn matches(&self, item: &T) -> bool {
        let Some(q) = &self.q else { return true };
        item.texts()
            .iter()
            .any(|text| text.to_lowercase().contains(q))
    }

    fn compare(&self, a: &T, b: &T) -> Ordering {
        let by_default = || {
            let first = T::SORT_KEYS.first();
            let rising = first.map_or(Ordering::Equal, |(_, comparison)| comparison(a, b));
            if T::LATEST_FIRST {
                rising.reverse()
            } else {
                rising
            }
        };
        let asked = self.sort.iter().map(|(comparison, falling)| {
            let ordering = comparison(a, b);
            if *falling {
                ordering.reverse()
            } else {
                ordering
            }
        });
        let asked = asked.fold(Ordering::Equal, Ordering::then);
        let ordering = if self.sort.is_empty() {
            by_default()
        } else {
            asked
        };
        ordering.then_with(|| a.id().cmp(&b.id()))
    }
}

/// A page of other items in the same place.
pub fn with_items<T, U>(page: Page<T>, items: Vec<U>) -> Page<U> {
    Page {
        items,
        total: page.total,
        limit: page.limit,
        offset: page.offset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Item(u128, &'static str);

    impl Listed for Item {
        const SORT_KEYS: &'static [(&'static str, Comparison<Self>)] =
            &[("name", |a, b| a.1.cmp(b.1)), ("id", |a, b| a.0.cmp(&b.0))];
        type Filters = ();

        fn id(&self) -> Uuid {
            Uuid::from_u128(self.0)
        }

        fn texts(&self) -> Vec<&str> {
            vec![self.1]
        }
    }

    fn list(query: &str) -> Result<(Vec<u128>, u64), ApiError> {
        let mut params = Params::parse(query)?;
        let query = ListQuery::<Item>::from_params(&mut params)?;
        let page = query.page(vec![
            Item(3, "b"),
            Item(1, "b"),
            Item(2, "Ж_%"),
            Item(4, "a"),
        ]);
        Ok((page.items.iter().map(|item| item.0).collect(), page.total))
    }

    #[test]
    fn pages_are_sorted_and_never_overlap() {
        assert_eq!(list("").unwrap(), (vec![4, 1, 3, 2], 4));
        assert_eq!(list("sort=-name").unwrap(), (vec![2, 1, 3, 4], 4));
        assert_eq!(list("sort=name,-id").unwrap(), (vec![4, 3, 1, 2], 4));
        assert_eq!(list("limit=1&offset=2").unwrap(), (vec![3], 4));
        assert_eq!(list("offset=99999999999").unwrap(), (vec![], 4));
    }

    #[test]
    fn search_ignores_case_and_knows_no_wildcards() {
        assert_eq!(list("q=ж").unwrap(), (vec![2], 1));
        assert_eq!(list("q=_%25").unwrap(), (vec![2], 1));
        assert_eq!(list("q=%25").unwrap(), (vec![2], 1));
        assert_eq!(list("q=zzz").unwrap(), (vec![], 0));
    }

    #[test]
    fn bad_parameters_are_refused() {
        for query in [
            "limit=0",
            "limit=201",
            "limit=x",
            "limit=-1",
            "offset=-1",
            "offset=x",
            "offset=9223372036854775808",
            "sort=bogus",
            "sort=",
            "sort=name,name",
            "sort=name,-name",
            "limit=1&limit=2",
            "q=%00",
        ] {
            assert!(list(query).is_err(), "{query}");
        }
    }
}
