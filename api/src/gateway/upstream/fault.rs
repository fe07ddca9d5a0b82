//! What a failed connection means, in words that name no host and no secret.

use std::error::Error;
use std::io;

use understudy_shared::ReasonCode;

use super::direct::{Broken, NoAnswer};
use crate::gateway::classify::{Blame, Failure};
use crate::gateway::egress::EgressFault;

/// How far a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Everything until the connection stands: name, TCP, TLS, proxy.
    Connecting,
    /// It was withdrawn before it was written.
    Withdrawn,
    /// The backend may have it.
    Sent,
}

/// What a request without an answer means for the failover loop, and what lies at the bottom of it.
pub(super) fn of_direct(error: &NoAnswer) -> (Failure, Cause) {
    let (error, stage): (&(dyn Error + 'static), _) = match error {
        NoAnswer::Connect(error) => (&**error, Stage::Connecting),
        NoAnswer::Unsent(error) => (error, Stage::Withdrawn),
        NoAnswer::Sent(error) => (error, Stage::Sent),
    };
    let timed_out = innermost(error).is_some_and(|io| io.kind() == io::ErrorKind::TimedOut);
    (classify(error, stage, timed_out, false), Cause::of(error))
}

/// As [`of_direct`], of a request that was to go through a proxy.
pub(super) fn of_proxied(error: &reqwest::Error) -> (Failure, Cause) {
    let canceled = find::<hyper::Error>(error).is_some_and(hyper::Error::is_canceled);
    let stage = if error.is_connect() {
        Stage::Connecting
    } else if error.is_builder() || canceled {
        Stage::Withdrawn
    } else {
        Stage::Sent
    };
    let failure = classify(error, stage, error.is_timeout(), true);
    (failure, Cause::of(error))
}

fn classify(
    error: &(dyn Error + 'static),
    stage: Stage,
    timed_out: bool,
    proxied: bool,
) -> Failure {
    let reason = explain(error);
    if find::<EgressFault>(error).is_some() {
        return Failure::unsent(ReasonCode::EgressDenied, reason);
    }
    if stage != Stage::Sent {
        // A certificate that is not trusted is the backend's, whichever way leads there.
        let by_proxy = proxied && stage == Stage::Connecting && Cause::of(error) != Cause::Tls;
        let reason = match (timed_out, by_proxy) {
            (true, true) => "no connection through its proxy in time".to_owned(),
            (true, false) => "it did not accept the connection in time".to_owned(),
            (false, true) => format!("no connection through its proxy: {reason}"),
            (false, false) => reason,
        };
        let code = match (by_proxy, timed_out) {
            (true, _) => ReasonCode::ProxyFailed,
            (false, true) => ReasonCode::Timeout,
            (false, false) => ReasonCode::ConnectFailed,
        };
        let blame = if timed_out {
            Blame::TimedOut
        } else {
            Blame::Failed
        };
        return Failure {
            blame,
            ..Failure::unsent(code, reason)
        };
    }
    if timed_out {
        return Failure::timeout("it did not answer in time");
    }
    if is_malformed(error) {
        return Failure::sent(ReasonCode::BadHttp, reason);
    }
    Failure {
        blame: Blame::Failed,
        ..Failure::sent(ReasonCode::ConnectionLost, reason)
    }
}

/// Whether what came is no HTTP, whichever way it came.
fn is_malformed(error: &(dyn Error + 'static)) -> bool {
    matches!(find(error), Some(Broken::Malformed(_)))
        || find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse)
}

/// Whether the connection was closed before all had come, whichever way.
fn is_incomplete(error: &(dyn Error + 'static)) -> bool {
    matches!(find(error), Some(Broken::Incomplete))
        || find::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message)
}

/// What lies at the bottom of a failed connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The egress policy forbids the address.
    Egress,
    /// The TLS handshake.
    Tls,
    /// What answers does not speak HTTP.
    NotHttp,
    /// The name does not resolve.
    NameUnknown,
    /// The port is closed.
    Refused,
    /// There is no way to the host.
    Unreachable,
    /// The system gave up waiting.
    TimedOut,
    /// The connection was closed, reset or broken off.
    Closed,
    /// Something else.
    Other,
}

impl Cause {
    /// The cause of an error.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        describe(error).0
    }
}

/// The cause of a failure in plain words, without addresses.
pub fn explain(error: &(dyn Error + 'static)) -> String {
    describe(error).1
}

fn describe(error: &(dyn Error + 'static)) -> (Cause, String) {
    if let Some(fault) = find::<EgressFault>(error) {
        return (Cause::Egress, fault.to_string());
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return (Cause::Tls, format!("the TLS handshake failed: {tls}"));
    }
    if is_malformed(error) {
        return (Cause::NotHttp, "it does not speak HTTP".to_owned());
    }
    if is_incomplete(error) {
        let text = "it closed the connection before its answer was complete";
        return (Cause::Closed, text.to_owned());
    }
    let name_unknown = (Cause::NameUnknown, "its name does not resolve");
    let other = (Cause::Other, "the connection failed");
    let (cause, text) = if let Some(io) = innermost(error) {
        match io.kind() {
            io::ErrorKind::ConnectionRefused => (Cause::Refused, "connection refused"),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                (Cause::Closed, "connection reset")
            }
            io::ErrorKind::ConnectionAborted => (Cause::Closed, "connection aborted"),
            io::ErrorKind::UnexpectedEof => (Cause::Closed, "it closed the connection"),
            io::ErrorKind::TimedOut => (Cause::TimedOut, "no answer in time"),
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                (Cause::Unreachable, "the host cannot be reached")
            }
            _ if is_dns(error) => name_unknown,
            _ => other,
        }
    } else if is_dns(error) {
        name_unknown
    } else {
        other
    };
    (cause, text.to_owned())
}

/// The innermost I/O error: the others around it say only that there is one.
fn innermost<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    chain(error)
        .filter_map(<dyn Error>::downcast_ref::<io::Error>)
        .last()
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
        // What an I/O error carries is not its source, which is the source of what it carries: a TLS error would be passed by.
        let carried = this
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match carried {
            Some(carried) => Some(carried),
            None => this.source(),
        };
        Some(this)
    })
}
