//! What was used: every request of the gateway, added up by time and by what it belongs to.

use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{KEYS, USERS, person};
use crate::gateway::{CHAT, GROUP, Pair, assert_answered, chat, streamed_chat};
use crate::observability::Scrape;
use crate::support::App;
use crate::support::client::Client;
use crate::support::upstream::healthy::{content_event, finish_event};
use crate::support::upstream::{Reply, Upstream};
use crate::support::wait::{SOON, until};

const USAGE: &str = "/api/v1/usage";

async fn usage(client: &Client, query: &str) -> Value {
    client
        .get(&format!("{USAGE}?{query}"))
        .await
        .expect(200)
        .json()
}

/// Waits until so many requests are recorded.
async fn recorded(client: &Client, requests: u64) -> Value {
    let (found, _) = until(SOON, "the requests are recorded", async || {
        let found = usage(client, "bucket=total").await;
        (found["totals"]["requests"].as_u64() >= Some(requests)).then_some(found)
    })
    .await;
    assert_eq!(found["totals"]["requests"], requests, "{found}");
    found
}

/// The rows by the names of what they are about, and of each these numbers.
fn by_name(usage: &Value, word: &str, fields: &[&str]) -> Vec<(Value, Vec<u64>)> {
    let rows = usage["items"].as_array().expect("a list").iter();
    let numbers = |row: &Value| {
        fields
            .iter()
            .map(|field| row[field].as_u64().unwrap())
            .collect()
    };
    let mut found: Vec<_> = rows
        .map(|row| (row[word]["name"].clone(), numbers(row)))
        .collect();
    found.sort_by_key(|(name, _)| name.to_string());
    found
}

fn with_usage(tokens: Value) -> Reply {
    let last = json!({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [], "usage": tokens});
    let mut null = content_event("hello");
    null["usage"] = Value::Null;
    Reply::events([null, finish_event(), last]).then_events(["[DONE]"])
}

#[tokio::test]
async fn every_request_is_recorded_with_what_became_of_it() {
    let pair = Pair::start().await;
    let admin = pair.app.admin().await;
    let (first, second) = (&pair.first, &pair.second);
    let (user, ada) = person(&pair.app, "user").await;
    let body = json!({"name": "ada's key", "scopes": ["gateway"]});
    let made = ada.post(KEYS, &body).await.expect(201).json();
    let key = ada.with_bearer(made["key"].as_str().unwrap());

    // Whole, and as a stream whose backend says how many tokens it took.
    assert_answered(&key.post(CHAT, &chat(GROUP)).await, "first", 1);
    first.next(with_usage(
        json!({"prompt_tokens": 10, "completion_tokens": 20}),
    ));
    key.post(CHAT, &streamed_chat(GROUP)).await.expect(200);
    // A stream whose backend says nothing.
    assert_answered(&key.post(CHAT, &streamed_chat(GROUP)).await, "first", 1);
    // The second answers for the first.
    first.next(Reply::failure(503));
    assert_answered(&key.post(CHAT, &chat(GROUP)).await, "second", 2);
    assert_answered(&key.post(CHAT, &chat(GROUP)).await, "first", 1);
    // Nobody answers.
    first.next(Reply::failure(500));
    second.next(Reply::failure(500));
    key.post(CHAT, &chat(GROUP))
        .await
        .gateway_error(502, "all_instances_failed");
    // A stream breaks off after it has said how many tokens it took.
    let torn = json!({"choices": [{"delta": {"content": "x"}}], "usage": {"prompt_tokens": 5, "completion_tokens": 1}});
    first.next(Reply::events([torn]).then_reset());
    key.post(CHAT, &streamed_chat(GROUP)).await.expect(200);
    assert_answered(&key.post(CHAT, &chat(GROUP)).await, "first", 1);
    // The caller leaves.
    let before = first.requests().len();
    first.next(Reply::hang());
    let asking = key.post(CHAT, &chat(GROUP)).spawn();
    first.arrived(before + 1).await;
    asking.abort();
    // Other endpoints, with their own words for tokens.
    let input = json!({"model": GROUP, "input": "Hi"});
    key.post("/v1/embeddings", &input).await.expect(200);
    key.post("/v1/responses", &input).await.expect(200);
    let stream = json!({"model": GROUP, "input": "Hi", "stream": true});
    key.post("/v1/responses", &stream).await.expect(200);
    // It comes to no group.
    key.post(CHAT, &chat("nobody"))
        .await
        .gateway_error(404, "model_not_found");
    // Nobody knows whose these would be.
    pair.app
        .anonymous()
        .post(CHAT, &chat(GROUP))
        .await
        .gateway_error(401, "invalid_api_key");
    pair.app
        .anonymous()
        .with_bearer("us-nonsense")
        .get("/v1/models")
        .await
        .gateway_error(401, "invalid_api_key");

    let all = recorded(&admin, 13).await;
    let totals = &all["totals"];
    for (field, expected) in [
        ("errors", 3),
        ("caller_left", 1),
        ("failovers", 2),
        ("with_tokens", 9),
        // Four whole chats and two responses of 3 and 3, two streams, and embeddings of 3.
        ("prompt_tokens", 4 * 3 + 10 + 5 + 3 + 2 * 3),
        ("completion_tokens", 4 * 3 + 20 + 1 + 2 * 3),
    ] {
        assert_eq!(totals[field], expected, "{field}: {totals}");
    }
    for field in ["first_byte_ms_p50", "first_byte_ms_p95", "duration_ms_p50"] {
        assert!(totals[field].is_u64(), "{field}: {totals}");
    }
    assert_eq!((&all["lost"], &all["left_out"]), (&json!(0), &json!(0)));

    let fields = ["requests", "errors"];
    let instances = usage(&admin, "bucket=total&group_by=instance").await;
    let expected = vec![
        (json!("first"), vec![9, 1]),
        (json!("second"), vec![1, 0]),
        (Value::Null, vec![3, 2]),
    ];
    assert_eq!(
        by_name(&instances, "instance", &fields),
        expected,
        "{instances}"
    );
    let groups = usage(&admin, "bucket=total&group_by=group").await;
    let expected = vec![(json!(GROUP), vec![12, 2]), (Value::Null, vec![1, 1])];
    assert_eq!(by_name(&groups, "group", &fields), expected, "{groups}");
    assert_eq!(groups["items"][0]["group"]["id"], pair.group.id);
    assert_eq!(groups["items"][1]["group"]["id"], Value::Null);
    let keys = usage(&admin, "bucket=total&group_by=key").await;
    assert_eq!(
        by_name(&keys, "key", &["requests"]),
        [(json!("ada's key"), vec![13])]
    );
    assert_eq!(keys["items"][0]["key"]["id"], made["id"]);
    let users = usage(&admin, "bucket=total&group_by=user").await;
    assert_eq!(
        by_name(&users, "user", &["requests"]),
        [(json!(user), vec![13])]
    );
    let endpoints = usage(&admin, "bucket=total&group_by=endpoint").await;
    let expected = vec![
        (json!("chat/completions"), vec![10]),
        (json!("embeddings"), vec![1]),
        (json!("responses"), vec![2]),
    ];
    assert_eq!(by_name(&endpoints, "endpoint", &["requests"]), expected);
    assert_eq!(endpoints["items"][0]["endpoint"]["id"], "chat");

    // Filters, and nothing told apart.
    let of = async |query: &str| usage(&admin, query).await["totals"]["requests"].clone();
    assert_eq!(of("endpoint=responses").await, 2);
    assert_eq!(
        of(&format!("group={}&endpoint=chat", pair.group.id)).await,
        9
    );
    assert_eq!(
        of(&format!("instance={}", pair.second_instance.id)).await,
        1
    );
    let nobodys = "01890a5d-ac96-774b-bcce-b302099a8057";
    assert_eq!(of(&format!("key={nobodys}")).await, 0);

    // Single requests are there as well, with nothing of what was said.
    let database = pair.app.database().connect().await;
    let rows = database
        .query("SELECT status, outcome, attempts, failover, request_id FROM usage_requests ORDER BY at", &[])
        .await
        .unwrap();
    assert_eq!(rows.len(), 13);
    let failed_over: i64 = rows.iter().filter(|row| row.get(3)).count() as i64;
    assert_eq!(failed_over, 2);
    assert_eq!(
        (rows[3].get::<_, i16>(0), rows[3].get::<_, i32>(2)),
        (200, 2)
    );
    assert_eq!(rows[8].get::<_, Option<i16>>(0), None, "the caller left");
    assert_eq!(
        (rows[8].get(1), rows[8].get::<_, i32>(2)),
        ("caller_left", 1)
    );
    assert!(rows.iter().all(|row| !row.get::<_, String>(4).is_empty()));
    let stored = pair.app.database().everything().await;
    assert!(!stored.contains("hello from"), "no answer is stored");

    // Names are those of then, whatever is deleted.
    for path in [&pair.group.path, &pair.first_instance.path] {
        admin.delete(path).await.expect(204);
    }
    let path = format!("{KEYS}/{}", made["id"].as_str().unwrap());
    admin.delete(&path).await.expect(204);
    let found = usage(&admin, "bucket=total&group_by=group").await;
    assert_eq!(by_name(&found, "group", &fields)[0].0, GROUP);
    let found = usage(&admin, "bucket=total&group_by=instance").await;
    assert_eq!(by_name(&found, "instance", &["requests"])[0].0, "first");
}

#[tokio::test]
async fn everybody_sees_what_they_may() {
    let pair = Pair::start().await;
    let admin = pair.app.admin().await;
    let (name, ada) = person(&pair.app, "user").await;
    let (_, bob) = person(&pair.app, "user").await;
    let made = ada
        .post(KEYS, &json!({"name": "ada's", "scopes": ["gateway"]}))
        .await;
    let made = made.expect(201).json();
    let key = ada.with_bearer(made["key"].as_str().unwrap());
    assert_answered(&key.post(CHAT, &chat(GROUP)).await, "first", 1);
    for _ in 0..2 {
        assert_answered(&pair.ask().await, "first", 1);
    }
    recorded(&admin, 3).await;
    let words = ["group", "instance", "key", "user", "endpoint"];
    let query = |word: &str| format!("bucket=total&group_by={word}");

    // People: their own.
    for word in words {
        let own = usage(&ada, &query(word)).await;
        assert_eq!(own["totals"]["requests"], 1, "{own}");
        assert_eq!(own["items"].as_array().unwrap().len(), 1, "{own}");
        let none = usage(&bob, &query(word)).await;
        assert_eq!(
            (&none["totals"]["requests"], &none["items"]),
            (&json!(0), &json!([]))
        );
    }
    let me = ada.get("/api/v1/auth/me").await.json()["id"].clone();
    let own = usage(
        &ada,
        &format!("{}&user={}", query("user"), me.as_str().unwrap()),
    )
    .await;
    assert_eq!(own["items"][0]["user"], json!({"id": me, "name": name}));
    bob.get(&format!("{USAGE}?user={}", me.as_str().unwrap()))
        .await
        .problem(403, "forbidden");
    let others = usage(&bob, &format!("key={}", made["id"].as_str().unwrap())).await;
    assert_eq!(others["totals"]["requests"], 0, "{others}");

    // Operators and administrators: all.
    let (_, operator) = person(&pair.app, "operator").await;
    for client in [&operator, &admin] {
        for word in words {
            let all = usage(client, &query(word)).await;
            assert_eq!(all["totals"]["requests"], 3, "{all}");
        }
    }

    // Keys: all, but neither users nor keys.
    for scope in ["manage:read", "manage:write"] {
        let reader = pair.app.key(&[scope]).await;
        for word in ["group", "instance", "endpoint"] {
            let all = usage(&reader, &query(word)).await;
            assert_eq!(all["totals"]["requests"], 3, "{all}");
        }
        for refused in [
            "group_by=key",
            "group_by=user",
            "key=01890a5d-ac96-774b-bcce-b302099a8057",
        ] {
            let answer = reader.get(&format!("{USAGE}?{refused}")).await;
            answer.problem(403, "forbidden");
        }
    }
}

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

#[tokio::test]
async fn name_of_a_user_is_the_one_of_then() {
    let pair = Pair::start().await;
    let admin = pair.app.admin().await;
    let (name, ada) = person(&pair.app, "user").await;
    let made = ada
        .post(KEYS, &json!({"name": "k", "scopes": ["gateway"]}))
        .await;
    let made = made.expect(201).json();
    let key = ada.with_bearer(made["key"].as_str().unwrap());
    assert_answered(&key.post(CHAT, &chat(GROUP)).await, "first", 1);
    recorded(&admin, 1).await;
    let me = ada.get("/api/v1/auth/me").await.json()["id"].clone();
    let me = me.as_str().unwrap();
    admin
        .delete(&format!("{KEYS}/{}", made["id"].as_str().unwrap()))
        .await
        .expect(204);
    admin.delete(&format!("{USERS}/{me}")).await.expect(204);
    let users = usage(&admin, "bucket=total&group_by=user").await;
    assert_eq!(
        users["items"][0]["user"],
        json!({"id": me, "name": name}),
        "{users}"
    );
}
