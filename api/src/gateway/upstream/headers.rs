//! What every request to a backend carries: its token and its extra headers, marked so that nobody prints them.

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use understudy_shared::{AuthType, Endpoint, Scheme};

use super::REQUEST_ID;
use crate::domain::model_instance::Connection;

/// The headers with each token of the pool; without tokens, those without.
pub(super) fn all(connection: &Connection) -> Option<Vec<HeaderMap>> {
    if connection.tokens.is_empty() {
        return Some(vec![with(connection, None)?]);
    }
    let tokens = connection.tokens.iter();
    tokens
        .map(|token| with(connection, Some(token.value.as_ref().ok()?.expose())))
        .collect()
}

fn with(connection: &Connection, token: Option<&str>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(8 + connection.headers.len());
    let endpoint = &connection.endpoint;
    headers.insert(HOST, HeaderValue::from_str(&host(endpoint)).ok()?);
    // Each request replaces these two; that there is a place for them spares it from making room.
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(""));
    headers.insert(REQUEST_ID, HeaderValue::from_static(""));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("understudy/", env!("CARGO_PKG_VERSION"))),
    );
    if let Some(token) = token {
        match connection.auth.kind {
            AuthType::None => {}
            AuthType::Bearer => {
                headers.insert(AUTHORIZATION, secret(&format!("Bearer {token}"))?);
            }
            AuthType::Header => {
                let name = HeaderName::try_from(connection.auth.header.as_deref()?).ok()?;
                headers.insert(name, secret(token)?);
            }
        }
    }
    for header in &connection.headers {
        headers.insert(
            HeaderName::try_from(&header.name).ok()?,
            secret(header.value.as_ref().ok()?.expose())?,
        );
    }
    Some(headers)
}

/// The backend's name and, unless it is the usual one, its port.
fn host(endpoint: &Endpoint) -> String {
    let usual = match endpoint.scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    };
    let host = if endpoint.host.contains(':') {
        format!("[{}]", endpoint.host)
    } else {
        endpoint.host.clone()
    };
    if endpoint.port == usual {
        host
    } else {
        format!("{host}:{}", endpoint.port)
    }
}

fn secret(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}
