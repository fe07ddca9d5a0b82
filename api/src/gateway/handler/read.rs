//! The request's body, read once, within limits of size and time.

use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use crate::gateway::error::{GatewayError, GatewayErrorCode as Code};

/// Largest body.
const MAX_BODY: usize = 32 * 1024 * 1024;
/// Longest gap between two pieces of a body.
const GAP: Duration = Duration::from_secs(30);

/// Reads the whole body.
///
/// # Errors
/// If it is too large, too slow or broken off.
pub(super) async fn body(
    request: &HttpRequest,
    mut payload: web::Payload,
) -> Result<Bytes, GatewayError> {
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: usize| length > MAX_BODY) {
        return Err(too_large());
    }
    let mut first: Option<Bytes> = None;
    let mut whole = BytesMut::new();
    loop {
        let chunk = match tokio::time::timeout(GAP, payload.next()).await {
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(PayloadError::Overflow))) => return Err(too_large()),
            Ok(Some(Err(_))) => {
                return Err(GatewayError::new(
                    Code::InvalidRequest,
                    "The body broke off.",
                ));
            }
            Ok(None) => break,
            Err(_) => {
                let message = format!("No more of the body came for {} s.", GAP.as_secs());
                return Err(GatewayError::new(Code::RequestTimeout, message));
            }
        };
        let held = first.as_ref().map_or(0, Bytes::len) + whole.len();
        if held + chunk.len() > MAX_BODY {
            return Err(too_large());
        }
        // Most bodies are one chunk, which needs no copy.
        match (first.take(), whole.is_empty()) {
            (None, true) => first = Some(chunk),
            (before, _) => {
                if let Some(before) = before {
                    whole.reserve(declared.unwrap_or(0).max(before.len() + chunk.len()));
                    whole.extend_from_slice(&before);
                }
                whole.extend_from_slice(&chunk);
            }
        }
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}

fn too_large() -> GatewayError {
    GatewayError::new(
        Code::BodyTooLarge,
        format!("The body is larger than {} MiB.", MAX_BODY / 1024 / 1024),
    )
}
