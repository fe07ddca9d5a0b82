//! What a failed connection means, in words that name no host and no secret.

use std::error::Error;
use std::io;

use crate::gateway::classify::{Blame, Failure};
use crate::gateway::egress::EgressFault;

/// What a failed request means for the failover loop.
pub(super) fn classify(error: &reqwest::Error, proxied: bool) -> Failure {
    let reason = explain(error);
    if find::<EgressFault>(error).is_some() {
        return Failure::unsent("egress_denied", reason);
    }
    // Everything until the connection stands: name, TCP, TLS, proxy. And a request that was withdrawn before it was written.
    let canceled = find::<hyper::Error>(error).is_some_and(hyper::Error::is_canceled);
    if error.is_connect() || error.is_builder() || canceled {
        if error.is_timeout() {
            let timeout = Failure::timeout("it did not accept the connection in time");
            return Failure {
                sent: false,
                ..timeout
            };
        }
        let code = if proxied && error.is_connect() {
            "proxy_failed"
        } else {
            "connect_failed"
        };
        let reason = if proxied {
            format!("no connection through its proxy: {reason}")
        } else {
            reason
        };
        return Failure::unsent(code, reason);
    }
    if error.is_timeout() {
        return Failure::timeout("it did not answer in time");
    }
    match find::<hyper::Error>(error) {
        Some(hyper) if hyper.is_parse() => Failure::sent("bad_http", reason),
        _ => Failure {
            blame: Blame::Failed,
            ..Failure::sent("connection_lost", reason)
        },
    }
}

/// The cause of a failure in plain words, without addresses.
pub fn explain(error: &(dyn Error + 'static)) -> String {
    if let Some(fault) = find::<EgressFault>(error) {
        return fault.to_string();
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return format!("the TLS handshake failed: {tls}");
    }
    if let Some(hyper) = find::<hyper::Error>(error) {
        if hyper.is_parse() {
            return "it does not speak HTTP".to_owned();
        }
        if hyper.is_incomplete_message() {
            return "it closed the connection before its answer was complete".to_owned();
        }
    }
    if let Some(io) = find::<io::Error>(error) {
        // A TLS error arrives inside an I/O error.
        if let Some(tls) = io
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        {
            return format!("the TLS handshake failed: {tls}");
        }
        return match io.kind() {
            io::ErrorKind::ConnectionRefused => "connection refused",
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "connection reset",
            io::ErrorKind::ConnectionAborted => "connection aborted",
            io::ErrorKind::UnexpectedEof => "it closed the connection",
            io::ErrorKind::TimedOut => "no answer in time",
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                "the host cannot be reached"
            }
            _ if is_dns(error) => "its name does not resolve",
            _ => "the connection failed",
        }
        .to_owned();
    }
    if is_dns(error) {
        "its name does not resolve".to_owned()
    } else {
        "the connection failed".to_owned()
    }
}

fn is_dns(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|error| error.to_string().starts_with("dns error"))
}

fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    chain(error).find_map(<dyn Error>::downcast_ref::<E>)
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let this = next?;
        next = this.source();
        Some(this)
    })
}
