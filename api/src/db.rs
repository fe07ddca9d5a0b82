//! PostgreSQL: the pool, the migrations, and one module of rows and queries for each noun.
//!
//! The rule: queries are free functions on a connection, so that handlers decide what is one transaction. Whatever people change is
//! written through a [`Change`], which knows who makes it and records it. Nothing on the gateway's request path comes here.

use std::net::SocketAddr;
use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::pooled_connection::deadpool as pooled;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};
use tokio::sync::watch;

pub mod api_keys;
pub mod assistants;
pub mod audit_log;
pub mod catalog;
mod change;
pub mod configuration;
pub mod connect;
mod convert;
pub mod dialogs;
pub mod embedded;
pub mod instance_checks;
pub mod model_groups;
pub mod model_instances;
#[expect(missing_docs, reason = "generated")]
pub mod schema;
pub mod sessions;
pub mod settings;
pub mod setup_tokens;
pub mod stored_secrets;
pub mod time;
pub mod usage;
pub mod users;

pub use change::{Change, Target};

/// Connections to the database.
pub type Pool = pooled::Pool<AsyncPgConnection>;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations");
/// Key of the advisory lock that one migrating process holds.
const MIGRATION_LOCK: i64 = 0x756e_6465_7273_7464;
/// Connections of one replica: management requests are short, and the gateway uses none.
const MAX_CONNECTIONS: usize = 16;
/// How long a request waits for a connection before it answers 503.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(4);
/// How long one statement may take before PostgreSQL ends it.
const STATEMENT_TIMEOUT_MS: u32 = 10_000;

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It does not answer.
    #[error("the database cannot be reached: {0}")]
    Connect(#[from] ConnectionError),
    /// A migration failed.
    #[error("a migration of the database failed: {0}")]
    Migrate(String),
    /// The pool cannot be made.
    #[error("the connection pool cannot be made: {0}")]
    Pool(#[from] pooled::BuildError),
}

/// Cuts the pool's connections when the database has stopped answering without closing them, as a frozen one does. Nothing else would
/// end the requests that wait on them: the limits of statements are kept by the server.
#[derive(Clone, Debug)]
pub struct Pulse(watch::Sender<u64>);

impl Default for Pulse {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Pulse {
    /// The database does not answer.
    pub fn stopped(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    /// A connection that ends with the pulse.
    async fn connect(&self, url: &str) -> ConnectionResult<AsyncPgConnection> {
        let mut stopped = self.0.subscribe();
        let establish = async {
            let (client, connection) = open(url).await?;
            tokio::spawn(async move {
                tokio::select! {
                    // Whoever waits for an answer is told why there is none.
                    _ = connection => {}
                    _ = stopped.changed() => {}
                }
            });
            AsyncPgConnection::try_from(client).await
        };
        match tokio::time::timeout(ACQUIRE_TIMEOUT, establish).await {
            Ok(connected) => connected,
            Err(_) => Err(silent()),
        }
    }
}

fn silent() -> ConnectionError {
    ConnectionError::BadConnection("no answer in time".to_owned())
}

async fn open(url: &str) -> ConnectionResult<connect::Opened> {
    let opened = connect::open(url).await;
    opened.map_err(|error| ConnectionError::BadConnection(error.to_string()))
}

/// A connection that lasts as long as it is used.
async fn connect(url: &str) -> ConnectionResult<AsyncPgConnection> {
    let establish = async {
        let (client, connection) = open(url).await?;
        tokio::spawn(connection);
        AsyncPgConnection::try_from(client).await
    };
    match tokio::time::timeout(ACQUIRE_TIMEOUT, establish).await {
        Ok(connected) => connected,
        Err(_) => Err(silent()),
    }
}

/// Makes the pool. It connects when it is first used.
///
/// # Errors
/// If its settings are refused.
pub fn pool(url: &str, pulse: &Pulse) -> Result<Pool, DatabaseError> {
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    let pulse = pulse.clone();
    config.custom_setup = Box::new(move |url| {
        let pulse = pulse.clone();
        Box::pin(async move {
            let mut conn = pulse.connect(url).await?;
            conn.batch_execute(&format!("SET statement_timeout = {STATEMENT_TIMEOUT_MS}"))
                .await
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        })
    });
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(url, config);
    Ok(Pool::builder(manager)
        .max_size(MAX_CONNECTIONS)
        .wait_timeout(Some(ACQUIRE_TIMEOUT))
        .create_timeout(Some(ACQUIRE_TIMEOUT))
        .recycle_timeout(Some(ACQUIRE_TIMEOUT))
        .runtime(::deadpool::Runtime::Tokio1)
        .build()?)
}

/// Runs the migrations that are missing; waits while another process does.
///
/// # Errors
/// If the database cannot be reached or a migration fails.
pub async fn migrate(url: &str) -> Result<(), DatabaseError> {
    let mut conn = connect(url).await?;
    conn.batch_execute(&format!("SELECT pg_advisory_lock({MIGRATION_LOCK})"))
        .await
        .map_err(|error| DatabaseError::Migrate(error.to_string()))?;
    // Diesel's migrations are synchronous, and waiting for them must not stop the runtime that drives their connection.
    let migrating = connect(url).await?;
    let migrated = tokio::task::spawn_blocking(move || {
        let mut migrating = AsyncConnectionWrapper::<AsyncPgConnection>::from(migrating);
        let versions = migrating
            .run_pending_migrations(MIGRATIONS)
            .map_err(|error| DatabaseError::Migrate(error.to_string()))?;
        Ok::<_, DatabaseError>(versions.len())
    })
    .await
    .map_err(|error| DatabaseError::Migrate(error.to_string()))??;
    if migrated > 0 {
        tracing::info!(count = migrated, "ran database migrations");
    }
    // The lock ends with its connection.
    drop(conn);
    Ok(())
}

/// The TCP addresses of the database, which no instance may have: the egress policy denies them.
pub async fn sockets(url: &str) -> Vec<SocketAddr> {
    let Ok(config) = connect::config(url) else {
        return Vec::new();
    };
    let mut sockets = Vec::new();
    for (index, host) in config.get_hosts().iter().enumerate() {
        let ports = config.get_ports();
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        if let tokio_postgres::config::Host::Tcp(host) = host
            && let Ok(addresses) = tokio::net::lookup_host((host.as_str(), port)).await
        {
            sockets.extend(addresses);
        }
    }
    sockets
}
