//! Answers that several kinds of resources give in the same way.

use std::convert::Infallible;

use actix_web::http::header;
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use diesel::result::{DatabaseErrorKind, Error};
use futures_util::Stream;
use serde::Serialize;
use understudy_shared::{FieldRule, ProblemCode};

use super::extract::etag;
use crate::error::ApiError;

/// A resource, with the `ETag` of its version.
pub fn resource(version: i64, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ETAG, etag(version)))
        .json(body)
}

/// A resource that was just made.
pub fn created(location: &str, version: i64, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((header::LOCATION, location))
        .insert_header((header::ETAG, etag(version)))
        .json(body)
}

/// A stream of events that nobody on the way keeps or holds back.
pub fn events<S>(mut response: HttpResponseBuilder, stream: S) -> HttpResponse
where
    S: Stream<Item = Result<Bytes, Infallible>> + 'static,
{
    response
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Reverse proxies hold back what they take for a page.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream)
}

/// An answer with a secret in it, which nobody on the way may keep.
pub fn not_stored(mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    response
}

/// A write that the database refused. The one unique value of instances and groups is their name; a reference that does not
/// hold any more means that somebody else, who does not take the lock of the configuration, was faster.
pub fn refused(error: Error) -> ApiError {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            ApiError::field("/name", FieldRule::Taken)
        }
        Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => ApiError::new(
            ProblemCode::Conflict,
            "Somebody made or removed what this refers to at the same moment; read it again and try again.",
        ),
        error => error.into(),
    }
}
