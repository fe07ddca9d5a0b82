//! Hours that are added up for a chart, and the times that go with them.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{USAGE, usage};
use crate::support::App;

/// The number of a bucket with this upper bound or just above it, as `docs/USAGE.md` describes them.
fn place(millis: f64) -> i64 {
    (millis.log2() * 3.0).ceil() as i64
}

#[tokio::test]
async fn charts_add_hours_up_and_percentiles_stay_true() {
    let app = App::start().await;
    let admin = app.admin().await;
    let database = app.database().connect().await;
    let now = Utc::now();
    let midnight = now.duration_trunc(TimeDelta::days(1)).unwrap();
    let day = |days: i64, hours: i64| midnight - TimeDelta::days(days) + TimeDelta::hours(hours);
    let group = |number: u8| format!("00000000-0000-7000-8000-0000000000{number:02}");
    // Of 100 requests 50 take 100 ms, 40 take 1 s and 10 take 10 s; in other rows all take 20 ms.
    let slow = [(100.0, 50), (1_000.0, 40), (10_000.0, 10)];
    let quick = [(20.0, 100)];
    let insert = async |hour: DateTime<Utc>, number: u8, name: &str, times: &[(f64, i64)]| {
        let requests: i64 = times.iter().map(|(_, count)| count).sum();
        let both = |shift: i64| {
            times
                .iter()
                .map(move |(millis, count)| ((place(*millis) + shift) << 40) + count)
        };
        let times: Vec<i64> = both(0).chain(both(128)).collect();
        database
            .execute(
                "INSERT INTO usage_hours VALUES ($1::text::timestamptz, $2::text::uuid, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'chat', $3,
                     'i', 'k', 'u', $4, 1, 0, 0, 0, 7, 9, $5)",
                &[&hour.to_rfc3339(), &group(number), &name, &requests, &times],
            )
            .await
            .unwrap();
    };
    insert(day(2, 3), 1, "old name", &slow).await;
    insert(day(2, 3), 2, "other", &quick).await;
    insert(day(2, 23), 1, "new name", &slow).await;
    insert(day(1, 0), 1, "new name", &quick).await;

    let span = format!(
        "from={}&to={}",
        day(2, 0).format("%FT%TZ"),
        day(0, 0).format("%FT%TZ")
    );
    let near = |value: &Value, truth: f64| {
        let value = value.as_f64().unwrap_or_else(|| panic!("{value}"));
        assert!((value - truth).abs() <= truth * 0.13, "{value} for {truth}");
    };
    let days = usage(&admin, &format!("{span}&bucket=day&group_by=group")).await;
    let rows = days["items"].as_array().unwrap();
    assert_eq!(rows.len(), 3, "days without requests have no row: {days}");
    assert_eq!(rows[0]["bucket"], json!(day(2, 0)));
    assert_eq!(
        rows[0]["group"],
        json!({"id": group(1), "name": "new name"})
    );
    assert_eq!(
        (&rows[0]["requests"], &rows[0]["errors"]),
        (&json!(200), &json!(2))
    );
    assert_eq!(
        (&rows[1]["group"]["name"], &rows[2]["bucket"]),
        (&json!("other"), &json!(day(1, 0)))
    );
    near(&rows[0]["first_byte_ms_p50"], 100.0);
    near(&rows[0]["first_byte_ms_p95"], 10_000.0);
    near(&rows[0]["duration_ms_p50"], 100.0);
    near(&rows[1]["first_byte_ms_p95"], 20.0);
    // 200 slow ones and 200 of 20 ms: half of all are quick, and 5 % take 10 s.
    near(&days["totals"]["first_byte_ms_p50"], 20.0);
    near(&days["totals"]["duration_ms_p95"], 1_000.0);
    assert_eq!(days["totals"]["prompt_tokens"], 4 * 7);

    let hours = usage(&admin, &format!("{span}&bucket=hour")).await;
    let starts: Vec<Value> = hours["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["bucket"].clone())
        .collect();
    assert_eq!(
        starts,
        [json!(day(2, 3)), json!(day(2, 23)), json!(day(1, 0))]
    );
    assert!(hours["items"][0].get("group").is_none(), "{hours}");
    // What has no row of its own is in the totals all the same.
    let first = usage(
        &admin,
        &format!("{span}&bucket=total&group_by=group&limit=1"),
    )
    .await;
    assert_eq!(first["items"].as_array().unwrap().len(), 1, "{first}");
    assert_eq!(
        (&first["left_out"], &first["totals"]["requests"]),
        (&json!(1), &json!(400))
    );
    // Whole buckets alone: what is asked for is rounded.
    let part = format!(
        "from={}&to={}",
        day(2, 3).format("%FT%T.5Z"),
        day(2, 4).format("%FT%TZ")
    );
    assert_eq!(usage(&admin, &part).await["totals"]["requests"], 200);

    for (query, says) in [
        ("from=2020-01-01T00:00:00Z", "more than 31 days"),
        ("bucket=day&from=2020-01-01T00:00:00Z", "more than 400 days"),
        ("from=now", "must be a time"),
        ("from=2999-01-01T00:00:00Z", "must be before to"),
        ("bucket=month", "must be one of hour, day, total"),
        ("group_by=model", "must be one of"),
        ("limit=0", "must be a whole number"),
        ("group=x", "must be an id"),
        ("endpoint=x", "must be one of"),
        ("page=2", "is not a parameter here"),
    ] {
        let answer = admin.get(&format!("{USAGE}?{query}")).await;
        let problem = answer.problem(400, "invalid_parameter");
        assert!(
            problem["detail"].as_str().unwrap().contains(says),
            "{problem}"
        );
    }
}
