//! The connection check that somebody asks for, step by step: what the test button, a stored instance's check and the list of models all run.
//!
//! It goes the way of a request (the same client, proxy, TLS and egress policy), costs nothing (it asks for the list of models),
//! and says in plain words what it found.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use tokio::net::TcpStream;
use tokio::time::Instant;
use understudy_shared::{CheckCode, CheckResult, CheckStep, ReasonCode, Scheme};

use super::classify::Failure;
use super::egress::{Destination, EgressFault, EgressPolicy};
use super::upstream::{self, Cause, Client};
use crate::domain::model_instance::{Connection, ConnectionProxy};

mod fault;
mod report;
mod walk;

pub use walk::Walked;

use fault::Fault;
use report::Report;
use walk::{NoAnswer, walk};

/// Longest time for the answer to the list of models.
const ANSWER: Duration = Duration::from_secs(15);

/// Checks a connection, and tells how the check went through its pools.
pub async fn check(connection: &Connection, egress: &Arc<EgressPolicy>) -> (CheckResult, Walked) {
    let mut walked = Walked::default();
    let result = steps(connection, egress, &mut walked).await;
    (result, walked)
}

async fn steps(
    connection: &Connection,
    egress: &Arc<EgressPolicy>,
    walked: &mut Walked,
) -> CheckResult {
    let mut report = Report::new(connection.endpoint.scheme == Scheme::Https);
    if let Some((step, fault)) = unreadable(connection) {
        return report.failed(step, Duration::ZERO, fault);
    }
    let direct = connection.proxies.is_empty();
    let addresses = if direct {
        match resolve(connection, egress).await {
            (Ok(addresses), took) => {
                let first = addresses.first().map(IpAddr::to_string);
                report.found(CheckStep::Resolve, took, first.unwrap_or_default());
                Some(addresses)
            }
            (Err(fault), took) => return report.failed(CheckStep::Resolve, took, fault),
        }
    } else {
        report.skipped(
            CheckStep::Resolve,
            CheckCode::NotApplicable,
            "the proxy resolves the name",
        );
        None
    };
    if let Some(addresses) = addresses {
        match connect(connection, &addresses).await {
            (Ok(()), took) => {
                let port = connection.endpoint.port;
                let found = Some(port.to_string());
                let detail = format!("port {port} is open");
                report.passed(CheckStep::Connect, took, CheckCode::Ok { found }, detail);
            }
            (Err(fault), took) => return report.failed(CheckStep::Connect, took, fault),
        }
    }
    ask(connection, egress, report, walked).await
}

/// A secret that cannot be decrypted, and the step that needs it. Without it nothing is connected to: the backend, or the proxy, would
/// be asked without a credential.
fn unreadable(connection: &Connection) -> Option<(CheckStep, Fault)> {
    connection.unreadable()?;
    let proxy = |proxy: &ConnectionProxy| matches!(proxy.password, Some(Err(_)));
    let (step, what) = if connection.proxies.iter().any(proxy) {
        (CheckStep::Connect, "the password of a proxy")
    } else if connection.tokens.iter().any(|token| token.value.is_err()) {
        (CheckStep::Authenticate, "a token")
    } else {
        (CheckStep::Authenticate, "the value of a header")
    };
    let why = format!("{what} cannot be decrypted and must be entered again");
    Some((step, Fault::new(CheckCode::SecretUnreadable, why)))
}

/// Connects to the host, at any of its addresses, and no more. Only for connections that are direct and plain.
///
/// # Errors
/// If it cannot be reached.
pub async fn reach(connection: &Connection, egress: &EgressPolicy) -> Result<(), Failure> {
    let (found, _) = resolve(connection, egress).await;
    let connected = match found {
        Ok(addresses) => connect(connection, &addresses).await.0,
        Err(fault) => Err(fault),
    };
    connected.map_err(|fault| {
        let code = match fault.code {
            CheckCode::Denied => ReasonCode::EgressDenied,
            CheckCode::Timeout => ReasonCode::Timeout,
            _ => ReasonCode::ConnectFailed,
        };
        Failure::unsent(code, fault.why)
    })
}

/// The addresses of the host, if the policy allows every one that its name has.
async fn resolve(
    connection: &Connection,
    egress: &EgressPolicy,
) -> (Result<Vec<IpAddr>, Fault>, Duration) {
    let started = Instant::now();
    let endpoint = &connection.endpoint;
    let destination = Destination::Backend(connection.kind);
    let denied = |fault: EgressFault| Fault::new(CheckCode::Denied, fault.to_string());
    let found = async {
        egress
            .check_host(destination, &endpoint.host, endpoint.port)
            .map_err(denied)?;
        let limit = Duration::from_millis(connection.timeouts.connect_ms);
        let lookup = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port));
        let addresses = match tokio::time::timeout(limit, lookup).await {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(_)) => {
                return Err(Fault::new(
                    CheckCode::NameUnknown,
                    "the name does not resolve",
                ));
            }
            Err(_) => {
                return Err(Fault::new(
                    CheckCode::Timeout,
                    "the name did not resolve in time",
                ));
            }
        };
        let mut found = Vec::new();
        for address in addresses {
            egress
                .check_address(destination, address.ip(), endpoint.port)
                .map_err(denied)?;
            found.push(address.ip());
        }
        if found.is_empty() {
            let why = "the name has no address";
            return Err(Fault::new(CheckCode::NameUnknown, why));
        }
        Ok(found)
    };
    (found.await, started.elapsed())
}

async fn connect(connection: &Connection, addresses: &[IpAddr]) -> (Result<(), Fault>, Duration) {
    let started = Instant::now();
    let limit = Duration::from_millis(connection.timeouts.connect_ms);
    let port = connection.endpoint.port;
    let sockets: Vec<SocketAddr> = addresses
        .iter()
        .map(|address| SocketAddr::new(*address, port))
        .collect();
    let connected = match tokio::time::timeout(limit, TcpStream::connect(&*sockets)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Fault::of(&error)),
        Err(_) => Err(Fault::new(
            CheckCode::Timeout,
            "nothing accepts the connection in time",
        )),
    };
    (connected, started.elapsed())
}

/// Asks for the list of models, and reads all remaining steps from what comes.
async fn ask(
    connection: &Connection,
    egress: &Arc<EgressPolicy>,
    mut report: Report,
    walked: &mut Walked,
) -> CheckResult {
    let started = Instant::now();
    let client = match Client::new(connection, 0, egress) {
        Ok(client) => client,
        Err(failure) => {
            let fault = Fault::from(failure);
            return report.failed(CheckStep::Connect, started.elapsed(), fault);
        }
    };
    let limit = ANSWER.min(Duration::from_millis(connection.timeouts.first_byte_ms))
        + Duration::from_millis(connection.timeouts.connect_ms);
    let response = match walk(&client, connection, limit, walked).await {
        Ok(response) => response,
        Err(NoAnswer::Failed(failure, cause)) => {
            return unreachable(report, connection, failure, cause, started.elapsed());
        }
        Err(NoAnswer::TimedOut) => {
            return report.failed(
                CheckStep::ListModels,
                started.elapsed(),
                Fault::new(CheckCode::Timeout, "the backend does not answer in time"),
            );
        }
    };
    if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED && !walked.dead.is_empty() {
        let fault = Fault::new(CheckCode::ProxyFailed, "the proxy refuses the credential");
        return report.failed(CheckStep::Connect, started.elapsed(), fault);
    }
    report.connected(
        walked.through(connection),
        client.connected_in(),
        started.elapsed(),
    );
    let answered = started.elapsed().saturating_sub(client.connected_in());
    let status = response.status();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let status = status.as_u16();
            let fault = if connection.tokens.is_empty() {
                let why = format!("the backend wants a token (HTTP {status})");
                Fault::new(CheckCode::TokenRequired { status }, why)
            } else {
                let why = format!("{} (HTTP {status})", walked.refused(connection));
                Fault::new(CheckCode::TokenRefused { status }, why)
            };
            return report.failed(CheckStep::Authenticate, answered, fault);
        }
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            report.skipped(
                CheckStep::Authenticate,
                CheckCode::Unverified,
                "unverified: the backend has no list of models",
            );
            report.skipped(
                CheckStep::ListModels,
                CheckCode::Unverified,
                "the backend has no list of models under this base path",
            );
            report.skipped(CheckStep::ModelListed, CheckCode::Unverified, "unverified");
            return report.done(CheckCode::Unverified, "The backend is reachable; whether it serves the model is unverified, since it lists no models.");
        }
        status if !status.is_success() => {
            let status = status.as_u16();
            let why = format!("the backend answered with HTTP {status}");
            let fault = Fault::new(CheckCode::HttpStatus { status }, why);
            return report.failed(CheckStep::ListModels, answered, fault);
        }
        _ => {}
    }
    let (code, detail) = if connection.tokens.is_empty() {
        (CheckCode::NoTokenNeeded, "no token needed".to_owned())
    } else {
        (CheckCode::Ok { found: None }, walked.accepted(connection))
    };
    report.passed(CheckStep::Authenticate, answered, code, detail);
    let reading = Instant::now();
    match upstream::read_models(response).await {
        Ok(models) => {
            let detail = if models.len() == 1 {
                "one model".to_owned()
            } else {
                format!("{} models", models.len())
            };
            let count = models.len() as u64;
            let code = CheckCode::ModelsListed { count };
            report.passed(CheckStep::ListModels, reading.elapsed(), code, detail);
            report.models = models;
            listed(connection, report)
        }
        Err(failure) => report.failed(
            CheckStep::ListModels,
            reading.elapsed(),
            Fault::from(failure),
        ),
    }
}

/// No answer: which step failed is told by how.
fn unreachable(
    mut report: Report,
    connection: &Connection,
    failure: Failure,
    cause: Cause,
    took: Duration,
) -> CheckResult {
    let sent = failure.sent;
    let fault = Fault::caused(failure, cause);
    let direct = connection.proxies.is_empty();
    if sent {
        let through = (!direct).then(|| "through the proxy".to_owned());
        report.connected(through, Duration::ZERO, took);
        return report.failed(CheckStep::ListModels, took, fault);
    }
    let step = match fault.code {
        CheckCode::TlsFailed => {
            if !direct {
                let code = CheckCode::ThroughProxy;
                report.passed(CheckStep::Connect, took, code, "through the proxy");
            }
            CheckStep::Tls
        }
        CheckCode::Denied | CheckCode::NameUnknown if direct => CheckStep::Resolve,
        // The port was open a moment ago, so it is the handshake that did not come to its end.
        _ if direct && connection.endpoint.scheme == Scheme::Https => CheckStep::Tls,
        _ => CheckStep::Connect,
    };
    report.failed(step, took, fault)
}

/// Whether the model that requests would name is there.
fn listed(connection: &Connection, mut report: Report) -> CheckResult {
    let now = Duration::ZERO;
    let models = report.models.clone();
    match (&connection.model, models.as_slice()) {
        (Some(model), _) if models.contains(model) => {
            report.found(CheckStep::ModelListed, now, model.clone());
            report.done(
                CheckCode::Ok { found: None },
                "The backend answers and lists the model.",
            )
        }
        (Some(model), _) => {
            let why = format!("the backend does not list the model {model}");
            let model = model.clone();
            let fault = Fault::new(CheckCode::ModelMissing { model }, why);
            report.failed(CheckStep::ModelListed, now, fault)
        }
        (None, [model]) => {
            report.found(CheckStep::ModelListed, now, model.clone());
            let reason = "The backend answers and lists one model, which is used.";
            report.done(CheckCode::Ok { found: None }, reason)
        }
        (None, []) => report.failed(
            CheckStep::ModelListed,
            now,
            Fault::new(CheckCode::NoModels, "the backend lists no model"),
        ),
        (None, several) => {
            let why = format!("the backend lists {} models; choose one", several.len());
            let count = several.len() as u64;
            let fault = Fault::new(CheckCode::ModelAmbiguous { count }, why);
            report.failed(CheckStep::ModelListed, now, fault)
        }
    }
}
