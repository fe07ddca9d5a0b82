//! The built web application, served from the same origin as the API.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use actix_files::NamedFile;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

/// No inline script, nothing from elsewhere, no frame; WebAssembly may be compiled.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
                      object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

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
        let mut response = file.prefer_utf8(true).into_response(request);
        let headers = response.headers_mut();
        // The names of assets carry a hash of their content; everything else must be asked for again.
        let cache = if is_asset {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        );
        headers.insert(
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        );
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

#[cfg(test)]
mod tests {
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
            "/%2e%2e/secret",
            "/a/../../b",
            "/..%5cb",
            "//etc/../x",
            "/a%00b",
        ] {
            assert_eq!(relative(path), None, "{path}");
        }
    }
}
