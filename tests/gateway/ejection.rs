//! An instance that fails several times in a row is left alone for a while; one that asks for a pause gets it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CHAT, GROUP, Pair, assert_answered, assert_failed, chat};
use crate::support::App;
use crate::support::app::Made;
use crate::support::upstream::healthy::content_event;
use crate::support::upstream::{Reply, Upstream};
use crate::support::wait::until;

async fn status(app: &App, instance: &Made) -> Value {
    let answer = app.admin().await.get(&instance.path).await;
    answer.expect(200).json()["status"].clone()
}

/// A service with a group of one instance.
async fn alone(upstream: &Upstream) -> (App, Made, Made) {
    let app = App::start().await;
    let instance = app.instance("alone", upstream).await;
    let group = app.group(GROUP, [&instance]).await;
    (app, instance, group)
}

#[tokio::test]
async fn instance_that_fails_three_times_in_a_row_is_left_alone() {
    let pair = Pair::whose_first_answers(Reply::failure(500)).await;
    for _ in 0..3 {
        assert_answered(&pair.ask().await, "second", 2);
    }
    assert_answered(&pair.ask().await, "second", 1);
    assert_answered(&pair.ask_streamed().await, "second", 1);
    assert_eq!(pair.first.requests().len(), 3);

    let ejected = status(&pair.app, &pair.first_instance).await;
    assert_eq!(
        (&ejected["state"], &ejected["code"]),
        (&json!("ejected"), &json!("ejected"))
    );
    assert!(ejected["retry_at"].is_string(), "{ejected}");
    let admin = pair.app.admin().await;
    let preview = admin
        .get(&format!("{}/preview", pair.group.path))
        .await
        .json();
    let first = &preview["members"][0];
    assert_eq!(
        (&first["verdict"], &first["code"]),
        (&json!("skipped"), &json!("ejected"))
    );
    assert_eq!(first["retry_at"], ejected["retry_at"]);
    assert_eq!(preview["would_answer"]["name"], "second", "{preview}");
}

#[tokio::test]
async fn ejected_instance_is_probed_after_its_pause_and_comes_back() {
    let pair = Pair::whose_first_answers(Reply::failure(500)).await;
    for _ in 0..3 {
        assert_answered(&pair.ask().await, "second", 2);
    }
    pair.first.recover();
    let comes_back = async || {
        let answer = pair.ask().await;
        (answer.header("x-understudy-instance") == Some("first")).then_some(())
    };
    let ((), took) = until(Duration::from_secs(15), "the first is probed", comes_back).await;
    assert!(took >= Duration::from_millis(3_500), "only after {took:?}");
    assert_answered(&pair.ask().await, "first", 1);
    assert_eq!(status(&pair.app, &pair.first_instance).await["state"], "up");
}

#[tokio::test]
async fn success_between_failures_starts_the_count_anew() {
    let pair = Pair::start().await;
    for _ in 0..3 {
        for _ in 0..2 {
            pair.first.next(Reply::failure(500));
            assert_answered(&pair.ask().await, "second", 2);
        }
        assert_answered(&pair.ask().await, "first", 1);
    }
}

#[tokio::test]
async fn only_usable_member_is_asked_however_often_it_fails() {
    let upstream = Upstream::start("alone");
    let (app, instance, group) = alone(&upstream).await;
    upstream.always(Reply::failure(500));
    let caller = app.gateway().await;
    for _ in 0..5 {
        let answer = caller.post(CHAT, &chat(GROUP)).await;
        assert_failed(&answer, 502, "all_instances_failed", 1);
    }
    assert_eq!(upstream.requests().len(), 5);
    assert_eq!(status(&app, &instance).await["state"], "down");
    let shown = app.admin().await.get(&group.path).await.json();
    assert_eq!(shown["status"]["available"], false, "{shown}");
    upstream.recover();
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "alone", 1);
    assert_eq!(status(&app, &instance).await["state"], "up");
}

#[tokio::test]
async fn ejected_instances_are_asked_when_nobody_else_is_left() {
    let pair = Pair::whose_first_answers(Reply::failure(500)).await;
    for _ in 0..3 {
        assert_answered(&pair.ask().await, "second", 2);
    }
    // The ejected first comes back while the second breaks.
    pair.first.recover();
    pair.second.always(Reply::failure(500));
    assert_answered(&pair.ask().await, "first", 2);
    assert_answered(&pair.ask().await, "first", 1);
}

#[tokio::test]
async fn streams_that_break_after_their_beginning_eject() {
    let pair = Pair::start().await;
    pair.first
        .always(Reply::events([content_event("hel")]).then_close());
    for _ in 0..3 {
        let answer = pair.ask_streamed().await;
        assert!(answer.text().contains("stream_interrupted"), "{answer:?}");
    }
    assert_answered(&pair.ask_streamed().await, "second", 1);
    assert_eq!(
        status(&pair.app, &pair.first_instance).await["state"],
        "ejected"
    );
}

#[tokio::test]
async fn instance_that_asks_for_a_pause_gets_it() {
    let busy = Reply::failure(429).header("retry-after", "30");
    let pair = Pair::whose_first_answers(busy).await;
    assert_answered(&pair.ask().await, "second", 2);
    pair.first.recover();
    assert_answered(&pair.ask().await, "second", 1);
    assert_answered(&pair.ask_streamed().await, "second", 1);
    assert_eq!(pair.first.requests().len(), 1);
    let cooling = status(&pair.app, &pair.first_instance).await;
    assert_eq!(
        (&cooling["state"], &cooling["code"]),
        (&json!("cooling"), &json!("cooling"))
    );
    let time = |value: &Value| {
        value
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    };
    let pause = time(&cooling["retry_at"]) - time(&cooling["since"]);
    assert_eq!(pause.num_seconds(), 30, "{cooling}");

    // The pause is over by itself.
    pair.second
        .always(Reply::failure(429).header("retry-after-ms", "1200"));
    let answer = pair.ask().await;
    assert_failed(&answer, 429, "rate_limited", 1);
    assert_eq!(answer.header("retry-after"), Some("2"), "{answer:?}");
    let nobody = pair.ask().await;
    assert_failed(&nobody, 429, "rate_limited", 0);
    pair.second.recover();
    let comes_back = async || (pair.ask().await.status == 200).then_some(());
    let ((), took) = until(Duration::from_secs(10), "the second comes back", comes_back).await;
    assert!(took >= Duration::from_millis(800), "only after {took:?}");
}

#[tokio::test]
async fn group_whose_members_all_cool_is_429_at_once_with_the_smallest_pause() {
    let busy = |seconds| Reply::failure(429).header("retry-after", seconds);
    let pair = Pair::whose_first_answers(busy("40")).await;
    pair.second.always(busy("20"));
    assert_failed(&pair.ask().await, 429, "rate_limited", 2);
    for answer in [pair.ask().await, pair.ask_streamed().await] {
        assert_failed(&answer, 429, "rate_limited", 0);
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((15..=20).contains(&seconds), "{answer:?}");
    }
    assert_eq!(pair.first.requests().len(), 1);
    assert_eq!(pair.second.requests().len(), 1);
}

#[tokio::test]
async fn changed_connection_settings_give_an_ejected_instance_another_chance() {
    let pair = Pair::whose_first_answers(Reply::failure(500)).await;
    for _ in 0..3 {
        assert_answered(&pair.ask().await, "second", 2);
    }
    pair.first.recover();
    let admin = pair.app.admin().await;
    let path = &pair.first_instance.path;
    let unrelated = json!({"description": "still ejected"});
    admin.patch(path, &unrelated).await.expect(200);
    pair.app.settled().await;
    assert_answered(&pair.ask().await, "second", 1);
    let connection = json!({"timeouts": {"connect_ms": 4000}});
    admin.patch(path, &connection).await.expect(200);
    pair.app.settled().await;
    assert_answered(&pair.ask().await, "first", 1);
}

#[tokio::test]
async fn instance_that_refuses_its_token_is_left_alone_until_a_check_passes() {
    let upstream = Upstream::start("alone");
    let (app, instance, _) = alone(&upstream).await;
    upstream.next(Reply::failure(401));
    let caller = app.gateway().await;
    let ask = async || caller.post(CHAT, &chat(GROUP)).await;
    assert_failed(&ask().await, 502, "all_instances_failed", 1);
    assert_failed(&ask().await, 503, "no_instance_available", 0);
    let failed = status(&app, &instance).await;
    assert_eq!(
        (&failed["state"], &failed["code"]),
        (&json!("auth_failed"), &json!("auth_failed"))
    );
    let check = format!("{}/check", instance.path);
    let admin = app.admin().await;
    let checked = admin.call("POST", &check).await.expect(200).json();
    assert_eq!(checked["ok"], true, "{checked}");
    let passed = status(&app, &instance).await;
    assert_eq!(
        (&passed["state"], &passed["code"]),
        (&json!("up"), &json!("check_passed"))
    );
    assert_answered(&ask().await, "alone", 1);
}
