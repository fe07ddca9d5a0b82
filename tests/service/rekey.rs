//! `understudy rekey`: beside running services, killed half-way, twice at once, against people who enter secrets meanwhile.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::gateway::{CHAT, GROUP, assert_answered, chat};
use crate::support::App;
use crate::support::app::{Made, instance};
use crate::support::client::{Answer, Client};
use crate::support::env;
use crate::support::home::Home;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME, Server, base_environment};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, until, within};

const OLD: (&str, u8) = ("old", 1);
const NEW: (&str, u8) = ("new", 2);
const SECRET: &str = "sk-canary-0123456789abcdef";
/// Secrets of one transaction of the command.
const BATCH: i64 = 500;

fn keys(keys: &[(&str, u8)]) -> String {
    let key = |(id, byte): &(&str, u8)| format!("{id}:{}", STANDARD.encode([*byte; 32]));
    keys.iter().map(key).collect::<Vec<_>>().join(",")
}

fn environment(url: &str, with: &[(&str, u8)]) -> BTreeMap<String, String> {
    let mut environment = base_environment();
    environment.insert("DATABASE_URL".to_owned(), url.to_owned());
    environment.insert("UNDERSTUDY_SECRET_KEYS".to_owned(), keys(with));
    environment
}

fn start(environment: &BTreeMap<String, String>) -> Child {
    Command::new(env::binary())
        .arg("rekey")
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the command starts")
}

async fn finish(child: Child) -> (Option<i32>, String) {
    let output: Output = within(SOON, "the command ends", child.wait_with_output())
        .await
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// Runs the command to its end.
async fn rekey(environment: &BTreeMap<String, String>) -> (Option<i32>, String) {
    finish(start(environment)).await
}

#[track_caller]
fn assert_counts((code, said): &(Option<i32>, String), reencrypted: usize, already_new: usize) {
    assert_eq!(*code, Some(0), "{said}");
    for count in [
        format!("reencrypted={reencrypted} "),
        format!("already_new={already_new} "),
        "unreadable=0".to_owned(),
    ] {
        assert!(said.contains(&count), "{count} in {said}");
    }
    assert!(!said.contains("canary"), "{said}");
}

/// A service that knows both keys, and what was stored before there was the newer one.
struct Stage {
    app: App,
    old: App,
    upstream: Upstream,
}

impl Stage {
    async fn start() -> Self {
        let old = App::builder()
            .env("UNDERSTUDY_SECRET_KEYS", &keys(&[OLD]))
            .start()
            .await;
        let app = App::builder()
            .env("DATABASE_URL", &old.database().url())
            .env("UNDERSTUDY_SECRET_KEYS", &keys(&[NEW, OLD]))
            .start()
            .await;
        let upstream = Upstream::start("a");
        Self { app, old, upstream }
    }

    fn environment(&self, with: &[(&str, u8)]) -> BTreeMap<String, String> {
        environment(&self.old.database().url(), with)
    }

    fn both(&self) -> BTreeMap<String, String> {
        self.environment(&[NEW, OLD])
    }

    /// An instance with so many tokens, stored with the old key.
    async fn instance(&self, name: &str, tokens: usize) -> Made {
        let tokens = vec![json!({"value": SECRET}); tokens];
        let fields = json!({"auth": {"type": "bearer"}, "tokens": tokens});
        let port = self.upstream.port();
        self.old.instance_with(name, port, fields).await
    }

    /// How many tokens each key has encrypted.
    async fn counts(&self) -> (i64, i64) {
        let database = self.old.database().connect().await;
        let count = async |id: &str| {
            let rows = "SELECT count(*) FROM instance_tokens WHERE substring(value_encrypted FROM 3 FOR 3) = $1::text::bytea";
            let row = database.query_one(rows, &[&id]).await.unwrap();
            row.get(0)
        };
        (count("old").await, count("new").await)
    }

    /// The token that a check of the instance sends, read from the database by the service that knows both keys.
    async fn sent(&self, made: &Made) -> String {
        let admin = self.app.admin().await;
        let check = admin.post(&format!("{}/check", made.path), &json!({}));
        let check = check.await.expect(200).json();
        assert_eq!(check["ok"], true, "{check}");
        let requests = self.upstream.all_requests();
        let sent = requests.last().unwrap().header("authorization").unwrap();
        sent.strip_prefix("Bearer ").unwrap().to_owned()
    }
}

#[tokio::test]
async fn all_secrets_get_the_newest_key_beside_running_services() {
    let stage = Stage::start().await;
    let admin = stage.app.admin().await;
    let fields = json!({
        "auth": {"type": "bearer"},
        "tokens": [{"label": "team A", "value": SECRET}, {"value": "short"}],
        "headers": [{"name": "x-org", "value": "header-canary"}],
        "proxies": [{
            "url": format!("http://127.0.0.1:{}", stage.upstream.port()),
            "username": "us", "password": "proxy-canary",
        }],
    });
    let port = stage.upstream.port();
    let full = stage.old.instance_with("a", port, fields).await;
    stage.instance("plain", 1).await;
    let group = stage.app.group(GROUP, [&full]).await;
    let caller = stage.app.gateway().await;
    assert_answered(&caller.post(CHAT, &chat(&group.name)).await, "a", 1);
    let before = admin.get(&full.path).await.expect(200);
    assert_eq!(before.json()["status"]["state"], "up");

    let first = rekey(&stage.both()).await;
    assert_counts(&first, 5, 0);
    assert_counts(&rekey(&stage.both()).await, 0, 5);
    assert_eq!(stage.counts().await, (0, 3));

    // To people nothing has changed, and the service that knows both keys has not noticed.
    stage.app.settled().await;
    let after = admin.get(&full.path).await.expect(200);
    assert_eq!(after.header("etag"), before.header("etag"));
    assert_eq!(after.json(), before.json());
    assert_answered(&caller.post(CHAT, &chat(&group.name)).await, "a", 1);
    let log = admin.get("/api/v1/audit-log?action=secrets.rekey").await;
    let log = log.expect(200).json();
    assert_eq!(log["total"], 1, "the second run did nothing: {log}");
    let record = &log["items"][0];
    assert_eq!(
        (
            &record["actor"],
            &record["target"]["kind"],
            &record["changes"]
        ),
        (
            &json!({"kind": "command", "id": null, "name": "rekey"}),
            &json!("secrets"),
            &json!({"key": {"before": null, "after": "new"}, "secrets": {"before": null, "after": 5}}),
        )
    );

    // One that was not given the new key shows what it cannot read, and goes on.
    let old_admin = stage.old.admin().await;
    until(SOON, "the old service sees it", async || {
        let shown = old_admin.get(&full.path).await.expect(200).json();
        (shown["status"]["code"] == "secret_unreadable").then_some(())
    })
    .await;
    stage
        .old
        .anonymous()
        .get("/healthz/ready")
        .await
        .expect(200);

    // The old key can be thrown away, and is of no use any more.
    let url = stage.old.database().url();
    let server = Server::start(&environment(&url, &[NEW])).await;
    assert!(
        !server.log().contains("cannot be decrypted"),
        "{}",
        server.log()
    );
    let mut refused = Server::spawn(&environment(&url, &[OLD]));
    let status = refused.exit(SOON).await;
    assert_eq!(status.code(), Some(78), "{}", refused.log());
}

#[tokio::test]
async fn run_that_was_killed_is_continued_by_the_next_one() {
    let stage = Stage::start().await;
    let mut made = Vec::new();
    for number in 0..55 {
        made.push(stage.instance(&number.to_string(), 20).await);
    }
    assert_eq!(stage.counts().await, (1100, 0));
    // The last secret is held, so the run gets stuck in its third transaction.
    let mut database = stage.old.database().connect().await;
    let holding = database.transaction().await.unwrap();
    let last = "SELECT FROM instance_tokens WHERE id = (SELECT id FROM instance_tokens ORDER BY id DESC LIMIT 1) FOR UPDATE";
    holding.execute(last, &[]).await.unwrap();
    let mut run = start(&stage.both());
    until(SOON, "two batches are done", async || {
        (stage.counts().await == (1100 - 2 * BATCH, 2 * BATCH)).then_some(())
    })
    .await;
    run.kill().await.unwrap();
    holding.rollback().await.unwrap();

    // Half-way, each of them can be read by whoever has both keys.
    stage.app.settled().await;
    for made in [&made[0], &made[54]] {
        assert_eq!(stage.sent(made).await, SECRET);
    }
    let all = stage.app.admin().await;
    let down = all.get("/api/v1/model-instances?state=down").await;
    assert_eq!(down.expect(200).json()["total"], 0);

    let next = rekey(&stage.both()).await;
    assert_counts(&next, 100, 1000);
    assert_eq!(stage.counts().await, (0, 1100));
    // Two runs at once share the work without harm.
    let back = stage.environment(&[OLD, NEW]);
    let (one, other) = tokio::join!(rekey(&back), rekey(&back));
    assert_eq!((one.0, other.0), (Some(0), Some(0)), "{}{}", one.1, other.1);
    assert_eq!(stage.counts().await, (1100, 0));
    let began = Instant::now();
    assert_counts(&rekey(&stage.both()).await, 1100, 0);
    println!(
        "1100 secrets took {:?}, with the start of the process",
        began.elapsed()
    );
    let log = all
        .get("/api/v1/audit-log?action=secrets.rekey&limit=200")
        .await;
    let records = log.expect(200).json()["items"].clone();
    let secrets = |record: &Value| record["changes"]["secrets"]["after"].as_u64().unwrap();
    let counted: u64 = records.as_array().unwrap().iter().map(secrets).sum();
    assert_eq!(counted, 3300, "each was recorded once: {records}");
}

/// Holds the lock that everybody takes who changes instances, and lets tests line up behind it.
struct Queue(tokio_postgres::Client);

impl Queue {
    async fn close(stage: &Stage) -> Self {
        let database = stage.old.database().connect().await;
        let lock = "SELECT pg_advisory_lock(x'756e646572737466'::bigint)";
        database.batch_execute(lock).await.unwrap();
        Self(database)
    }

    async fn is_waited_for_by(&self, count: i64) {
        until(SOON, "somebody waits for the lock", async || {
            let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            let row = self.0.query_one(waiting, &[]).await.unwrap();
            (row.get::<_, i64>(0) == count).then_some(())
        })
        .await;
    }
}

/// Somebody enters another token for the first one, and keeps the second.
fn edit(admin: &Client, made: &Made, shown: &Value) -> JoinHandle<Option<Answer>> {
    let tokens = json!([
        {"id": shown["tokens"][0]["id"], "value": "sk-entered-meanwhile-1234"},
        {"id": shown["tokens"][1]["id"]},
    ]);
    admin.patch(&made.path, &json!({"tokens": tokens})).spawn()
}

#[tokio::test]
async fn secret_that_is_entered_meanwhile_is_neither_lost_nor_left_with_the_old_key() {
    for edit_first in [true, false] {
        let stage = Stage::start().await;
        let made = stage.instance("a", 2).await;
        // Through the service that still encrypts with the old key.
        let admin = stage.old.admin().await;
        let shown = admin.get(&made.path).await.expect(200).json();
        let queue = Queue::close(&stage).await;
        // Both have read the secrets before either of them writes.
        let (run, edited) = if edit_first {
            let edited = edit(&admin, &made, &shown);
            queue.is_waited_for_by(1).await;
            (start(&stage.both()), edited)
        } else {
            let run = start(&stage.both());
            queue.is_waited_for_by(1).await;
            (run, edit(&admin, &made, &shown))
        };
        queue.is_waited_for_by(2).await;
        drop(queue);
        edited.await.unwrap().unwrap().expect(200);
        let run = finish(run).await;
        assert_eq!(run.0, Some(0), "{}", run.1);

        stage.app.settled().await;
        assert_eq!(stage.sent(&made).await, "sk-entered-meanwhile-1234");
        // What was entered after the run is of the old key, since that service knows no other. What was kept is not.
        let left = if edit_first { (0, 2) } else { (1, 1) };
        assert_eq!(stage.counts().await, left);
        assert_counts(
            &rekey(&stage.both()).await,
            if edit_first { 0 } else { 1 },
            left.1.try_into().unwrap(),
        );
    }
}

#[tokio::test]
async fn secrets_that_cannot_be_decrypted_are_named_and_left_alone() {
    let stage = Stage::start().await;
    stage.instance("well", 1).await;
    let fields =
        json!({"auth": {"type": "bearer"}, "tokens": [{"label": "team A", "value": SECRET}]});
    let broken = stage.old.instance_with("broken", 1, fields).await;
    let database = stage.old.database().connect().await;
    let damage = "UPDATE instance_tokens SET value_encrypted = value_encrypted || '\\x00' WHERE label = 'team A'";
    database.execute(damage, &[]).await.unwrap();
    let (code, said) = rekey(&stage.both()).await;
    assert_eq!(code, Some(65), "{said}");
    for part in [
        "instance_tokens",
        "broken",
        "team A",
        "reencrypted=1 ",
        "unreadable=1",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains("canary"), "{said}");
    assert_eq!(stage.counts().await, (1, 1), "left as it was");
    let again = json!({"tokens": [{"value": SECRET}]});
    let admin = stage.app.admin().await;
    admin.patch(&broken.path, &again).await.expect(200);
    assert_counts(&rekey(&stage.both()).await, 0, 2);
}

#[tokio::test]
async fn embedded_database_is_rekeyed_beside_its_service_and_without_it() {
    let home = Home::open();
    let file = home.data().join("secret-keys");
    let upstream = Upstream::start("a");
    let mut body = instance("a", upstream.port());
    body["auth"] = json!({"type": "bearer"});
    body["tokens"] = json!([{"value": SECRET}]);
    let server = home.start().await;
    let made = admin(&server).await.post("/api/v1/model-instances", &body);
    let made = made.await.expect(201).json();
    end(server).await;

    let old = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{},{old}", keys(&[NEW]))).unwrap();
    let server = home.start().await;
    assert_counts(&rekey(home.environment()).await, 1, 0);
    end(server).await;
    std::fs::write(&file, keys(&[NEW])).unwrap();
    assert_counts(&rekey(home.environment()).await, 0, 1);
    assert_eq!(home.postmaster(), None, "its database was stopped again");

    let server = home.start().await;
    let path = format!(
        "/api/v1/model-instances/{}/check",
        made["id"].as_str().unwrap()
    );
    let check = admin(&server).await.post(&path, &json!({})).await;
    assert_eq!(check.expect(200).json()["ok"], true);
    let requests = upstream.all_requests();
    let sent = requests.last().unwrap().header("authorization");
    assert_eq!(sent, Some(format!("Bearer {SECRET}").as_str()));
    end(server).await;
}

async fn admin(server: &Server) -> Client {
    let anonymous = Client::new(server.address());
    let body = json!({"username": ADMIN_USERNAME, "password": ADMIN_PASSWORD});
    let session = anonymous.post("/api/v1/auth/login", &body).await;
    let session = session.expect(200).json();
    anonymous.with_bearer(session["access_token"].as_str().unwrap())
}

/// Asked to end, so that the database ends with it.
async fn end(mut server: Server) {
    server.signal(Signal::INT);
    assert_eq!(server.exit(SOON).await.code(), Some(0));
}
