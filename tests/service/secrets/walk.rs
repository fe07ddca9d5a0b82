//! Drives everything that takes a secret or could tell one: well, badly, and against backends that repeat what they were sent.

mod gateway;
mod instances;
mod people;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::canary::Canaries;
use crate::support::App;
use crate::support::client::Client;
use crate::support::database::Database;
use crate::support::env;
use crate::support::live::Live;
use crate::support::server::ADMIN_PASSWORD;
use crate::support::upstream::{Reply, Upstream};
use crate::support::wait::{SOON, until, within};

const INSTANCES: &str = "/api/v1/model-instances";
const KEYS: &str = "/api/v1/api-keys";
const LOGIN: &str = "/api/v1/auth/login";

/// A service with a canary in each of its variables, and what happens to it.
pub struct Walk<'a> {
    canaries: &'a Canaries,
    app: App,
    environment: BTreeMap<String, String>,
    admin: Client,
    upstream: Upstream,
    proxy: Upstream,
    collector: Upstream,
    live: Live,
    /// Secrets that the service makes and hands out once.
    made: Vec<(String, String)>,
    /// What commands wrote.
    said: String,
}

impl<'a> Walk<'a> {
    pub async fn start(canaries: &'a Canaries) -> Self {
        let collector = Upstream::start("collector");
        collector.always(Reply::body(200, "application/x-protobuf", ""));
        let spelt = |field: &str| {
            let value = canaries.of(field);
            percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let endpoint = format!(
            "http://us:{}@127.0.0.1:{}",
            spelt("OTEL_EXPORTER_OTLP_ENDPOINT"),
            collector.port()
        );
        let headers = format!("x-scope={}", spelt("OTEL_EXPORTER_OTLP_HEADERS"));
        canaries.learn("UNDERSTUDY_ADMIN_PASSWORD", ADMIN_PASSWORD);
        let app = App::builder()
            .env("RUST_LOG", "trace")
            // With the names of the libraries that write it.
            .env("UNDERSTUDY_LOG_FORMAT", "json")
            .env(
                "UNDERSTUDY_SECRET_KEYS",
                &ring(canaries, "UNDERSTUDY_SECRET_KEYS"),
            )
            .env(
                "UNDERSTUDY_JWT_KEYS",
                &ring(canaries, "UNDERSTUDY_JWT_KEYS"),
            )
            .env(
                "UNDERSTUDY_METRICS_TOKEN",
                &canaries.of("UNDERSTUDY_METRICS_TOKEN"),
            )
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)
            .env("OTEL_EXPORTER_OTLP_HEADERS", &headers)
            .env("OTEL_BSP_SCHEDULE_DELAY", "50")
            .env("UNDERSTUDY_OIDC_ISSUER", "http://127.0.0.1:1")
            .env("UNDERSTUDY_OIDC_CLIENT_ID", "understudy")
            .env(
                "UNDERSTUDY_OIDC_CLIENT_SECRET",
                &canaries.of("UNDERSTUDY_OIDC_CLIENT_SECRET"),
            )
            .env("UNDERSTUDY_OIDC_DEFAULT_ROLE", "user")
            .with_database_password(&canaries.of("DATABASE_URL"))
            .start()
            .await;
        let admin = app.admin().await;
        let live = Live::open(&admin).await;
        let mut walk = Self {
            canaries,
            environment: app.environment().clone(),
            upstream: Upstream::start("backend"),
            proxy: Upstream::start("proxy"),
            collector,
            live,
            made: Vec::new(),
            said: String::new(),
            admin,
            app,
        };
        let bearer = walk.admin.bearer().to_owned();
        walk.hand_out("an access token", &bearer);
        walk
    }

    pub fn admin(&self) -> &Client {
        &self.admin
    }

    pub fn database(&self) -> &Database {
        self.app.database()
    }

    pub fn transcript(&self) -> String {
        self.app.transcript()
    }

    pub fn log(&self) -> String {
        self.app.log()
    }

    pub fn said(&self) -> String {
        self.said.clone()
    }

    /// What the service made and handed out, by name.
    pub fn made(&self) -> &[(String, String)] {
        &self.made
    }

    pub fn handed_out(&self) -> Vec<&str> {
        self.made.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn hand_out(&mut self, name: &str, value: &str) {
        let name = format!("{name} ({})", self.made.len());
        self.canaries.learn(&name, value);
        self.made.push((name, value.to_owned()));
    }

    fn of(&self, field: &str) -> String {
        self.canaries.of(field)
    }

    /// Whatever the service says to it, there is an answer, and it is no fault of the service.
    async fn refused(&self, client: &Client, method: &str, path: &str, body: &Value) {
        let answer = client.call(method, path).json(body).if_match("*").await;
        assert!((400..500).contains(&answer.status), "{answer:?}");
    }

    async fn paths(&self) -> Vec<String> {
        let list = self.admin.get(INSTANCES).await.expect(200).json();
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|item| format!("{INSTANCES}/{}", item["id"].as_str().unwrap()))
            .collect()
    }

    async fn command(&mut self, arguments: &[&str], input: &str) -> Option<i32> {
        let mut child = Command::new(env::binary())
            .args(arguments)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the command starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // One that reads nothing may be gone by now.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = within(SOON, "the command ends", child.wait_with_output())
            .await
            .unwrap();
        for bytes in [&output.stdout, &output.stderr] {
            self.said.push_str(&String::from_utf8_lossy(bytes));
        }
        output.status.code()
    }

    /// What is done at the command line, with the same environment.
    pub async fn commands(&mut self) {
        for command in ["migrate", "rekey", "openapi", "export"] {
            assert_eq!(self.command(&[command], "").await, Some(0), "{command}");
        }
        let password = self.of("the password on standard input");
        let reset = self
            .command(&["reset-password", "ada"], &format!("{password}\n"))
            .await;
        assert_eq!(reset, Some(0), "{}", self.said);
    }

    /// The database goes away, and comes back.
    pub async fn database_away(&mut self) {
        let database = self.app.database();
        database.go_away().await;
        until(SOON, "management says so", async || {
            let answer = self.admin.get(INSTANCES).await;
            (answer.status == 503).then_some(())
        })
        .await;
        let login = json!({"username": "ada", "password": self.of("LoginRequest.password")});
        self.app.anonymous().post(LOGIN, &login).await.expect(503);
        database.come_back().await;
        until(SOON, "management is back", async || {
            let answer = self.admin.get(INSTANCES).await;
            (answer.status == 200).then_some(())
        })
        .await;
    }

    /// Everything that can be read is read.
    pub async fn everything_that_is_read(&mut self) {
        let described = self
            .admin
            .get("/api/v1/openapi.json")
            .await
            .expect(200)
            .json();
        let mut read = 0;
        for (path, methods) in described["paths"].as_object().unwrap() {
            let streams = path == "/api/v1/events";
            if methods.get("get").is_none() || path.contains('{') || streams {
                continue;
            }
            let call = self.admin.get(path);
            assert!(call.await.status < 500, "{path}");
            read += 1;
        }
        assert!(read >= 12, "{read} operations");
        for path in self.paths().await {
            self.admin.get(&path).await.expect(200);
        }
        for format in ["csv", "jsonl"] {
            let export = format!("/api/v1/audit-log/export?format={format}");
            self.admin.get(&export).await.expect(200);
        }
        self.admin
            .get("/api/v1/audit-log?limit=200")
            .await
            .expect(200);
        self.admin
            .get("/api/v1/usage?bucket=hour&group_by=key")
            .await;
    }

    /// The secrets were really used, so that there was something to tell.
    pub fn assert_used(&self) {
        let direct = self.upstream.all_requests();
        let proxied = self.proxy.all_requests();
        let token = format!("Bearer {}", self.of("TokenInput.value"));
        let sent = |requests: &[crate::support::upstream::Recorded], name: &str, value: &str| {
            requests
                .iter()
                .any(|request| request.header(name) == Some(value))
        };
        assert!(sent(&direct, "authorization", &token));
        assert!(sent(&direct, "x-org", &self.of("SecretHeaderInput.value")));
        let basic = proxied
            .iter()
            .find_map(|request| request.header("proxy-authorization"));
        let password = self.of("ProxyInput.password");
        let found = super::canary::found(&password, basic.unwrap_or_default());
        assert_eq!(found.map(|(spelling, _)| spelling), Some("base64"));
        let collected = self.collector.all_requests();
        assert!(sent(
            &collected,
            "x-scope",
            &self.of("OTEL_EXPORTER_OTLP_HEADERS")
        ));
        // What may be shown is shown.
        let transcript = self.transcript();
        for shown in ["…-end", "\"replaced\"", "\"set\""] {
            assert!(transcript.contains(shown), "{shown}");
        }
    }

    /// All events until now.
    pub async fn events(&mut self) -> String {
        let last = self.app.instance_with("last", 1, json!({})).await;
        let told = self
            .live
            .all_until("the last change", |told| {
                told.is_change("created", &last.id)
            })
            .await;
        format!("{told:?}")
    }

    /// Ends the service in order, and gives what its collector of traces was sent.
    pub async fn end(&mut self) -> String {
        self.app.signal(Signal::INT);
        assert_eq!(self.app.exit_code(Duration::from_secs(40)).await, Some(0));
        let requests = self.collector.all_requests();
        let bodies = requests
            .iter()
            .map(|request| String::from_utf8_lossy(&request.body));
        bodies.collect()
    }
}

fn ring(canaries: &Canaries, name: &str) -> String {
    use base64::Engine;
    let key: String = canaries.of(name).chars().cycle().take(32).collect();
    canaries.learn(name, &format!("{key}-end"));
    format!(
        "k1:{}",
        base64::engine::general_purpose::STANDARD.encode(key)
    )
}
