//! The connection check, step by step: what the test button, a stored instance's check and the list of models all run.
//!
//! It goes the way of a request (the same client, proxy, TLS and egress policy), costs nothing (it asks for the list of models),
//! and says in plain words what it found.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use tokio::net::TcpStream;
use tokio::time::Instant;
use understudy_shared::{CheckResult, CheckStep, Scheme};

use super::classify::Failure;
use super::egress::{Destination, EgressPolicy};
use super::upstream::{self, Client, explain};
use crate::domain::model_instance::Connection;

mod report;

use report::Report;

/// Longest time for the answer to the list of models.
const ANSWER: Duration = Duration::from_secs(15);

/// Checks a connection.
pub async fn check(connection: &Connection, egress: &Arc<EgressPolicy>) -> CheckResult {
    let mut report = Report::new(connection.endpoint.scheme == Scheme::Https);
    let direct = connection.proxies.is_empty();
    let address = if direct {
        match resolve(connection, egress).await {
            (Ok(address), took) => {
                report.passed(CheckStep::Resolve, took, address.to_string());
                Some(address)
            }
            (Err(why), took) => return report.failed(CheckStep::Resolve, took, why),
        }
    } else {
        report.skipped(CheckStep::Resolve, "the proxy resolves the name");
        None
    };
    if let Some(address) = address {
        match connect(connection, address).await {
            (Ok(()), took) => report.passed(
                CheckStep::Connect,
                took,
                format!("port {} is open", connection.endpoint.port),
            ),
            (Err(why), took) => return report.failed(CheckStep::Connect, took, why),
        }
    }
    ask(connection, egress, report).await
}

/// The address of the host, if the policy allows every one that its name has.
async fn resolve(
    connection: &Connection,
    egress: &EgressPolicy,
) -> (Result<IpAddr, String>, Duration) {
    let started = Instant::now();
    let endpoint = &connection.endpoint;
    let destination = Destination::Backend(connection.kind);
    let found = async {
        egress
            .check_host(destination, &endpoint.host, endpoint.port)
            .map_err(|fault| fault.to_string())?;
        let limit = Duration::from_millis(connection.timeouts.connect_ms);
        let lookup = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port));
        let addresses = match tokio::time::timeout(limit, lookup).await {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(_)) => return Err("the name does not resolve".to_owned()),
            Err(_) => return Err("the name did not resolve in time".to_owned()),
        };
        let mut first = None;
        for address in addresses {
            egress
                .check_address(destination, address.ip(), endpoint.port)
                .map_err(|fault| fault.to_string())?;
            first.get_or_insert(address.ip());
        }
        first.ok_or_else(|| "the name has no address".to_owned())
    };
    (found.await, started.elapsed())
}

async fn connect(connection: &Connection, address: IpAddr) -> (Result<(), String>, Duration) {
    let started = Instant::now();
    let limit = Duration::from_millis(connection.timeouts.connect_ms);
    // The first of several addresses is enough to tell a closed port; the request itself tries all of them.
    let connected = match tokio::time::timeout(
        limit,
        TcpStream::connect((address, connection.endpoint.port)),
    )
    .await
    {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(explain(&error)),
        Err(_) => Err("nothing accepts the connection in time".to_owned()),
    };
    (connected, started.elapsed())
}

/// Asks for the list of models, and reads all remaining steps from what comes.
async fn ask(
    connection: &Connection,
    egress: &Arc<EgressPolicy>,
    mut report: Report,
) -> CheckResult {
    let started = Instant::now();
    let client = match Client::new(connection, 0, egress) {
        Ok(client) => client,
        Err(failure) => {
            return report.failed(CheckStep::Connect, started.elapsed(), failure.reason);
        }
    };
    let limit = ANSWER.min(Duration::from_millis(connection.timeouts.first_byte_ms))
        + Duration::from_millis(connection.timeouts.connect_ms);
    let response = match tokio::time::timeout(limit, client.get("/models")).await {
        Ok(Ok(response)) => response,
        Ok(Err(failure)) => return unreachable(report, connection, &failure, started.elapsed()),
        Err(_) => {
            return report.failed(
                CheckStep::ListModels,
                started.elapsed(),
                "the backend does not answer in time".to_owned(),
            );
        }
    };
    report.connected(
        connection.proxies.is_empty(),
        client.connected_in(),
        started.elapsed(),
    );
    let answered = started.elapsed().saturating_sub(client.connected_in());
    let status = response.status();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let why = if connection.tokens.is_empty() {
                format!("the backend wants a token (HTTP {})", status.as_u16())
            } else {
                format!("the backend refuses the token (HTTP {})", status.as_u16())
            };
            return report.failed(CheckStep::Authenticate, answered, why);
        }
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            report.skipped(
                CheckStep::Authenticate,
                "unverified: the backend has no list of models",
            );
            report.skipped(
                CheckStep::ListModels,
                "the backend has no list of models under this base path",
            );
            report.skipped(CheckStep::ModelListed, "unverified");
            return report.done("The backend is reachable; whether it serves the model is unverified, since it lists no models.");
        }
        status if !status.is_success() => {
            let why = format!("the backend answered with HTTP {}", status.as_u16());
            return report.failed(CheckStep::ListModels, answered, why);
        }
        _ => {}
    }
    report.passed(
        CheckStep::Authenticate,
        answered,
        if connection.tokens.is_empty() {
            "no token needed"
        } else {
            "the token is accepted"
        },
    );
    let reading = Instant::now();
    match upstream::read_models(response).await {
        Ok(models) => {
            let count = if models.len() == 1 {
                "one model".to_owned()
            } else {
                format!("{} models", models.len())
            };
            report.passed(CheckStep::ListModels, reading.elapsed(), count);
            report.models = models;
            listed(connection, report)
        }
        Err(failure) => report.failed(CheckStep::ListModels, reading.elapsed(), failure.reason),
    }
}

/// No answer: which step failed is told by how.
fn unreachable(
    mut report: Report,
    connection: &Connection,
    failure: &Failure,
    took: Duration,
) -> CheckResult {
    let reason = failure.reason.clone();
    let direct = connection.proxies.is_empty();
    if failure.sent {
        report.connected(direct, Duration::ZERO, took);
        return report.failed(CheckStep::ListModels, took, reason);
    }
    if reason.contains("TLS") {
        if !direct {
            report.passed(CheckStep::Connect, took, "through the proxy");
        }
        return report.failed(CheckStep::Tls, took, reason);
    }
    if failure.code == "egress_denied" {
        return report.failed(CheckStep::Resolve, took, reason);
    }
    report.failed(CheckStep::Connect, took, reason)
}

/// Whether the model that requests would name is there.
fn listed(connection: &Connection, mut report: Report) -> CheckResult {
    let now = Duration::ZERO;
    let models = report.models.clone();
    match (&connection.model, models.as_slice()) {
        (Some(model), _) if models.contains(model) => {
            report.passed(CheckStep::ModelListed, now, model.clone());
            report.done("The backend answers and lists the model.")
        }
        (Some(model), _) => {
            let why = format!("the backend does not list the model {model}");
            report.failed(CheckStep::ModelListed, now, why)
        }
        (None, [model]) => {
            report.passed(CheckStep::ModelListed, now, model.clone());
            report.done("The backend answers and lists one model, which is used.")
        }
        (None, []) => report.failed(
            CheckStep::ModelListed,
            now,
            "the backend lists no model".to_owned(),
        ),
        (None, several) => {
            let why = format!("the backend lists {} models; choose one", several.len());
            report.failed(CheckStep::ModelListed, now, why)
        }
    }
}
