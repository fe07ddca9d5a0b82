//! Which keys the page shows, in which order, and how the address says so.
//!
//! The service lists keys without a filter for their state, and there are few of them, so all are loaded and this sorts them out.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use leptos_router::location::Url;
use understudy_shared::ApiKey;

/// Keys on a page, to choose from.
pub const SIZES: &[u32] = &[25, 50, 100];

/// Whether a key can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyState {
    /// It can.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody revoked it.
    Revoked,
}

impl KeyState {
    /// The state of a key at `now`.
    pub fn of(key: &ApiKey, now: DateTime<Utc>) -> Self {
        if key.revoked_at.is_some() {
            Self::Revoked
        } else if key.expires_at.is_some_and(|at| at <= now) {
            Self::Expired
        } else {
            Self::Active
        }
    }

    /// Its name, for tests and the style sheet.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// What is shown of all keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Text in the name or the beginning of the key.
    pub search: String,
    /// Keys that cannot be used any more too.
    pub all: bool,
    /// Key of the order.
    pub sort: &'static str,
    /// Whether it falls.
    pub falling: bool,
    /// Page, from 1.
    pub page: u32,
    /// Keys on it.
    pub size: u32,
}

impl Default for View {
    fn default() -> Self {
        Self {
            search: String::new(),
            all: false,
            sort: "created_at",
            falling: true,
            page: 1,
            size: SIZES[0],
        }
    }
}

/// The columns that can be sorted by.
const SORTS: [&str; 5] = ["name", "created_at", "expires_at", "last_used_at", "state"];

impl View {
    /// Reads the address, whose values `get` gives by name; what cannot be meant is as if it were not there.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let or = Self::default();
        let sort = get("sort");
        let (by, falling) = match sort.as_deref().map(|sort| sort.strip_prefix('-')) {
            Some(Some(by)) => (Some(by.to_owned()), true),
            Some(None) => (sort, false),
            None => (None, true),
        };
        let sort = SORTS.into_iter().find(|sort| by.as_deref() == Some(*sort));
        let number = |name: &str| get(name).and_then(|text| text.parse::<u32>().ok());
        Self {
            search: get("q").unwrap_or_default(),
            all: get("state").as_deref() == Some("all"),
            sort: sort.unwrap_or(or.sort),
            falling: if sort.is_some() { falling } else { or.falling },
            page: number("page").filter(|page| *page > 0).unwrap_or(1),
            size: number("size")
                .filter(|size| SIZES.contains(size))
                .unwrap_or(or.size),
        }
    }

    /// The address: only what is not as it always is.
    pub fn path(&self) -> String {
        let or = Self::default();
        let mut parts = Vec::new();
        if !self.search.is_empty() {
            parts.push(format!("q={}", Url::escape(&self.search)));
        }
        if self.all {
            parts.push("state=all".to_owned());
        }
        if (self.sort, self.falling) != (or.sort, or.falling) {
            let sign = if self.falling { "-" } else { "" };
            parts.push(format!("sort={sign}{}", self.sort));
        }
        if self.page != 1 {
            parts.push(format!("page={}", self.page));
        }
        if self.size != or.size {
            parts.push(format!("size={}", self.size));
        }
        if parts.is_empty() {
            "/keys".to_owned()
        } else {
            format!("/keys?{}", parts.join("&"))
        }
    }

    /// Sorted by this key next: the other way round if it is already.
    pub fn sorted_by(&self, key: &'static str) -> Self {
        // The youngest first; names from the beginning.
        let first = key.ends_with("_at") && key != "expires_at";
        Self {
            falling: if self.sort == key {
                !self.falling
            } else {
                first
            },
            sort: key,
            page: 1,
            ..self.clone()
        }
    }

    /// The keys of this page, and how many there are on all pages.
    pub fn select(&self, keys: &[ApiKey], now: DateTime<Utc>) -> (Vec<ApiKey>, usize) {
        let wanted = self.search.to_lowercase();
        let mut found: Vec<&ApiKey> = keys
            .iter()
            .filter(|key| self.all || KeyState::of(key, now) == KeyState::Active)
            .filter(|key| {
                key.name.to_lowercase().contains(&wanted)
                    || key.prefix.to_lowercase().contains(&wanted)
            })
            .collect();
        found.sort_by(|a, b| self.order(a, b, now).then_with(|| b.id.cmp(&a.id)));
        let total = found.len();
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let page = usize::try_from(self.page - 1).unwrap_or(0);
        // A page that has become empty shows the last one.
        let page = page.min(total.saturating_sub(1) / size.max(1));
        let items = found.into_iter().skip(page * size).take(size).cloned();
        (items.collect(), total)
    }

    fn order(&self, a: &ApiKey, b: &ApiKey, now: DateTime<Utc>) -> Ordering {
        let order = match self.sort {
            "name" => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
            "state" => KeyState::of(a, now).cmp(&KeyState::of(b, now)),
            // What never ends, ends last; what was never used, was used before all.
            "expires_at" => match (a.expires_at, b.expires_at) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(a), Some(b)) => a.cmp(&b),
            },
            "last_used_at" => a.last_used_at.cmp(&b.last_used_at),
            _ => a.created_at.cmp(&b.created_at),
        };
        if self.falling { order.reverse() } else { order }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use understudy_shared::{ApiKeyLimits, ApiKeyScope};

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(1000)
    }

    fn key(number: u8, name: &str) -> ApiKey {
        let id = format!("00000000-0000-0000-0000-0000000000{number:02x}");
        ApiKey {
            id: id.parse().unwrap(),
            name: name.to_owned(),
            prefix: format!("us-{number:06}"),
            scopes: vec![ApiKeyScope::Gateway],
            group_ids: None,
            limits: ApiKeyLimits::default(),
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
            created_at: DateTime::UNIX_EPOCH + TimeDelta::days(number.into()),
        }
    }

    fn names(view: &View, keys: &[ApiKey]) -> Vec<String> {
        let (found, _) = view.select(keys, now());
        found.into_iter().map(|key| key.name).collect()
    }

    fn read(query: &[(&str, &str)]) -> View {
        View::read(|name| {
            let found = query.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_key_ends_by_its_time_or_by_hand() {
        let mut key = key(1, "a");
        assert_eq!(KeyState::of(&key, now()), KeyState::Active);
        key.expires_at = Some(now());
        assert_eq!(KeyState::of(&key, now()), KeyState::Expired);
        key.revoked_at = Some(now());
        assert_eq!(KeyState::of(&key, now()), KeyState::Revoked);
    }

    #[test]
    fn usable_keys_are_shown_the_youngest_first() {
        let mut keys = vec![key(1, "old"), key(3, "revoked"), key(2, "young")];
        keys[1].revoked_at = Some(now());
        assert_eq!(names(&View::default(), &keys), ["young", "old"]);
        let all = read(&[("state", "all")]);
        assert_eq!(names(&all, &keys), ["revoked", "young", "old"]);
        let by_name = View::default().sorted_by("name");
        assert_eq!(names(&by_name, &keys), ["old", "young"]);
        assert_eq!(names(&by_name.sorted_by("name"), &keys), ["young", "old"]);
    }

    #[test]
    fn a_key_is_found_by_its_name_and_by_its_beginning() {
        let keys = vec![key(1, "Сервис диалогов"), key(2, "other")];
        assert_eq!(names(&read(&[("q", "диалог")]), &keys), ["Сервис диалогов"]);
        assert_eq!(names(&read(&[("q", "US-000002")]), &keys), ["other"]);
        assert!(names(&read(&[("q", "nothing")]), &keys).is_empty());
    }

    #[test]
    fn a_page_beyond_the_last_is_the_last() {
        let keys: Vec<ApiKey> = (0..30).map(|number| key(number, "k")).collect();
        let (first, total) = View::default().select(&keys, now());
        assert_eq!((first.len(), total), (25, 30));
        let (last, _) = read(&[("page", "9")]).select(&keys, now());
        assert_eq!(last.len(), 5);
    }

    #[test]
    fn the_address_says_it_and_nonsense_says_nothing() {
        let view = read(&[
            ("q", "a b&c"),
            ("state", "all"),
            ("sort", "-name"),
            ("page", "3"),
            ("size", "100"),
        ]);
        assert_eq!(
            (view.sort, view.falling, view.page, view.size),
            ("name", true, 3, 100)
        );
        let nonsense = read(&[
            ("state", "x"),
            ("sort", "secret"),
            ("page", "0"),
            ("size", "7"),
        ]);
        assert_eq!(nonsense, View::default());
        assert_eq!(View::default().path(), "/keys");
        let sorted = View::default().sorted_by("name");
        assert_eq!(sorted.path(), "/keys?sort=name");
    }
}
