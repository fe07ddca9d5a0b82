//! Where a request really comes from. Headers of a proxy are believed only if the proxy is trusted.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header;
use ipnet::IpNet;
use understudy_shared::ProblemCode;
use url::Url;

use crate::error::ApiError;

/// Address of the client: the last one that no trusted proxy wrote down for itself.
pub fn address(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let peer = request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| {
            peer.ip().to_canonical()
        });
    let forwarded = request
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let mut client = peer;
    for hop in hops.iter().rev() {
        let Ok(hop) = hop.parse::<IpAddr>() else {
            break;
        };
        if !is_trusted(client, trusted) {
            break;
        }
        client = hop.to_canonical();
    }
    client
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// What a trusted proxy says about the scheme that the client speaks.
fn forwarded_scheme<'a>(request: &'a HttpRequest, trusted: &[IpNet]) -> Option<&'a str> {
    let peer = request.peer_addr()?.ip().to_canonical();
    if !is_trusted(peer, trusted) {
        return None;
    }
    request
        .headers()
        .get("x-forwarded-proto")?
        .to_str()
        .ok()
        .map(str::trim)
}

/// Whether the browser speaks to this very machine in the clear: the one case in which a cookie may do without `Secure`.
///
/// `Host` is what the person typed, and no other site can set it. The peer would say less: a container's published port and a
/// tunnel are loopback to the browser and come from elsewhere.
pub fn is_plain_loopback(request: &HttpRequest, trusted: &[IpNet]) -> bool {
    let https = forwarded_scheme(request, trusted)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    !https && host(request).is_some_and(|host| is_loopback_host(&host))
}

fn host(request: &HttpRequest) -> Option<String> {
    // With HTTP/2 the name travels in the request's target instead.
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    let header = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    authority.or(header).map(str::to_ascii_lowercase)
}

fn is_loopback_host(authority: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{authority}")) else {
        return false;
    };
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Lets a request that carries a cookie pass only if a page of this very origin sent it.
///
/// The scheme is compared when a trusted proxy names it; without one, a proxy that ends TLS would be refused for nothing, and
/// the cookie's `SameSite=Strict` and `Secure` hold either way.
///
/// # Errors
/// If `Origin` is missing or another one: 403.
pub fn check_same_origin(request: &HttpRequest, trusted: &[IpNet]) -> Result<(), ApiError> {
    let origin = request
        .headers()
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok());
    let same = match (origin, host(request)) {
        (Some(origin), Some(host)) => {
            is_same_origin(origin, &host, forwarded_scheme(request, trusted))
        }
        _ => false,
    };
    if same {
        return Ok(());
    }
    Err(ApiError::new(
        ProblemCode::Forbidden,
        "A request with the session's cookie needs an Origin header that names this very site.",
    ))
}

fn is_same_origin(origin: &str, host: &str, scheme: Option<&str>) -> bool {
    let Ok(origin) = Url::parse(origin) else {
        return false;
    };
    if !matches!(origin.scheme(), "http" | "https") {
        return false;
    }
    if scheme.is_some_and(|scheme| !scheme.eq_ignore_ascii_case(origin.scheme())) {
        return false;
    }
    // Read with the origin's own scheme, so that a default port counts as none on both sides.
    let Ok(target) = Url::parse(&format!("{}://{host}", origin.scheme())) else {
        return false;
    };
    origin.host() == target.host()
        && origin.port_or_known_default() == target.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn trusted() -> Vec<IpNet> {
        vec!["10.0.0.0/8".parse().unwrap()]
    }

    fn from(peer: &str) -> TestRequest {
        TestRequest::default().peer_addr(format!("{peer}:1234").parse().unwrap())
    }

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies() {
        let request = from("192.0.2.1")
            .insert_header(("x-forwarded-for", "198.51.100.7"))
            .to_http_request();
        assert_eq!(address(&request, &trusted()).to_string(), "192.0.2.1");
        let request = from("10.0.0.1")
            .insert_header(("x-forwarded-for", "6.6.6.6, 198.51.100.7, 10.0.0.2"))
            .to_http_request();
        assert_eq!(address(&request, &trusted()).to_string(), "198.51.100.7");
        let request = from("10.0.0.1")
            .insert_header(("x-forwarded-for", "nonsense"))
            .to_http_request();
        assert_eq!(address(&request, &trusted()).to_string(), "10.0.0.1");
    }

    #[test]
    fn only_plain_loopback_does_without_secure() {
        let plain = |host: &str| {
            is_plain_loopback(
                &from("172.17.0.1")
                    .insert_header(("host", host))
                    .to_http_request(),
                &trusted(),
            )
        };
        for host in [
            "localhost:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "LOCALHOST",
        ] {
            assert!(plain(host), "{host}");
        }
        for host in [
            "understudy.example",
            "10.0.0.7:8080",
            "localhost.example",
            "127.0.0.1.example",
        ] {
            assert!(!plain(host), "{host}");
        }
        let proxied = from("10.0.0.1")
            .insert_header(("host", "localhost"))
            .insert_header(("x-forwarded-proto", "https"));
        assert!(!is_plain_loopback(&proxied.to_http_request(), &trusted()));
    }

    #[test]
    fn origins_are_compared_with_host_and_port() {
        for (origin, host, scheme, same) in [
            ("http://localhost:8080", "localhost:8080", None, true),
            (
                "https://understudy.example",
                "understudy.example",
                None,
                true,
            ),
            (
                "https://understudy.example",
                "understudy.example:443",
                Some("https"),
                true,
            ),
            (
                "http://understudy.example",
                "understudy.example",
                Some("https"),
                false,
            ),
            ("http://localhost:8081", "localhost:8080", None, false),
            ("https://evil.example", "understudy.example", None, false),
            ("null", "understudy.example", None, false),
            (
                "file://understudy.example",
                "understudy.example",
                None,
                false,
            ),
        ] {
            assert_eq!(
                is_same_origin(origin, host, scheme),
                same,
                "{origin} {host}"
            );
        }
    }

    #[test]
    fn a_cookie_request_without_an_origin_is_refused() {
        let request = from("192.0.2.1")
            .insert_header(("host", "localhost:8080"))
            .to_http_request();
        assert_eq!(
            check_same_origin(&request, &[]).unwrap_err().code(),
            ProblemCode::Forbidden
        );
    }
}
