//! Reading complete answers, within limits of time and size.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::Instant;
use understudy_shared::ReasonCode;

use crate::domain::model_instance::Connection;
use crate::gateway::classify::Failure;
use crate::gateway::error;
use crate::gateway::timing::Timing;
use crate::gateway::upstream::Response;
use crate::secrets::Secret;

/// Largest answer that is held. Embeddings of a full batch stay well below.
const MAX_ANSWER: usize = 256 * 1024 * 1024;
/// Largest error answer that is read.
const MAX_ERROR: usize = 64 * 1024;
/// Time for the rest of an error answer.
const ERROR_BODY: Duration = Duration::from_secs(5);

/// Reads a whole answer, and tells when its first byte was there.
pub(super) async fn complete(
    mut response: Response,
    connection: &Connection,
    timing: Timing,
) -> Result<(Bytes, Duration), Failure> {
    let idle = Duration::from_millis(connection.timeouts.idle_ms);
    let total = timing.started + Duration::from_millis(connection.timeouts.total_ms);
    let mut first_byte = None;
    let mut whole = BytesMut::new();
    let mut first_chunk = None;
    loop {
        let by = match first_byte {
            None => timing.first_byte_by().min(total),
            Some(_) => (Instant::now() + idle).min(total),
        };
        let chunk = tokio::time::timeout_at(by, response.chunk())
            .await
            .map_err(|_| Failure::timeout("it did not finish its answer in time"))?
            .map_err(|error| Failure::sent(ReasonCode::ConnectionLost, error.explain()))?;
        let Some(chunk) = chunk else { break };
        first_byte.get_or_insert_with(|| timing.started.elapsed());
        if whole.len() + chunk.len() > MAX_ANSWER {
            return Err(Failure::sent(
                ReasonCode::AnswerTooLarge,
                "its answer is larger than the gateway holds",
            ));
        }
        // Most answers are one chunk, which needs no copy.
        match (whole.is_empty(), first_chunk.take()) {
            (true, None) => first_chunk = Some(chunk),
            (_, held) => {
                if let Some(held) = held {
                    whole.extend_from_slice(&held);
                }
                whole.extend_from_slice(&chunk);
            }
        }
    }
    let body = first_chunk.unwrap_or_else(|| whole.freeze());
    Ok((body, first_byte.unwrap_or_else(|| timing.started.elapsed())))
}

/// Reads what can be had of an error answer; a broken one is an empty one.
pub(super) async fn error_body(mut response: Response, timing: Timing) -> Bytes {
    let by = timing
        .first_byte_by()
        .max(Instant::now())
        .min(Instant::now() + ERROR_BODY);
    let mut body = BytesMut::new();
    while let Ok(Ok(Some(chunk))) = tokio::time::timeout_at(by, response.chunk()).await {
        let room = MAX_ERROR - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == MAX_ERROR {
            break;
        }
    }
    body.freeze()
}

/// The backend's own error, in the usual form and without anything that tells secrets or hosts.
pub(super) fn scrub(status: StatusCode, body: &[u8], connection: &Connection) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    // Some backends put the fields of the error beside each other instead of into an object.
    let error = parsed
        .get("error")
        .filter(|error| error.is_object())
        .unwrap_or(&parsed);
    let field = |name: &str| error.get(name).and_then(text);
    let message = field("message")
        .or_else(|| parsed.get("error").and_then(text))
        .or_else(|| parsed.get("detail").and_then(text))
        .unwrap_or_else(|| {
            format!(
                "The backend refused the request (HTTP {}).",
                status.as_u16()
            )
        });
    let clean = |text: String| without_secrets(text, connection);
    let kind = field("type").map_or_else(|| "invalid_request_error".to_owned(), clean);
    let code = field("code")
        .filter(|code| *code != status.as_u16().to_string())
        .map(clean);
    let code = code.unwrap_or_else(|| "upstream_rejected".to_owned());
    error::object(
        &clean(message),
        &kind,
        field("param").map(clean).as_deref(),
        &code,
    )
}

fn without_secrets(mut text: String, connection: &Connection) -> String {
    let secrets = connection.secrets().map(Secret::expose);
    let host = &connection.endpoint.host;
    let authority = format!("{host}:{}", connection.endpoint.port);
    for hidden in secrets.chain([authority.as_str(), host.as_str()]) {
        if !hidden.is_empty() && text.contains(hidden) {
            text = text.replace(hidden, "…");
        }
    }
    text
}
