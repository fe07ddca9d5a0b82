//! One running service with a database of its own, and the people who use it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};
use url::Url;

use super::client::Client;
use super::database::Database;
use super::home::Home;
use super::server::{ADMIN_PASSWORD, ADMIN_USERNAME, Server, base_environment};
use super::upstream::Upstream;
use super::wait::{SOON, until};

/// Services at the same time: more of them only take the two cores of a small machine from each other.
static RUNNING: Semaphore = Semaphore::const_new(8);

/// A service with a database of its own. Both end with this value, the service first.
#[derive(Debug)]
pub struct App {
    server: Server,
    store: Store,
    environment: BTreeMap<String, String>,
    anonymous: Client,
    admin: OnceCell<Client>,
    names: AtomicU32,
    _permit: SemaphorePermit<'static>,
}

/// Where a service keeps what it stores.
#[derive(Debug)]
enum Store {
    /// In a database of the tests' PostgreSQL.
    Shared(Database),
    /// In a PostgreSQL of its own.
    Own(Home),
}

/// How a service is started.
#[derive(Debug)]
pub struct AppBuilder {
    environment: BTreeMap<String, String>,
    migrated: bool,
    home: Option<Home>,
    database_password: Option<String>,
}

impl AppBuilder {
    /// Sets a variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Leaves a variable out.
    pub fn without_env(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// Serves the built web application.
    pub fn with_site(self) -> Self {
        let site = super::env::site();
        self.env("UNDERSTUDY_WEB_ROOT", &site)
    }

    /// Makes no administrator, so that set-up is open.
    pub fn without_admin(self) -> Self {
        self.without_env("UNDERSTUDY_ADMIN_USERNAME")
            .without_env("UNDERSTUDY_ADMIN_PASSWORD")
    }

    /// Starts with an empty database, so that the service has to migrate it.
    pub fn with_empty_database(mut self) -> Self {
        self.migrated = false;
        self
    }

    /// Gives the service a password for its database, which does not ask for one.
    pub fn with_database_password(mut self, password: &str) -> Self {
        self.database_password = Some(password.to_owned());
        self
    }

    /// Lets the service bring its own PostgreSQL, whose processes a test can kill without harm to others.
    pub fn with_own_database(mut self) -> Self {
        let home = Home::open();
        for (name, value) in home.environment() {
            self.environment.insert(name.clone(), value.clone());
        }
        self.home = Some(home);
        self
    }

    /// Starts the service and waits until it is ready.
    pub async fn start(mut self) -> App {
        let permit = RUNNING.acquire().await.expect("never closed");
        let store = match self.home {
            Some(home) => Store::Own(home),
            None => {
                let database = match self.migrated {
                    true => Database::create().await,
                    false => Database::empty().await,
                };
                self.environment
                    .entry("DATABASE_URL".to_owned())
                    .or_insert_with(|| with_password(&database, self.database_password.as_deref()));
                Store::Shared(database)
            }
        };
        let server = Server::start(&self.environment).await;
        App {
            environment: self.environment,
            anonymous: Client::new(server.address()),
            server,
            store,
            admin: OnceCell::new(),
            names: AtomicU32::new(0),
            _permit: permit,
        }
    }
}

/// An instance or a group that a test made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Path of the resource.
    pub path: String,
}

impl App {
    /// A service that is started otherwise than with the tests' defaults.
    pub fn builder() -> AppBuilder {
        AppBuilder {
            environment: base_environment(),
            migrated: true,
            home: None,
            database_password: None,
        }
    }

    /// A service with the tests' defaults.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> &str {
        self.server.address()
    }

    /// The database of this service, in the tests' PostgreSQL.
    #[track_caller]
    pub fn database(&self) -> &Database {
        match &self.store {
            Store::Shared(database) => database,
            Store::Own(_) => panic!("its database is in a PostgreSQL of its own"),
        }
    }

    /// The data folder of a service that brings its own PostgreSQL.
    #[track_caller]
    pub fn home(&self) -> &Home {
        match &self.store {
            Store::Own(home) => home,
            Store::Shared(_) => panic!("its database is in the tests' PostgreSQL"),
        }
    }

    /// The variables of this service, for its commands.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// All that the service wrote to its log until now.
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// Every answer that any client of this service got until now.
    pub fn transcript(&self) -> String {
        self.anonymous.transcript()
    }

    /// Memory that the service holds, in bytes.
    pub fn resident(&self) -> u64 {
        self.server.resident()
    }

    /// Sends a signal to the service.
    pub fn signal(&self, signal: Signal) {
        self.server.signal(signal);
    }

    /// Waits until the service has ended, and gives its exit code.
    pub async fn exit_code(&mut self, bound: Duration) -> Option<i32> {
        self.server.exit(bound).await.code()
    }

    /// Somebody without a credential.
    pub fn anonymous(&self) -> Client {
        self.anonymous.clone()
    }

    /// The first administrator, signed in.
    pub async fn admin(&self) -> Client {
        let signed_in = self
            .admin
            .get_or_init(async || self.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await);
        signed_in.await.clone()
    }

    /// Somebody who signs in.
    pub async fn sign_in(&self, username: &str, password: &str) -> Client {
        let body = json!({"username": username, "password": password});
        let answer = self.anonymous.post("/api/v1/auth/login", &body).await;
        let token = answer.expect(200).json()["access_token"].clone();
        self.anonymous
            .with_bearer(token.as_str().expect("access_token is a string"))
    }

    /// A program with an API key of these scopes. With `gateway` among them the gateway knows the key, and with it all
    /// that was changed before, since it reads the whole configuration at once.
    pub async fn key(&self, scopes: &[&str]) -> Client {
        self.key_with(scopes, json!({})).await
    }

    /// As [`App::key`], with more of its fields.
    pub async fn key_with(&self, scopes: &[&str], fields: Value) -> Client {
        let mut body = json!({"name": self.unique("key"), "scopes": scopes});
        merge(&mut body, fields);
        let created = self.admin().await.post("/api/v1/api-keys", &body).await;
        let key = created.expect(201).json()["key"].clone();
        let client = self
            .anonymous
            .with_bearer(key.as_str().expect("key is a string"));
        if scopes.contains(&"gateway") {
            until(SOON, "the gateway knows a new key", async || {
                let answer = client.get("/v1/models").await;
                (answer.status == 200).then_some(())
            })
            .await;
        }
        client
    }

    /// A caller of the gateway, for whom everything that was changed before is in effect.
    pub async fn gateway(&self) -> Client {
        self.key(&["gateway"]).await
    }

    /// Waits until the gateway knows everything that was changed before.
    pub async fn settled(&self) {
        self.gateway().await;
    }

    /// An instance for a backend.
    pub async fn instance(&self, name: &str, upstream: &Upstream) -> Made {
        self.instance_with(name, upstream.port(), json!({})).await
    }

    /// An instance for a port of this machine, with more of its fields.
    pub async fn instance_with(&self, name: &str, port: u16, fields: Value) -> Made {
        let mut body = instance(name, port);
        merge(&mut body, fields);
        self.made("/api/v1/model-instances", &body).await
    }

    /// A group of instances.
    pub async fn group<'a>(&self, name: &str, members: impl IntoIterator<Item = &'a Made>) -> Made {
        self.group_with(name, members, json!({})).await
    }

    /// A group of instances, with more of its fields.
    pub async fn group_with<'a>(
        &self,
        name: &str,
        members: impl IntoIterator<Item = &'a Made>,
        fields: Value,
    ) -> Made {
        let members: Vec<Value> = members
            .into_iter()
            .map(|instance| json!({"instance_id": instance.id}))
            .collect();
        let mut body = json!({"name": name, "members": members});
        merge(&mut body, fields);
        self.made("/api/v1/model-groups", &body).await
    }

    /// A name that nothing else of this service has.
    pub fn unique(&self, prefix: &str) -> String {
        format!("{prefix}-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// Any resource that has a name.
    pub async fn made(&self, path: &str, body: &Value) -> Made {
        let made = self.admin().await.post(path, body).await.expect(201).json();
        let text = |field: &str| made[field].as_str().expect("a string").to_owned();
        Made {
            id: text("id"),
            name: text("name"),
            path: format!("{path}/{}", text("id")),
        }
    }
}

fn with_password(database: &Database, password: Option<&str>) -> String {
    let mut url = Url::parse(&database.url()).expect("a URL");
    if password.is_some() {
        url.set_password(password).expect("a URL with a host");
    }
    url.into()
}

/// The fields of an instance for a port of this machine, as `POST` takes them. It is never checked by itself, so that a
/// backend sees the requests of the test alone.
pub fn instance(name: &str, port: u16) -> Value {
    json!({
        "name": name,
        "kind": "local",
        "endpoint": {"scheme": "http", "host": "127.0.0.1", "port": port},
        "model": super::upstream::MODEL,
        "auth": {"type": "none"},
        "health_check": {"mode": "off"},
    })
}

/// Puts fields over those of an object, objects within objects too.
pub fn merge(target: &mut Value, fields: Value) {
    match (target, fields) {
        (Value::Object(target), Value::Object(fields)) => {
            for (name, value) in fields {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, value) => *target = value,
    }
}

/// Where a file of the tests lies.
pub fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}
