//! The process: database, keys, listener, middleware, and going down in order.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use actix_web::{App, HttpServer, web};
use tokio::sync::Notify;

use crate::auth::oidc::Provider;
use crate::auth::{self, AccessTokens};
use crate::config::Config;
use crate::db;
use crate::events;
use crate::gateway::egress::EgressPolicy;
use crate::gateway::watch::desk::Desk;
use crate::gateway::watch::link;
use crate::gateway::{Gateway, refresh, watch};
use crate::keys::KeyRing;
use crate::metrics::{self, Metrics};
use crate::routes::asking::limits::AskingLimits;
use crate::routes::model_instances::Discoveries;
use crate::secrets::SecretCipher;
use crate::state::AppState;
use crate::telemetry::Traces;
use crate::{answers, retention, routes, usage};

mod around;
pub mod cors;
mod error;
pub mod readiness;
mod shutdown;
mod start;
pub mod web_root;

pub use error::ServeError;
pub use start::{load_secret_keys, migrate, open_database, verify_secrets};

use start::{first_administrator, load_keys, patiently, start_database};

/// Time for the head of a request.
const REQUEST_HEAD: Duration = Duration::from_secs(10);
/// How long an idle connection of a client is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// For the last words of what was not over when the time for it was.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Runs the service until it is told to stop.
///
/// # Errors
/// If it cannot start, or breaks.
pub async fn serve(config: Config) -> Result<(), ServeError> {
    let began = SystemTime::now();
    let listener = TcpListener::bind(config.listen)
        .map_err(|error| ServeError::Listen(config.listen, error))?;
    let address = listener.local_addr()?;
    let metrics = listen_for_metrics(config.metrics_listen)?;
    let (url, embedded) = start_database(&config).await?;
    // After the database, which locks the data folder: of two first starts at once only one may make keys.
    let keys = load_secret_keys(&config).and_then(|secret_keys| {
        let jwt_keys = load_keys(config.jwt_keys.as_ref(), &config, "jwt-keys")?;
        Ok((secret_keys, jwt_keys))
    });
    let served = match keys {
        Ok((secret_keys, jwt_keys)) => {
            let listeners = Listeners {
                main: listener,
                address,
                metrics,
                began,
            };
            serve_on(config, listeners, &url, secret_keys, jwt_keys).await
        }
        Err(error) => Err(error),
    };
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    served
}

/// Where the service listens.
struct Listeners {
    main: TcpListener,
    address: SocketAddr,
    metrics: Option<(TcpListener, SocketAddr)>,
    /// Since when the process runs.
    began: SystemTime,
}

fn listen_for_metrics(
    wanted: Option<SocketAddr>,
) -> Result<Option<(TcpListener, SocketAddr)>, ServeError> {
    let Some(wanted) = wanted else {
        return Ok(None);
    };
    let refused = |error| ServeError::ListenMetrics(wanted, error);
    let listener = TcpListener::bind(wanted).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok(Some((listener, address)))
}

async fn serve_on(
    config: Config,
    listeners: Listeners,
    url: &str,
    secret_keys: KeyRing,
    jwt_keys: KeyRing,
) -> Result<(), ServeError> {
    let address = listeners.address;
    patiently(url).await?;
    let pulse = db::Pulse::default();
    let pool = db::pool(url, &pulse)?;
    let cipher = SecretCipher::new(secret_keys);
    verify_secrets(&pool, &cipher, config.allow_unreadable_secrets).await?;
    let link = first_administrator(&config, &pool).await?;
    let mut own = vec![address];
    own.extend(listeners.metrics.as_ref().map(|(_, address)| *address));
    own.extend(db::sockets(url).await);
    let egress = EgressPolicy::new(config.egress_deny, config.egress_allow, own);
    let traces = match &config.telemetry {
        Some(settings) => {
            let traces = Traces::start(settings)?;
            tracing::info!(collector = settings.origin, "requests are traced");
            Some(traces)
        }
        None => None,
    };
    let provider_egress = Arc::new(egress.clone());
    let oidc = config.oidc.map(|settings| {
        tracing::info!(
            issuer = settings.issuer,
            "people can sign in with an identity provider"
        );
        Arc::new(Provider::new(settings, provider_egress))
    });
    let gateway = Gateway::new(egress)
        .traced(traces)
        .with_usage_room(config.usage_queue);
    let gateway = Arc::new(gateway);
    let traced = Arc::clone(&gateway);
    let refreshing = actix_web::rt::spawn(refresh::run(
        Arc::clone(&gateway),
        pool.clone(),
        cipher.clone(),
    ));
    let listening =
        actix_web::rt::spawn(refresh::listen(Arc::clone(&gateway), url.to_owned(), pulse));
    let desk = Arc::<Desk>::default();
    let watching = actix_web::rt::spawn(watch::run(Arc::clone(&gateway), Arc::clone(&desk)));
    let linking = actix_web::rt::spawn(link::run(desk, url.to_owned()));
    let hub = Arc::new(events::Hub::default());
    let telling = actix_web::rt::spawn(events::keeper::run(
        Arc::clone(&hub),
        Arc::clone(&gateway),
        pool.clone(),
    ));
    let retention = Arc::<Notify>::default();
    let removing = actix_web::rt::spawn(retention::run(pool.clone(), Arc::clone(&retention)));
    let (answers, desk) = answers::start(pool.clone());
    let accounting = usage::writer::start(Arc::clone(&gateway), pool.clone());
    // Nothing is served by a gateway that knows nothing.
    let _ = gateway.is_loaded().wait_for(|loaded| *loaded).await;
    let metrics = Arc::new(Metrics::new(
        Arc::clone(&gateway),
        Arc::clone(&hub),
        listeners.began,
    ));
    let scraping = match listeners.metrics {
        Some((listener, address)) => {
            let server = metrics::listener::serve(listener, &metrics)?;
            tracing::info!("metrics are at {address}/metrics");
            Some((server.handle(), actix_web::rt::spawn(server)))
        }
        None => None,
    };
    let state = AppState {
        pool,
        cipher,
        access_tokens: Arc::new(AccessTokens::new(jwt_keys)),
        gateway,
        events: Arc::clone(&hub),
        oidc,
        local_sign_in: config.local_sign_in,
        sign_in_limits: Arc::default(),
        denials: Arc::default(),
        retention,
        discoveries: Discoveries::at(config.discover),
        tries: Arc::new(AskingLimits::for_tries()),
        asking: Arc::new(AskingLimits::for_dialogs()),
        answers,
        metrics,
        metrics_token: config
            .metrics_token
            .map(|token| auth::token_hash(token.expose())),
        trusted_proxies: config.trusted_proxies.into(),
        cors_origins: config.cors_origins,
    };
    let readiness = readiness::Readiness::default();
    let ready = readiness.clone();
    let web_root: Option<Arc<Path>> = config.web_root.map(Into::into);
    let server = HttpServer::new(move || {
        let app = App::new()
            .app_data(web::Data::new(state.clone()))
            .app_data(web::Data::new(ready.clone()))
            .configure(routes::configure)
            .configure(routes::configure_undocumented)
            .default_service(web::to(routes::fallback))
            .wrap(actix_web::middleware::from_fn(around::around));
        match &web_root {
            Some(root) => app.app_data(web_root::WebRoot::new(Arc::clone(root))),
            None => app,
        }
    })
    .workers(config.workers)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(REQUEST_HEAD)
    .tcp_nodelay(true)
    // A client that closes its side is gone: its backend must not go on working.
    .h1_allow_half_closed(false)
    .shutdown_timeout((config.drain + LAST_WORDS).as_secs())
    .disable_signals()
    .listen(listeners.main)?
    .run();
    tracing::info!("listening on http://{address}");
    if let Some(token) = link {
        let site = reachable(address);
        tracing::info!(
            "there is no user yet; make the first administrator (this link works once): {site}/setup?token={token}"
        );
    }
    let stopped = shutdown::on_signal(server.handle(), readiness, hub, config.drain);
    let (served, at_once) = tokio::select! {
        served = server => (served, false),
        () = stopped => (Ok(()), true),
    };
    refreshing.abort();
    listening.abort();
    watching.abort();
    linking.abort();
    telling.abort();
    removing.abort();
    if at_once {
        desk.abandon();
    } else {
        desk.close().await;
    }
    match accounting {
        Some(accounting) if at_once => accounting.abandon(),
        Some(accounting) => accounting.finish().await,
        None => {}
    }
    if let Some(traces) = traced.traces().filter(|_| !at_once) {
        traces.stop().await;
    }
    if let Some((handle, scraping)) = scraping {
        handle.stop(false).await;
        let _ = scraping.await;
    }
    Ok(served?)
}

/// Where a person on this machine finds a service that listens on this address. «Everywhere» is no address to go to.
fn reachable(address: SocketAddr) -> String {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(host, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_leads_somewhere_even_when_the_service_listens_everywhere() {
        for (address, site) in [
            ("0.0.0.0:8080", "http://127.0.0.1:8080"),
            ("[::]:8080", "http://[::1]:8080"),
            ("10.0.0.7:80", "http://10.0.0.7:80"),
        ] {
            assert_eq!(reachable(address.parse().unwrap()), site);
        }
    }
}
