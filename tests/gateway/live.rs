//! Life goes on around the gateway: instances die and return, the configuration changes, the database goes away.

use std::time::Duration;

use serde_json::json;

use super::{CHAT, GROUP, Pair, assert_answered, chat};
use crate::support::App;
use crate::support::upstream::healthy::role_event;
use crate::support::upstream::{Gate, Reply, Upstream};
use crate::support::wait::{until, within};

const EFFECTIVE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn no_request_fails_while_the_first_of_two_instances_is_killed() {
    let mut pair = Pair::start().await;
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let caller = pair.caller.clone();
            tokio::spawn(async move {
                let mut answered = [0, 0];
                while answered[1] < 25 {
                    for body in [chat(GROUP), super::streamed_chat(GROUP)] {
                        let answer = caller.post(CHAT, &body).await;
                        let name = answer
                            .header("x-understudy-instance")
                            .unwrap_or_default()
                            .to_owned();
                        assert!(["first", "second"].contains(&name.as_str()), "{answer:?}");
                        let attempts = answer.header("x-understudy-attempts").unwrap_or_default();
                        assert_answered(&answer, &name, attempts.parse().unwrap());
                        answered[usize::from(name == "second")] += 1;
                    }
                }
                answered
            })
        })
        .collect();
    pair.first.arrived(40).await;
    pair.first.kill().await;
    for caller in callers {
        let [by_first, by_second] = caller.await.unwrap();
        assert!(by_first > 0, "it was killed in the middle");
        assert!(by_second >= 25);
    }
}

#[tokio::test]
async fn instance_that_returns_answers_again() {
    let mut pair = Pair::start().await;
    pair.first.kill().await;
    assert_answered(&pair.ask().await, "second", 2);
    pair.first.listen();
    until(
        Duration::from_secs(5),
        "the first answers again",
        async || {
            let answer = pair.ask().await;
            (answer.header("x-understudy-instance") == Some("first")).then_some(())
        },
    )
    .await;
}

#[tokio::test]
async fn change_of_an_instance_is_effective_within_two_seconds() {
    let pair = Pair::start().await;
    assert_answered(&pair.ask().await, "first", 1);
    let moved = Upstream::start("moved");
    let admin = pair.app.admin().await;
    let change = json!({"endpoint": {"port": moved.port()}});
    admin
        .patch(&pair.first_instance.path, &change)
        .await
        .expect(200);
    until(EFFECTIVE, "the new port is used", async || {
        pair.ask().await.text().contains("moved").then_some(())
    })
    .await;

    admin
        .patch(&pair.first_instance.path, &json!({"enabled": false}))
        .await
        .expect(200);
    until(EFFECTIVE, "the paused instance is skipped", async || {
        (pair.ask().await.header("x-understudy-instance") == Some("second")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn change_of_a_group_is_effective_within_two_seconds() {
    let pair = Pair::start().await;
    let admin = pair.app.admin().await;
    admin
        .patch(&pair.group.path, &json!({"name": "renamed"}))
        .await
        .expect(200);
    until(EFFECTIVE, "the new name is known", async || {
        let answer = pair.caller.post(CHAT, &chat("renamed")).await;
        (answer.status == 200).then_some(())
    })
    .await;
    pair.ask().await.gateway_error(404, "model_not_found");

    admin.delete(&pair.group.path).await.expect(204);
    until(EFFECTIVE, "the deleted group is unknown", async || {
        let answer = pair.caller.post(CHAT, &chat("renamed")).await;
        (answer.status == 404).then_some(())
    })
    .await;
}

#[tokio::test]
async fn request_keeps_to_the_configuration_that_it_began_with() {
    let pair = Pair::start().await;
    let third = Upstream::start("third");
    let instance = pair.app.instance("third", &third).await;
    let gate = Gate::closed();
    let silent = Reply::events([role_event()]).then_hold(&gate);
    pair.first.next(silent.then_close());
    let asked = pair.caller.post(CHAT, &super::streamed_chat(GROUP)).spawn();
    pair.first.arrived(1).await;

    let admin = pair.app.admin().await;
    let members = json!({"members": [{"instance_id": instance.id}]});
    admin.patch(&pair.group.path, &members).await.expect(200);
    until(
        EFFECTIVE,
        "others are answered by the new member",
        async || {
            let answer = pair.ask().await;
            (answer.header("x-understudy-instance") == Some("third")).then_some(())
        },
    )
    .await;
    gate.open();
    let answer = within(EFFECTIVE * 5, "the answer", asked).await.unwrap();
    assert_answered(&answer.unwrap(), "second", 2);
}

#[tokio::test]
async fn change_made_through_another_replica_is_effective_within_two_seconds() {
    let pair = Pair::start().await;
    let replica = App::builder()
        .env("DATABASE_URL", &pair.app.database().url())
        .start()
        .await;
    let caller = replica.anonymous().with_bearer(pair.caller.bearer());
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "first", 1);
    let admin = pair.app.admin().await;
    admin
        .patch(&pair.first_instance.path, &json!({"enabled": false}))
        .await
        .expect(200);
    until(EFFECTIVE, "the other replica knows", async || {
        let answer = caller.post(CHAT, &chat(GROUP)).await;
        (answer.header("x-understudy-instance") == Some("second")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn gateway_goes_on_without_its_database_and_learns_of_changes_when_it_is_back() {
    let pair = Pair::start().await;
    pair.app.database().go_away().await;
    // A failure that counts against nobody, so that the first is asked each time.
    pair.first.always(Reply::failure(404));
    for _ in 0..5 {
        assert_answered(&pair.ask().await, "second", 2);
        pair.caller.get("/v1/models").await.expect(200);
    }
    let admin = pair.app.admin().await;
    let refused = admin.get("/api/v1/model-groups").await;
    refused.problem(503, "unavailable");
    pair.app.anonymous().get("/healthz/ready").await.expect(200);
    pair.app.database().come_back().await;
    pair.first.recover();
    let admin = pair.app.admin().await;
    until(
        Duration::from_secs(15),
        "management works again",
        async || {
            let change = json!({"enabled": false});
            let answer = admin.patch(&pair.first_instance.path, &change).await;
            (answer.status == 200).then_some(())
        },
    )
    .await;
    // A lost notification is made good within 15 seconds.
    until(
        Duration::from_secs(15),
        "the change is effective",
        async || {
            let answer = pair.ask().await;
            (answer.header("x-understudy-attempts") == Some("1")
                && answer.header("x-understudy-instance") == Some("second"))
            .then_some(())
        },
    )
    .await;
}

#[tokio::test]
async fn requests_work_on_several_workers_at_the_same_time() {
    let app = App::builder().env("UNDERSTUDY_WORKERS", "2").start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("a", &upstream).await;
    app.group(GROUP, [&instance]).await;
    let caller = app.gateway().await;
    let asking: Vec<_> = (0..50)
        .map(|_| caller.post(CHAT, &chat(GROUP)).spawn())
        .collect();
    for asked in asking {
        let answer = asked.await.unwrap().expect("an answer");
        assert_answered(&answer, "a", 1);
    }
}
