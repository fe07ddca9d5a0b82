//! The tools themselves: a backend that did not misbehave as told would make tests of misbehaviour pass for nothing.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::chrome::Chrome;
use super::client::Client;
use super::sse::{Event, parse, text};
use super::upstream::{Blackhole, Gate, Reply, Upstream};

fn client(upstream: &Upstream) -> Client {
    Client::new(&format!("127.0.0.1:{}", upstream.port()))
}

#[tokio::test]
async fn upstream_answers_as_a_healthy_backend_unless_told_otherwise() {
    let upstream = Upstream::start("a");
    let client = client(&upstream);
    let path = "/v1/chat/completions";
    let whole = client.post(path, &json!({"model": "m"})).await.expect(200);
    assert_eq!(
        whole.json()["choices"][0]["message"]["content"],
        "hello from a"
    );
    let streamed = client
        .post(path, &json!({"model": "m", "stream": true}))
        .await
        .expect(200);
    assert_eq!(text(&streamed.events()), "hello from a");
    assert!(streamed.events().last().unwrap().is_done());
    upstream.next(Reply::failure(503).header("retry-after", "7"));
    client
        .post(path, &json!({"model": "m"}))
        .await
        .expect(503)
        .expect_header("retry-after", "7");
    client.post(path, &json!({"model": "m"})).await.expect(200);
    assert_eq!(upstream.requests().len(), 4);
    assert_eq!(upstream.requests()[2].body, br#"{"model":"m"}"#);
}

#[tokio::test]
async fn upstream_breaks_connections_as_told() {
    let upstream = Upstream::start("a");
    let faults = [
        (Reply::close(), "eof"),
        (Reply::reset(), "reset"),
        (Reply::hang(), "silence"),
        (Reply::raw("nonsense"), "nonsense"),
        (Reply::event_bytes("x").then_close(), "\r\n1\r\nx\r\n"),
        (
            Reply::json(200, &json!({})).promising(9).then_close(),
            "\r\n\r\n{}",
        ),
    ];
    for (reply, expected) in faults {
        upstream.next(reply);
        let mut stream = TcpStream::connect(("127.0.0.1", upstream.port()))
            .await
            .unwrap();
        let request = b"POST / HTTP/1.1\r\ncontent-length: 1\r\n\r\nx";
        stream.write_all(request).await.unwrap();
        let mut received = Vec::new();
        let read = timeout(
            Duration::from_millis(200),
            stream.read_to_end(&mut received),
        )
        .await;
        let received = String::from_utf8(received).unwrap();
        match read {
            Err(_) => assert_eq!(expected, "silence"),
            Ok(Err(_)) => assert_eq!(expected, "reset"),
            Ok(Ok(0)) => assert_eq!(expected, "eof"),
            Ok(Ok(_)) => assert!(
                received.ends_with(expected),
                "{received:?} for {expected:?}"
            ),
        }
    }
}

#[tokio::test]
async fn upstream_notices_that_its_client_left_before_the_end() {
    let upstream = Upstream::start("a");
    let gate = Gate::closed();
    upstream.next(Reply::events(["1"]).then_hold(&gate).then_events(["2"]));
    upstream.next(Reply::events(["1"]));
    let client = client(&upstream);
    let mut stream = client.post("/", &json!({})).open().await.events();
    assert_eq!(stream.next().await, Some(Event::Data("1".to_owned())));
    assert_eq!(upstream.request().left_at, None);
    let dropped = Instant::now();
    drop(stream);
    assert!(upstream.left(Duration::from_secs(5)).await >= dropped);

    client.post("/", &json!({})).await.expect(200);
    assert_eq!(upstream.requests()[1].left_at, None, "a complete answer");
}

#[tokio::test]
async fn upstream_refuses_connections_before_and_after_its_life() {
    let mut upstream = Upstream::refusing("a");
    let client = client(&upstream);
    assert!(client.get("/v1/models").try_send().await.is_none());
    upstream.listen();
    client.get("/v1/models").await.expect(200);
    upstream.kill().await;
    assert!(client.get("/v1/models").try_send().await.is_none());
    upstream.listen();
    client.get("/v1/models").await.expect(200);
}

#[tokio::test]
async fn blackhole_lets_connections_hang() {
    let hole = Blackhole::start().await;
    let attempt = TcpStream::connect(("127.0.0.1", hole.port()));
    assert!(timeout(Duration::from_millis(300), attempt).await.is_err());
}

#[test]
fn events_are_read_in_every_form_that_the_format_allows() {
    let body = ": ping\n\ndata: {\"a\":1}\r\n\r\nevent: x\ndata:b\ndata: c\nid: 1\n\n";
    let expected = [
        Event::Comment("ping".to_owned()),
        Event::Data("{\"a\":1}".to_owned()),
        Event::Data("b\nc".to_owned()),
    ];
    assert_eq!(parse(body), expected);
}

#[tokio::test]
async fn errors_on_the_console_of_a_page_are_noticed() {
    let chrome = Chrome::start().await;
    let page = |script: &str| format!("data:text/html,<script>{script}</script>");
    chrome
        .client
        .goto(&page("console.log('fine')"))
        .await
        .unwrap();
    assert_eq!(chrome.console().await, Vec::<String>::new());
    chrome
        .client
        .goto(&page("console.error('broken')"))
        .await
        .unwrap();
    let console = chrome.console().await;
    assert!(
        console.len() == 1 && console[0].contains("broken"),
        "{console:?}"
    );
    assert_eq!(chrome.console().await, Vec::<String>::new(), "read once");
}
