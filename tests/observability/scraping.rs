//! Who may read the metrics, and where.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use super::{METRICS, Scrape};
use crate::observability::metrics::parsed;
use crate::support::App;
use crate::support::client::Client;
use crate::support::server::{Server, base_environment};
use crate::support::wait::{SOON, until};

const TOKEN: &str = "canary-scrape-token";

/// The metrics' own listener, as the log names it.
fn own_listener(app: &App) -> Client {
    let log = app.log();
    let (_, rest) = log.split_once("metrics are at ").expect("it is logged");
    let (address, _) = rest.split_once(METRICS).expect("an address");
    Client::new(address)
}

#[tokio::test]
async fn metrics_need_an_administrators_or_a_manage_read_credential() {
    let app = App::start().await;
    app.anonymous()
        .get(METRICS)
        .await
        .problem(401, "unauthenticated");
    for scope in ["gateway", "groups:read"] {
        let key = app.key(&[scope]).await;
        key.get(METRICS).await.problem(403, "forbidden");
    }
    for client in [
        app.admin().await,
        app.key(&["manage:read"]).await,
        app.key(&["manage:write"]).await,
    ] {
        let answer = client.get(METRICS).await.expect(200);
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; version=0.0.4; charset=utf-8")
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let post = app.admin().await.call("POST", METRICS).await;
    post.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn token_of_the_metrics_opens_them_and_nothing_else() {
    let app = App::builder()
        .env("UNDERSTUDY_METRICS_TOKEN", TOKEN)
        .env("RUST_LOG", "debug")
        .start()
        .await;
    let scraper = app.anonymous().with_bearer(TOKEN);
    let text = Scrape::with(&scraper).await.text;
    assert!(text.contains("understudy_build_info{version=\""), "{text}");
    scraper
        .get("/api/v1/model-groups")
        .await
        .problem(401, "unauthenticated");
    scraper.get("/v1/models").await.expect(401);
    for wrong in ["canary-scrape-toke", "canary-scrape-token2", "x"] {
        let stranger = app.anonymous().with_bearer(wrong);
        stranger.get(METRICS).await.problem(401, "unauthenticated");
    }
    app.anonymous().get(METRICS).await.expect(401);
    app.admin().await.get(METRICS).await.expect(200);
    let (log, said) = (app.log(), app.transcript());
    assert!(!log.contains(TOKEN) && !said.contains(TOKEN), "{log}");
}

#[tokio::test]
async fn listener_of_the_metrics_has_them_without_a_credential_and_nothing_else() {
    let app = App::builder()
        .env("UNDERSTUDY_METRICS_LISTEN", "127.0.0.1:0")
        .env("UNDERSTUDY_METRICS_TOKEN", TOKEN)
        .start()
        .await;
    let own = own_listener(&app);
    Scrape::with(&own).await;
    for path in ["/", "/healthz/live", "/api/v1/model-groups", "/v1/models"] {
        own.get(path).await.expect(404);
    }
    // The other way stays as it is.
    Scrape::with(&app.anonymous().with_bearer(TOKEN)).await;
    app.anonymous().get(METRICS).await.expect(401);
    let log = app.log();
    let (_, rest) = log.split_once("metrics are at ").unwrap();
    let (address, _) = rest.split_once(METRICS).unwrap();
    parsed(address, None).await;
    // No instance reaches the metrics: the service's own listeners are no backends.
    let port: u16 = address.rsplit_once(':').unwrap().1.parse().unwrap();
    let instance = crate::support::app::instance("itself", port);
    let admin = app.admin().await;
    let refused = admin.post("/api/v1/model-instances", &instance).await;
    refused.problem(422, "egress_denied");
}

#[tokio::test]
async fn metrics_are_there_while_the_database_is_away() {
    let app = App::builder()
        .env("UNDERSTUDY_METRICS_LISTEN", "127.0.0.1:0")
        .env("UNDERSTUDY_METRICS_TOKEN", TOKEN)
        .start()
        .await;
    let admin = app.admin().await;
    let key = app.key(&["manage:read"]).await;
    app.database().go_away().await;
    until(SOON, "management says that it is away", async || {
        let answer = admin.get("/api/v1/model-groups").await;
        (answer.status == 503).then_some(())
    })
    .await;
    for scraper in [own_listener(&app), app.anonymous().with_bearer(TOKEN)] {
        let scrape = Scrape::with(&scraper).await;
        assert_eq!(scrape.get("understudy_build_info", &[]), Some(1.0));
    }
    // Whoever is looked up in it is not known meanwhile.
    key.get(METRICS).await.problem(503, "unavailable");
    app.database().come_back().await;
    until(SOON, "the key is known again", async || {
        (key.get(METRICS).await.status == 200).then_some(())
    })
    .await;
}

async fn refused(environment: &BTreeMap<String, String>) -> (Option<i32>, String) {
    let mut server = Server::spawn(environment);
    let status = server.exit(Duration::from_secs(20)).await;
    (status.code(), server.log())
}

#[tokio::test]
async fn faults_of_the_metrics_variables_end_the_start() {
    let mut environment = base_environment();
    environment.insert(
        "DATABASE_URL".to_owned(),
        "postgres://nobody@127.0.0.1:1/x".to_owned(),
    );
    for (name, value) in [
        ("UNDERSTUDY_METRICS_LISTEN", "9464"),
        ("UNDERSTUDY_METRICS_LISTEN", ""),
        ("UNDERSTUDY_METRICS_TOKEN", ""),
        ("UNDERSTUDY_METRICS_TOKEN", "canary with spaces"),
        ("UNDERSTUDY_LOG_FORMAT", "xml"),
    ] {
        let mut environment = environment.clone();
        environment.insert(name.to_owned(), value.to_owned());
        let (code, log) = refused(&environment).await;
        assert_eq!(code, Some(78), "{log}");
        assert!(log.contains(name) && !log.contains("canary"), "{log}");
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    environment.insert("UNDERSTUDY_METRICS_LISTEN".to_owned(), address.clone());
    let (code, log) = refused(&environment).await;
    assert_eq!(code, Some(1), "{log}");
    assert!(
        log.contains("UNDERSTUDY_METRICS_LISTEN") && log.contains(&address),
        "{log}"
    );
}
