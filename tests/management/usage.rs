//! What was used: every request of the gateway, added up by time and by what it belongs to.

mod charts;
mod losses;

use serde_json::{Value, json};

use super::{KEYS, USERS, person};
use crate::gateway::{CHAT, GROUP, Pair, assert_answered, chat, streamed_chat};
use crate::support::client::Client;
use crate::support::upstream::Reply;
use crate::support::upstream::healthy::{content_event, finish_event};
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
