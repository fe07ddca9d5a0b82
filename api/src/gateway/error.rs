//! Errors of the gateway, in the form that every OpenAI SDK understands.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde_json::json;

/// Number of instances that were asked.
pub const ATTEMPTS: HeaderName = HeaderName::from_static("x-understudy-attempts");
/// Name of the group.
pub const GROUP: HeaderName = HeaderName::from_static("x-understudy-group");
/// Name of the instance that answered, percent-encoded.
pub const INSTANCE: HeaderName = HeaderName::from_static("x-understudy-instance");

/// What went wrong, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayErrorCode {
    /// The body is not JSON.
    InvalidJson,
    /// The body lacks a field or has one of another type.
    InvalidRequest,
    /// The body is not a form that can be read, or that everybody reads alike.
    InvalidMultipart,
    /// The body is not declared as what the endpoint takes.
    UnsupportedMediaType,
    /// The body is larger than allowed.
    BodyTooLarge,
    /// The body did not arrive in time.
    RequestTimeout,
    /// No key, or one that is not valid.
    InvalidApiKey,
    /// The credential is valid, but not for this.
    Forbidden,
    /// No group of this name, or not for this key.
    ModelNotFound,
    /// No such path.
    NotFound,
    /// The path has other methods.
    MethodNotAllowed,
    /// Nobody may be asked.
    NoInstanceAvailable,
    /// Everybody who was asked failed.
    AllInstancesFailed,
    /// The last one that was asked did not answer in time.
    UpstreamTimeout,
    /// The key is at one of its limits, or everybody asks for a pause.
    RateLimited,
    /// The request is too long for everybody.
    ContextLengthExceeded,
    /// The stream broke off after its beginning was sent.
    StreamInterrupted,
    /// A fault of the service.
    Internal,
}

impl GatewayErrorCode {
    /// HTTP status, name and `type` on the wire.
    pub fn parts(self) -> (StatusCode, &'static str, &'static str) {
        const INVALID: &str = "invalid_request_error";
        const SERVER: &str = "server_error";
        match self {
            Self::InvalidJson => (StatusCode::BAD_REQUEST, "invalid_json", INVALID),
            Self::InvalidMultipart => (StatusCode::BAD_REQUEST, "invalid_multipart", INVALID),
            Self::InvalidRequest => (StatusCode::BAD_REQUEST, "invalid_request", INVALID),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                INVALID,
            ),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", INVALID),
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "request_timeout", INVALID),
            Self::InvalidApiKey => (
                StatusCode::UNAUTHORIZED,
                "invalid_api_key",
                "authentication_error",
            ),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "permission_error"),
            Self::ModelNotFound => (StatusCode::NOT_FOUND, "model_not_found", INVALID),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", INVALID),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                INVALID,
            ),
            Self::NoInstanceAvailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "no_instance_available",
                SERVER,
            ),
            Self::AllInstancesFailed => (StatusCode::BAD_GATEWAY, "all_instances_failed", SERVER),
            Self::UpstreamTimeout => (StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", SERVER),
            Self::RateLimited => (
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "rate_limit_error",
            ),
            Self::ContextLengthExceeded => {
                (StatusCode::BAD_REQUEST, "context_length_exceeded", INVALID)
            }
            Self::StreamInterrupted => (StatusCode::BAD_GATEWAY, "stream_interrupted", SERVER),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", SERVER),
        }
    }
}

/// An error of the gateway. Its message names no host and no secret.
#[derive(Debug)]
pub struct GatewayError {
    /// What went wrong, for programs.
    pub code: GatewayErrorCode,
    /// What went wrong, for people.
    pub message: String,
    /// The field at fault.
    pub param: Option<&'static str>,
    /// Seconds after which to come back.
    pub retry_after_s: Option<u64>,
    /// Name of the group.
    pub group: Option<String>,
    /// Instances that were asked.
    pub attempts: u32,
}

impl GatewayError {
    /// An error.
    pub fn new(code: GatewayErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            param: None,
            retry_after_s: None,
            group: None,
            attempts: 0,
        }
    }

    /// The same, and the field at fault.
    pub fn param(self, param: &'static str) -> Self {
        Self {
            param: Some(param),
            ..self
        }
    }

    /// The answer.
    pub fn response(&self) -> HttpResponse {
        let (status, code, kind) = self.code.parts();
        let mut response = HttpResponse::build(status);
        headers(&mut response, self.group.as_deref(), self.attempts);
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if self.code == GatewayErrorCode::InvalidApiKey {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"understudy\""));
        }
        response.content_type("application/json").body(object(
            &self.message,
            kind,
            self.param,
            code,
        ))
    }
}

/// The headers that every answer of the gateway has, errors included.
pub fn headers(response: &mut HttpResponseBuilder, group: Option<&str>, attempts: u32) {
    response.insert_header((ATTEMPTS, HeaderValue::from(attempts)));
    if let Some(group) = group.and_then(|group| HeaderValue::from_str(group).ok()) {
        response.insert_header((GROUP, group));
    }
}

/// An error object.
pub fn object(message: &str, kind: &str, param: Option<&str>, code: &str) -> String {
    json!({"error": {"message": message, "type": kind, "param": param, "code": code}}).to_string()
}

/// The path does not exist.
pub fn not_found(path: &str) -> HttpResponse {
    GatewayError::new(
        GatewayErrorCode::NotFound,
        format!("There is no {path} here."),
    )
    .response()
}

/// The path exists with other methods.
pub fn method_not_allowed(allow: &str) -> HttpResponse {
    let error = GatewayError::new(
        GatewayErrorCode::MethodNotAllowed,
        format!("This path answers to {allow}."),
    );
    let mut response = error.response();
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
