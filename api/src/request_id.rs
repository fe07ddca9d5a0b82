//! The id of a request: in every answer, in every problem, in the log, and sent on to the backend.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest};
use uuid::Uuid;

/// The header that carries it.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

#[derive(Clone)]
struct RequestId(HeaderValue);

/// Gives a request its id. A caller's own is taken over if it is short and plain, so that it can stand in headers and logs as
/// it is.
pub fn assign(request: &ServiceRequest) -> HeaderValue {
    let plain = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=100).contains(&bytes.len())
            && bytes
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(b))
    };
    let id = match request.headers().get(HEADER).filter(plain) {
        Some(id) => id.clone(),
        None => HeaderValue::from_str(&Uuid::now_v7().to_string())
            .unwrap_or_else(|_| HeaderValue::from_static("-")),
    };
    request.extensions_mut().insert(RequestId(id.clone()));
    id
}

/// The id that a request was given.
pub fn of(request: &HttpRequest) -> String {
    let extensions = request.extensions();
    let id = extensions
        .get::<RequestId>()
        .and_then(|id| id.0.to_str().ok());
    id.unwrap_or_default().to_owned()
}
