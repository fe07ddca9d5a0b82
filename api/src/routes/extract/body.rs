//! Bodies: JSON of at most 256 KiB.
//!
//! Two steps, so that the two kinds of faults stay apart: what is not JSON is 400, what is JSON of another shape is 422 with
//! the pointer of the field. An object that names a member twice is refused as 400: readers disagree about which one counts,
//! and a check that reads the one must not let the other through.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use bytes::BytesMut;
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use understudy_shared::{CONFIG_FILE_MAX_BYTES, ProblemCode};

use super::duplicates::NoDuplicates;
use super::fault::Fault;
use super::node::Node;
use crate::error::ApiError;

/// Bytes that a body of the management API may have.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// Time between two pieces of a body.
const MAX_GAP: Duration = Duration::from_secs(30);

const JSON: &str = "application/json";
/// As RFC 9512 has it, and what was usual before.
const YAML: [&str; 3] = ["application/yaml", "application/x-yaml", "text/yaml"];
const MERGE_PATCH: &str = "application/merge-patch+json";

/// A body of JSON, read as `T`.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

/// A merge patch (RFC 7396) of a resource. It has no type of its own: what it makes of the resource is read as one.
#[derive(Debug)]
pub struct MergePatch(pub Value);

/// A configuration file as it was sent.
#[derive(Debug)]
pub struct YamlBody(pub BytesMut);

impl FromRequest for YamlBody {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            check_type(&request, &YAML)?;
            let body = read(&request, payload, CONFIG_FILE_MAX_BYTES).await?;
            Ok(Self(body))
        })
    }
}

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

impl<T: DeserializeOwned> FromRequest for JsonBody<T> {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let tree = tree(&request, payload, &[JSON]).await?;
            Ok(Self(read_as(tree)?))
        })
    }
}

impl FromRequest for MergePatch {
    type Error = ApiError;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { Ok(Self(tree(&request, payload, &[MERGE_PATCH, JSON]).await?)) })
    }
}

/// Reads a JSON tree as a type.
///
/// # Errors
/// If it has another shape: 422 with the pointer of the field.
pub fn read_as<T: DeserializeOwned>(tree: Value) -> Result<T, ApiError> {
    try_read_as(tree).map_err(|fault| ApiError::fields(vec![fault.into_field_error()]))
}

/// Reads a JSON tree as a type.
///
/// # Errors
/// With the first fault of its shape.
pub fn try_read_as<T: DeserializeOwned>(tree: Value) -> Result<T, Fault> {
    T::deserialize(Node(tree))
}

async fn tree(
    request: &HttpRequest,
    payload: Payload,
    accepted: &[&str],
) -> Result<Value, ApiError> {
    check_type(request, accepted)?;
    let body = read(request, payload, MAX_BODY_BYTES).await?;
    // The position is enough to find the fault; a piece of the body could be a piece of a secret.
    let not_json = |error: serde_json::Error| {
        let what = if error.is_data() {
            error.to_string()
        } else {
            describe(&error)
        };
        ApiError::new(ProblemCode::InvalidJson, what)
    };
    let NoDuplicates = serde_json::from_slice(&body).map_err(not_json)?;
    serde_json::from_slice(&body).map_err(not_json)
}

fn describe(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    if error.is_eof() {
        format!("The JSON ends too early, at line {line}, column {column}.")
    } else {
        format!("The JSON has a fault at line {line}, column {column}.")
    }
}

fn check_type(request: &HttpRequest, accepted: &[&str]) -> Result<(), ApiError> {
    let refused = |what: &str| {
        let detail = format!(
            "{what}; this needs the content type {}.",
            accepted.join(" or ")
        );
        Err(ApiError::new(ProblemCode::UnsupportedMediaType, detail))
    };
    if !accepted.contains(&request.content_type().to_ascii_lowercase().as_str()) {
        return refused("The body is of another type");
    }
    let charset = header_text(request.headers(), header::CONTENT_TYPE).to_ascii_lowercase();
    if let Some((_, charset)) = charset.split_once("charset=")
        && charset
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .trim_matches('"')
            != "utf-8"
    {
        return refused("The body is always UTF-8");
    }
    let encoding = header_text(request.headers(), header::CONTENT_ENCODING);
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
        return refused("Compressed bodies are not read");
    }
    Ok(())
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    max: usize,
) -> Result<BytesMut, ApiError> {
    let announced = header_text(request.headers(), header::CONTENT_LENGTH)
        .parse::<u64>()
        .unwrap_or(0);
    if announced > max as u64 {
        return Err(too_large(max));
    }
    let mut body = BytesMut::new();
    loop {
        let piece = tokio::time::timeout(MAX_GAP, payload.next()).await;
        let piece = piece.map_err(|_| {
            let detail = format!(
                "No piece of the body arrived for {} seconds.",
                MAX_GAP.as_secs()
            );
            ApiError::new(ProblemCode::RequestTimeout, detail)
        })?;
        let Some(piece) = piece else { return Ok(body) };
        let piece = piece.map_err(|_| {
            ApiError::new(ProblemCode::InvalidJson, "The body did not arrive whole.")
        })?;
        if body.len() + piece.len() > max {
            return Err(too_large(max));
        }
        body.extend_from_slice(&piece);
    }
}

fn too_large(max: usize) -> ApiError {
    ApiError::new(
        ProblemCode::BodyTooLarge,
        format!("A body may have at most {max} bytes."),
    )
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use serde_json::json;

    use super::*;

    async fn parse(
        content_type: &str,
        body: impl Into<bytes::Bytes>,
    ) -> Result<Value, ProblemCode> {
        let request = TestRequest::post()
            .insert_header((header::CONTENT_TYPE, content_type))
            .set_payload(body);
        let (request, mut payload) = request.to_http_parts();
        MergePatch::from_request(&request, &mut payload)
            .await
            .map(|patch| patch.0)
            .map_err(|error| error.code())
    }

    #[actix_web::test]
    async fn json_is_read_and_everything_else_is_named() {
        assert_eq!(
            parse(JSON, r#"{"a":[1,2.5e3,null]}"#).await,
            Ok(serde_json::from_str(r#"{"a":[1,2.5e3,null]}"#).unwrap())
        );
        assert_eq!(
            parse("application/merge-patch+json; charset=UTF-8", "{}").await,
            Ok(json!({}))
        );
        for body in [
            "",
            "{",
            "{a:1}",
            "{} {}",
            "{\"a\":1,}",
            "[1,2",
            "\u{feff}{}",
            r#"{"a":1,"a":2}"#,
            r#"[{"x":{"a":1,"a":2}}]"#,
        ] {
            assert_eq!(
                parse(JSON, body).await,
                Err(ProblemCode::InvalidJson),
                "{body:?}"
            );
        }
        assert_eq!(
            parse(JSON, vec![0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).await,
            Err(ProblemCode::InvalidJson)
        );
        assert_eq!(
            parse(JSON, "[".repeat(100_000)).await,
            Err(ProblemCode::InvalidJson)
        );
        for kind in [
            "text/plain",
            "application/xml",
            "",
            "application/json; charset=latin1",
        ] {
            assert_eq!(
                parse(kind, "{}").await,
                Err(ProblemCode::UnsupportedMediaType),
                "{kind}"
            );
        }
    }

    #[actix_web::test]
    async fn bodies_have_a_limit() {
        let fits = format!("\"{}\"", "x".repeat(MAX_BODY_BYTES - 2));
        assert!(parse(JSON, fits.clone()).await.is_ok());
        assert_eq!(
            parse(JSON, format!("{fits} ")).await,
            Err(ProblemCode::BodyTooLarge)
        );
    }
}
