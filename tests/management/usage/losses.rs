//! What is not recorded, what is not kept, and what a process takes with it when it ends.

use std::time::Duration;

use serde_json::{Value, json};

use super::{recorded, usage};
use crate::gateway::{CHAT, GROUP, Pair, assert_answered, chat};
use crate::observability::Scrape;
use crate::support::App;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, until};

#[tokio::test]
async fn requests_that_cannot_be_recorded_are_counted_and_nobody_waits_for_them() {
    let app = App::builder()
        .env("UNDERSTUDY_USAGE_QUEUE", "10")
        .start()
        .await;
    let upstream = Upstream::start("a");
    let instance = app.instance("a", &upstream).await;
    app.group(GROUP, [&instance]).await;
    let key = app.gateway().await;
    assert_answered(&key.post(CHAT, &chat(GROUP)).await, "a", 1);
    let admin = app.admin().await;
    recorded(&admin, 1).await;

    // The database takes nothing that is written to the usage, and does not say so.
    let mut blocker = app.database().connect().await;
    let lock = blocker.transaction().await.unwrap();
    lock.batch_execute("LOCK TABLE usage_requests IN ACCESS EXCLUSIVE MODE")
        .await
        .unwrap();
    let begun = std::time::Instant::now();
    for _ in 0..60 {
        assert_answered(&key.post(CHAT, &chat(GROUP)).await, "a", 1);
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "60 requests took {took:?}");
    let reader = app.key(&["manage:read"]).await;
    let number = async |name: &str| Scrape::with(&reader).await.get(name, &[]).unwrap();
    let lost = number("understudy_usage_lost_total").await;
    // Ten wait in the queue, and ten more may have been taken out of it before.
    assert!((40.0..=50.0).contains(&lost), "{lost}");

    lock.rollback().await.unwrap();
    let (found, _) = until(
        Duration::from_secs(40),
        "the rest is recorded",
        async || {
            let found = usage(&admin, "bucket=total").await;
            let all = found["totals"]["requests"].as_u64()? + found["lost"].as_u64()?;
            (all == 61).then_some(found)
        },
    )
    .await;
    assert_eq!(found["lost"].as_f64(), Some(lost), "{found}");
    until(SOON, "the metrics say the same", async || {
        let recorded = number("understudy_usage_recorded_total").await;
        (recorded == 61.0 - lost).then_some(())
    })
    .await;
}

#[tokio::test]
async fn usage_is_kept_as_long_as_the_settings_say() {
    let app = App::start().await;
    let admin = app.admin().await;
    let database = app.database().connect().await;
    database
        .batch_execute(
            "INSERT INTO usage_hours SELECT date_trunc('hour', now()) - days * interval '1 day', gen_random_uuid(), gen_random_uuid(),
                 gen_random_uuid(), gen_random_uuid(), 'chat', 'g', 'i', 'k', 'u', 1, 0, 0, 0, 0, 0, 0, '{}'
             FROM generate_series(0, 99) AS days;
             INSERT INTO usage_requests SELECT gen_random_uuid(), now() - days * interval '1 day', 'r', gen_random_uuid(), 'k', NULL, NULL,
                 NULL, NULL, NULL, NULL, 'chat', false, 200, '2xx', 1, false, 1, 1, NULL, NULL
             FROM generate_series(0, 99) AS days;
             INSERT INTO usage_losses SELECT date_trunc('hour', now()) - days * interval '1 day', 1 FROM generate_series(0, 99) AS days",
        )
        .await
        .unwrap();
    let left = async |table: &str| -> i64 {
        let count = format!("SELECT count(*) FROM {table}");
        database.query_one(&count, &[]).await.unwrap().get(0)
    };
    let settings = "/api/v1/settings";
    let keep = async |days: Value| {
        admin
            .patch(settings, &json!({"usage_retention_days": days}))
            .await
            .expect(200)
            .json()
    };
    // Single requests are kept for a month, whatever is set; hours for ever, if nothing is.
    assert_eq!(keep(Value::Null).await["usage_retention_days"], Value::Null);
    until(SOON, "old requests are removed", async || {
        (left("usage_requests").await == 31).then_some(())
    })
    .await;
    assert_eq!(left("usage_hours").await, 100);
    assert_eq!(keep(json!(7)).await["usage_retention_days"], 7);
    until(SOON, "old hours are removed", async || {
        (left("usage_hours").await == 8).then_some(())
    })
    .await;
    until(SOON, "old losses are removed", async || {
        (left("usage_losses").await == 8).then_some(())
    })
    .await;
    assert_eq!(left("usage_requests").await, 8);
    assert_eq!(
        usage(&admin, "bucket=total&group_by=group&limit=200").await["totals"]["requests"],
        8
    );
    for days in [json!(0), json!(36_501)] {
        admin
            .patch(settings, &json!({"usage_retention_days": days}))
            .await
            .faults(
                422,
                "validation_failed",
                &[("/usage_retention_days", "validation_failed")],
            );
    }
}

#[tokio::test]
async fn process_that_is_killed_loses_half_a_second_and_one_that_stops_nothing() {
    let mut pair = Pair::start().await;
    let replica = App::builder()
        .env("DATABASE_URL", &pair.app.database().url())
        .start()
        .await;
    let admin = replica.admin().await;
    for _ in 0..3 {
        assert_answered(&pair.ask().await, "first", 1);
    }
    recorded(&admin, 3).await;
    // Told to stop in order, it writes down what came a moment ago.
    for _ in 0..5 {
        assert_answered(&pair.ask().await, "first", 1);
    }
    pair.app.signal(rustix::process::Signal::INT);
    assert_eq!(pair.app.exit_code(SOON).await, Some(0));
    recorded(&admin, 8).await;
    let log = pair.app.log();
    assert!(!log.contains("could not be recorded"), "{log}");

    // Killed, it loses at most what it was about to write.
    let key = replica.anonymous().with_bearer(pair.caller.bearer());
    for _ in 0..3 {
        assert_answered(&key.post(CHAT, &chat(GROUP)).await, "first", 1);
    }
    recorded(&admin, 11).await;
    for _ in 0..2 {
        assert_answered(&key.post(CHAT, &chat(GROUP)).await, "first", 1);
    }
    replica.signal(rustix::process::Signal::KILL);
    let database = pair.app.database().connect().await;
    let row = database
        .query_one("SELECT count(*) FROM usage_requests", &[])
        .await
        .unwrap();
    let rows: i64 = row.get(0);
    assert!((11..=13).contains(&rows), "{rows}");
    let sums = "SELECT sum(requests)::bigint FROM usage_hours";
    let hours: i64 = database.query_one(sums, &[]).await.unwrap().get(0);
    assert_eq!(hours, rows, "both or none");
}
