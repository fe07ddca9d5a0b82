//! `ETag` and `If-Match`: nobody overwrites a change that they have not seen.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use understudy_shared::ProblemCode;

use crate::error::ApiError;

/// The strong `ETag` of a version.
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// Which versions of a resource a request may change or remove.
#[derive(Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: whatever is there.
    Any,
    /// Those with one of these tags, character for character.
    Tags(Vec<String>),
}

impl IfMatch {
    /// Whether this version may be changed.
    ///
    /// # Errors
    /// If it may not: 412.
    pub fn check(&self, version: i64) -> Result<(), ApiError> {
        match self {
            Self::Any => Ok(()),
            Self::Tags(tags) if tags.contains(&etag(version)) => Ok(()),
            Self::Tags(_) => Err(ApiError::new(
                ProblemCode::PreconditionFailed,
                format!(
                    "The resource is at version {version}; read it again and decide whether the change still applies."
                ),
            )),
        }
    }

    fn read(request: &HttpRequest) -> Result<Self, ApiError> {
        let headers = request.headers().get_all(header::IF_MATCH);
        let values: Vec<&str> = headers
            .map(|value| value.to_str().unwrap_or_default())
            .collect();
        if values.is_empty() {
            return Err(ApiError::new(
                ProblemCode::PreconditionRequired,
                "Send the ETag of the version that you have read as If-Match, or * to force the change.",
            ));
        }
        let tags = values
            .iter()
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|tag| !tag.is_empty());
        let tags: Vec<&str> = tags.collect();
        if tags == ["*"] {
            return Ok(Self::Any);
        }
        Ok(Self::Tags(tags.into_iter().map(str::to_owned).collect()))
    }
}

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(value: &str) -> IfMatch {
        IfMatch::read(
            &TestRequest::default()
                .insert_header((header::IF_MATCH, value))
                .to_http_request(),
        )
        .unwrap()
    }

    #[test]
    fn only_a_strong_tag_of_the_version_or_a_star_matches() {
        assert!(read("\"3\"").check(3).is_ok());
        assert!(read("\"1\", \"3\"").check(3).is_ok());
        assert!(read("*").check(3).is_ok());
        for stale in ["\"2\"", "W/\"3\"", "3", "\"03\"", "\"+3\"", "\"*\""] {
            assert_eq!(
                read(stale).check(3).unwrap_err().code(),
                ProblemCode::PreconditionFailed,
                "{stale}"
            );
        }
    }

    #[test]
    fn a_missing_header_is_asked_for() {
        let error = IfMatch::read(&TestRequest::default().to_http_request()).unwrap_err();
        assert_eq!(error.code(), ProblemCode::PreconditionRequired);
    }
}
