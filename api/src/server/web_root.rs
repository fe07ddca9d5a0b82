//! The built web application, served from the same origin as the API.
//!
//! The build has put compressed variants beside the files (`xtask/site`); here one is chosen by `Accept-Encoding`, and nothing is
//! compressed while somebody waits. `actix-files` has `Files::try_compressed`, which takes codings in the client's order, leaves
//! `Vary` out of plain answers (so that a shared cache mixes them up) and gives ranges of compressed bytes; so its [`NamedFile`]
//! serves the bytes, and the choice is made here. deploy/web does the same with nginx.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use actix_files::NamedFile;
use actix_web::http::header::{
    self, AcceptEncoding, ContentEncoding, Encoding, HeaderName, HeaderValue, Preference, Quality,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};

/// What every file is sent with. No inline script, nothing from elsewhere, no frame; WebAssembly may be compiled; no feature of the
/// browser that the application does not use; no window and no page of another origin shares anything with it.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::PERMISSIONS_POLICY,
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    (header::VARY, "accept-encoding"),
];

/// Codings that the build makes, the smaller first: of two that a client likes equally, that one is sent.
const VARIANTS: [(ContentEncoding, &str); 2] = [
    (ContentEncoding::Brotli, "br"),
    (ContentEncoding::Gzip, "gz"),
];

/// The folder of the built application.
#[derive(Clone, Debug)]
pub struct WebRoot(Arc<Path>);

impl WebRoot {
    /// Serves this folder.
    pub fn new(root: Arc<Path>) -> Self {
        Self(root)
    }

    /// The file that a path names, or the application's page for every path that it routes itself. None if there is neither.
    pub fn serve(&self, request: &HttpRequest) -> Option<HttpResponse> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let wanted = relative(request.path())?;
        let is_asset = wanted.starts_with("assets");
        let file = match open(self.0.join(&wanted)) {
            Some(file) => file,
            // A missing asset is an error; any other path is one of the application's pages.
            None if is_asset || wanted.extension().is_some() => return None,
            None => open(self.0.join("index.html"))?,
        };
        let (file, is_whole) = match variant(&file, request) {
            Some(variant) => (variant, true),
            None => (file, false),
        };
        let file = file.prefer_utf8(true).disable_content_disposition();
        let mut response = file.into_response(request);
        let works = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
        let cache = match (works, is_asset) {
            // The names of assets carry a hash of their content; everything else must be asked for again.
            (true, true) => "public, max-age=31536000, immutable",
            (true, false) => "no-cache",
            // A range that does not exist, a precondition that fails.
            (false, _) => "no-store",
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        for (name, value) in HEADERS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if is_whole {
            headers.remove(header::ACCEPT_RANGES);
        }
        Some(response)
    }
}

/// A path inside the folder; none if it tries to leave it.
fn relative(path: &str) -> Option<PathBuf> {
    let decoded = percent_encoding::percent_decode_str(path.trim_start_matches('/'))
        .decode_utf8()
        .ok()?;
    let inside = PathBuf::from(decoded.as_ref());
    let plain = inside
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    (plain && !decoded.contains(['\\', '\0'])).then_some(inside)
}

fn open(path: PathBuf) -> Option<NamedFile> {
    let file = NamedFile::open(path).ok()?;
    file.metadata().is_file().then_some(file)
}

/// The compressed variant to send in place of a file, if the client wants one that exists. Parts are given of files as they are.
fn variant(file: &NamedFile, request: &HttpRequest) -> Option<NamedFile> {
    if request.headers().contains_key(header::RANGE) {
        return None;
    }
    let accepted = request.get_header::<AcceptEncoding>()?;
    for (coding, extension) in wanted(&accepted) {
        let mut path = file.path().as_os_str().to_owned();
        path.push(".");
        path.push(extension);
        if let Some(variant) = open(path.into()) {
            let kind = file.content_type().clone();
            return Some(variant.set_content_type(kind).set_content_encoding(coding));
        }
    }
    // Also for a client that refuses it: there is nothing else, and an error would help nobody.
    None
}

/// The codings to be preferred to the file as it is, the best first (RFC 9110, section 12.5.3).
fn wanted(accepted: &AcceptEncoding) -> Vec<(ContentEncoding, &'static str)> {
    let quality = |coding: ContentEncoding| {
        let of = |preference: Preference<Encoding>| {
            let item = accepted.iter().find(|item| item.item == preference)?;
            Some(item.quality)
        };
        of(Preference::Specific(Encoding::Known(coding))).or_else(|| of(Preference::Any))
    };
    // Not named, the file as it is stays possible, and any coding that is named goes before it.
    let plain = quality(ContentEncoding::Identity).unwrap_or(Quality::ZERO);
    let mut wanted: Vec<_> = VARIANTS
        .into_iter()
        .filter_map(|variant| Some((quality(variant.0)?, variant)))
        .filter(|(quality, _)| *quality > Quality::ZERO && *quality >= plain)
        .collect();
    // Stable: equals stay in the order of their size.
    wanted.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
    wanted.into_iter().map(|(_, variant)| variant).collect()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::Header as _;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn no_path_leaves_the_folder() {
        assert_eq!(
            relative("/assets/app.js"),
            Some(PathBuf::from("assets/app.js"))
        );
        assert_eq!(relative("/"), Some(PathBuf::new()));
        for path in [
            "/../secret",
            "/models/..",
            "/models/../../secret",
            "/%2e%2e/secret",
            "/%2E%2e%2Fsecret",
            "/assets/%2e%2e/%2e%2e/secret",
            "/a/../../b",
            "/..%5cb",
            "//etc/../x",
            "/a%00b",
            "/%ff",
        ] {
            assert_eq!(relative(path), None, "{path}");
        }
    }

    #[test]
    fn the_smallest_coding_is_sent_that_the_client_likes_best() {
        let sent = |header: &str| {
            let request = TestRequest::default().insert_header((header::ACCEPT_ENCODING, header));
            let accepted = AcceptEncoding::parse(&request.to_http_request()).unwrap();
            let wanted = wanted(&accepted).into_iter();
            wanted.map(|(_, extension)| extension).collect::<Vec<_>>()
        };
        for (header, expected) in [
            ("gzip, deflate, br, zstd", &["br", "gz"][..]),
            ("gzip;q=1.0, br;q=0.5", &["gz", "br"]),
            ("gzip", &["gz"]),
            ("BR", &["br"]),
            ("br;q=0, gzip", &["gz"]),
            ("*", &["br", "gz"]),
            ("*;q=0, gzip;q=0.1", &["gz"]),
            ("identity;q=0, *;q=0.5", &["br", "gz"]),
            ("identity;q=0.9, gzip;q=0.5, br", &["br"]),
            ("identity", &[]),
            ("identity;q=0", &[]),
            ("deflate, zstd", &[]),
            ("", &[]),
        ] {
            assert_eq!(sent(header), expected, "{header}");
        }
    }
}
