//! Checks that are made by themselves: when, and what follows from them.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CHAT, GROUP, assert_answered, chat};
use crate::support::App;
use crate::support::app::Made;
use crate::support::live::{Live, Told};
use crate::support::upstream::{Recorded, Reply, Upstream};
use crate::support::wait::{SOON, until};

/// Checked every second.
pub fn every_second(mode: &str) -> Value {
    json!({"health_check": {"mode": mode, "interval_s": 1, "timeout_s": 2}})
}

/// Checked once, when it appears.
pub fn once(mode: &str) -> Value {
    json!({"health_check": {"mode": mode, "interval_s": 86400}})
}

pub async fn status(app: &App, instance: &Made) -> Value {
    let answer = app.admin().await.get(&instance.path).await;
    answer.expect(200).json()["status"].clone()
}

/// Waits until an instance is shown in this state, for this reason.
pub async fn shown(app: &App, instance: &Made, state: &str, code: &str) -> Value {
    let what = format!("{} is shown as {state} ({code})", instance.name);
    let is_shown = async || {
        let status = status(app, instance).await;
        (status["state"] == state && status["code"] == code).then_some(status)
    };
    until(SOON, &what, is_shown).await.0
}

/// Method and path of every request until now.
pub fn asked(upstream: &Upstream) -> Vec<String> {
    let line = |request: &Recorded| format!("{} {}", request.method, request.target);
    upstream.all_requests().iter().map(line).collect()
}

#[tokio::test]
async fn instance_that_is_not_checked_is_left_alone() {
    let app = App::start().await;
    let (off, paused, drilled) = (
        Upstream::start("off"),
        Upstream::start("paused"),
        Upstream::start("drilled"),
    );
    app.instance_with("off", off.port(), every_second("off"))
        .await;
    let mut fields = every_second("auto");
    fields["enabled"] = false.into();
    app.instance_with("paused", paused.port(), fields).await;
    let instance = app
        .instance_with("drilled", drilled.port(), every_second("auto"))
        .await;
    shown(&app, &instance, "up", "check_passed").await;
    let drill = format!("{}/drill", instance.path);
    let admin = app.admin().await;
    admin
        .post(&drill, &json!({"seconds": 120}))
        .await
        .expect(200);
    app.settled().await;
    let witness = Upstream::start("witness");
    app.instance_with("witness", witness.port(), every_second("models"))
        .await;
    let before = drilled.all_requests().len();
    until(SOON, "the witness is checked four times", async || {
        (witness.all_requests().len() >= 4).then_some(())
    })
    .await;
    // One may have been under way when the drill began.
    assert!(drilled.all_requests().len() <= before + 1);
    assert!(off.all_requests().is_empty() && off.connections() == 0);
    assert!(paused.all_requests().is_empty());
    admin.call("DELETE", &drill).await.expect(200);
    let before = drilled.all_requests().len();
    until(SOON, "it is checked again", async || {
        (drilled.all_requests().len() > before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn dead_instance_goes_down_without_a_request_and_comes_back() {
    let app = App::start().await;
    let (mut first, second) = (Upstream::start("first"), Upstream::start("second"));
    let dead = app
        .instance_with("first", first.port(), every_second("auto"))
        .await;
    let other = app.instance("second", &second).await;
    let group = app.group(GROUP, [&dead, &other]).await;
    let caller = app.gateway().await;
    shown(&app, &dead, "up", "check_passed").await;
    first.kill().await;
    let down = shown(&app, &dead, "down", "down").await;
    assert_eq!(down["last_error"], "connection refused", "{down}");
    assert_eq!(down["reason"], "it fails its checks: connection refused");
    // It is skipped, not tried.
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "second", 1);
    let admin = app.admin().await;
    let preview = admin.get(&format!("{}/preview", group.path)).await.json();
    let member = &preview["members"][0];
    assert_eq!(
        (&member["verdict"], &member["code"]),
        (&json!("skipped"), &json!("down"))
    );

    first.listen();
    shown(&app, &dead, "up", "check_passed").await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "first", 1);
    let log = app.log();
    assert!(
        log.contains("an instance fails its checks and is down"),
        "{log}"
    );
    assert!(
        log.contains("an instance passes its checks and is back"),
        "{log}"
    );
}

#[tokio::test]
async fn instance_that_is_down_is_asked_when_nobody_else_is_left() {
    let app = App::start().await;
    let upstream = Upstream::start("a");
    upstream.models(Reply::failure(500));
    let instance = app
        .instance_with("a", upstream.port(), every_second("models"))
        .await;
    app.group(GROUP, [&instance]).await;
    let caller = app.gateway().await;
    shown(&app, &instance, "down", "down").await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "a", 1);
}

#[tokio::test]
async fn backend_that_never_answers_its_check_goes_down() {
    let app = App::start().await;
    let upstream = Upstream::start("a");
    upstream.models(Reply::hang());
    let mut fields = every_second("models");
    fields["health_check"]["timeout_s"] = 1.into();
    let instance = app.instance_with("a", upstream.port(), fields).await;
    let status = shown(&app, &instance, "down", "down").await;
    assert_eq!(status["last_error"], "it did not answer its check in time");
    // Each connection was closed when its time was over.
    let left = upstream.all_requests()[0].left_at;
    assert!(left.is_some());
}

#[tokio::test]
async fn failed_requests_set_exactly_one_check_off() {
    let app = App::start().await;
    let (first, second) = (Upstream::start("first"), Upstream::start("second"));
    let failing = app
        .instance_with("first", first.port(), once("models"))
        .await;
    let other = app.instance("second", &second).await;
    app.group(GROUP, [&failing, &other]).await;
    let caller = app.gateway().await;
    shown(&app, &failing, "up", "check_passed").await;
    assert_eq!(asked(&first), ["GET /v1/models"]);
    first.always(Reply::close());
    let asking: Vec<_> = (0..3)
        .map(|_| caller.post(CHAT, &chat(GROUP)).spawn())
        .collect();
    for asked in asking {
        let answer = asked.await.unwrap().expect("an answer");
        assert_answered(&answer, "second", 2);
    }
    let checks = || {
        let asked = asked(&first);
        asked.iter().filter(|line| line.starts_with("GET")).count()
    };
    until(SOON, "one check", async || (checks() == 2).then_some(())).await;
    // That it passes says that the instance is there, not that requests are well.
    let status = status(&app, &failing).await;
    assert_eq!(status["state"], "ejected", "{status}");
    // A witness is checked twice while nothing more happens to it.
    let witness = Upstream::start("witness");
    app.instance_with("witness", witness.port(), every_second("models"))
        .await;
    until(SOON, "the witness is checked twice", async || {
        (witness.all_requests().len() >= 2).then_some(())
    })
    .await;
    assert_eq!(checks(), 2);
}

#[tokio::test]
async fn passed_check_moves_an_ejected_instance_on_to_its_probe() {
    let app = App::start().await;
    let (first, second) = (Upstream::start("first"), Upstream::start("second"));
    let mut fields = every_second("models");
    fields["health_check"]["interval_s"] = 2.into();
    let ejected = app.instance_with("first", first.port(), fields).await;
    let other = app.instance("second", &second).await;
    app.group(GROUP, [&ejected, &other]).await;
    let caller = app.gateway().await;
    first.always(Reply::failure(500));
    // Until its pauses are much longer than its checks are apart.
    until(Duration::from_secs(60), "six failures", async || {
        let answer = caller.post(CHAT, &chat(GROUP)).await;
        assert_eq!(answer.header("x-understudy-instance"), Some("second"));
        (first.requests().len() >= 6).then_some(())
    })
    .await;
    first.recover();
    // A pause of 40 s, less a fifth, if nobody cut it short.
    until(
        Duration::from_secs(15),
        "the first answers again",
        async || {
            let answer = caller.post(CHAT, &chat(GROUP)).await;
            (answer.header("x-understudy-instance") == Some("first")).then_some(())
        },
    )
    .await;
}

#[tokio::test]
async fn changed_settings_are_checked_at_once_and_switching_checks_off_ends_what_they_said() {
    let app = App::start().await;
    let (dead, alive) = (Upstream::refusing("dead"), Upstream::start("alive"));
    let instance = app
        .instance_with("a", dead.port(), every_second("auto"))
        .await;
    shown(&app, &instance, "down", "down").await;
    let admin = app.admin().await;
    let change = json!({"endpoint": {"port": alive.port()}});
    admin.patch(&instance.path, &change).await.expect(200);
    shown(&app, &instance, "up", "check_passed").await;
    let change = json!({"endpoint": {"port": dead.port()}});
    admin.patch(&instance.path, &change).await.expect(200);
    shown(&app, &instance, "down", "down").await;
    let off = json!({"health_check": {"mode": "off"}});
    admin.patch(&instance.path, &off).await.expect(200);
    until(SOON, "nothing keeps requests away", async || {
        (status(&app, &instance).await["state"] == "unknown").then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_checks_find_is_told_as_it_happens() {
    let app = App::start().await;
    let admin = app.admin().await;
    let mut live = Live::open(&admin).await;
    let mut upstream = Upstream::start("a");
    let instance = app
        .instance_with("a", upstream.port(), every_second("auto"))
        .await;
    let mut told = async |state: &str| {
        let what = format!("an event that says {state}");
        let is_told = |told: &Told| {
            told.is_status("instance.status", &instance.id) && told.data["status"]["state"] == state
        };
        live.until(&what, is_told).await
    };
    told("up").await;
    upstream.kill().await;
    told("down").await;
    upstream.listen();
    told("up").await;
}
