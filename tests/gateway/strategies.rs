//! The strategies beside the strict order.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CHAT, GROUP, Pair, assert_answered, chat, streamed_chat};
use crate::support::upstream::healthy::content_event;
use crate::support::upstream::{Gate, Reply};

async fn preview(pair: &Pair) -> Value {
    let path = format!("{}/preview", pair.group.path);
    pair.app.admin().await.get(&path).await.expect(200).json()
}

#[tokio::test]
async fn weighted_asks_every_member_by_its_share_and_fails_over() {
    let pair = Pair::with(json!({}), json!({"strategy": "weighted"})).await;
    for _ in 0..60 {
        assert_eq!(pair.ask().await.status, 200);
    }
    let asked = [pair.first.requests().len(), pair.second.requests().len()];
    // Fewer than eight of sixty tosses on one side happen once in ten million times.
    assert!(asked.iter().all(|count| *count >= 8), "{asked:?}");
    assert_eq!(asked.iter().sum::<usize>(), 60);

    let members = json!({"members": [
        {"instance_id": pair.first_instance.id, "weight": 1},
        {"instance_id": pair.second_instance.id, "weight": 1000},
    ]});
    let admin = pair.app.admin().await;
    admin.patch(&pair.group.path, &members).await.expect(200);
    let shown = preview(&pair).await;
    assert_eq!(shown["would_answer"]["name"], "second", "{shown}");
    assert_eq!(shown["members"][0]["verdict"], "standby", "{shown}");
    pair.app.settled().await;
    pair.second.always(Reply::failure(404));
    for _ in 0..3 {
        let answer = pair.ask().await;
        assert_eq!(
            answer.header("x-understudy-instance"),
            Some("first"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn least_busy_asks_the_one_with_the_fewest_requests() {
    let pair = Pair::with(json!({}), json!({"strategy": "least_busy"})).await;
    let gate = Gate::closed();
    let slow = Reply::events([content_event("hello from first")]);
    pair.first
        .next(slow.then_hold(&gate).then_events(["[DONE]"]));
    let answering = pair.caller.post(CHAT, &streamed_chat(GROUP)).spawn();
    pair.first.arrived(1).await;
    assert_answered(&pair.ask().await, "second", 1);
    assert_answered(&pair.ask().await, "second", 1);
    assert_eq!(preview(&pair).await["would_answer"]["name"], "second");
    gate.open();
    answering.await.unwrap().unwrap();
    assert_answered(&pair.ask().await, "first", 1);
}

#[tokio::test]
async fn fastest_asks_the_one_that_answered_sooner() {
    let pair = Pair::with(json!({}), json!({"strategy": "fastest"})).await;
    let slow = json!({"choices": [{"message": {"content": "hello from first"}}]});
    pair.first
        .always(Reply::json(200, &slow).delayed(Duration::from_millis(300)));
    // Whoever was never measured is asked first, so that both are.
    for _ in 0..2 {
        assert_eq!(pair.caller.post(CHAT, &chat(GROUP)).await.status, 200);
    }
    for _ in 0..5 {
        assert_answered(&pair.ask().await, "second", 1);
    }
    assert_eq!(pair.first.requests().len(), 1);
    assert_eq!(preview(&pair).await["would_answer"]["name"], "second");
}
