//! The web application's files, as the build made them: small on the wire, kept as long as they are true, and guarded.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::support::App;
use crate::support::client::{Answer, Client};
use crate::support::env;

const YEAR: &str = "public, max-age=31536000, immutable";

/// Paths of all files of the site, without the compressed variants.
fn files() -> Vec<String> {
    fn collect(root: &Path, folder: PathBuf, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(root, path, found);
            } else if !path.extension().is_some_and(|e| e == "br" || e == "gz") {
                let path = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.push(format!("/{path}"));
            }
        }
    }
    let root = PathBuf::from(env::site());
    let mut found = Vec::new();
    collect(&root, root.clone(), &mut found);
    found
}

/// The largest asset with this ending.
fn asset(ending: &str) -> String {
    let size = |path: &String| {
        let file = format!("{}{path}", env::site());
        std::fs::metadata(file).unwrap().len()
    };
    let assets = files()
        .into_iter()
        .filter(|path| path.starts_with("/assets/") && path.ends_with(ending));
    assets
        .max_by_key(size)
        .unwrap_or_else(|| panic!("no {ending}"))
}

async fn get(client: &Client, path: &str, accept: &str) -> Answer {
    client.get(path).header("accept-encoding", accept).await
}

fn decoded(answer: &Answer) -> Vec<u8> {
    let mut content = Vec::new();
    match answer.header("content-encoding") {
        None => content.extend_from_slice(&answer.body),
        Some("gzip") => {
            let mut decoder = flate2::read::GzDecoder::new(&*answer.body);
            decoder.read_to_end(&mut content).unwrap();
        }
        Some("br") => brotli::BrotliDecompress(&mut &*answer.body, &mut content).unwrap(),
        Some(other) => panic!("{other}"),
    }
    content
}

/// The guards of the application's pages and files.
#[track_caller]
fn assert_guarded(answer: &Answer) {
    let policy = answer.header("content-security-policy").unwrap_or_default();
    for part in [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(
            policy.split("; ").any(|found| found == part),
            "{part}: {policy:?}"
        );
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("vary", "accept-encoding"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name} of {answer:?}");
    }
    let features = answer.header("permissions-policy").unwrap_or_default();
    assert!(
        features.contains("camera=()") && features.contains("microphone=()"),
        "{features}"
    );
}

#[tokio::test]
async fn every_file_is_the_same_in_each_coding_and_smaller_in_both() {
    let app = App::builder().with_site().start().await;
    let anonymous = app.anonymous();
    let (mut plain_bytes, mut sent_bytes) = (0, 0);
    for path in files() {
        let plain = anonymous.get(&path).await.expect(200);
        let on_disk = std::fs::read(format!("{}{path}", env::site())).unwrap();
        assert!(plain.body == on_disk, "{path}");
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        assert_guarded(&plain);
        let mut etags = vec![plain.header("etag").unwrap().to_owned()];
        let mut smallest = plain.body.len();
        for coding in ["gzip", "br"] {
            let sent = get(&anonymous, &path, coding).await.expect(200);
            let variant = format!(
                "{}{path}.{}",
                env::site(),
                if coding == "br" { "br" } else { "gz" }
            );
            let there_is_one = Path::new(&variant).exists();
            let used = sent.header("content-encoding");
            assert_eq!(used, there_is_one.then_some(coding), "{path}");
            assert_eq!(
                sent.header("content-type"),
                plain.header("content-type"),
                "{path}"
            );
            assert!(decoded(&sent) == on_disk, "{path} as {coding}");
            assert_guarded(&sent);
            if there_is_one {
                assert!(sent.body.len() < plain.body.len(), "{path} as {coding}");
                etags.push(sent.header("etag").unwrap().to_owned());
            }
            smallest = smallest.min(sent.body.len());
        }
        plain_bytes += plain.body.len();
        sent_bytes += smallest;
        assert!(
            etags.iter().all(|etag| etag.starts_with('"')),
            "strong: {etags:?}"
        );
        etags.sort();
        let all = etags.len();
        etags.dedup();
        assert_eq!(etags.len(), all, "one for each representation of {path}");
    }
    assert!(
        sent_bytes * 2 < plain_bytes,
        "{sent_bytes} of {plain_bytes}"
    );
}

#[tokio::test]
async fn kinds_are_named_as_browsers_want_them() {
    let app = App::builder().with_site().start().await;
    for (path, kind) in [
        ("/".to_owned(), "text/html; charset=utf-8"),
        (asset(".wasm"), "application/wasm"),
        // Modules are UTF-8 whatever is said.
        (asset(".js"), "text/javascript"),
        (asset(".css"), "text/css; charset=utf-8"),
    ] {
        let answer = get(&app.anonymous(), &path, "gzip, deflate, br, zstd").await;
        let answer = answer.expect(200).expect_header("content-type", kind);
        assert_eq!(answer.header("content-encoding"), Some("br"), "{path}");
        assert_eq!(answer.header("content-disposition"), None, "{path}");
    }
}

#[tokio::test]
async fn client_gets_the_coding_that_it_likes_best() {
    let app = App::builder().with_site().start().await;
    let script = asset(".wasm");
    for (accept, coding) in [
        ("gzip, br", Some("br")),
        ("gzip;q=1, br;q=0.2", Some("gzip")),
        ("br;q=0, gzip", Some("gzip")),
        ("identity;q=0, *", Some("br")),
        ("identity, br;q=0.5", None),
        ("zstd", None),
        // Refusing everything that there is helps nobody: it is sent as it is.
        ("identity;q=0", None),
        ("br;q=nonsense", None),
    ] {
        let answer = get(&app.anonymous(), &script, accept).await.expect(200);
        assert_eq!(answer.header("content-encoding"), coding, "{accept}");
    }
}

#[tokio::test]
async fn assets_are_kept_for_a_year_and_the_page_is_asked_for_again() {
    let app = App::builder().with_site().start().await;
    let anonymous = app.anonymous();
    for path in files()
        .into_iter()
        .filter(|path| path.starts_with("/assets/"))
    {
        anonymous
            .get(&path)
            .await
            .expect(200)
            .expect_header("cache-control", YEAR);
    }
    for path in ["/", "/index.html", "/models"] {
        for coding in ["identity", "br", "gzip"] {
            let page = get(&anonymous, path, coding).await.expect(200);
            let page = page.expect_header("cache-control", "no-cache");
            let etag = page.header("etag").unwrap();
            let call = anonymous.get(path).header("accept-encoding", coding);
            let again = call.header("if-none-match", etag).await.expect(304);
            assert!(again.body.is_empty(), "{again:?}");
            assert_eq!(again.header("etag"), Some(etag));
            assert_eq!(again.header("cache-control"), Some("no-cache"));
            assert_guarded(&again);
        }
    }
    // What one coding is known by says nothing of another.
    let plain = anonymous.get("/").await;
    let call = anonymous.get("/").header("accept-encoding", "br");
    call.header("if-none-match", plain.header("etag").unwrap())
        .await
        .expect(200);
}

#[tokio::test]
async fn head_says_what_get_would() {
    let app = App::builder().with_site().start().await;
    let anonymous = app.anonymous();
    for path in ["/".to_owned(), asset(".wasm")] {
        for coding in ["identity", "br"] {
            let whole = get(&anonymous, &path, coding).await.expect(200);
            let call = anonymous.call("HEAD", &path);
            let head = call.header("accept-encoding", coding).await.expect(200);
            assert!(head.body.is_empty());
            assert_eq!(
                head.header("content-length"),
                Some(whole.body.len().to_string().as_str())
            );
            for name in [
                "etag",
                "content-type",
                "content-encoding",
                "cache-control",
                "vary",
            ] {
                assert_eq!(head.header(name), whole.header(name), "{name} of {path}");
            }
        }
    }
}

#[tokio::test]
async fn parts_are_of_the_file_as_it_is() {
    let app = App::builder().with_site().start().await;
    let anonymous = app.anonymous();
    let path = asset(".wasm");
    let whole = anonymous
        .get(&path)
        .await
        .expect(200)
        .expect_header("accept-ranges", "bytes");
    let call = anonymous.get(&path).header("accept-encoding", "br");
    let part = call.header("range", "bytes=1-4").await.expect(206);
    assert_eq!(part.body, whole.body.slice(1..5));
    assert_eq!(part.header("content-encoding"), None);
    let range = format!("bytes 1-4/{}", whole.body.len());
    assert_eq!(part.header("content-range"), Some(range.as_str()));
    let small = get(&anonymous, &path, "br").await.expect(200);
    assert_eq!(small.header("accept-ranges"), None);
    let beyond = anonymous
        .get(&path)
        .header("range", "bytes=99999999999-")
        .await;
    beyond
        .expect(416)
        .expect_header("cache-control", "no-store");
}

#[tokio::test]
async fn deep_links_are_answered_with_the_page_and_missing_files_with_a_problem() {
    let app = App::builder().with_site().start().await;
    let anonymous = app.anonymous();
    let page = anonymous.get("/index.html").await.expect(200);
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    for path in [
        "/",
        "/login",
        "/setup?token=secret",
        "/models?q=a&sort=name",
        "/models/instances/new",
        &format!("/models/instances/{id}"),
        &format!("/models/groups/{id}"),
        "/keys",
    ] {
        let answer = anonymous.get(path).await.expect(200);
        assert_eq!(answer.body, page.body, "{path}");
        assert_guarded(&answer);
    }
    for path in [
        "/assets/missing.js",
        "/assets/",
        "/missing.png",
        "/models/..%2f..%2fsecret",
        "/%2e%2e/Cargo.toml",
        "/models/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..%5c..%5csecret",
        "/api/v1/nonsense",
        "/api",
    ] {
        let answer = get(&anonymous, path, "br").await;
        answer.problem(404, "not_found");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_ne!(answer.header("cache-control"), Some(YEAR), "{path}");
    }
    for method in ["POST", "DELETE"] {
        anonymous
            .call(method, "/models")
            .await
            .problem(404, "not_found");
    }
}

#[tokio::test]
async fn no_answer_of_any_kind_may_be_taken_for_something_else() {
    let app = App::builder().with_site().start().await;
    let (anonymous, admin, gateway) = (app.anonymous(), app.admin().await, app.gateway().await);
    for answer in [
        anonymous.get("/healthz/live").await.expect(200),
        anonymous.get("/api/v1/model-groups").await.expect(401),
        admin.get("/api/v1/model-groups").await.expect(200),
        admin.get("/api/v1/nonsense").await.expect(404),
        admin.call("PUT", "/api/v1/model-groups").await.expect(405),
        gateway.get("/v1/models").await.expect(200),
        anonymous.get("/v1/models").await.expect(401),
        gateway.get("/v1/nonsense").await.expect(404),
        anonymous.get("/docs/").await.expect(200),
    ] {
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{answer:?}"
        );
    }
}
