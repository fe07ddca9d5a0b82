//! A database per test, made from a template that is migrated once per run, and dropped with the test.

use std::process::id;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use tokio::process::Command;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};
use url::Url;

use super::{env, server};

static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A migrated database of its own; dropped with this value.
#[derive(Debug)]
pub struct Database {
    name: String,
}

impl Database {
    /// A copy of the migrated template.
    pub async fn create() -> Self {
        let template = TEMPLATE.get_or_init(migrate_template).await;
        Self::make(&format!(" TEMPLATE {template}")).await
    }

    /// A database without a single table.
    pub async fn empty() -> Self {
        Self::make("").await
    }

    async fn make(options: &str) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("understudy_test_{}_{number}", id());
        maintain(&format!("CREATE DATABASE {name}{options}")).await;
        Self { name }
    }

    /// Address of this database.
    pub fn url(&self) -> String {
        url_of(&self.name)
    }

    /// A connection for a test that looks behind the API.
    pub async fn connect(&self) -> Client {
        connect(&self.url()).await
    }

    /// Everything that is stored, as PostgreSQL prints its rows: for tests that look for what must not be there.
    pub async fn everything(&self) -> String {
        let client = self.connect().await;
        let tables = client
            .query(
                "SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'",
                &[],
            )
            .await
            .unwrap();
        let mut all = String::new();
        for table in tables {
            let table: String = table.get(0);
            let rows = client
                .query(&format!("SELECT t::text FROM {table} t"), &[])
                .await
                .unwrap();
            for row in rows {
                all.push_str(&format!("{table}: {}\n", row.get::<_, String>(0)));
            }
        }
        all
    }

    /// Cuts every connection and lets nobody in: what the service sees when PostgreSQL is gone.
    pub async fn go_away(&self) {
        maintain(&format!(
            "ALTER DATABASE {} ALLOW_CONNECTIONS false",
            self.name
        ))
        .await;
        maintain(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            self.name
        ))
        .await;
    }

    /// Ends what [`Database::go_away`] began.
    pub async fn come_back(&self) {
        maintain(&format!(
            "ALTER DATABASE {} ALLOW_CONNECTIONS true",
            self.name
        ))
        .await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A test's runtime cannot wait inside a destructor; a thread of its own can.
        let dropper = thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(maintain(&drop));
        });
        let dropped = dropper.join();
        if !thread::panicking() {
            dropped.expect("the test's database can be dropped");
        }
    }
}

async fn migrate_template() -> String {
    let template = format!("understudy_template_{}", id());
    maintain(&format!("CREATE DATABASE {template}")).await;
    let output = Command::new(env::binary())
        .arg("migrate")
        .env_clear()
        .envs(server::base_environment())
        .env("DATABASE_URL", url_of(&template))
        .output()
        .await
        .expect("`understudy migrate` starts");
    assert!(
        output.status.success(),
        "`understudy migrate` failed with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    template
}

fn url_of(database: &str) -> String {
    let mut url = Url::parse(&env::database_url()).expect("UNDERSTUDY_TEST_DATABASE_URL is a URL");
    url.set_path(database);
    url.into()
}

async fn maintain(statement: &str) {
    connect(&env::database_url())
        .await
        .batch_execute(statement)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("the test cluster answers");
    tokio::spawn(connection);
    client
}
