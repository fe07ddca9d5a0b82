//! PostgreSQL dies, freezes or restarts under a running service: requests go on as if nothing had happened, management says so at once and
//! comes back by itself.

use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use super::{admin, end};
use crate::gateway::{CHAT, GROUP, assert_answered, chat, streamed_chat};
use crate::support::app::instance;
use crate::support::client::Client;
use crate::support::home::Home;
use crate::support::server::Server;
use crate::support::sse;
use crate::support::upstream::healthy::{content_event, finish_event};
use crate::support::upstream::{Gate, Reply, Upstream};
use crate::support::wait::{SOON, until};

const INSTANCES: &str = "/api/v1/model-instances";
/// How soon management says that its database is away.
const TOLD: Duration = Duration::from_secs(5);
/// How soon management is back after its database is.
const BACK: Duration = Duration::from_secs(10);

/// A service with a group of one instance, and somebody who asks it.
struct Running {
    home: Home,
    server: Server,
    upstream: Upstream,
    admin: Client,
    caller: Client,
}

impl Running {
    async fn start() -> Self {
        let home = Home::open();
        let server = home.start().await;
        let admin = admin(&server).await;
        let upstream = Upstream::start("a");
        let made = admin.post(INSTANCES, &instance("a", upstream.port())).await;
        let members = json!([{"instance_id": made.expect(201).json()["id"]}]);
        let group = json!({"name": GROUP, "members": members});
        admin.post("/api/v1/model-groups", &group).await.expect(201);
        let key = json!({"name": "key", "scopes": ["gateway"]});
        let key: Value = admin
            .post("/api/v1/api-keys", &key)
            .await
            .expect(201)
            .json();
        let caller = admin.with_bearer(key["key"].as_str().unwrap());
        until(SOON, "the gateway knows all of it", async || {
            let answer = caller.post(CHAT, &chat(GROUP)).await;
            (answer.status == 200).then_some(())
        })
        .await;
        Self {
            home,
            server,
            upstream,
            admin,
            caller,
        }
    }

    /// A stream that has begun and waits at the gate.
    async fn stream(&self) -> (Gate, sse::EventStream) {
        let gate = Gate::closed();
        let reply = Reply::events([content_event("hello ")])
            .then_hold(&gate)
            .then_events([content_event("from a"), finish_event()])
            .then_send("data: [DONE]\n\n");
        self.upstream.next(reply);
        let opened = self.caller.post(CHAT, &streamed_chat(GROUP)).open().await;
        assert_eq!(opened.status(), 200);
        (gate, opened.events())
    }

    async fn goes_on(&self) {
        for _ in 0..5 {
            let answer = self.caller.post(CHAT, &chat(GROUP)).await;
            assert_answered(&answer, "a", 1);
            self.caller.get("/v1/models").await.expect(200);
        }
    }

    async fn is_back(&self) {
        until(BACK, "management works again", async || {
            let answer = self.admin.get(INSTANCES).try_send().await?;
            (answer.status == 200).then_some(())
        })
        .await;
    }
}

async fn ends_well((gate, mut events): (Gate, sse::EventStream)) {
    gate.open();
    let mut all = String::new();
    while let Some(block) = events.next_block().await {
        all.push_str(&block);
    }
    assert!(
        all.contains("from a") && all.ends_with("data: [DONE]\n\n"),
        "{all}"
    );
}

#[tokio::test]
async fn frozen_database_stops_no_request_and_management_says_so() {
    let running = Running::start().await;
    let stream = running.stream().await;
    let postmaster = running.home.postmaster().unwrap();
    let frozen = running.home.freeze();
    running.goes_on().await;
    for _ in 0..2 {
        let asked = Instant::now();
        let answer = running.admin.get(INSTANCES).await;
        answer.problem(503, "unavailable");
        let took = asked.elapsed();
        assert!(took <= TOLD, "only after {took:?}");
    }
    running.goes_on().await;
    ends_well(stream).await;
    drop(frozen);
    running.is_back().await;
    running.goes_on().await;
    assert_eq!(
        running.home.postmaster(),
        Some(postmaster),
        "it was not started anew"
    );
    end(running.server).await;
}

#[tokio::test]
async fn killed_database_stops_no_request_and_is_back_within_ten_seconds() {
    let running = Running::start().await;
    let stream = running.stream().await;
    let killed = running.home.postmaster().unwrap();
    kill_process(killed, Signal::KILL).unwrap();
    // Its sessions may answer for a moment after it is dead.
    until(BACK, "another one runs", async || {
        running.goes_on().await;
        let now = running.home.postmaster();
        now.is_some_and(|now| now != killed).then_some(())
    })
    .await;
    running.is_back().await;
    ends_well(stream).await;
    running.goes_on().await;
    end(running.server).await;
}

#[tokio::test]
async fn restarted_database_stops_no_request_and_is_back_within_ten_seconds() {
    let running = Running::start().await;
    let stream = running.stream().await;
    let old = running.home.postmaster().unwrap();
    // Fast: ends every session and then itself.
    kill_process(old, Signal::INT).unwrap();
    until(SOON, "it has ended", async || {
        running.goes_on().await;
        (running.home.postmaster() != Some(old)).then_some(())
    })
    .await;
    running.is_back().await;
    ends_well(stream).await;
    // What is changed from now on is effective within two seconds again.
    let off = json!({"name": "later", "members": []});
    running
        .admin
        .post("/api/v1/model-groups", &off)
        .await
        .expect(201);
    until(
        Duration::from_secs(2),
        "the gateway knows the group",
        async || {
            let models = running.caller.get("/v1/models").await.json();
            (models["data"].as_array().unwrap().len() == 2).then_some(())
        },
    )
    .await;
    end(running.server).await;
}
