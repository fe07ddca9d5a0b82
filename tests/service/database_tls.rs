//! A database behind TLS, whose certificate a private authority signed: every connection is encrypted, and to nobody else.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_postgres::config::Host;
use tokio_rustls::TlsAcceptor;

use crate::support::client::Client;
use crate::support::database::Database;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME, Server, base_environment};
use crate::support::tls::certified;
use crate::support::wait::{SOON, until};

/// What a client of PostgreSQL begins with when it wants TLS: a length, and the code of the request.
const WANTS_TLS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// The tests' PostgreSQL, which is found through a socket, at a TCP port with TLS and nothing but TLS.
struct Front {
    address: SocketAddr,
    authority: NamedTempFile,
    encrypted: Arc<AtomicUsize>,
    plain: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Front {
    /// With a certificate for `localhost`, unless it knows no TLS.
    async fn start(database: &Database, knows_tls: bool) -> Self {
        let (config, ca_pem) = certified("localhost");
        let authority = NamedTempFile::new().unwrap();
        std::fs::write(authority.path(), ca_pem).unwrap();
        let url: tokio_postgres::Config = database.url().parse().unwrap();
        let Some(Host::Unix(folder)) = url.get_hosts().first() else {
            panic!("the tests' PostgreSQL has a socket");
        };
        let port = url.get_ports().first().copied().unwrap_or(5432);
        let socket = folder.join(format!(".s.PGSQL.{port}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let [encrypted, plain] = [(); 2].map(|()| Arc::<AtomicUsize>::default());
        let counts = [&encrypted, &plain].map(Arc::clone);
        let acceptor = knows_tls.then(|| TlsAcceptor::from(config));
        let server = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, socket) = (acceptor.clone(), socket.clone());
                let [encrypted, plain] = counts.each_ref().map(Arc::clone);
                connections.spawn(async move {
                    // Whoever goes away before the end is counted or not by then.
                    let _ = pass_on(stream, acceptor, &socket, &encrypted, &plain).await;
                });
            }
        });
        Self {
            address,
            authority,
            encrypted,
            plain,
            server,
        }
    }

    /// `DATABASE_URL` with this host and these parameters.
    fn environment(
        &self,
        database: &Database,
        host: &str,
        query: &str,
    ) -> BTreeMap<String, String> {
        let mut url = url::Url::parse(&database.url()).unwrap();
        url.set_host(Some(host)).unwrap();
        url.set_port(Some(self.address.port())).unwrap();
        url.set_query(Some(query));
        let mut environment = base_environment();
        environment.insert("DATABASE_URL".to_owned(), url.into());
        environment
    }

    fn root(&self) -> String {
        format!("sslrootcert={}", self.authority.path().display())
    }
}

async fn pass_on(
    mut stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    socket: &std::path::Path,
    encrypted: &AtomicUsize,
    plain: &AtomicUsize,
) -> std::io::Result<()> {
    let mut first = [0; 8];
    stream.read_exact(&mut first).await?;
    if first != WANTS_TLS {
        plain.fetch_add(1, Ordering::SeqCst);
        return Ok(());
    }
    let Some(acceptor) = acceptor else {
        stream.write_all(b"N").await?;
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await?;
        plain.fetch_add(usize::from(!rest.is_empty()), Ordering::SeqCst);
        return Ok(());
    };
    stream.write_all(b"S").await?;
    let mut stream = acceptor.accept(stream).await?;
    encrypted.fetch_add(1, Ordering::SeqCst);
    let mut database = UnixStream::connect(socket).await?;
    copy_bidirectional(&mut stream, &mut database).await?;
    Ok(())
}

#[tokio::test]
async fn every_connection_to_the_database_is_encrypted_and_checked() {
    let database = Database::empty().await;
    let front = Front::start(&database, true).await;
    let query = format!("sslmode=verify-full&{}", front.root());
    let environment = front.environment(&database, "localhost", &query);
    // It migrates, and makes an administrator.
    let server = Server::start(&environment).await;
    let body = json!({"username": ADMIN_USERNAME, "password": ADMIN_PASSWORD});
    let anonymous = Client::new(server.address());
    let session = anonymous.post("/api/v1/auth/login", &body).await;
    session.expect(200);
    // The connections for announcements and for checks, too.
    let connection = database.connect().await;
    until(SOON, "it listens for changes and for checks", async || {
        let listening = "SELECT FROM pg_stat_activity WHERE datname = current_database()
                         AND query LIKE 'LISTEN understudy_config%'";
        let leading = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND database =
                       (SELECT oid FROM pg_database WHERE datname = current_database())";
        let mut found = 0;
        for query in [listening, leading] {
            found += usize::from(!connection.query(query, &[]).await.unwrap().is_empty());
        }
        (found == 2).then_some(())
    })
    .await;
    // Two for migrating, one for each of those, and the pool's.
    assert!(front.encrypted.load(Ordering::SeqCst) >= 5);
    assert_eq!(front.plain.load(Ordering::SeqCst), 0);
    let log = server.log();
    assert!(!log.contains("WARN"), "{log}");
}

#[tokio::test]
async fn service_talks_to_no_database_that_does_not_prove_what_was_asked() {
    let database = Database::create().await;
    let front = Front::start(&database, true).await;
    let without = Front::start(&database, false).await;
    let (root, other) = (front.root(), without.root());
    // What is asked for, of whom, and what the log says.
    let full = |root: &str| format!("sslmode=verify-full&{root}");
    let refused = [
        (
            &front,
            "localhost",
            full(&other),
            "invalid peer certificate",
        ),
        (
            &front,
            "127.0.0.1",
            full(&root),
            "certificate not valid for name",
        ),
        (
            &front,
            "localhost",
            "sslmode=verify-full".to_owned(),
            "UnknownIssuer",
        ),
        (
            &without,
            "localhost",
            "sslmode=require".to_owned(),
            "server does not support TLS",
        ),
    ];
    for (front, host, query, reason) in refused {
        let server = Server::spawn(&front.environment(&database, host, &query));
        let what = format!("{host} with {query} is refused");
        until(SOON, &what, async || {
            server.log().contains(reason).then_some(())
        })
        .await;
    }
    assert_eq!(front.encrypted.load(Ordering::SeqCst), 0);
    assert_eq!(without.plain.load(Ordering::SeqCst), 0);
    // Another name under the right authority, anybody at all, and whatever there is.
    for (host, query) in [
        ("127.0.0.1", format!("sslmode=verify-ca&{root}")),
        ("127.0.0.1", "sslmode=require".to_owned()),
        ("127.0.0.1", String::new()),
    ] {
        let before = front.encrypted.load(Ordering::SeqCst);
        drop(Server::start(&front.environment(&database, host, &query)).await);
        assert!(front.encrypted.load(Ordering::SeqCst) > before, "{query}");
    }
    assert_eq!(front.plain.load(Ordering::SeqCst), 0);
}
