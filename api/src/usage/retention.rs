//! What of the usage is removed, and when. By the task that also removes other old things ([`crate::retention`]).

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use diesel_async::AsyncConnection as _;

use crate::db::{self, Pool};
use crate::error::ApiError;

/// Days that single requests are kept at most: each has a row, which adds up, and the hours have the numbers.
const REQUESTS_DAYS: u32 = 30;

/// Removes what the settings do not keep: in pieces, each a transaction of its own. Another replica that is at it is left alone.
///
/// # Errors
/// If the database fails.
pub async fn prune(pool: &Pool) -> Result<(), ApiError> {
    while prune_piece(pool).await? {}
    Ok(())
}

/// Whether there may be more.
async fn prune_piece(pool: &Pool) -> Result<bool, ApiError> {
    let mut conn = pool.get().await?;
    conn.transaction::<_, ApiError, _>(async |conn| {
        if !db::usage::may_remove(conn).await? {
            return Ok(false);
        }
        let days = db::settings::get(conn)
            .await?
            .writable()?
            .usage_retention_days;
        let (requests, hours) = kept_from(days, Utc::now());
        let more_requests = db::usage::remove_requests(conn, requests).await?;
        let more_hours = match hours {
            Some(hours) => db::usage::remove_hours(conn, hours).await?,
            None => false,
        };
        Ok(more_requests || more_hours)
    })
    .await
}

/// From when on single requests are kept, and hours, unless those are kept for ever. Days begin at midnight, so that no day of a chart is
/// there in part.
fn kept_from(days: Option<u32>, now: DateTime<Utc>) -> (DateTime<Utc>, Option<DateTime<Utc>>) {
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    let before = |days: u32| midnight - TimeDelta::days(days.into());
    let requests = days.map_or(REQUESTS_DAYS, |days| days.min(REQUESTS_DAYS));
    (before(requests), days.map(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_kept_for_a_month_at_most_and_hours_as_the_settings_say() {
        let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
        let now = at("2026-11-23T14:30:00Z");
        let month = at("2026-10-24T00:00:00Z");
        assert_eq!(kept_from(None, now), (month, None));
        let year = at("2025-11-23T00:00:00Z");
        assert_eq!(kept_from(Some(365), now), (month, Some(year)));
        let day = at("2026-11-22T00:00:00Z");
        assert_eq!(kept_from(Some(1), now), (day, Some(day)));
    }
}
