//! Callers who do not finish what they began.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{CHAT, GROUP, Pair, assert_answered};
use crate::support::App;
use crate::support::wait::within;

/// Sends this and nothing more; what comes back until the service hangs up, and after how long.
async fn unfinished(address: &str, bytes: &[u8], bound: Duration) -> (String, Duration) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let begun = Instant::now();
    let mut received = Vec::new();
    let hung_up = stream.read_to_end(&mut received);
    // A reset is a way of hanging up too.
    let _ = within(bound, "the service hangs up", hung_up).await;
    (
        String::from_utf8_lossy(&received).into_owned(),
        begun.elapsed(),
    )
}

#[tokio::test]
async fn head_that_does_not_end_within_ten_seconds_is_hung_up_on() {
    let app = App::start().await;
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: {}\r\nx-slow: ",
        app.address()
    );
    let (_, took) = unfinished(app.address(), head.as_bytes(), Duration::from_secs(20)).await;
    assert!(took >= Duration::from_secs(9), "{took:?}");
}

#[tokio::test]
async fn body_with_a_gap_of_thirty_seconds_is_408() {
    let pair = Pair::start().await;
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{{\"model\":",
        pair.app.address(),
        pair.caller.bearer(),
    );
    let (received, took) =
        unfinished(pair.app.address(), head.as_bytes(), Duration::from_secs(60)).await;
    assert!(received.starts_with("HTTP/1.1 408 "), "{received}");
    assert!(took >= Duration::from_secs(29), "{took:?}");
    assert!(pair.first.all_requests().is_empty());
}

#[tokio::test]
async fn body_that_comes_slowly_without_a_gap_is_read() {
    let pair = Pair::start().await;
    let body = super::chat(GROUP).to_string();
    let mut stream = TcpStream::connect(pair.app.address()).await.unwrap();
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        pair.app.address(),
        pair.caller.bearer(),
        body.len(),
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for byte in body.as_bytes() {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut received = String::new();
    let read = stream.read_to_string(&mut received);
    within(Duration::from_secs(10), "the answer", read)
        .await
        .unwrap();
    assert!(received.starts_with("HTTP/1.1 200 "), "{received}");
    assert_eq!(pair.first.request().json()["messages"][0]["content"], "Hi");
    assert_answered(&pair.ask().await, "first", 1);
}
