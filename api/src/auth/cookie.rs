//! The refresh cookie: the browser keeps it, no script can read it, and it travels to `/api/v1/auth` alone.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use chrono::{DateTime, Utc};
use ipnet::IpNet;

use super::client;

/// Name of the cookie.
pub const NAME: &str = "understudy_refresh";
const PATH: &str = "/api/v1/auth";

/// The refresh token that a request carries.
pub fn read(request: &HttpRequest) -> Option<String> {
    request.cookie(NAME).map(|cookie| cookie.value().to_owned())
}

/// A cookie that keeps this token until the session ends.
pub fn keep(
    request: &HttpRequest,
    trusted: &[IpNet],
    token: String,
    ends: DateTime<Utc>,
) -> Cookie<'static> {
    let mut cookie = bare(request, trusted, token);
    cookie.set_max_age(Duration::seconds((ends - Utc::now()).num_seconds().max(0)));
    cookie
}

/// A cookie that takes the token away.
pub fn remove(request: &HttpRequest, trusted: &[IpNet]) -> Cookie<'static> {
    let mut cookie = bare(request, trusted, String::new());
    cookie.make_removal();
    cookie
}

fn bare(request: &HttpRequest, trusted: &[IpNet], value: String) -> Cookie<'static> {
    Cookie::build(NAME, value)
        .path(PATH)
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(!client::is_plain_loopback(request, trusted))
        .finish()
}
