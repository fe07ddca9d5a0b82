//! Which usage is shown, as it stands in the address, and how the service is asked for it. No browser in here.

use chrono::{DateTime, DurationRound as _, NaiveDate, SecondsFormat, TimeDelta, Utc};
use form_urlencoded::{Serializer, parse};
use understudy_shared::{UsageBucket, UsageGroupBy};

/// Days that a range may have, as the service counts them.
const LONGEST: i64 = 400;
/// Up to so many days a range is shown by hours.
const BY_HOURS: i64 = 2;

/// Which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// So many days until now.
    Last(i64),
    /// From one day to another, both of them included, in UTC.
    Days(NaiveDate, NaiveDate),
}

/// The ranges to choose from: their names in the address, and their days.
pub const RANGES: [(&str, i64); 4] = [("24h", 1), ("7d", 7), ("30d", 30), ("90d", 90)];

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Which time.
    pub range: Range,
    /// What is told apart.
    pub by: UsageGroupBy,
    /// The one of these that the charts are about; none for all.
    pub one: Option<String>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            range: Range::Last(1),
            by: UsageGroupBy::Group,
            one: None,
        }
    }
}

impl View {
    /// Reads the part of the address after `?`; what cannot be meant is as if it were not there.
    pub fn read(query: &str) -> Self {
        let mut view = Self::default();
        let (mut from, mut to) = (None, None);
        for (name, value) in parse(query.strip_prefix('?').unwrap_or(query).as_bytes()) {
            match &*name {
                "range" => {
                    let found = RANGES.iter().find(|(name, _)| *name == value);
                    view.range = found.map_or(view.range, |(_, days)| Range::Last(*days));
                }
                "from" => from = value.parse().ok(),
                "to" => to = value.parse().ok(),
                "by" => {
                    let found = UsageGroupBy::ALL.iter().find(|(name, _)| *name == value);
                    view.by = found.map_or(view.by, |(_, by)| *by);
                }
                "one" if !value.is_empty() && value.len() <= 100 => {
                    view.one = Some(value.into_owned());
                }
                _ => {}
            }
        }
        if let (Some(from), Some(to)) = (from, to)
            && Self::is_range(from, to)
        {
            view.range = Range::Days(from, to);
        }
        view
    }

    /// Whether a range can be asked for.
    pub fn is_range(from: NaiveDate, to: NaiveDate) -> bool {
        (0..LONGEST).contains(&(to - from).num_days())
    }

    /// The address: only what nobody expects.
    pub fn write(&self) -> String {
        let usual = Self::default();
        let mut query = Serializer::new(String::new());
        match self.range {
            range if range == usual.range => {}
            Range::Last(days) => {
                let found = RANGES.iter().find(|(_, other)| *other == days);
                if let Some((name, _)) = found {
                    query.append_pair("range", name);
                }
            }
            Range::Days(from, to) => {
                query.append_pair("from", &from.to_string());
                query.append_pair("to", &to.to_string());
            }
        }
        if self.by != usual.by {
            query.append_pair("by", self.by.name());
        }
        if let Some(one) = &self.one {
            query.append_pair("one", one);
        }
        match query.finish() {
            query if query.is_empty() => "/usage".to_owned(),
            query => format!("/usage?{query}"),
        }
    }

    /// How long the time of one bar is.
    pub fn bucket(&self) -> UsageBucket {
        let days = match self.range {
            Range::Last(days) => days,
            Range::Days(from, to) => (to - from).num_days() + 1,
        };
        if days <= BY_HOURS {
            UsageBucket::Hour
        } else {
            UsageBucket::Day
        }
    }

    /// The question for the charts.
    pub fn over_time(&self, now: DateTime<Utc>) -> String {
        let mut query = self.ask(now, self.bucket());
        if let Some(one) = &self.one {
            query.append_pair(self.by.name(), one);
        }
        query.finish()
    }

    /// The question for the table: the whole range, told apart.
    pub fn apart(&self, now: DateTime<Utc>) -> String {
        let mut query = self.ask(now, UsageBucket::Total);
        query.append_pair("group_by", self.by.name());
        query.append_pair("limit", "50");
        query.finish()
    }

    fn ask(&self, now: DateTime<Utc>, bucket: UsageBucket) -> Serializer<'static, String> {
        let (from, to) = self.moments(now);
        let mut query = Serializer::new(String::new());
        let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        query.append_pair("from", &text(from));
        query.append_pair("to", &text(to));
        query.append_pair("bucket", bucket.name());
        query
    }

    fn moments(&self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let midnight = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
        match self.range {
            // Whole bars: the one that has just begun is the last of them.
            Range::Last(1) => (whole(now, TimeDelta::hours(1)) - TimeDelta::hours(23), now),
            Range::Last(days) => (
                whole(now, TimeDelta::days(1)) - TimeDelta::days(days - 1),
                now,
            ),
            Range::Days(from, to) => (midnight(from), midnight(to) + TimeDelta::days(1)),
        }
    }
}

fn whole(at: DateTime<Utc>, step: TimeDelta) -> DateTime<Utc> {
    at.duration_trunc(step).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T14:30:00Z".parse().unwrap()
    }

    #[test]
    fn address_says_what_is_shown_and_nonsense_says_nothing() {
        assert_eq!(View::default().write(), "/usage");
        for address in [
            "/usage?range=30d&by=key",
            "/usage?from=2026-11-01&to=2026-11-07&by=instance&one=01890a5d-ac96-774b-bcce-b302099a8057",
            "/usage?by=endpoint&one=chat",
        ] {
            let (_, query) = address.split_once('?').unwrap();
            assert_eq!(View::read(query).write(), address);
        }
        for query in [
            "?range=2y&by=colour&one=",
            "?from=2026-11-07&to=2026-11-01",
            "?from=2020-01-01&to=2026-11-01",
            "?from=x&to=2026-11-01",
        ] {
            assert_eq!(View::read(query), View::default(), "{query}");
        }
    }

    #[test]
    fn service_is_asked_for_whole_bars() {
        let day = View::default();
        assert_eq!(
            day.over_time(now()),
            "from=2026-11-22T15%3A00%3A00Z&to=2026-11-23T14%3A30%3A00Z&bucket=hour"
        );
        let month = View::read("range=30d&by=key&one=k");
        assert_eq!(
            month.over_time(now()),
            "from=2026-10-25T00%3A00%3A00Z&to=2026-11-23T14%3A30%3A00Z&bucket=day&key=k"
        );
        assert_eq!(
            month.apart(now()),
            "from=2026-10-25T00%3A00%3A00Z&to=2026-11-23T14%3A30%3A00Z&bucket=total&group_by=key&limit=50"
        );
        let one_day = View::read("from=2026-11-07&to=2026-11-07");
        assert_eq!(
            one_day.over_time(now()),
            "from=2026-11-07T00%3A00%3A00Z&to=2026-11-08T00%3A00%3A00Z&bucket=hour"
        );
    }
}
