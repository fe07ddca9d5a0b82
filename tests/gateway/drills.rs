//! Drills: an instance that somebody pretends is down is skipped everywhere, and comes back by itself.

use serde_json::{Value, json};

use super::{GROUP, Pair, assert_answered, assert_failed};
use crate::support::app::{App, Made};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, until};

async fn drill(app: &App, instance: &Made, seconds: u32) -> Value {
    let path = format!("{}/drill", instance.path);
    let admin = app.admin().await;
    let answer = admin.post(&path, &json!({"seconds": seconds})).await;
    answer.expect(200).json()
}

#[tokio::test]
async fn drilled_instance_is_skipped_until_the_drill_is_ended() {
    let pair = Pair::start().await;
    let admin = pair.app.admin().await;
    let drilled = drill(&pair.app, &pair.first_instance, 120).await;
    let status = &drilled["status"];
    assert_eq!(status["state"], "drilled", "{status}");
    assert_eq!(status["code"], "drilled", "{status}");
    let time = |value: &Value| {
        value
            .as_str()
            .unwrap()
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    };
    let length = time(&status["retry_at"]) - time(&status["since"]);
    assert_eq!(length.num_seconds(), 120, "{status}");
    assert_answered(&pair.ask().await, "second", 1);
    assert_answered(&pair.ask_streamed().await, "second", 1);
    assert!(pair.first.all_requests().is_empty());

    let preview = admin.get(&format!("{}/preview", pair.group.path)).await;
    let preview = preview.expect(200).json();
    assert_eq!(preview["would_answer"]["name"], "second", "{preview}");
    let first = &preview["members"][0];
    assert_eq!(
        (&first["verdict"], &first["code"]),
        (&json!("skipped"), &json!("drilled"))
    );
    assert_eq!(first["retry_at"], status["retry_at"], "{first}");

    let path = format!("{}/drill", pair.first_instance.path);
    let ended = admin.call("DELETE", &path).await.expect(200).json();
    assert_eq!(ended["status"]["state"], "unknown", "{ended}");
    assert_answered(&pair.ask().await, "first", 1);
    admin.call("DELETE", &path).await.expect(200);
    let log = pair.app.log();
    assert!(
        log.contains("a drill: the instance is treated as down"),
        "{log}"
    );
    assert!(log.contains("the drill was ended"), "{log}");
}

#[tokio::test]
async fn drill_ends_by_itself() {
    let pair = Pair::start().await;
    drill(&pair.app, &pair.first_instance, 1).await;
    assert_answered(&pair.ask().await, "second", 1);
    until(SOON, "the drill is over", async || {
        let answer = pair.ask().await;
        (answer.header("x-understudy-instance") == Some("first")).then_some(())
    })
    .await;
    let admin = pair.app.admin().await;
    let status = admin.get(&pair.first_instance.path).await.json()["status"].clone();
    assert_eq!(
        (&status["state"], &status["retry_at"]),
        (&json!("up"), &Value::Null)
    );
}

#[tokio::test]
async fn group_of_drilled_instances_is_503_at_once() {
    let pair = Pair::start().await;
    drill(&pair.app, &pair.first_instance, 120).await;
    drill(&pair.app, &pair.second_instance, 120).await;
    assert_failed(&pair.ask().await, 503, "no_instance_available", 0);
    let group = pair.app.admin().await.get(&pair.group.path).await.json();
    assert_eq!(group["status"]["available"], false, "{group}");
}

#[tokio::test]
async fn drill_and_change_do_not_touch_each_other() {
    let pair = Pair::start().await;
    let admin = pair.app.admin().await;
    let instance = &pair.first_instance;
    let read = admin.get(&instance.path).await;
    let etag = read.header("etag").unwrap().to_owned();
    let path = format!("{}/drill", instance.path);
    let answer = admin.post(&path, &json!({})).await.expect(200);
    assert_eq!(answer.header("etag"), Some(etag.as_str()));
    let patch = json!({"description": "a form that was open"});
    let saved = admin.patch(&instance.path, &patch).if_match(&etag).await;
    let saved = saved.expect(200).json();
    assert_eq!(saved["status"]["state"], "drilled", "{saved}");
    pair.app.settled().await;
    assert_answered(&pair.ask().await, "second", 1);

    // The copy is an instance of its own.
    let copy = admin
        .call("POST", &format!("{}/duplicate", instance.path))
        .await;
    assert_eq!(copy.expect(201).json()["status"]["state"], "unknown");
}

#[tokio::test]
async fn another_drill_sets_another_end_and_keeps_the_beginning() {
    let app = App::start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("a", &upstream).await;
    app.group(GROUP, [&instance]).await;
    let first = drill(&app, &instance, 3600).await["status"].clone();
    let second = drill(&app, &instance, 60).await["status"].clone();
    assert_eq!(first["since"], second["since"]);
    assert!(
        second["retry_at"].as_str() < first["retry_at"].as_str(),
        "{first} {second}"
    );
}

#[tokio::test]
async fn drill_needs_an_instance_a_length_within_bounds_and_the_right() {
    let pair = Pair::start().await;
    let admin = pair.app.admin().await;
    let path = format!("{}/drill", pair.first_instance.path);
    for seconds in [0, 3601] {
        let answer = admin.post(&path, &json!({"seconds": seconds})).await;
        answer.faults(
            422,
            "validation_failed",
            &[("/seconds", "validation_failed")],
        );
    }
    let answer = admin.post(&path, &json!({"minutes": 2})).await;
    answer.faults(422, "unknown_field", &[("/minutes", "unknown_field")]);
    let nobody = "/api/v1/model-instances/01890a5d-ac96-774b-bcce-b302099a8057/drill";
    admin
        .post(nobody, &json!({}))
        .await
        .problem(404, "not_found");
    admin.call("DELETE", nobody).await.problem(404, "not_found");
    let reader = pair.app.key(&["manage:read"]).await;
    reader
        .post(&path, &json!({}))
        .await
        .problem(403, "forbidden");
    reader.call("DELETE", &path).await.problem(403, "forbidden");
    let writer = pair.app.key(&["manage:write"]).await;
    writer.post(&path, &json!({})).await.expect(200);
}

#[tokio::test]
async fn drill_reaches_every_replica() {
    let pair = Pair::start().await;
    let replica = App::builder()
        .env("DATABASE_URL", &pair.app.database().url())
        .start()
        .await;
    drill(&pair.app, &pair.first_instance, 120).await;
    let admin = replica.admin().await;
    until(SOON, "the other replica knows of the drill", async || {
        let instance = admin.get(&pair.first_instance.path).await.json();
        (instance["status"]["state"] == "drilled").then_some(())
    })
    .await;
    let caller = replica.gateway().await;
    let answer = caller.post(super::CHAT, &super::chat(GROUP)).await;
    assert_answered(&answer, "second", 1);
}
