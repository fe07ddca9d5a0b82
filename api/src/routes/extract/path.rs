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

impl<Id: FromStr> FromRequest for PathId<Id> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().get("id").unwrap_or_default();
        // One spelling only: what works in a path is what answers show.
        let canonical = text.len() == 36;
        let id = canonical.then(|| text.parse().ok()).flatten();
        ready(id.map(Self).ok_or_else(|| {
            // `/model-instances/check` has the form of an instance's path, but it has other methods.
            methods_of_literal(request.path()).map_or_else(
                || ApiError::not_found("resource with this id"),
                ApiError::method_not_allowed,
            )
        }))
    }
}
