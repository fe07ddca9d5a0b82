//! Ids in paths.

use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::error::ApiError;
use crate::routes::fallback::methods_of_literal;

/// The `{id}` of a path. A malformed one is 404: no such resource can exist.
#[derive(Debug)]
pub struct PathId<Id>(pub Id);

/// The `{id}` and the `{message_id}` of a path.
#[derive(Debug)]
pub struct PathIds<Id, Part>(pub Id, pub Part);

impl<Id: FromStr, Part: FromStr> FromRequest for PathIds<Id, Part> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (id, part) = (read(request, "id"), read(request, "message_id"));
        let ids = id.zip(part).map(|(id, part)| Self(id, part));
        ready(ids.ok_or_else(|| ApiError::not_found("resource with this id")))
    }
}

/// An id of a path in the one spelling that works: what works in a path is what answers show.
fn read<Id: FromStr>(request: &HttpRequest, name: &str) -> Option<Id> {
    let text = request.match_info().get(name).unwrap_or_default();
    let canonical = text.len() == 36;
    canonical.then(|| text.parse().ok()).flatten()
}

impl<Id: FromStr> FromRequest for PathId<Id> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = read(request, "id");
        ready(id.map(Self).ok_or_else(|| {
            // `/model-instances/check` has the form of an instance's path, but it has other methods.
            methods_of_literal(request.path()).map_or_else(
                || ApiError::not_found("resource with this id"),
                ApiError::method_not_allowed,
            )
        }))
    }
}
