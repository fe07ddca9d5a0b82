//! What of each list is shown, as it stands in the address of the page: a link leads to exactly what somebody sees.
//!
//! Rules: each table has its own prefix; what is as nobody asked for is left out; what cannot be meant is left out too, and reported, so that the
//! page can say so and clean the address. No browser in here.

use form_urlencoded::{Serializer, parse};
use uuid::Uuid;

/// Page sizes to choose from.
pub const SIZES: [u32; 4] = [10, 25, 50, 100];

/// The page size that nobody asked for.
pub const DEFAULT_SIZE: u32 = 25;

/// What the service looks for at most.
const LONGEST_SEARCH: usize = 200;

const LAST_PAGE: u32 = 10_000;

/// What a filter can be.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// One of these.
    OneOf(&'static [&'static str]),
    /// The id of something.
    Id,
    /// A day, as a date field writes it.
    Day,
    /// What this lets through.
    Known(fn(&str) -> bool),
}

impl Values {
    fn allow(self, value: &str) -> bool {
        match self {
            Self::OneOf(values) => values.contains(&value),
            Self::Id => value.parse::<Uuid>().is_ok(),
            Self::Day => value.parse::<chrono::NaiveDate>().is_ok(),
            Self::Known(allow) => allow(value),
        }
    }
}

/// A filter.
#[derive(Debug)]
pub struct Filter {
    /// Its name in the address.
    pub name: &'static str,
    /// Its name for the service.
    pub parameter: &'static str,
    /// What it can be.
    pub values: Values,
    /// What the service is told for a value, if that is not the value itself.
    pub told: Option<fn(&str) -> String>,
}

impl Filter {
    /// A filter whose names are the same, and whose value is told as it is.
    pub const fn new(name: &'static str, values: Values) -> Self {
        Self {
            name,
            parameter: name,
            values,
            told: None,
        }
    }
}

/// What a table can be asked for.
#[derive(Debug)]
pub struct Spec {
    /// What stands before its names in the address; empty where there is one table only.
    pub prefix: &'static str,
    /// What it can be sorted by. The first is the order that nobody asked for.
    pub sort_keys: &'static [&'static str],
    /// Whether that order falls.
    pub falling: bool,
    /// What it can be narrowed by.
    pub filters: &'static [Filter],
}

/// What of one table is shown.
#[derive(Clone, Debug)]
pub struct ListState {
    spec: &'static Spec,
    q: String,
    /// In the order of the filters that there are.
    filters: Vec<Option<String>>,
    sort: usize,
    falling: bool,
    page: u32,
    size: u32,
}

impl PartialEq for ListState {
    fn eq(&self, other: &Self) -> bool {
        let state = |list: &Self| (list.sort, list.falling, list.page, list.size);
        std::ptr::eq(self.spec, other.spec)
            && self.q == other.q
            && self.filters == other.filters
            && state(self) == state(other)
    }
}

impl ListState {
    /// As nobody asked for anything.
    pub fn new(spec: &'static Spec) -> Self {
        Self {
            spec,
            q: String::new(),
            filters: vec![None; spec.filters.len()],
            sort: 0,
            falling: spec.falling,
            page: 1,
            size: DEFAULT_SIZE,
        }
    }

    /// The text to look for.
    pub fn q(&self) -> &str {
        &self.q
    }

    /// The value of a filter.
    pub fn filter(&self, name: &str) -> Option<&str> {
        self.filters[self.index(name)?].as_deref()
    }

    /// The field that the list is sorted by, and whether it falls.
    pub fn sort(&self) -> (&'static str, bool) {
        (self.spec.sort_keys[self.sort], self.falling)
    }

    /// The page, from 1.
    pub fn page(&self) -> u32 {
        self.page
    }

    /// Items on a page.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Whether less than everything is asked for.
    pub fn is_narrowed(&self) -> bool {
        !self.q.is_empty() || self.filters.iter().any(Option::is_some)
    }

    /// Looks for a text, from the first page on.
    pub fn search(&mut self, text: &str) {
        let kept: String = text.chars().filter(|c| !c.is_control()).collect();
        self.q = kept.trim().chars().take(LONGEST_SEARCH).collect();
        self.page = 1;
    }

    /// Sets a filter, or takes it away.
    pub fn set_filter(&mut self, name: &str, value: Option<&str>) {
        if let Some(index) = self.index(name) {
            let allowed = value.filter(|value| self.spec.filters[index].values.allow(value));
            self.filters[index] = allowed.map(str::to_owned);
            self.page = 1;
        }
    }

    /// Asks for everything; order and page size stay.
    pub fn widen(&mut self) {
        self.q.clear();
        self.filters.fill(None);
        self.page = 1;
    }

    /// Sorts by a field; by the same one again the other way round.
    pub fn sort_by(&mut self, key: &str) {
        let keys = self.spec.sort_keys;
        if let Some(index) = keys.iter().position(|known| *known == key) {
            // The usual order is the first to come back to; any other begins with the smallest.
            self.falling = if index == self.sort {
                !self.falling
            } else {
                index == 0 && self.spec.falling
            };
            self.sort = index;
            self.page = 1;
        }
    }

    /// Goes to a page.
    pub fn go_to(&mut self, page: u32) {
        self.page = page.clamp(1, LAST_PAGE);
    }

    /// Changes the page size. What was at the top of the page stays on the page.
    pub fn set_size(&mut self, size: u32) {
        if SIZES.contains(&size) {
            let first = (self.page - 1) * self.size;
            self.size = size;
            self.page = first / size + 1;
        }
    }

    /// The number of the last page that has something on it.
    pub fn last_page(&self, total: u64) -> u32 {
        let last = total.div_ceil(u64::from(self.size)).max(1);
        u32::try_from(last).unwrap_or(LAST_PAGE).min(LAST_PAGE)
    }

    /// The part of the service's address after `?`.
    pub fn to_request(&self) -> String {
        let mut query = Serializer::new(self.filter_request());
        query.append_pair("limit", &self.size.to_string());
        let offset = u64::from(self.page - 1) * u64::from(self.size);
        if offset > 0 {
            query.append_pair("offset", &offset.to_string());
        }
        query.append_pair("sort", &self.sort_text());
        query.finish()
    }

    /// As [`Self::to_request`], for everything that matches, in portions.
    pub fn to_request_for_all(&self, limit: u32, offset: u64) -> String {
        let mut query = Serializer::new(self.filter_request());
        query.append_pair("limit", &limit.to_string());
        query.append_pair("offset", &offset.to_string());
        query.finish()
    }

    /// As [`Self::to_request`], for everything that matches, as a file.
    pub fn to_export(&self) -> String {
        self.filter_request()
    }

    fn filter_request(&self) -> String {
        let mut query = Serializer::new(String::new());
        if !self.q.is_empty() {
            query.append_pair("q", &self.q);
        }
        for (filter, value) in self.spec.filters.iter().zip(&self.filters) {
            match (value, filter.told) {
                (Some(value), Some(told)) => query.append_pair(filter.parameter, &told(value)),
                (Some(value), None) => query.append_pair(filter.parameter, value),
                (None, _) => &mut query,
            };
        }
        query.finish()
    }

    fn sort_text(&self) -> String {
        let (key, falling) = self.sort();
        format!("{}{key}", if falling { "-" } else { "" })
    }

    fn index(&self, name: &str) -> Option<usize> {
        let filters = self.spec.filters;
        filters.iter().position(|filter| filter.name == name)
    }

    /// Takes over one parameter of the address, its prefix taken off; false if it cannot be meant.
    fn take(&mut self, name: &str, value: &str) -> bool {
        match name {
            "q" => {
                self.search(value);
                self.q == value.trim() && !self.q.is_empty()
            }
            "sort" => {
                let falling = value.strip_prefix('-');
                let key = falling.unwrap_or(value);
                let keys = self.spec.sort_keys;
                let found = keys.iter().position(|known| *known == key);
                if let Some(index) = found {
                    (self.sort, self.falling) = (index, falling.is_some());
                }
                found.is_some()
            }
            "page" => {
                let page = value.parse().ok();
                let page = page.filter(|page| (1..=LAST_PAGE).contains(page));
                self.page = page.unwrap_or(self.page);
                page.is_some()
            }
            "size" => {
                let size = value.parse().ok().filter(|size| SIZES.contains(size));
                self.size = size.unwrap_or(self.size);
                size.is_some()
            }
            _ => {
                let Some(index) = self.index(name) else {
                    return false;
                };
                let allowed = self.spec.filters[index].values.allow(value);
                if allowed {
                    self.filters[index] = Some(value.to_owned());
                }
                allowed
            }
        }
    }

    fn write(&self, query: &mut Serializer<'_, String>) {
        let mut put = |name: &str, value: &str| {
            query.append_pair(&format!("{}{name}", self.spec.prefix), value);
        };
        if !self.q.is_empty() {
            put("q", &self.q);
        }
        for (filter, value) in self.spec.filters.iter().zip(&self.filters) {
            if let Some(value) = value {
                put(filter.name, value);
            }
        }
        if (self.sort, self.falling) != (0, self.spec.falling) {
            put("sort", &self.sort_text());
        }
        if self.size != DEFAULT_SIZE {
            put("size", &self.size.to_string());
        }
        if self.page != 1 {
            put("page", &self.page.to_string());
        }
    }
}

/// What of all tables of a page is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct View(Vec<ListState>);

impl View {
    /// Reads the part of the address after `?`, and says which of it cannot be meant.
    pub fn read(specs: &[&'static Spec], query: &str) -> (Self, Vec<String>) {
        let mut lists: Vec<ListState> = specs.iter().map(|spec| ListState::new(spec)).collect();
        let mut ignored = Vec::new();
        let query = query.strip_prefix('?').unwrap_or(query);
        for (name, value) in parse(query.as_bytes()) {
            let taken = lists.iter_mut().find_map(|list| {
                let name = name.strip_prefix(list.spec.prefix)?;
                Some(list.take(name, &value))
            });
            if taken != Some(true) {
                ignored.push(format!("{name}={value}"));
            }
        }
        (Self(lists), ignored)
    }

    /// The part of the address after `?`; empty when nobody asked for anything.
    pub fn write(&self) -> String {
        let mut query = Serializer::new(String::new());
        for list in &self.0 {
            list.write(&mut query);
        }
        query.finish()
    }

    /// One of the tables, in the order in which they were read.
    pub fn list(&self, index: usize) -> &ListState {
        &self.0[index]
    }

    /// One of the tables, to be changed.
    pub fn list_mut(&mut self, index: usize) -> &mut ListState {
        &mut self.0[index]
    }
}
