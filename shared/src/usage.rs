//! What was used: requests of the gateway, counted by time and by who or what they belong to.
//!
//! The types of `GET /api/v1/usage`: [`Usage`] is the answer, [`UsageItem`] one of its rows, [`UsageNumbers`] what both the rows and the
//! totals count. [`UsageBucket`] and [`UsageGroupBy`] are the parameters of the same names. Prompts and answers are kept nowhere.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Days that a range may have if it is counted by hours.
pub const MAX_HOURLY_DAYS: i64 = 31;
/// Days that any range may have.
pub const MAX_USAGE_DAYS: i64 = 400;
/// Rows that one answer may have: buckets of the range × `limit`.
pub const MAX_USAGE_ROWS: i64 = 20_000;
/// `limit` when the request names none.
pub const DEFAULT_USAGE_LIMIT: u32 = 20;
/// Largest `limit`.
pub const MAX_USAGE_LIMIT: u32 = 200;

/// How long the time of one row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsageBucket {
    /// An hour.
    Hour,
    /// A day, in UTC.
    Day,
    /// The whole range: one row for each of what is told apart.
    Total,
}

impl UsageBucket {
    /// All of them, with their names on the wire.
    pub const ALL: [(&'static str, Self); 3] = [
        ("hour", Self::Hour),
        ("day", Self::Day),
        ("total", Self::Total),
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        named(self, &Self::ALL)
    }
}

/// What is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsageGroupBy {
    /// Model groups.
    Group,
    /// Model instances: the one that answered.
    Instance,
    /// API keys.
    Key,
    /// Users: the one who made the key.
    User,
    /// Endpoints of the gateway.
    Endpoint,
}

impl UsageGroupBy {
    /// All of them, with their names on the wire.
    pub const ALL: [(&'static str, Self); 5] = [
        ("group", Self::Group),
        ("instance", Self::Instance),
        ("key", Self::Key),
        ("user", Self::User),
        ("endpoint", Self::Endpoint),
    ];

    /// Its name on the wire, which is also the name of the field that says which one a row is about.
    pub fn name(self) -> &'static str {
        named(self, &Self::ALL)
    }
}

fn named<T: Copy + PartialEq>(value: T, all: &[(&'static str, T)]) -> &'static str {
    let found = all.iter().find(|(_, other)| *other == value);
    found.map_or("", |(name, _)| name)
}

/// What a row is about. Both fields are null for requests that belong to none: no group of that name, no instance that answered, a key
/// whose maker was deleted before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct UsageName {
    /// Id of the group, instance, key or user, which may have been deleted since; of an endpoint its word (`chat`, `embeddings`, …).
    #[schema(example = "01890a5d-ac96-774b-bcce-b302099a8057")]
    pub id: Option<String>,
    /// Its name when it was last used; of an endpoint its path (`chat/completions`).
    #[schema(example = "chat-default")]
    pub name: Option<String>,
}

/// What is counted.
///
/// Percentiles are read from histograms, whose buckets are 26 % wide: what is shown is at most 13 % away from the true one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsageNumbers {
    /// Requests of callers with a valid key that are over, whatever became of them.
    #[schema(example = 1250)]
    pub requests: u64,
    /// Those that got an error, or a stream that broke off. Callers who left are not among them.
    #[schema(example = 7)]
    pub errors: u64,
    /// Those whose caller left before the end.
    #[schema(example = 3)]
    pub caller_left: u64,
    /// Those for which more than one instance was asked.
    #[schema(example = 12)]
    pub failovers: u64,
    /// Those whose backend said how many tokens it counted. Of the others none are known.
    #[schema(example = 1240)]
    pub with_tokens: u64,
    /// Tokens of the requests, as the backends counted them.
    #[schema(example = 812_000)]
    pub prompt_tokens: u64,
    /// Tokens of the answers, as the backends counted them.
    #[schema(example = 243_000)]
    pub completion_tokens: u64,
    /// Half of the answered requests had their first byte within so many milliseconds; null = none was answered.
    #[schema(example = 180)]
    pub first_byte_ms_p50: Option<u64>,
    /// 95 % of the answered requests had their first byte within so many milliseconds.
    #[schema(example = 920)]
    pub first_byte_ms_p95: Option<u64>,
    /// Half of the requests were over within so many milliseconds; null = there was none.
    #[schema(example = 2400)]
    pub duration_ms_p50: Option<u64>,
    /// 95 % of the requests were over within so many milliseconds.
    #[schema(example = 8100)]
    pub duration_ms_p95: Option<u64>,
}

/// The numbers of one bucket, and of one group, instance, key, user or endpoint if they are told apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsageItem {
    /// When the bucket begins, in UTC.
    pub bucket: DateTime<Utc>,
    /// The group, with `group_by=group`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<UsageName>,
    /// The instance that answered, with `group_by=instance`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<UsageName>,
    /// The key, with `group_by=key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<UsageName>,
    /// The user who made the key, with `group_by=user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UsageName>,
    /// The endpoint, with `group_by=endpoint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<UsageName>,
    /// Its numbers.
    #[serde(flatten)]
    pub numbers: UsageNumbers,
}

impl UsageItem {
    /// A row of this bucket, about this.
    pub fn new(
        bucket: DateTime<Utc>,
        about: Option<(UsageGroupBy, UsageName)>,
        numbers: UsageNumbers,
    ) -> Self {
        let mut item = Self {
            bucket,
            group: None,
            instance: None,
            key: None,
            user: None,
            endpoint: None,
            numbers,
        };
        if let Some((by, name)) = about {
            *item.slot(by) = Some(name);
        }
        item
    }

    fn slot(&mut self, by: UsageGroupBy) -> &mut Option<UsageName> {
        match by {
            UsageGroupBy::Group => &mut self.group,
            UsageGroupBy::Instance => &mut self.instance,
            UsageGroupBy::Key => &mut self.key,
            UsageGroupBy::User => &mut self.user,
            UsageGroupBy::Endpoint => &mut self.endpoint,
        }
    }

    /// What the row is about; none if nothing is told apart.
    pub fn about(&self) -> Option<&UsageName> {
        let all = [
            &self.group,
            &self.instance,
            &self.key,
            &self.user,
            &self.endpoint,
        ];
        all.into_iter().find_map(Option::as_ref)
    }
}

/// What was used in a range of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// When the range begins: what was asked for, rounded down to a whole bucket.
    pub from: DateTime<Utc>,
    /// When it ends: what was asked for, rounded up. Not a part of it.
    pub to: DateTime<Utc>,
    /// How long the time of one row is.
    pub bucket: UsageBucket,
    /// What is told apart; null = nothing.
    pub group_by: Option<UsageGroupBy>,
    /// The rows, by time and then by their number of requests in the whole range. Buckets without requests have no row.
    pub items: Vec<UsageItem>,
    /// The whole range, with what has no row of its own.
    pub totals: UsageNumbers,
    /// How many groups, instances, keys, users or endpoints have no rows, since `limit` others had more requests.
    #[schema(example = 0)]
    pub left_out: u64,
    /// Requests of the range that could not be recorded, whoever's they were, and so are in no number: the database was away for too long.
    #[schema(example = 0)]
    pub lost: u64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn numbers() -> UsageNumbers {
        UsageNumbers {
            requests: 3,
            first_byte_ms_p50: Some(180),
            ..UsageNumbers::default()
        }
    }

    #[test]
    fn a_row_names_what_it_is_about_under_the_word_of_group_by() {
        let at = DateTime::UNIX_EPOCH;
        for (word, by) in UsageGroupBy::ALL {
            assert_eq!(by.name(), word);
            assert_eq!(serde_json::to_value(by).unwrap(), json!(word));
            let name = UsageName {
                id: Some("1".to_owned()),
                name: Some("one".to_owned()),
            };
            let item = UsageItem::new(at, Some((by, name.clone())), numbers());
            let wire = serde_json::to_value(&item).unwrap();
            assert_eq!(wire[word], json!({"id": "1", "name": "one"}), "{wire}");
            assert_eq!(wire["requests"], 3, "the numbers stand beside it: {wire}");
            assert_eq!(wire.as_object().unwrap().len(), 2 + 11, "{wire}");
            let read: UsageItem = serde_json::from_value(wire).unwrap();
            assert_eq!(read.about(), Some(&name));
            assert_eq!(read, item);
        }
    }

    #[test]
    fn a_row_about_nothing_has_no_such_word_and_one_about_none_says_null() {
        let at = DateTime::UNIX_EPOCH;
        let all = UsageItem::new(at, None, numbers());
        let wire = serde_json::to_value(&all).unwrap();
        assert_eq!(wire.as_object().unwrap().len(), 1 + 11, "{wire}");
        assert_eq!(wire["bucket"], "1970-01-01T00:00:00Z");
        assert_eq!(all.about(), None);
        let none = Some((UsageGroupBy::Instance, UsageName::default()));
        let wire = serde_json::to_value(UsageItem::new(at, none, numbers())).unwrap();
        assert_eq!(wire["instance"], json!({"id": null, "name": null}));
        let read: UsageItem = serde_json::from_value(wire).unwrap();
        assert_eq!(read.about(), Some(&UsageName::default()));
    }

    #[test]
    fn an_answer_reads_back_as_it_was_written() {
        for (word, bucket) in UsageBucket::ALL {
            assert_eq!(bucket.name(), word);
            let usage = Usage {
                from: DateTime::UNIX_EPOCH,
                to: DateTime::UNIX_EPOCH,
                bucket,
                group_by: None,
                items: vec![UsageItem::new(DateTime::UNIX_EPOCH, None, numbers())],
                totals: numbers(),
                left_out: 0,
                lost: 2,
            };
            let wire = serde_json::to_value(&usage).unwrap();
            assert_eq!(wire["bucket"], word);
            assert_eq!(
                (&wire["lost"], &wire["totals"]["requests"]),
                (&json!(2), &json!(3))
            );
            assert_eq!(serde_json::from_value::<Usage>(wire).unwrap(), usage);
        }
    }
}
