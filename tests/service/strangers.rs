//! What strangers can make the service do before anybody knows who they are: as good as nothing.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::gateway::CHAT;
use crate::support::App;
use crate::support::wait::within;

/// Memory that a stranger may cost.
const ROOM: u64 = 16 * 1024 * 1024;
/// A body that nobody would send.
const HUGE: usize = 1024 * 1024 * 1024;
/// How soon nothing more is taken. What is on its way is thrown away for a second, so that the answer is not lost with the connection.
const CUT: Duration = Duration::from_secs(10);

/// Sends a head and then so many pieces, as fast as anybody takes them, until the connection is cut. Gives the answer.
async fn pour(app: &App, head: &str, piece: &[u8], pieces: usize) -> String {
    let stream = TcpStream::connect(app.address()).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    writer.write_all(head.as_bytes()).await.unwrap();
    let piece = piece.to_vec();
    let pouring = tokio::spawn(async move {
        for _ in 0..pieces {
            if writer.write_all(&piece).await.is_err() {
                break;
            }
        }
    });
    let mut received = Vec::new();
    let cut = async {
        // A reset is a way of hanging up, too.
        let _ = reader.read_to_end(&mut received).await;
        pouring.await.unwrap();
    };
    within(CUT, "the connection is cut", cut).await;
    String::from_utf8_lossy(&received).into_owned()
}

#[tokio::test]
async fn body_of_a_stranger_is_not_read_beyond_the_limit() {
    let app = App::start().await;
    let before = app.resident();
    let piece = vec![b' '; 64 * 1024];
    let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
    chunk.extend_from_slice(&piece);
    chunk.extend_from_slice(b"\r\n");
    let length = format!("content-length: {HUGE}");
    for (framing, piece, pieces) in [
        (length.as_str(), &piece, usize::MAX),
        // Chunks are thrown away until the stranger has enough of it: a hundred MiB here.
        ("transfer-encoding: chunked", &chunk, 1600),
    ] {
        // Whoever is nobody is told so, whatever they send. Who signs in is nobody yet, and sends a name and a password.
        for (method, path, status) in [
            ("POST", "/api/v1/auth/login", "413"),
            ("POST", "/api/v1/setup", "413"),
            ("POST", "/api/v1/model-groups", "401"),
            ("PATCH", "/api/v1/settings", "401"),
            ("POST", CHAT, "401"),
            ("POST", "/v1/audio/transcriptions", "401"),
            ("POST", "/api/v1/nonsense", "404"),
            ("POST", "/healthz/live", "405"),
        ] {
            let head = format!(
                "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n{framing}\r\n\r\n",
                app.address()
            );
            let received = pour(&app, &head, piece, pieces).await;
            let told = received.starts_with(&format!("HTTP/1.1 {status} "));
            assert!(told, "{method} {path}, {framing}: {received}");
        }
    }
    let grown = app.resident().saturating_sub(before);
    assert!(grown < ROOM, "{} KiB more", grown / 1024);
}

#[tokio::test]
async fn head_without_an_end_is_cut_off() {
    let app = App::start().await;
    let before = app.resident();
    let start = format!("GET /healthz/live HTTP/1.1\r\nhost: {}\r\n", app.address());
    for (head, piece) in [
        // One line, many lines, the target itself, and no lines at all.
        (format!("{start}x-long: "), vec![b'x'; 64 * 1024]),
        (start, b"x-many: y\r\n".repeat(6000)),
        ("GET /".to_owned(), vec![b'x'; 64 * 1024]),
        (String::new(), vec![b'A'; 64 * 1024]),
    ] {
        let received = pour(&app, &head, &piece, usize::MAX).await;
        let refused = ["", "HTTP/1.1 400 ", "HTTP/1.1 414 ", "HTTP/1.1 431 "];
        let refused = refused
            .iter()
            .any(|start| received.starts_with(start) && (!start.is_empty() || received.is_empty()));
        assert!(refused, "{received}");
    }
    let grown = app.resident().saturating_sub(before);
    assert!(grown < ROOM, "{} KiB more", grown / 1024);
    app.anonymous().get("/healthz/live").await.expect(200);
    assert!(!app.log().contains(" ERROR "), "{}", app.log());
}

#[tokio::test]
async fn requests_that_are_none_or_mean_something_else_are_refused() {
    let app = App::start().await;
    let address = app.address();
    let token = app.admin().await.bearer().to_owned();
    let known =
        format!("host: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n");
    for (request, statuses) in [
        // Nothing is sent back of what was sent.
        (
            format!("TRACE /healthz/live HTTP/1.1\r\n{known}x-canary: canary\r\n\r\n"),
            &["405"][..],
        ),
        (
            format!("CONNECT {address} HTTP/1.1\r\n{known}\r\n"),
            &["400", "404", "405"],
        ),
        (
            format!("BREW /api/v1/model-groups HTTP/1.1\r\n{known}\r\n"),
            &["405"],
        ),
        (
            format!("get /api/v1/model-groups HTTP/1.1\r\n{known}\r\n"),
            &["400", "405"],
        ),
        (
            format!("GET /api/v1/model-groups HTTP/9.9\r\n{known}\r\n"),
            &["400", "505", ""],
        ),
        (
            format!("GET\t/api/v1/model-groups HTTP/1.1\r\n{known}\r\n"),
            &["400", ""],
        ),
        (
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            &["400", "505", ""],
        ),
        // Two lengths, or a length and chunks: where one request ends and the next begins must not be a matter of taste.
        (
            format!(
                "POST /api/v1/model-groups HTTP/1.1\r\n{known}content-length: 4\r\ncontent-length: 5\r\n\r\n{{}}   "
            ),
            &["400", ""],
        ),
        (
            format!(
                "POST /api/v1/model-groups HTTP/1.1\r\n{known}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
            &["400", ""],
        ),
        (
            format!("POST /api/v1/model-groups HTTP/1.1\r\n{known}content-length: -1\r\n\r\n"),
            &["400", ""],
        ),
        (
            format!(
                "POST /api/v1/model-groups HTTP/1.1\r\n{known}transfer-encoding: chunked, identity\r\n\r\n"
            ),
            &["400", "501", ""],
        ),
        // Two credentials are none.
        (
            format!(
                "GET /api/v1/model-groups HTTP/1.1\r\n{known}authorization: Bearer nonsense\r\n\r\n"
            ),
            &["401"],
        ),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut received = Vec::new();
        let read = stream.read_to_end(&mut received);
        let _ = within(Duration::from_secs(15), "the service hangs up", read).await;
        let received = String::from_utf8_lossy(&received);
        let status = received.split(' ').nth(1).unwrap_or_default();
        assert!(statuses.contains(&status), "{request}\n{received}");
        assert!(!received.contains("canary"), "{received}");
    }
    // Whatever name the service is called by, it does not repeat it in a link.
    let elsewhere = app
        .anonymous()
        .get("/docs")
        .header("host", "evil.example")
        .await;
    assert!(
        !format!("{elsewhere:?}").contains("evil.example"),
        "{elsewhere:?}"
    );
}

#[tokio::test]
async fn answers_of_the_management_api_are_kept_by_nobody() {
    let app = App::start().await;
    let (admin, anonymous) = (app.admin().await, app.anonymous());
    for answer in [
        admin.get("/api/v1/users").await.expect(200),
        admin.get("/api/v1/model-groups").await.expect(200),
        admin.get("/api/v1/auth/me").await.expect(200),
        admin.get("/api/v1/nonsense").await.expect(404),
        anonymous.get("/api/v1/users").await.expect(401),
    ] {
        assert_eq!(
            answer.header("cache-control"),
            Some("no-store"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn body_of_a_management_request_with_a_gap_of_thirty_seconds_is_408() {
    let app = App::start().await;
    let head = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{{\"username\":",
        app.address()
    );
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let begun = Instant::now();
    let mut received = Vec::new();
    let read = stream.read_to_end(&mut received);
    let _ = within(Duration::from_secs(60), "the service hangs up", read).await;
    let received = String::from_utf8_lossy(&received);
    assert!(received.starts_with("HTTP/1.1 408 "), "{received}");
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(29), "{took:?}");
}
