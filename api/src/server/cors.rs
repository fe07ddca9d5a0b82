//! Whether pages of other origins may call the API from a browser. Nobody may, unless `UNDERSTUDY_CORS_ORIGINS` names them.
//!
//! The rule: an origin is named in full or not at all, there is no `*`; and never with credentials, so that the session's cookie stays with
//! the site that it belongs to. Such a page brings an API key or an access token in `Authorization`.
//!
//! It is no middleware of its own (`actix-cors`), since failures get their form around everything else: a page must be able to read
//! why it was refused.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::web;
use url::Url;

use crate::state::AppState;

/// What is allowed beside the origin, in the answer to a browser that asks beforehand.
const ALLOWED: [(HeaderName, &str); 3] = [
    (
        header::ACCESS_CONTROL_ALLOW_METHODS,
        "GET, POST, PATCH, DELETE",
    ),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        "authorization, content-type, if-match, last-event-id, x-request-id",
    ),
    (header::ACCESS_CONTROL_MAX_AGE, "600"),
];
/// What a page may read of an answer beside its body.
const EXPOSED: &str = "etag, location, retry-after, x-request-id, x-understudy-attempts, x-understudy-group, x-understudy-instance";

/// Origins whose pages may call the API.
#[derive(Clone, Debug, Default)]
pub struct Origins(Arc<[HeaderValue]>);

impl Origins {
    /// Reads origins as a browser spells them, separated by commas.
    ///
    /// # Errors
    /// With the first that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let items = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        let origin = |item: &str| {
            let url = Url::parse(item).ok();
            let spelled = url.filter(|url| {
                matches!(url.scheme(), "http" | "https")
                    && url.host_str().is_some_and(|host| !host.contains('*'))
            });
            let spelled = spelled.map(|url| url.origin().ascii_serialization());
            let same = spelled.filter(|spelled| spelled == item);
            same.and_then(|origin| HeaderValue::from_str(&origin).ok())
                .ok_or_else(|| item.to_owned())
        };
        items.map(origin).collect::<Result<Arc<[_]>, _>>().map(Self)
    }

    fn allowed(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        self.0.iter().find(|known| *known == origin).cloned()
    }
}

/// What a request is to a page of another origin that may call the API. None for everybody else.
pub struct Guest {
    origin: HeaderValue,
    asks_beforehand: bool,
}

impl Guest {
    /// Reads it from a request.
    pub fn of(request: &ServiceRequest) -> Option<Self> {
        // Nearly no request has this header, and nothing is looked up for those.
        let origin = request.headers().get(header::ORIGIN)?;
        let path = request.path();
        if !path.starts_with("/api/v1/") && !path.starts_with("/v1/") {
            return None;
        }
        let state = request.app_data::<web::Data<AppState>>()?;
        Some(Self {
            origin: state.cors_origins.allowed(origin)?,
            asks_beforehand: request.method() == Method::OPTIONS
                && request
                    .headers()
                    .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD),
        })
    }

    /// The answer to a browser that asks whether it may ask. Nothing else is done for it.
    pub fn preflight(&self) -> Option<HttpResponse> {
        self.asks_beforehand
            .then(|| HttpResponse::NoContent().finish())
    }

    /// Says in an answer that the page may have it.
    pub fn welcome(self, headers: &mut HeaderMap) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, self.origin);
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if self.asks_beforehand {
            for (name, value) in ALLOWED {
                headers.insert(name, HeaderValue::from_static(value));
            }
        } else {
            headers.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(EXPOSED),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_named_in_full_as_browsers_spell_them() {
        let origins = Origins::parse("https://chat.example, http://localhost:5173,").unwrap();
        for (origin, allowed) in [
            ("https://chat.example", true),
            ("http://localhost:5173", true),
            ("http://chat.example", false),
            ("https://chat.example:8443", false),
            ("https://evil.example", false),
            ("https://chat.example.evil.example", false),
            ("null", false),
        ] {
            let value = HeaderValue::from_static(origin);
            assert_eq!(origins.allowed(&value).is_some(), allowed, "{origin}");
        }
        for wrong in [
            "*",
            "null",
            "chat.example",
            "https://*.example",
            "https://chat.example/",
            "https://chat.example/path",
            "https://chat.example:443",
            "https://Chat.example",
            "https://user@chat.example",
            "ftp://chat.example",
        ] {
            assert_eq!(Origins::parse(wrong).err().as_deref(), Some(wrong));
        }
    }
}
