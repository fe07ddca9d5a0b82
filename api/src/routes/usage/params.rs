//! Which usage is asked for: the range, its buckets, what is told apart, and filters.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use understudy_shared::usage::{
    DEFAULT_USAGE_LIMIT, MAX_HOURLY_DAYS, MAX_USAGE_DAYS, MAX_USAGE_LIMIT, MAX_USAGE_ROWS,
};
use understudy_shared::{Capability, UsageBucket, UsageGroupBy};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::db::usage::report::Selection;
use crate::error::ApiError;
use crate::routes::extract::bad_parameter as bad;
use crate::routes::extract::{FromParams, Params};

/// What a time must be. In a query `+` is a space, which is what becomes of `+02:00`.
const TIME: &str = "a time as RFC 3339 has it, best in UTC: 2026-11-23T14:00:00Z";

/// The parameters, for the description of the API.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that UsageQuery reads")]
pub struct UsageParams {
    /// When the range begins, rounded down to a whole bucket (to an hour with `bucket=total`). Default: a day before `to` with
    /// `bucket=hour`, else 30 days.
    #[param(example = "2026-11-22T00:00:00Z")]
    from: Option<DateTime<Utc>>,
    /// When the range ends, rounded up. Default: now.
    #[param(example = "2026-11-23T00:00:00Z")]
    to: Option<DateTime<Utc>>,
    /// How long the time of one row is. A range by hours has 31 days at most, any other one 400. Default: `hour`.
    #[param(inline)]
    bucket: Option<UsageBucket>,
    /// What is told apart; left out: nothing.
    #[param(inline)]
    group_by: Option<UsageGroupBy>,
    /// How many groups, instances, keys, users or endpoints have rows, those with the most requests first. Times the number of buckets
    /// it may be 20 000 at most.
    #[param(minimum = 1, maximum = 200, default = 20, example = 20)]
    limit: Option<u32>,
    /// Requests for this group alone, by its id.
    group: Option<Uuid>,
    /// Requests that this instance answered, by its id.
    instance: Option<Uuid>,
    /// Requests of this key alone, by its id.
    key: Option<Uuid>,
    /// Requests of this user's keys alone, by the user's id.
    user: Option<Uuid>,
    /// Requests of this endpoint alone.
    #[param(inline)]
    endpoint: Option<Capability>,
}

/// Which usage is asked for.
#[derive(Debug)]
pub struct UsageQuery {
    /// Which hours, and of what.
    pub selection: Selection,
    /// How long the time of one row is.
    pub bucket: UsageBucket,
    /// What is told apart.
    pub group_by: Option<UsageGroupBy>,
    /// How many of them have rows.
    pub limit: u32,
}

impl FromParams for UsageQuery {
    fn from_params(params: &mut Params) -> Result<Self, ApiError> {
        read(params, Utc::now())
    }
}

fn read(params: &mut Params, now: DateTime<Utc>) -> Result<UsageQuery, ApiError> {
    let bucket = params.take_named("bucket", &UsageBucket::ALL)?;
    let bucket = bucket.unwrap_or(UsageBucket::Hour);
    let group_by = params.take_named("group_by", &UsageGroupBy::ALL)?;
    let form = format!("a whole number from 1 to {MAX_USAGE_LIMIT}");
    let limit = params.take_as("limit", &form)?;
    let limit = limit.unwrap_or(DEFAULT_USAGE_LIMIT);
    if !(1..=MAX_USAGE_LIMIT).contains(&limit) {
        return Err(bad("limit", format!("must be {form}")));
    }
    let (from, to) = range(params, bucket, now)?;
    if let Some(step) = step(bucket)
        && group_by.is_some()
    {
        let buckets = (to - from).num_seconds() / step.num_seconds();
        if buckets * i64::from(limit) > MAX_USAGE_ROWS {
            let most = MAX_USAGE_ROWS / buckets;
            return Err(bad(
                "limit",
                format!("must be at most {most} for {buckets} buckets, or choose larger ones"),
            ));
        }
    }
    let endpoints = Capability::ALL.map(|endpoint| (endpoint.name(), endpoint));
    let endpoint = params.take_named("endpoint", &endpoints)?;
    Ok(UsageQuery {
        selection: Selection {
            from,
            to,
            group: params.take_as("group", "an id")?,
            instance: params.take_as("instance", "an id")?,
            key: params.take_as("key", "an id")?,
            user: params.take_as("user", "an id")?,
            endpoint: endpoint.map(Capability::name),
        },
        bucket,
        group_by,
        limit,
    })
}

/// How far apart buckets are.
fn step(bucket: UsageBucket) -> Option<TimeDelta> {
    match bucket {
        UsageBucket::Hour => Some(TimeDelta::hours(1)),
        UsageBucket::Day => Some(TimeDelta::days(1)),
        UsageBucket::Total => None,
    }
}

/// The range, in whole buckets.
fn range(
    params: &mut Params,
    bucket: UsageBucket,
    now: DateTime<Utc>,
) -> Result<(DateTime<Utc>, DateTime<Utc>), ApiError> {
    let (usual, most) = match bucket {
        UsageBucket::Hour => (1, MAX_HOURLY_DAYS),
        UsageBucket::Day | UsageBucket::Total => (30, MAX_USAGE_DAYS),
    };
    let to = time(params, "to")?.unwrap_or(now);
    let usual = to.checked_sub_signed(TimeDelta::days(usual));
    let from = time(params, "from")?.or(usual);
    let from = from.ok_or_else(|| bad("to", "is too long ago"))?;
    if from >= to {
        return Err(bad("from", "must be before to"));
    }
    let step = step(bucket).unwrap_or(TimeDelta::hours(1));
    let down = |time: DateTime<Utc>| time.duration_trunc(step).ok();
    let up = |time: DateTime<Utc>| match down(time)? {
        whole if whole == time => Some(whole),
        whole => whole.checked_add_signed(step),
    };
    let from = down(from).ok_or_else(|| bad("from", "is too far away"))?;
    let to = up(to).ok_or_else(|| bad("to", "is too far away"))?;
    if to - from > TimeDelta::days(most) {
        let instead = match bucket {
            UsageBucket::Hour => "; bucket=day takes longer ones",
            UsageBucket::Day | UsageBucket::Total => "",
        };
        let what = format!("the range has more than {most} days{instead}");
        return Err(bad("from", what));
    }
    Ok((from, to))
}

fn time(params: &mut Params, name: &str) -> Result<Option<DateTime<Utc>>, ApiError> {
    let read = |text: String| {
        let time = DateTime::parse_from_rfc3339(&text);
        time.map(|time| time.to_utc())
            .map_err(|_| bad(name, format!("must be {TIME}")))
    };
    params.take(name).map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Result<UsageQuery, String> {
        let now = "2026-11-23T14:30:00Z".parse().unwrap();
        let mut params = Params::parse(text).unwrap();
        read(&mut params, now).map_err(|error| error.to_string())
    }

    fn range(text: &str) -> (String, String) {
        let selection = query(text).unwrap().selection;
        (selection.from.to_rfc3339(), selection.to.to_rfc3339())
    }

    #[test]
    fn ranges_are_whole_buckets_in_utc() {
        let hours = |from: &str, to: &str| {
            (
                from.to_owned() + ":00:00+00:00",
                to.to_owned() + ":00:00+00:00",
            )
        };
        assert_eq!(range(""), hours("2026-11-22T14", "2026-11-23T15"));
        assert_eq!(range("bucket=day"), hours("2026-10-24T00", "2026-11-24T00"));
        assert_eq!(
            range("from=2026-11-23T01:59:59Z&to=2026-11-23T03:00:00Z"),
            hours("2026-11-23T01", "2026-11-23T03")
        );
        // A time of another zone is the same moment.
        assert_eq!(
            range("from=2026-11-23T01:30:00%2B02:00&to=2026-11-23T03:30:00Z&bucket=day"),
            hours("2026-11-22T00", "2026-11-24T00")
        );
        assert_eq!(
            range("bucket=total&to=2026-11-23T14:00:00Z&from=2026-11-23T13:10:00Z"),
            hours("2026-11-23T13", "2026-11-23T14")
        );
    }

    #[test]
    fn bad_and_large_ranges_say_so() {
        for (text, says) in [
            ("from=yesterday", "from: must be a time"),
            ("from=2026-11-23T01:30:00+02:00", "from: must be a time"),
            ("to=2026-11-23", "to: must be a time"),
            ("from=2026-11-24T00:00:00Z", "from: must be before to"),
            (
                "from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
                "from: must be before to",
            ),
            ("from=2026-10-01T00:00:00Z", "more than 31 days; bucket=day"),
            ("from=2020-01-01T00:00:00Z&bucket=day", "more than 400 days"),
            (
                "from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z&bucket=total",
                "",
            ),
            ("bucket=week", "bucket: must be one of hour, day, total"),
            ("group_by=model", "group_by: must be one of group, instance"),
            ("limit=0", "limit: must be a whole number from 1 to 200"),
            ("limit=201", "limit: must be a whole number from 1 to 200"),
            ("key=mine", "key: must be an id"),
            ("endpoint=/v1/chat", "endpoint: must be one of chat"),
            (
                "group_by=key&limit=100&from=2026-11-01T00:00:00Z",
                "limit: must be at most 36 for 543 buckets",
            ),
        ] {
            let error = query(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
        assert!(query("limit=100&from=2026-11-01T00:00:00Z").is_ok());
        assert!(query("group_by=key&limit=200&from=2026-11-01T00:00:00Z&bucket=total").is_ok());
    }
}
